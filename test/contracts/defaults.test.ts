/** The defaults of every settings schema. A changed default changes the runs of everyone who left it out: change it here too, on purpose. */
import {
  AnnotationSettings,
  BatchSettings,
  Budget,
  CorpusInput,
  chunkingOf,
  DeploymentGateSettings,
  DistillationInput,
  EvaluationSettings,
  GoldInput,
  LabelsGateSettings,
  StudentSettings,
  Task,
  TeacherSettings,
  VoteSettings,
} from '../../src/contracts/index.js';

const GATE = {
  approval: 'person',
  deadlineHours: 168,
  afterDeadline: 'reject',
  webhookEnv: null,
  escalateHours: null,
  escalateWebhookEnv: null,
  reminderHours: 24,
};

const TEACHER = {
  provider: 'huggingface',
  model: null,
  url: null,
  replies: null,
  acceptTermsOf: null,
  apiKeyEnv: null,
  headers: {},
  seed: 42,
  sendSeed: true,
  maxTokensField: 'max_tokens',
  jsonSchema: 'auto',
  logprobs: false,
  extraBody: {},
  concurrency: 16,
  requestsPerMinute: null,
  tokensPerMinute: null,
  timeoutSeconds: 120,
  attempts: 6,
  deadAfterSeconds: 120,
  batch: null,
  price: null,
};

const VOTES = {
  plan: [
    {
      prompt: 'reasoned',
      teacher: 'teacher',
      when: 'always',
      guideline: null,
      samples: 3,
      temperature: 0.7,
      topP: null,
      maxTokens: 500,
    },
  ],
  escalated: 'decide',
  stop: 'all',
  aggregation: 'auto',
  ties: 'abstain',
  unreadable: 'drop',
};

const BATCH = {
  priceFactor: 0.5,
  completionWindow: '24h',
  maxRequests: 50_000,
  maxMegabytes: 100,
  pollSeconds: 60,
  listLagSeconds: 600,
};

const ANNOTATION = { chunkTexts: null, window: null, shardTexts: 100_000, maxFailedChunks: 3 };

const BUDGET = { usd: null, calls: null, tokens: null, whenUsedUp: null, deadlineHours: 168 };

const LABELS_GATE = {
  ...GATE,
  maxUnlabelledShare: 0.05,
  minAlpha: 0.4,
  minExamplesPerClass: 5,
  minGoldAccuracy: null,
  maxErrorShare: null,
};

const DEPLOYMENT_GATE = {
  ...GATE,
  minAccuracy: null,
  minMacroF1: null,
  maxLossToTeacher: null,
  maxLossToChampion: null,
};

const STUDENT = {
  kind: 'linear',
  targets: 'soft',
  buckets: 262_144,
  strengths: [0.3, 1, 3, 10, 30],
  maxMemoryMb: 4096,
};

const EVALUATION = { validationShare: 0.15, goldShareForGate: 0, confidence: 0.95 };

const CORPUS = {
  path: 'texts.jsonl',
  textColumn: 'text',
  idColumn: 'id',
  labelColumn: 'label',
  badRows: 'refuse',
  maxTextLength: 20_000,
  sample: null,
};

describe('the defaults', () => {
  it.each([
    ['teacher', TeacherSettings, TEACHER],
    ['teacher.batch', BatchSettings, BATCH],
    ['votes', VoteSettings, VOTES],
    ['annotation', AnnotationSettings, ANNOTATION],
    ['gates.labels', LabelsGateSettings, LABELS_GATE],
    ['gates.deployment', DeploymentGateSettings, DEPLOYMENT_GATE],
    ['student', StudentSettings, STUDENT],
    ['evaluation', EvaluationSettings, EVALUATION],
    ['budget', Budget, BUDGET],
  ])('of %s are these', (_name, schema, defaults) => {
    expect(schema.parse({})).toEqual(defaults);
  });

  it('of how the corpus is cut are other ones for a teacher that answers in batches', () => {
    const at = (teacher: unknown, annotation = {}) =>
      chunkingOf({
        teacher: TeacherSettings.parse(teacher),
        teachers: {},
        votes: VoteSettings.parse({}),
        annotation: AnnotationSettings.parse(annotation),
      });
    expect(at({})).toEqual({ chunkTexts: 200, window: 8 });
    expect(at({ batch: {} })).toEqual({ chunkTexts: 2000, window: 200 });
    expect(at({ batch: {} }, { chunkTexts: 30, window: 4 })).toEqual({ chunkTexts: 30, window: 4 });
  });

  it('of an encoder student are these beside the encoder', () => {
    expect(StudentSettings.parse({ kind: 'encoder', encoder: './minilm' })).toEqual({
      kind: 'encoder',
      targets: 'soft',
      maxMemoryMb: 4096,
      encoder: './minilm',
      revision: 'main',
      epochs: null,
      patience: null,
      prefix: null,
      learningRate: 1e-4,
      batchSize: 16,
      microBatchTokens: 512,
      classWeights: 'none',
      sampleWeights: 'none',
      quantise: true,
      maxLength: 128,
    });
  });

  it('of a task with nothing but name, kind and labels are those of its sections', () => {
    const minimal = { name: 'tone', kind: 'text-classification', labels: [{ name: 'good' }, { name: 'bad' }] };
    expect(Task.parse(minimal)).toEqual({
      name: 'tone',
      kind: 'text-classification',
      description: '',
      text: '{text}',
      labels: [
        { name: 'good', description: '', aliases: [] },
        { name: 'bad', description: '', aliases: [] },
      ],
      guideline: '',
      examples: [],
      examplesFrom: null,
      redact: [],
      teacher: TEACHER,
      teachers: {},
      votes: VOTES,
      annotation: ANNOTATION,
      gates: { labels: LABELS_GATE, deployment: DEPLOYMENT_GATE },
      student: STUDENT,
      evaluation: EVALUATION,
      budget: BUDGET,
      seed: 42,
    });
  });

  it('of corpus and gold rows are the same for a path alone as for an object', () => {
    const { sample: _sample, ...gold } = CORPUS;
    expect(CorpusInput.parse({ path: 'texts.jsonl' })).toEqual(CORPUS);
    expect(GoldInput.parse({ path: 'texts.jsonl' })).toEqual(gold);
    const input = DistillationInput.parse({ task: 'tone', corpus: 'texts.jsonl', gold: 'texts.jsonl' });
    expect(input).toEqual({
      task: 'tone',
      set: {},
      corpus: CORPUS,
      gold,
      approveAs: null,
      store: null,
      until: 'deploy',
    });
  });
});
