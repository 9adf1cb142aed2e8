import { Task } from '../../src/contracts/index.js';
import { type Figure, type PlanBasis, planFigures, type Survey } from '../../src/planning/index.js';

const task = (over: Record<string, unknown> = {}) =>
  Task.parse({
    name: 'tone',
    kind: 'text-classification',
    labels: [{ name: 'good' }, { name: 'bad' }],
    teacher: { model: 'a/b', concurrency: 10 },
    ...over,
  });

const NOTHING_KNOWN: Survey['known'] = {
  replies: 0,
  counted: 0,
  inputTokens: 0,
  outputTokens: 0,
  promptBytes: 0,
  latencies: [],
  wholeTexts: 0,
  questionsUnderMajority: 0,
};

/** A hundred texts with three votes each, prompts of 1,000 bytes and replies of at most 500 tokens. */
const SURVEY: Survey = {
  counts: {
    rows: 120,
    texts: 100,
    duplicates: 20,
    refused: 0,
    rest: 0,
    goldRows: 0,
    goldInCorpus: 0,
    goldConflicts: 0,
    redacted: 0,
  },
  texts: 100,
  questions: 300,
  open: 300,
  fewestOfText: 2,
  promptBytes: 300_000,
  mostOutputTokens: 150_000,
  worstMicros: 1_500_000,
  prompts: [],
  known: NOTHING_KNOWN,
};

/** Twenty texts were labelled by a pilot: 60 replies of 250 and 40 tokens in 2 s each, 45 of which majority would have asked. */
const AFTER_PILOT: Survey = {
  ...SURVEY,
  open: 240,
  promptBytes: 240_000,
  mostOutputTokens: 120_000,
  known: {
    replies: 60,
    counted: 60,
    inputTokens: 60 * 250,
    outputTokens: 60 * 40,
    promptBytes: 60_000,
    latencies: Array(60).fill(2000),
    wholeTexts: 20,
    questionsUnderMajority: 45,
  },
};

const BASIS: PlanBasis = {
  task: task(),
  survey: SURVEY,
  tokenRate: { low: 0.2, high: 0.4, how: 'rule' },
  price: { inputPerMillion: 1, outputPerMillion: 2 },
  activeParameters: null,
  trainSecondsPerText: null,
};

function figure(changes: Partial<PlanBasis>, name: string): Figure {
  const found = planFigures({ ...BASIS, ...changes }).find((each) => each.name === name);
  if (found === undefined) throw new Error(`no figure "${name}"`);
  return found;
}

describe('the figures of a plan', () => {
  it('that nothing is known of are ranges, or say what would tell', () => {
    expect(figure({}, 'texts to label')).toMatchObject({ low: 100, high: 100, how: '120 rows, 20 of them duplicates' });
    expect(figure({}, 'calls without early stopping')).toMatchObject({ low: 300, high: 300 });
    // Two of three votes settle a text at best.
    expect(figure({}, 'calls with votes.stop: majority')).toMatchObject({ low: 200, high: 300 });
    expect(figure({}, 'tokens of the prompts')).toMatchObject({ low: 60_000, high: 120_000, how: 'rule' });
    expect(figure({}, 'tokens of the replies')).toMatchObject({ low: 300, high: 150_000 });
    // 60,000 and 120,000 tokens at 1 dollar, 300 and 150,000 at 2.
    expect(figure({}, 'cost').low).toBeCloseTo(0.0606, 12);
    expect(figure({}, 'cost').high).toBeCloseTo(0.42, 12);
    expect(figure({}, 'cost').how).toContain('reserved at most: $1.50');
    expect(figure({}, 'asking')).toMatchObject({ low: null, high: null, how: expect.stringContaining('--pilot 20') });
  });

  it('after a pilot are what it measured', () => {
    const after = { survey: AFTER_PILOT, tokenRate: { low: 0.25, high: 0.25, how: 'calibrated' } };
    expect(figure(after, 'replies of earlier runs')).toMatchObject({ low: 60, high: 60 });
    expect(figure(after, 'calls without early stopping')).toMatchObject({ low: 240, high: 240 });
    // 240 * 2.25 / 3
    expect(figure(after, 'calls with votes.stop: majority')).toMatchObject({ low: 180, high: 180 });
    expect(figure(after, 'tokens of the prompts')).toMatchObject({ low: 60_000, high: 60_000 });
    expect(figure(after, 'tokens of the replies')).toMatchObject({ low: 9600, high: 9600 });
    expect(figure(after, 'cost').low).toBeCloseTo(0.0792, 12);
    // 240 replies of 2 s, ten at once: 48 s.
    expect(figure(after, 'asking').high).toBeCloseTo(48 / 3600, 12);
  });

  it('count as the run would stop', () => {
    const stopping = { task: task({ votes: { stop: 'majority' } }) };
    expect(figure(stopping, 'tokens of the replies')).toMatchObject({ low: 200, high: 150_000 });
  });

  it('say what is not known, and never 0 for it', () => {
    expect(figure({ price: null }, 'cost')).toMatchObject({ low: null, how: expect.stringContaining('teacher.price') });
    expect(figure({}, 'energy of the teacher').low).toBeNull();
    expect(figure({}, 'training the student').low).toBeNull();
    expect(figure({ trainSecondsPerText: 0.01 }, 'training the student')).toMatchObject({ low: 1, high: 1 });
  });

  it('give the energy between two fits: for 10 billion parameters and a million tokens', () => {
    const survey = { ...AFTER_PILOT, known: { ...AFTER_PILOT.known, outputTokens: (60 * 1_000_000) / 240 } };
    const { low, high } = figure({ survey, activeParameters: 10 }, 'energy of the teacher');
    // (1.16653e-6 * e^(-0.0112059 * 64) * 10 + 4.05293e-5) Wh = 4.6223e-5 Wh; (8.91e-5 * 10 + 1.43e-3) Wh = 2.321e-3 Wh; times 1.2.
    expect(low).toBeCloseTo(0.05547, 4);
    expect(high).toBeCloseTo(2.7852, 4);
  });

  it('of a recording are texts and calls alone', () => {
    const recorded = { task: task({ teacher: { provider: 'recorded', replies: 'x.jsonl' } }) };
    expect(new Set(planFigures({ ...BASIS, ...recorded }).map(({ unit }) => unit))).toEqual(
      new Set(['texts', 'calls']),
    );
  });
});
