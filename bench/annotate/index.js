/** npm run bench -- annotate [a|b|c|d] [--quick] [--runs N] [--store s3://BUCKET/PREFIX] [--texts N,N]: the annotation engine beside a
 *  bare loop of the same client, in one run, on a teacher in a process of its own; d alone: what grows with the corpus. What each
 *  figure means: docs/benchmarks.md. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Task } from '../../dist/contracts/index.js';
import { buildPrompt } from '../../dist/teachers/index.js';
import { machine, median, rounded } from '../machine.js';
import { bareLoop } from './bare-loop.js';
import { measureGrowth } from './growth.js';
import { runProduct } from './product.js';

const VOTES = 3;
const CONCURRENCY = 64;
/** Of the teacher, before it is measured: slow start and learning its rate. */
const FIRST_SECONDS = 10;

/** calls: full and --quick. */
const CASES = {
  a: {
    about: '200 ms +/- 30 %',
    teacher: { latencyMs: 200, jitter: 0.3, perSecond: null },
    calls: [20_000, 3_000],
    figures: ofIdeal,
  },
  b: {
    about: 'no latency',
    teacher: { latencyMs: 0, jitter: 0, perSecond: null },
    calls: [60_000, 12_000],
    figures: ofBareLoop,
  },
  c: {
    about: '100 requests a second, 200 ms +/- 30 %',
    teacher: { latencyMs: 200, jitter: 0.3, perSecond: 100 },
    calls: [6_000, 2_400],
    figures: ofAllowedRate,
  },
};

/** Corpora of (d). A million texts take a while: --texts 1000000. */
const GROWING = [1_000, 10_000, 100_000];

export async function bench(args) {
  const quick = args.includes('--quick');
  if (args.includes('d')) return benchGrowth(args, quick);
  const runs = args.includes('--runs') ? Number(args[args.indexOf('--runs') + 1]) : 1;
  const store = args.includes('--store') ? args[args.indexOf('--store') + 1] : null;
  const names = Object.keys(CASES).filter((name) => args.includes(name));
  const results = {};
  for (const name of names.length > 0 ? names : Object.keys(CASES)) {
    const rows = [];
    for (let run = 0; run < runs; run++) rows.push(await measure(CASES[name], { quick, store }));
    console.table(rows);
    results[name] = { about: CASES[name].about, ...medians(rows) };
  }
  console.log(
    JSON.stringify({ bench: 'annotate', quick, runs, store: store === null ? 'folder' : 's3', ...machine(), results }),
  );
}

async function benchGrowth(args, quick) {
  const asked = args.includes('--texts') ? args[args.indexOf('--texts') + 1].split(',').map(Number) : GROWING;
  const task = {
    ...taskOf(),
    guideline: '',
    labels: ['up', 'down'].map((name) => ({ name })),
    votes: { plan: [{ prompt: 'direct', maxTokens: 5 }] },
  };
  const rows = [];
  for (const texts of quick ? asked.slice(0, 2) : asked) {
    rows.push(await measureGrowth(texts, { startTeacher, task, textOf: (i) => `Profit number ${i} rose.` }));
    console.table(rows);
  }
  console.log(JSON.stringify({ bench: 'annotate d', quick, ...machine(), results: rows }));
}

async function measure({ calls: sizes, figures, teacher: settings }, { quick, store }) {
  const calls = sizes[quick ? 1 : 0];
  const task = Task.parse(taskOf());
  const texts = Array.from({ length: Math.round(calls / VOTES) }, (_, i) => textOf(i));
  const teacher = await startTeacher({ ...settings, label: task.labels[0].name });
  try {
    const product = {
      ...(await runProduct({ store, url: teacher.url, task: taskOf(), texts: { count: texts.length, textOf } })),
      teacher: await teacher.stats(),
    };
    await teacher.reset();
    const bare = await bareLoop({ url: teacher.url, bodies: bodiesOf(task, texts), concurrency: CONCURRENCY });
    return figures({
      product,
      bare: { ...bare, teacher: await teacher.stats() },
      calls: texts.length * VOTES,
      settings,
    });
  } finally {
    teacher.stop();
  }
}

/** Ideal: every place busy from the first moment to the last. */
function ofIdeal({ bare, calls, product, settings }) {
  const ideal = (calls * settings.latencyMs) / 1000 / CONCURRENCY;
  return {
    calls,
    idealSeconds: rounded(ideal, 1),
    seconds: rounded(product.seconds, 1),
    ofIdeal: rounded(product.seconds / ideal),
    bareSeconds: rounded(bare.seconds, 1),
    bareOfIdeal: rounded(bare.seconds / ideal),
  };
}

function ofBareLoop({ bare, calls, product }) {
  const asking = (product.teacher.lastAt - product.teacher.firstAt) / 1000;
  return {
    calls,
    callsASecond: rounded(calls / product.seconds, 0),
    callsASecondWhileAsking: rounded(calls / asking, 0),
    bareCallsASecond: rounded(calls / bare.seconds, 0),
    ofBare: rounded(calls / product.seconds / (calls / bare.seconds)),
  };
}

/** After the first ten seconds of asking, as the teacher counts them; its last second is not whole. */
function ofAllowedRate({ bare, calls, product, settings }) {
  const of = ({ answeredBySecond, busyBySecond }) => {
    const answered = sum(answeredBySecond.slice(FIRST_SECONDS, -1));
    const busy = sum(busyBySecond.slice(FIRST_SECONDS, -1));
    const seconds = answeredBySecond.length - 1 - FIRST_SECONDS;
    return { ofAllowed: answered / seconds / settings.perSecond, busyShare: busy / (answered + busy) };
  };
  const [ours, theirs] = [of(product.teacher), of(bare.teacher)];
  return {
    calls,
    seconds: rounded(product.seconds, 1),
    ofAllowed: rounded(ours.ofAllowed),
    busyShare: rounded(ours.busyShare, 4),
    busyFirstTenSeconds: sum(product.teacher.busyBySecond.slice(0, FIRST_SECONDS)),
    bareOfAllowed: rounded(theirs.ofAllowed),
    bareBusyShare: rounded(theirs.busyShare, 4),
  };
}

function taskOf() {
  return {
    name: 'bench',
    kind: 'text-classification',
    labels: [
      { name: 'positive', description: 'good news for the company' },
      { name: 'negative', description: 'bad news for the company' },
      { name: 'neutral', description: 'neither' },
    ],
    guideline: 'Decide how the sentence would strike an investor.',
    teacher: { model: 'bench', concurrency: CONCURRENCY },
    votes: { plan: [{ prompt: 'reasoned', samples: VOTES }] },
  };
}

function textOf(i) {
  return `In the ${i + 1}th quarter the company's operating profit rose to ${(i * 7919) % 1000} million euros from ${i % 500} million.`;
}

/** As the product sends them. */
function bodiesOf(task, texts) {
  const [planned] = task.votes.plan;
  return texts.flatMap((text) => {
    const { jsonSchema: schema, messages } = buildPrompt(task, planned.prompt, text);
    return Array.from({ length: VOTES }, (_, sample) => ({
      model: task.teacher.model,
      messages,
      max_tokens: planned.maxTokens,
      temperature: planned.temperature,
      seed: task.teacher.seed + sample,
      response_format: { type: 'json_schema', json_schema: { name: 'reply', strict: true, schema } },
    }));
  });
}

async function startTeacher(settings) {
  const file = fileURLToPath(new URL('./teacher.js', import.meta.url));
  const child = spawn(process.execPath, [file, JSON.stringify(settings)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [url] = await once(createInterface({ input: child.stdout }), 'line');
  const get = async (path) => (await fetch(new URL(path, url))).json();
  return { url, stats: () => get('/stats'), reset: () => get('/reset'), stop: () => child.stdin.end() };
}

function medians(rows) {
  return Object.fromEntries(Object.keys(rows[0]).map((key) => [key, median(rows.map((row) => row[key]))]));
}

function sum(numbers) {
  return numbers.reduce((total, each) => total + (each ?? 0), 0);
}
