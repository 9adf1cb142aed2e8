import { LinearSettings, OneStudentSettings, type TrainingSummary } from '../../src/contracts/index.js';
import { gridOf, type ModelCardFacts, modelCard, RegistryError, trainingEnergy } from '../../src/deployment/index.js';

const STUDENT: TrainingSummary = {
  kind: 'linear',
  folder: 'runs/a/b/student',
  files: [],
  trainSeconds: 1000,
  threads: 2,
  examples: 900,
  validation: { rows: 100, agreement: 0.91 },
  chosen: { C: 10 },
  candidates: [],
  parity: { rows: 100, maxDifference: 0 },
};

const ref = { path: 'x', sha256: 'a'.repeat(64), bytes: 1 };

const FACTS: ModelCardFacts = {
  task: 'tickets',
  description: 'Which tickets are urgent.',
  labels: [
    { name: 'urgent', description: 'At once.' },
    { name: 'later', description: '' },
  ],
  textTemplate: '{subject}: {body}',
  student: STUDENT,
  settings: LinearSettings.parse({}),
  teachers: [{ model: 'open/large', host: 'router.example', terms: 'MIT allows it', always: 3, ifDisputed: 0 }],
  labelled: 1000,
  corrected: 12,
  guidelines: [],
  corpusHash: 'c'.repeat(64),
  evaluation: {
    report: ref,
    markdown: ref,
    basis: 'gold',
    rows: 400,
    teacher: { accuracy: 0.95, macroF1: 0.94, interval: { low: 0.92, high: 0.97 } },
    student: { accuracy: 0.9, macroF1: 0.89, interval: { low: 0.87, high: 0.93 } },
    champion: null,
  },
  confidence: 0.95,
  weighing: null,
  certificate: null,
  grid: { name: 'France', gramsPerKwh: 56, source: 'a table, 2023' },
  software: { tutelage: '0.1.0', node: 'v20' },
};

describe('trainingEnergy', () => {
  it('is power times cores times seconds, with the overhead of a data centre', () => {
    // 3.5 W * 2 * 1,000 s * 1.2 = 8,400 J; 8.125 W instead: 19,500 J.
    const energy = trainingEnergy(STUDENT);
    expect(energy?.low).toBeCloseTo(8400 / 3.6e6, 12);
    expect(energy?.high).toBeCloseTo(19_500 / 3.6e6, 12);
    expect(trainingEnergy({ ...STUDENT, threads: null })).toBeNull();
    // A container may have but a few of the machine's cores, and share them: what was counted holds.
    expect(trainingEnergy({ ...STUDENT, threads: 64, cpuSeconds: 2000 })?.low).toBeCloseTo(8400 / 3.6e6, 12);
    const chosen = { ...STUDENT, threads: 64, cpuSeconds: 2000, choiceSeconds: 3000 };
    expect(trainingEnergy({ ...chosen, choiceCpuSeconds: 4000 })?.low).toBeCloseTo((2 * 8400) / 3.6e6, 12);
    // The other students of a ladder cost energy, too.
    expect(trainingEnergy({ ...STUDENT, choiceSeconds: 3000 })?.low).toBeCloseTo((3 * 8400) / 3.6e6, 12);
  });
});

describe('the model card', () => {
  it('tells labels, figures with intervals, the teacher and its licence, and the carbon of training', () => {
    const card = modelCard(FACTS);
    expect(card.startsWith('---\npipeline_tag: text-classification\nlibrary_name: onnx\n')).toBe(true);
    expect(card).toContain('- **urgent**: At once.\n- **later**\n');
    expect(card).toContain('| this model | 90.0 % | 87.0 % to 93.0 % | 0.890 |');
    expect(card).toContain('| its teacher | 95.0 % |');
    expect(card).toContain('1000 texts, 3 votes each by open/large at router.example; 12 corrected by people.');
    expect(card).toContain("The teacher's licence and terms: MIT allows it.");
    // 8,400 J and 19,500 J at 56 g a kWh.
    expect(card).toContain('0.0023 to 0.0054 kWh, or 0.13 g to 0.30 g of CO2 equivalents');
    expect(card).toContain('features.inputs(["The text to label"])');
  });

  it('tells which teacher gave how many votes to which texts, and the licence of each', () => {
    const [cheap] = FACTS.teachers;
    const dear = { model: 'shut/larger', host: 'dear.example', terms: 'they forbid much', always: 0, ifDisputed: 1 };
    const card = modelCard({ ...FACTS, teachers: [cheap!, dear] });
    expect(card).toContain(
      '3 votes each by open/large at router.example, and 1 vote by shut/larger at dear.example about those whose votes disagreed; 12',
    );
    expect(card).toContain('- Licence and terms of open/large: MIT allows it.');
    expect(card).toContain('- Licence and terms of shut/larger: they forbid much.');
  });

  it('tells under which guideline how many labels were given, where it was revised', () => {
    const revision = { number: 2, reviewer: 'ana', at: '2026-01-02T03:04:05Z', examples: 4 };
    const guidelines = [
      { revision: null, texts: 700, task: 'runs/r/1/prepare/task.json' },
      { revision, texts: 300, task: 'runs/r/1/revisions/2/prepare/task.json' },
    ];
    const card = modelCard({ ...FACTS, guidelines });
    expect(card).toContain(
      "- 700 of the teacher's labels were given under the task's first guideline (`runs/r/1/prepare",
    );
    expect(card).toContain(
      '- 300 under the guideline as ana revised it on 2026-01-02 (revision 2, `runs/r/1/revisions/2/prepare/task.json`) and 4 corrected labels as examples.',
    );
  });

  it('calls figures without gold rows what they are', () => {
    const evaluation = { ...FACTS.evaluation, basis: 'validation' as const, teacher: null };
    const card = modelCard({ ...FACTS, evaluation });
    expect(card).toContain('| | agreement with the teacher |');
    expect(card).toContain('- How often it is right has not been measured.');
    expect(card).not.toContain('| its teacher |');
  });

  it('tells what calibration, INT8 and the length of texts did to an encoder, and what the choice of it took', () => {
    const settings = OneStudentSettings.parse({ kind: 'encoder', encoder: 'someone/tiny' });
    const figures = { temperature: 1.5, calibrationErrorBefore: 0.0524, calibrationErrorAfter: 0.021 };
    const chosen = { ...figures, cutShare: 0.025, maxLength: 40, int8: 1, int8Agreement: 0.996, int8LayersInFloat: 2 };
    const card = modelCard({ ...FACTS, settings, student: { ...STUDENT, chosen, choiceSeconds: 3000 } });
    expect(card).toContain('100 held-out texts: divided by a temperature of 1.50');
    expect(card).toContain('expected calibration error of 0.021 there, 0.052 before');
    expect(card).toContain('on 99.6 % of 100 held-out texts; layers that stayed in float32 for it: 2.');
    expect(card).toContain('the first 40 tokens of a text; 2.5 % of those it was made with were longer.');
    expect(card).toContain(
      '1000.0 s (3000.0 s with the students that it was compared with) on a CPU, for which its cores worked 6000.0 s',
    );
    const left = modelCard({ ...FACTS, settings, student: { ...STUDENT, chosen: { ...chosen, int8: 0 } } });
    expect(left).toContain('There is no INT8 model: it changed too many labels.');
  });

  it("names an encoder of the Hub as the base model, and how to ask it with the Hub's tools", () => {
    const settings = OneStudentSettings.parse({ kind: 'encoder', encoder: 'someone/tiny', maxLength: 64 });
    const card = modelCard({ ...FACTS, settings, student: { ...STUDENT, encoderLicence: 'apache-2.0' } });
    expect(card).toContain('library_name: transformers\nbase_model: someone/tiny\n');
    expect(card).toContain('Which tickets are urgent. It is the encoder someone/tiny, fine-tuned, which');
    expect(card).toContain(
      '- Encoder: someone/tiny, revision `main`; its licence (apache-2.0, says its model card) holds for',
    );
    expect(card).toContain('It reads the first 64 tokens of a text; none of those it was made with were longer.');
    const onDisk = OneStudentSettings.parse({ kind: 'frozen', encoder: '/models/tiny' });
    const local = modelCard({ ...FACTS, settings: onDisk });
    expect(local).not.toContain('base_model');
    expect(local).toContain('- Encoder: the folder models/tiny;');
  });
});

describe('gridOf', () => {
  it('is the one that TUTELAGE_GRID names, with its source, else the mean of the world', async () => {
    expect(await gridOf({ TUTELAGE_GRID: 'fr' })).toMatchObject({ name: 'France', gramsPerKwh: 56 });
    expect((await gridOf({})).name).toBe('World');
    expect((await gridOf({})).source).toMatch(/ourworldindata\.org.*, 2023$/);
  });

  it('refuses a code that is not there', async () => {
    await expect(gridOf({ TUTELAGE_GRID: 'XX' })).rejects.toThrow(RegistryError);
    await expect(gridOf({ TUTELAGE_GRID: 'XX' })).rejects.toThrow(/TUTELAGE_GRID: "XX".*give one of WORLD/);
  });
});
