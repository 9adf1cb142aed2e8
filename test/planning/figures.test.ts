import { Task } from '../../src/contracts/index.js';
import {
  type Figure,
  type PlanBasis,
  planFigures,
  type Survey,
  type TeacherBasis,
  type TeacherSurvey,
} from '../../src/planning/index.js';

const task = (over: Record<string, unknown> = {}) =>
  Task.parse({
    name: 'tone',
    kind: 'text-classification',
    labels: [{ name: 'good' }, { name: 'bad' }],
    teacher: { model: 'a/b', concurrency: 10 },
    ...over,
  });

/** So many equal numbers. */
const equal = (count: number, value: number) => ({ count, sum: count * value, squares: count * value * value });
const NONE = equal(0, 0);
const NO_QUESTIONS = { count: 0, promptBytes: 0, mostOutputTokens: 0, worstMicros: 0 };

/** Asked three questions about each of a hundred texts, with prompts of 1,000 bytes and replies of at most 500 tokens. */
const TEACHER: TeacherSurvey = {
  name: 'teacher',
  always: { count: 300, promptBytes: 300_000, mostOutputTokens: 150_000, worstMicros: 1_500_000 },
  ifDisputed: NO_QUESTIONS,
  prompts: [],
  known: { replies: 0, outputTokens: NONE, inputTokens: 0, promptBytes: 0, latency: NONE },
  disputedTexts: 0,
};

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
  alwaysOfText: 3,
  fewestOfText: 2,
  worstMicros: 1_500_000,
  wholeTexts: 0,
  underMajority: NONE,
  teachers: [TEACHER],
};

/** Twenty texts were labelled by a pilot: 60 replies of 250 and 40 tokens in 2 s each, 45 of which majority would have asked. */
const KNOWN_TEACHER: TeacherSurvey = {
  ...TEACHER,
  always: { count: 240, promptBytes: 240_000, mostOutputTokens: 120_000, worstMicros: 1_200_000 },
  known: {
    replies: 60,
    outputTokens: equal(60, 40),
    inputTokens: 60 * 250,
    promptBytes: 60_000,
    latency: equal(60, 2000),
  },
};
const AFTER_PILOT: Survey = {
  ...SURVEY,
  open: 240,
  wholeTexts: 20,
  underMajority: equal(20, 45 / 20),
  teachers: [KNOWN_TEACHER],
};

const OF_TEACHER: TeacherBasis = {
  settings: task().teacher,
  survey: TEACHER,
  tokenRate: { low: 0.2, high: 0.4, how: 'rule' },
  price: { inputPerMillion: 1, outputPerMillion: 2 },
  activeParameters: null,
};
const BASIS: PlanBasis = { task: task(), survey: SURVEY, teachers: [OF_TEACHER], trainSecondsPerText: null };
const withTeacher = (changes: Partial<TeacherBasis>) => ({ teachers: [{ ...OF_TEACHER, ...changes }] });
const afterPilot = (changes: Partial<TeacherBasis> = {}) => ({
  survey: AFTER_PILOT,
  ...withTeacher({ survey: KNOWN_TEACHER, tokenRate: { low: 0.25, high: 0.25, how: 'calibrated' }, ...changes }),
});

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
    const after = afterPilot();
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

  it('are as wide as what was measured varies: the mean of 100 replies of 30 to 50 tokens', () => {
    // Half are 30 and half 50: the mean is 40, its standard error sqrt(10000 / 99) / 10 = 1.00504; 1.95996 of these.
    const outputTokens = { count: 100, sum: 4000, squares: 50 * 900 + 50 * 2500 };
    const after = afterPilot({ survey: { ...KNOWN_TEACHER, known: { ...KNOWN_TEACHER.known, outputTokens } } });
    const { low, high } = figure(after, 'tokens of the replies');
    expect(low).toBeCloseTo(240 * (40 - 1.969838), 2);
    expect(high).toBeCloseTo(240 * (40 + 1.969838), 2);
  });

  it('tell the whole run to the student where asking and training are known', () => {
    expect(figure(afterPilot(), 'the whole run to the student')).toMatchObject({
      low: null,
      how: 'not known yet: training',
    });
    // 48 s of asking and 36 s of training.
    const whole = figure({ ...afterPilot(), trainSecondsPerText: 0.36 }, 'the whole run to the student');
    expect(whole.low).toBeCloseTo(84 / 3600, 12);
  });

  it('count as the run would stop', () => {
    const stopping = { task: task({ votes: { stop: 'majority' } }) };
    expect(figure(stopping, 'tokens of the replies')).toMatchObject({ low: 200, high: 150_000 });
  });

  it('say what is not known, and never 0 for it', () => {
    expect(figure(withTeacher({ price: null }), 'cost')).toMatchObject({
      low: null,
      how: expect.stringContaining('teacher.price'),
    });
    expect(figure({}, 'energy of the teacher').low).toBeNull();
    expect(figure({}, 'training the student').low).toBeNull();
    expect(figure({ trainSecondsPerText: 0.01 }, 'training the student')).toMatchObject({ low: 1, high: 1 });
  });

  it('are 0 where no call is left, whatever is not known of the teacher', () => {
    const nothing = { ...KNOWN_TEACHER, always: NO_QUESTIONS };
    const none = afterPilot({ survey: nothing, price: null, activeParameters: null });
    const changes = { ...none, survey: { ...AFTER_PILOT, open: 0, worstMicros: 0, teachers: [nothing] } };
    for (const name of ['cost', 'asking', 'energy of the teacher']) {
      expect(figure(changes, name)).toMatchObject({ low: 0, high: 0, how: expect.stringMatching(/^no call is left/) });
    }
  });

  it('give the energy between two fits: for 10 billion parameters and a million tokens', () => {
    const known = { ...KNOWN_TEACHER.known, outputTokens: equal(60, 1_000_000 / 240) };
    const after = afterPilot({ survey: { ...KNOWN_TEACHER, known }, activeParameters: 10 });
    const { low, high } = figure(after, 'energy of the teacher');
    // (1.16653e-6 * e^(-0.0112059 * 64) * 10 + 4.05293e-5) Wh = 4.6223e-5 Wh; (8.91e-5 * 10 + 1.43e-3) Wh = 2.321e-3 Wh; times 1.2.
    expect(low).toBeCloseTo(0.05547, 4);
    expect(high).toBeCloseTo(2.7852, 4);
  });

  it('of a recording are texts and calls alone', () => {
    const { teacher: settings } = task({ teacher: { provider: 'recorded', replies: 'x.jsonl' } });
    const recorded = withTeacher({ settings });
    expect(new Set(planFigures({ ...BASIS, ...recorded }).map(({ unit }) => unit))).toEqual(
      new Set(['texts', 'calls']),
    );
  });

  describe('with a dear teacher for disputed texts', () => {
    const dear: TeacherSurvey = {
      ...TEACHER,
      name: 'dear',
      always: NO_QUESTIONS,
      ifDisputed: { count: 100, promptBytes: 100_000, mostOutputTokens: 50_000, worstMicros: 9_000_000 },
    };
    const plan = [
      { prompt: 'direct', samples: 3 },
      { prompt: 'direct', teacher: 'dear', when: 'disagreement' },
    ];
    const twoTeachers = task({ teachers: { dear: { model: 'c/d' } }, votes: { plan } });
    const basis = (survey: Partial<Survey>, ofDear: Partial<TeacherSurvey>) => {
      const surveyed = { ...dear, ...ofDear };
      const price = { inputPerMillion: 10, outputPerMillion: 20 };
      return {
        task: twoTeachers,
        survey: { ...SURVEY, teachers: [TEACHER, surveyed], ...survey },
        teachers: [OF_TEACHER, { ...OF_TEACHER, survey: surveyed, price }],
      };
    };

    it('reach from no disputed text to all, as long as nothing is known', () => {
      const unknown = basis({}, {});
      expect(figure(unknown, 'calls without early stopping')).toMatchObject({ low: 300, high: 400 });
      expect(figure(unknown, 'calls to teacher')).toMatchObject({ low: 300, high: 300 });
      expect(figure(unknown, 'calls to dear')).toMatchObject({ low: 0, high: 100 });
      // The first teacher costs 0.0606 to 0.42; 100 calls of the dear one 100,000 * 0.4 tokens at 10 and 50,000 at 20 dollars.
      expect(figure(unknown, 'cost').low).toBeCloseTo(0.0606, 12);
      expect(figure(unknown, 'cost').high).toBeCloseTo(0.42 + 0.4 + 1, 12);
      expect(figure(unknown, 'cost of dear')).toMatchObject({ low: 0, high: 1.4 });
      expect(figure(unknown, 'cost').how).toMatch(/^teacher: .* dear: /);
    });

    it('are the interval of the share that was disputed among the texts that are known', () => {
      const known = basis({ wholeTexts: 20, underMajority: equal(20, 2.25) }, { disputedTexts: 5 });
      // Wilson's interval of 5 of 20: 0.1119 to 0.4687.
      const { low, high } = figure(known, 'calls to dear');
      expect(low).toBeCloseTo(11.19, 2);
      expect(high).toBeCloseTo(46.87, 2);
      expect(figure(known, 'calls with votes.stop: majority').low).toBe(Math.round(300 * 0.75 + low!));
    });

    it('of asking reach from side by side to one after another', () => {
      const latency = equal(10, 1000);
      const timed = basis(
        { wholeTexts: 20, underMajority: equal(20, 3) },
        { disputedTexts: 20, known: { ...dear.known, latency } },
      );
      const [first, second] = timed.teachers;
      const own = { ...first!, survey: { ...TEACHER, known: { ...TEACHER.known, latency } } };
      // 300 and 84 to 100 calls of 1 s, ten at once.
      const asking = figure({ ...timed, teachers: [own, second!] }, 'asking');
      expect(asking.low).toBeCloseTo(30 / 3600, 12);
      expect(asking.high).toBeCloseTo(40 / 3600, 12);
    });
  });

  it('in batches give what the completion windows allow, and the price of batches', () => {
    const settings = task({
      teacher: { url: 'http://localhost/v1', model: 'm', batch: { completionWindow: '2d' } },
    }).teacher;
    const inBatches = afterPilot({ settings });
    expect(figure(inBatches, 'asking')).toMatchObject({ low: 0, high: 48 });
    expect(figure(inBatches, 'cost').how).toContain('in batches (0.5 of the price)');
    const shards = { ...inBatches, task: task({ annotation: { shardTexts: 40 } }) };
    expect(figure(shards, 'asking')).toMatchObject({ low: 0, high: 3 * 48 });
  });
});
