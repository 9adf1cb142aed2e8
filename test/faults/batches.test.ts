import { readFileSync } from 'node:fs';
import { readAskedText } from '../../src/teachers/prompts.js';
import { Recording, textKeyOf } from '../../src/teachers/recording.js';
import { newFolder, until, workerProcesses } from '../cli/tutelage-process.js';
import { type Answer, BatchProvider, type ProviderOptions, type RequestBody } from '../support/batch-provider.js';
import { demoReplies } from '../support/demo-data.js';
import { type LocalUp, startUp } from '../support/local-run.js';
import { startTeacher } from '../support/replay-teacher.js';
import { AnnotatedRun, QUESTIONS, TEXTS, undisturbedLabels, untilAsking } from './annotated-run.js';

const SEED = 42;
const BATCH = { pollSeconds: 1, listLagSeconds: 4 };
const PRICE = { inputPerMillion: 1, outputPerMillion: 2 };
/** 300 and 50 tokens at half the price. */
const CALL_MICROS = (300 * 1 + 50 * 2) / 2;
const set = { 'teacher.batch': BATCH, 'teacher.price': PRICE, 'annotation.chunkTexts': 60 };
const CHUNKS = 7;
const CONCURRENCY = 8;

let up: LocalUp;
let recording: Recording;
const providers: BatchProvider[] = [];

afterAll(() => Promise.all(providers.map((provider) => provider.stop())));

async function* lines(path: string): AsyncIterable<string> {
  yield* readFileSync(path, 'utf8').split('\n').filter(Boolean);
}

/** The replies that the demo's teacher gives. */
function recorded({ messages, seed = SEED }: RequestBody): Answer {
  const asked = readAskedText(messages.at(-1)?.content ?? '');
  const reply = asked && recording.find({ textKey: textKeyOf(asked.text), prompt: asked.style, sample: seed - SEED });
  return reply ? { content: reply.content } : { status: 400, message: 'not recorded' };
}

async function startProvider(options: Omit<ProviderOptions, 'answer'>): Promise<BatchProvider> {
  const provider = await BatchProvider.start({ answer: recorded, ...options });
  providers.push(provider);
  return provider;
}

/** Takes a minute: with `npm run test:faults` only. */
const describeFaults = process.env.FAULTS_SEEDS === undefined ? describe.skip : describe;

describeFaults('a run in batches', () => {
  beforeAll(async () => {
    up = await startUp(newFolder());
    recording = await Recording.read(lines(demoReplies), 'teacher');
  });

  it('whose worker is killed while batches are being sent sends none twice, and ends with the labels of a run without them', async () => {
    const expected = await undisturbedLabels(up);
    let creations = 0;
    let killed = 0;
    const provider = await startProvider({
      fate: (index) => (index === 1 ? { end: 'expired', worked: 30 } : { end: 'completed' }),
      at: (moment) => {
        if (moment !== 'created' || ++creations !== 3) return;
        // Other batches of this worker are about to be opened, uploaded or created at this moment.
        killed = workerProcesses(up.folder).teacher?.pid ?? 0;
        process.kill(killed, 'SIGKILL');
        return new Promise<void>(() => undefined);
      },
    });
    const run = await AnnotatedRun.start({ up, teacher: provider, workflowId: 'batches', set });
    await until(() => killed !== 0);
    await until(() => ![undefined, killed].includes(workerProcesses(up.folder).teacher?.pid));
    await run.untilLabelled();

    expect(run.labels()).toEqual(expected);
    // The run asks one question at once, to see whether the teacher answers; one batch expired, and the rest of it was sent again.
    expect(provider.askedAtOnce).toBe(1);
    expect(provider.executed).toBe(QUESTIONS - 1);
    expect([...provider.billed.values()].every((times) => times === 1)).toBe(true);
    expect(provider.batches).toHaveLength(CHUNKS + 1);
    expect(new Set(provider.batches.map(({ metadata }) => metadata.tutelage_part)).size).toBe(CHUNKS + 1);
    const counts = await run.counts();
    expect(counts).toMatchObject({ texts: TEXTS, calls: QUESTIONS, replies: QUESTIONS, uncertain: 0 });
    expect(counts.spentMicros).toBe((QUESTIONS - 1) * CALL_MICROS + 2 * CALL_MICROS);
  });

  it('that is cancelled cancels them, keeps what they answered, and a later run pays for the rest only', async () => {
    const provider = await startProvider({ fate: () => ({ end: 'completed', looks: 1000 }) });
    const run = await AnnotatedRun.start({ up, teacher: provider, workflowId: 'cancelled-batches', set });
    await until(() => provider.batches.length === CHUNKS);
    await until(() => provider.batches.every(({ status }) => status === 'in_progress'));
    await run.handle.cancel();
    await expect(run.handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } });
    expect(provider.cancelled).toBe(CHUNKS);
    expect(provider.batches.every(({ status }) => status === 'cancelled')).toBe(true);
    // The stand-in had worked on half of them.
    const answered = provider.executed + provider.askedAtOnce;
    expect(answered).toBeGreaterThan(QUESTIONS / 3);
    expect(run.books().replies).toBe(answered);
    expect(await run.counts()).toMatchObject({ calls: answered, uncertain: 0 });

    const later = await startProvider({});
    const { store } = run;
    const next = await AnnotatedRun.start({ up, teacher: later, workflowId: 'after-cancelled-batches', store, set });
    await next.untilLabelled();
    expect(later.executed + later.askedAtOnce).toBe(QUESTIONS - answered);
    expect(await next.counts()).toMatchObject({ texts: TEXTS, reused: answered });
  });

  it('beside a teacher that answers at once, whose worker is killed meanwhile, asks about the disputed texts alone', async () => {
    const atOnce = await startTeacher({ replies: demoReplies, latencyMs: 60, jitter: 0.5 });
    const dear = await startProvider({});
    const run = await AnnotatedRun.start({
      ...{ up, teacher: atOnce, workflowId: 'mixed' },
      set: {
        'annotation.chunkTexts': 60,
        'teacher.concurrency': CONCURRENCY,
        'votes.plan': [
          { prompt: 'reasoned', samples: 3 },
          { prompt: 'reasoned', teacher: 'dear', when: 'disagreement' },
        ],
        'teachers.dear': { url: dear.url, model: 'dear', batch: BATCH },
      },
    });
    await untilAsking(atOnce, QUESTIONS / 3);
    const killed = workerProcesses(up.folder).teacher?.pid ?? 0;
    process.kill(killed, 'SIGKILL');
    await run.untilLabelled();

    const stats = await atOnce.stats();
    const counts = await run.counts();
    const labels = Object.values(run.labels());
    const disputed = labels.filter(({ votes }) => votes === 4).length;
    console.log(`${disputed} disputed texts, ${stats.repeats} calls paid again, ${counts.uncertain} uncertain`);
    expect(labels.filter(({ votes }) => votes === 3)).toHaveLength(TEXTS - disputed);
    expect(disputed).toBeGreaterThan(0);
    expect(counts).toMatchObject({ texts: TEXTS, escalated: disputed });
    // The probe asks about a text that may not be disputed.
    expect(dear.askedAtOnce).toBe(1);
    expect(dear.executed).toBeGreaterThanOrEqual(disputed - 1);
    expect(dear.executed).toBeLessThanOrEqual(disputed);
    expect([...dear.billed.values()].every((times) => times === 1)).toBe(true);
    expect(stats.questions).toBe(QUESTIONS);
    expect(stats.repeats).toBeLessThanOrEqual(CONCURRENCY);
    expect(counts.calls).toBe(run.books().calls);
    expect(counts.uncertain).toBeLessThanOrEqual(CONCURRENCY + 1);
  });
});
