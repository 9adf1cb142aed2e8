/** npm run bench -- annotate [a|b|c|d|e] [--quick] [--runs N] [--calls N] [--store s3://BUCKET/PREFIX] [--texts N,N]: the annotation
 *  engine beside a bare loop of the same client, in one run, on a teacher in a process of its own. What each figure means:
 *  docs/benchmarks.md. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { machine, median, rounded } from '../machine.js';
import { bareLoop } from './bare-loop.js';
import { measureGrowth } from './growth.js';
import { runProduct } from './product.js';
import { bodiesOf, CONCURRENCY, VOTES, votedTask, votedText } from './questions.js';

/** Of the teacher, before it is measured: slow start and learning its rate, or how many workers share it. */
const FIRST_SECONDS = 10;
const PER_SECOND = 100;

/** calls: full and --quick. ofTask: settings of the task's teacher. */
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
    about: `${PER_SECOND} requests a second, 200 ms +/- 30 %`,
    teacher: { latencyMs: 200, jitter: 0.3, perSecond: PER_SECOND },
    calls: [6_000, 2_400],
    figures: ofAllowedRate,
  },
  e: {
    about: `two workers; ${PER_SECOND} requests a second, which the task declares and the teacher does not tell; 200 ms +/- 30 %`,
    teacher: { latencyMs: 200, jitter: 0.3, perSecond: PER_SECOND, tells: false },
    ofTask: { requestsPerMinute: 60 * PER_SECOND },
    workers: 2,
    calls: [12_000, 6_000],
    figures: ofAllowedRate,
  },
};

/** Corpora of (d). A million texts take a while: --texts 1000000. */
const GROWING = [1_000, 10_000, 100_000];

export async function bench(args) {
  const { asked, calls, quick, runs, store, texts } = annotateArguments(args);
  const results = {};
  for (const name of asked) {
    const rows = [];
    if (name === 'd') {
      for (const each of texts) {
        rows.push(await measureGrowth(each, startTeacher));
        console.table(rows);
      }
      results.d = rows;
      continue;
    }
    const { calls: sizes, ...measured } = CASES[name];
    const count = calls ?? sizes[quick ? 1 : 0];
    for (let run = 0; run < runs; run++) rows.push(await measure({ ...measured, count, store }));
    console.table(rows);
    results[name] = { about: measured.about, ...medians(rows) };
  }
  const stored = store === null ? 'folder' : 's3';
  console.log(JSON.stringify({ bench: 'annotate', quick, runs, store: stored, ...machine(), results }));
}

function annotateArguments(args) {
  const text = { type: 'string' };
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: { quick: { type: 'boolean', default: false }, runs: text, calls: text, store: text, texts: text },
  });
  const names = [...Object.keys(CASES), 'd'];
  const stranger = positionals.find((name) => !names.includes(name));
  if (stranger !== undefined) throw new Error(`${stranger}: one of ${names.sort().join(', ')}`);
  const { calls, quick, runs = '1', store = null, texts = GROWING.slice(0, quick ? 2 : 3).join(',') } = values;
  return {
    asked: positionals.length > 0 ? positionals : ['a', 'b', 'c'],
    calls: calls === undefined ? null : Number(calls),
    quick,
    runs: Number(runs),
    store,
    texts: texts.split(',').map(Number),
  };
}

async function measure({ count, figures, ofTask, store, teacher: settings, workers }) {
  const task = votedTask(ofTask);
  const texts = { count: Math.round(count / VOTES), textOf: votedText };
  const teacher = await startTeacher({ ...settings, label: task.labels[0].name });
  try {
    const product = {
      ...(await runProduct({ store, url: teacher.url, task, texts, workers })),
      teacher: await teacher.stats(),
    };
    await teacher.reset();
    const bodies = [...bodiesOf(task, texts)];
    const bare = {
      ...(await bareLoop({ url: teacher.url, bodies, concurrency: CONCURRENCY })),
      teacher: await teacher.stats(),
    };
    if (product.teacher.questions !== bare.teacher.questions) throw new Error('they were not asked the same questions');
    return figures({ product, bare, calls: bodies.length, settings });
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
    const answered = answeredBySecond.slice(FIRST_SECONDS, -1);
    const busy = sum(busyBySecond.slice(FIRST_SECONDS, -1));
    const requests = answered.map((each, i) => (each ?? 0) + (busyBySecond[FIRST_SECONDS + i] ?? 0));
    return {
      ofAllowed: sum(answered) / answered.length / settings.perSecond,
      medianSecond: median(answered.map((each) => each ?? 0)) / settings.perSecond,
      busyShare: busy / (sum(answered) + busy),
      most: Math.max(0, ...requests) / settings.perSecond,
    };
  };
  const [ours, theirs] = [of(product.teacher), of(bare.teacher)];
  return {
    calls,
    seconds: rounded(product.seconds, 1),
    ofAllowed: rounded(ours.ofAllowed),
    medianSecondOfAllowed: rounded(ours.medianSecond),
    mostOfAllowedInASecond: rounded(ours.most),
    busyShare: rounded(ours.busyShare, 4),
    busyFirstTenSeconds: sum(product.teacher.busyBySecond.slice(0, FIRST_SECONDS)),
    bareOfAllowed: rounded(theirs.ofAllowed),
    bareBusyShare: rounded(theirs.busyShare, 4),
  };
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
