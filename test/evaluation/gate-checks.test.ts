import { DeploymentGateSettings, type GateCheck, LabelsGateSettings } from '../../src/contracts/index.js';
import { buildReport, checksTable, deploymentGateChecks, labelsGateChecks } from '../../src/evaluation/index.js';
import { tenRows } from './evaluated-rows.js';

const champion = tenRows.champion!;

/** 8 of 200 labels may be wrong. */
const certificate = {
  labels: 200,
  population: 180,
  sampled: 100,
  wrong: 1,
  mostWrong: 8,
  mostWrongShare: 0.04,
  confidence: 0.95,
};

const named = (checks: GateCheck[], name: string) => checks.find((check) => check.name === name);
const verdicts = (checks: GateCheck[]) => Object.fromEntries(checks.map(({ name, passed }) => [name, passed]));

describe('labelsGateChecks', () => {
  type Judged = Parameters<typeof labelsGateChecks>[0];
  const judge = (
    changes: Partial<Judged> & { of?: Partial<Judged['summary']>; bars?: Partial<Judged['settings']> } = {},
  ) => {
    const { of, bars, ...rest } = changes;
    return labelsGateChecks({
      summary: {
        texts: 200,
        labelled: 190,
        perLabel: { a: 185, b: 5 },
        alpha: 0.4,
        gateGold: { rows: 0, correct: 0 },
        ...of,
      },
      settings: { ...LabelsGateSettings.parse({}), ...bars },
      labels: ['a', 'b'],
      votesPerText: 3,
      failedChunks: 0,
      incompleteTexts: 0,
      unreadableShare: 0.1,
      ...rest,
    });
  };

  it('passes values that are exactly at their limits', () => {
    expect(verdicts(judge())).toEqual({
      'failed chunks': true,
      'budget sufficed': true,
      'unreadable share': true,
      'unlabelled share': true,
      alpha: true,
      'examples per label': true,
    });
    expect(named(judge(), 'unlabelled share')).toMatchObject({ value: 0.05, limit: 0.05, atLeast: false });
  });

  it('says what an audit certifies, and asks for none without a limit', () => {
    const check = named(judge({ of: { certificate }, bars: { maxErrorShare: 0.04 } }), 'certified error share');
    expect(check).toMatchObject({ value: 0.04, limit: 0.04, atLeast: false, passed: true });
    expect(check?.about).toBe(
      "At most 4.0 % of the labels are wrong (8 of 200), at 95 % confidence, if people's labels are right: 1 of 100 labels drawn at random was wrong.",
    );
    expect(named(judge(), 'certified error share')).toBeUndefined();
  });

  it.each([
    ['unlabelled share', { of: { labelled: 189 } }],
    ['alpha', { of: { alpha: 0.39 } }],
    ['alpha', { of: { alpha: null } }],
    ['examples per label', { of: { perLabel: { a: 186, b: 4 } } }],
    ['examples per label', { of: { perLabel: { a: 190 } } }],
    ['failed chunks', { failedChunks: 1 }],
    ['budget sufficed', { incompleteTexts: 2 }],
    ['gold accuracy', { bars: { minGoldAccuracy: 0.9 } }],
    ['gold accuracy', { bars: { minGoldAccuracy: 0.9 }, of: { gateGold: { rows: 100, correct: 89 } } }],
    ['unlabelled share', { of: { texts: 0, labelled: 0 } }],
    ['certified error share', { bars: { maxErrorShare: 0.05 } }],
    ['certified error share', { bars: { maxErrorShare: 0.03 }, of: { certificate } }],
  ])('fails %s, and nothing else, for %j', (failing, changes) => {
    const failed = judge(changes).filter(({ passed }) => !passed);
    expect(failed.map(({ name }) => name)).toEqual([failing]);
  });

  it('names the label with the fewest examples, one without any included', () => {
    const check = named(judge({ labels: ['a', 'b', 'rare'] }), 'examples per label');
    expect(check).toMatchObject({ value: 0, about: 'Training texts of the rarest label, rare.' });
  });

  it('does not ask for alpha where a text gets one vote', () => {
    const check = named(judge({ votesPerText: 1, of: { alpha: null } }), 'alpha');
    expect(check).toMatchObject({ value: null, limit: 0.4, passed: true });
  });

  it('shows without judging where no limit is set', () => {
    const checks = judge({ bars: { minAlpha: null }, of: { alpha: -0.2, gateGold: { rows: 4, correct: 1 } } });
    expect(named(checks, 'alpha')).toMatchObject({ value: -0.2, limit: null, passed: true });
    expect(named(checks, 'gold accuracy')).toMatchObject({ value: 0.25, limit: null, passed: true });
  });

  it('passes gold accuracy at its limit', () => {
    const checks = judge({ bars: { minGoldAccuracy: 0.9 }, of: { gateGold: { rows: 10, correct: 9 } } });
    expect(named(checks, 'gold accuracy')).toMatchObject({ value: 0.9, passed: true });
  });

  it('says of gold rows that chose how votes are weighed that they flatter', () => {
    const gateGold = { rows: 10, correct: 9 };
    const weighing = { method: 'majority' as const, why: 'gold rows' as const, gold: { rows: 10, right: [] } };
    const about = (of: object) => named(judge({ of }), 'gold accuracy')?.about;
    expect(about({ gateGold })).toBe("Teacher's accuracy on the 10 gold rows set apart for this gate.");
    expect(about({ gateGold, weighing })).toContain('which chose how votes become labels, too: that flatters it');
  });
});

describe('deploymentGateChecks', () => {
  const report = buildReport(tenRows);
  const onValidation = buildReport({ ...tenRows, basis: 'validation', teacher: null });
  const judge = (of: typeof report, bars: Partial<DeploymentGateSettings> = {}, deployed: number | null = null) =>
    deploymentGateChecks({
      report: of,
      settings: { ...DeploymentGateSettings.parse({}), ...bars },
      deployed: deployed ?? of.champion?.version ?? null,
    });

  it('shows accuracy, macro F1 and both losses where no bar is set, and passes them', () => {
    const checks = judge(report);
    expect(checks.map(({ name, value, limit, passed }) => [name, value, limit, passed])).toEqual([
      ['accuracy', 0.7, null, true],
      ['macro F1', report.student.macroF1, null, true],
      ['loss to teacher', 2 / 9, null, true],
      ['loss to champion', -0.2, null, true],
    ]);
  });

  it('tells the interval of a loss, which points the other way than that of the difference', () => {
    const { low, high } = report.comparisons[0]?.differenceInterval ?? { low: 0, high: 0 };
    const inPoints = (share: number) => (share * 100).toFixed(1);
    expect(named(judge(report), 'loss to teacher')?.about).toBe(
      `Accuracy of the teacher minus the student's, on the 9 rows that both answered; 95 % interval ${inPoints(-high)} to ${inPoints(-low)} points.`,
    );
  });

  it('judges by each bar, a value at the bar passing', () => {
    const passing = { minAccuracy: 0.7, minMacroF1: 0.65, maxLossToTeacher: 0.23, maxLossToChampion: 0 };
    expect(judge(report, passing).every(({ passed }) => passed)).toBe(true);
    expect(verdicts(judge(report, { ...passing, minAccuracy: 0.71 }))).toMatchObject({ accuracy: false });
    expect(verdicts(judge(report, { ...passing, minMacroF1: 0.75 }))).toMatchObject({ 'macro F1': false });
    expect(verdicts(judge(report, { ...passing, maxLossToTeacher: 0.22 }))).toMatchObject({ 'loss to teacher': false });
    const better = buildReport({ ...tenRows, champion: { ...champion, predicted: tenRows.truth } });
    expect(named(judge(better, { maxLossToChampion: 0.3 }), 'loss to champion')).toMatchObject({
      value: 0.3,
      passed: true,
    });
    expect(named(judge(better, { maxLossToChampion: 0.29 }), 'loss to champion')).toMatchObject({ passed: false });
  });

  it('fails every bar that needs gold rows on basis validation, and says what is missing', () => {
    const bars = { minAccuracy: 0, minMacroF1: 0, maxLossToTeacher: 1, maxLossToChampion: 1 };
    const checks = judge(onValidation, bars);
    for (const name of ['accuracy', 'macro F1', 'loss to teacher', 'loss to champion']) {
      const check = named(checks, name);
      expect(check).toMatchObject({ value: null, passed: false });
      expect(check?.about).toContain('gold rows are missing');
    }
  });

  it('shows agreement with the teacher, and no accuracy, on basis validation without bars', () => {
    const checks = judge(onValidation);
    expect(checks.map(({ name, value, passed }) => [name, value, passed])).toEqual([
      ['agreement with the teacher', 0.7, true],
    ]);
  });

  it('lets the first version pass a bar on the loss to the champion', () => {
    const first = buildReport({ ...tenRows, champion: null });
    expect(named(judge(first, { maxLossToChampion: 0 }), 'loss to champion')).toMatchObject({
      value: null,
      passed: true,
    });
    expect(named(judge(first), 'loss to champion')).toBeUndefined();
  });

  it('leaves out the rows that the champion was trained on, and says so', () => {
    const learnedOf = (learned: boolean[] | null) => {
      const compared = buildReport({ ...tenRows, champion: { ...champion, learned } });
      return named(judge(compared, { maxLossToChampion: 0 }), 'loss to champion');
    };
    // Of rows 0 and 7 the champion has both right, the student the first.
    const two = learnedOf(tenRows.truth.map((_, row) => row === 0 || row === 7));
    expect(two).toMatchObject({ value: -3 / 8, passed: true });
    expect(two?.about).toMatch(/on the 8 rows that both answered and that are new to both; .* points\. The deployed/);
    expect(two?.about).toContain('version 3 was trained on the text of 2 of 10 gold rows: they are left out of');
    const all = learnedOf(tenRows.truth.map(() => true));
    expect(all).toMatchObject({ value: null, passed: false });
    expect(all?.about).toContain('there is no row that both answered and that is new to both. The deployed version 3');
    expect(learnedOf(null)).toMatchObject({
      value: -0.2,
      passed: true,
      about: expect.stringContaining('is not known'),
    });
  });

  it('fails a bar on the loss to the champion where a version is deployed and nothing could be compared', () => {
    const unmeasured = buildReport({ ...tenRows, basis: 'validation', teacher: null, champion: null });
    const check = named(judge(unmeasured, { maxLossToChampion: 0 }, 4), 'loss to champion');
    expect(check).toMatchObject({ value: null, passed: false });
    expect(check?.about).toContain('gold rows are missing');
  });

  it('fails a bar on the loss to the teacher where the teacher answered no row', () => {
    const unanswered = buildReport({ ...tenRows, teacher: tenRows.truth.map(() => null) });
    expect(named(judge(unanswered, { maxLossToTeacher: 1 }), 'loss to teacher')).toMatchObject({
      value: null,
      passed: false,
    });
  });
});

describe('checksTable', () => {
  it('marks passed, failed and shown only, and keeps labels from breaking the table', () => {
    const table = checksTable([
      { name: 'alpha', about: 'About a|b.', value: 0.41234, limit: 0.4, atLeast: true, passed: true },
      { name: 'failed chunks', about: 'Chunks.', value: 2, limit: 0, atLeast: false, passed: false },
      { name: 'accuracy', about: 'Missing.', value: null, limit: 0.9, atLeast: true, passed: false },
      { name: 'macro F1', about: 'Shown.', value: 0.5, limit: null, atLeast: true, passed: true },
    ]);
    expect(table.split('\n')).toEqual([
      '|  | check | value | limit | about |',
      '| --- | --- | --- | --- | --- |',
      '| ✅ | alpha | 0.412 | ≥ 0.400 | About a\\|b. |',
      '| ❌ | failed chunks | 2 | ≤ 0 | Chunks. |',
      '| ❌ | accuracy | unknown | ≥ 0.900 | Missing. |',
      '| ℹ️ | macro F1 | 0.500 |  | Shown. |',
    ]);
  });
});
