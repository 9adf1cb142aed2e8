import type { EvaluationReport } from '../../src/contracts/index.js';
import { buildReport, reportMarkdown } from '../../src/evaluation/index.js';
import { tenRows } from './evaluated-rows.js';

const names = { task: 'news_tone', studentKind: 'linear', teacherModel: 'mixtral-8x7b' };

/** Rows on which student and teacher are right as often as said, the discordant rows first. */
function gold(both: number, onlyStudent: number, onlyTeacher: number, neither: number): EvaluationReport {
  const columns = [
    ['a', 'a', both],
    ['a', 'b', onlyStudent],
    ['b', 'a', onlyTeacher],
    ['b', 'b', neither],
  ] as const;
  const student = columns.flatMap(([label, , rows]) => new Array<string>(rows).fill(label));
  const teacher = columns.flatMap(([, label, rows]) => new Array<string>(rows).fill(label));
  const truth = student.map(() => 'a');
  return buildReport({ ...tenRows, truth, student, teacher, champion: null });
}

const headlineOf = (report: EvaluationReport) => reportMarkdown(report, names).split('\n')[2];

describe('the headline of reportMarkdown', () => {
  it('says of a small difference that it is within noise', () => {
    expect(headlineOf(gold(322, 12, 17, 12))).toBe(
      '**The student is right on 92.0 % of 363 gold rows (95 % interval 88.8 to 94.4 %), the teacher on 93.4 %; ' +
        'the difference of 1.4 points is within noise (p = 0.46).**',
    );
  });

  it('says of a difference that McNemar rejects that it is more than noise', () => {
    expect(headlineOf(gold(300, 2, 30, 31))).toMatch(
      /the difference of 7\.7 points is more than noise \(p < 0\.001\)\.\*\*$/,
    );
    expect(headlineOf(gold(300, 6, 18, 39))).toMatch(/is more than noise \(p = 0\.023\)\.\*\*$/);
  });

  it('says that they are right equally often where no difference was seen', () => {
    expect(headlineOf(gold(300, 5, 5, 53))).toMatch(/the teacher on 84\.0 %; they are right equally often\.\*\*$/);
  });

  it('says on how many rows the two were compared where the teacher left some unanswered', () => {
    expect(headlineOf(buildReport(tenRows))).toContain('points on the 9 rows that both answered is within noise');
  });

  it('stops after the student where there is no teacher to compare with', () => {
    const report = buildReport({ ...tenRows, teacher: null });
    expect(headlineOf(report)).toBe(
      '**The student is right on 70.0 % of 10 gold rows (95 % interval 39.7 to 89.2 %).**',
    );
  });

  it('speaks of agreement with the teacher on basis validation', () => {
    const report = buildReport({ ...tenRows, basis: 'validation', teacher: null });
    expect(headlineOf(report)).toBe(
      '**The student agrees with the teacher on 70.0 % of 10 validation rows (95 % interval 39.7 to 89.2 %).**',
    );
  });
});

describe('reportMarkdown', () => {
  const markdown = reportMarkdown(buildReport(tenRows), names);

  it('sets teacher, student and champion side by side', () => {
    expect(markdown).toContain('# Evaluation: news\\_tone\n');
    expect(markdown).toContain('|  | accuracy | 95 % interval | macro F1 | weighted F1 | rows | unanswered |');
    expect(markdown).toMatch(/\| teacher \(mixtral-8x7b\) \| 80\.0 % \| 49\.0 to 94\.3 % \| .* \| 10 \| 1 \|/);
    expect(markdown).toMatch(/\| student \(linear\) \| 70\.0 % \| 39\.7 to 89\.2 % \| 0\.697 \| 0\.697 \| 10 \| 0 \|/);
    expect(markdown).toMatch(/\| champion \(deployed version 3\) \| 50\.0 % \|/);
  });

  it('says below the figures on how many rows the champion was trained', () => {
    const learned = tenRows.truth.map((_, row) => row === 4);
    const report = buildReport({ ...tenRows, champion: { ...tenRows.champion!, learned } });
    const [overview] = reportMarkdown(report, names).split('\n## ');
    expect(overview).toMatch(
      /version 3 was trained on the text of 1 of 10 gold rows: it is left out .* counts all rows\.\n$/,
    );
    expect(markdown).not.toContain('was trained on the text');
  });

  it('shows each comparison with its interval and p', () => {
    expect(markdown).toMatch(/\| student minus teacher \| -22\.2 \| -5\d\.\d to 1\d\.\d \| 0 \| 2 \| 9 \| 0\.50 \|/);
    expect(markdown).toMatch(/\| student minus champion \| 20\.0 \| .* \| 3 \| 1 \| 10 \| 0\.63 \|/);
  });

  it('shows precision, recall and F1 of each label', () => {
    // a: 4 of 6 predictions and 4 of 5 rows right. b: 3 of 4 predictions and 3 of 5 rows right.
    expect(markdown).toMatch(/\| a \| 0\.667 \| 0\.800 \| 0\.727 \| 0\.909 \| 5 \|/);
    expect(markdown).toMatch(/\| b \| 0\.750 \| 0\.600 \| 0\.667 \| 0\.750 \| 5 \|/);
  });

  it('shows the confusion matrix with the right answers in bold', () => {
    expect(markdown).toContain("| people's label ↓ student → | a | b |");
    expect(markdown).toContain('| **a** | **4** | 1 |');
    expect(markdown).toContain('| **b** | 2 | **3** |');
  });

  it('shows overlap, cost and speed, and says so where they are not known', () => {
    expect(markdown).toContain('left out of training: 2 texts.');
    expect(markdown).toContain('- Teacher: $1.23 for a thousand texts');
    expect(markdown).toContain('- Student: 3457 texts a second');
    const unknown = { teacherMicrosPerThousand: null, studentTextsPerSecond: null };
    const withoutFacts = reportMarkdown(buildReport({ ...tenRows, overlap: { texts: 0 }, cost: unknown }), names);
    expect(withoutFacts).toContain('No text stands both among the training texts and the test rows.');
    expect(withoutFacts).toContain('- Teacher: the price is not known.');
    expect(withoutFacts).toContain('- Student: the speed was not measured.');
    const weighing = { method: 'weighted' as const, why: 'task' as const, gold: null };
    expect(reportMarkdown(buildReport({ ...tenRows, weighing }), names)).toContain(
      '\n- Votes are weighed (weighted), as the task says.\n',
    );
    expect(withoutFacts).not.toContain('Votes are');
    expect(withoutFacts).not.toContain('flatter');
    const alike = reportMarkdown(buildReport({ ...tenRows, overlap: { texts: 0, alike: 3 } }), names);
    expect(alike).toContain('numbers, punctuation and the order of words: 3. They may flatter the student.');
  });

  it('never calls agreement with the teacher an accuracy', () => {
    const report = buildReport({ ...tenRows, basis: 'validation', teacher: null });
    const onValidation = reportMarkdown(report, names);
    expect(onValidation).toContain('|  | agreement with the teacher | 95 % interval |');
    expect(onValidation).toContain('There are no gold rows');
    expect(onValidation).toContain("| teacher's label ↓ student → | a | b |");
    expect(onValidation.match(/accuracy/g)).toEqual(['accuracy']);
    expect(onValidation.replace(/\s+/g, ' ')).toContain('That is agreement with the teacher, not accuracy');
    const tables = onValidation.split('\n').filter((line) => line.startsWith('|'));
    expect(tables.join('\n')).not.toMatch(/gold|right|people/);
  });

  it('lists the commonest confusions instead of a matrix of more than twelve labels', () => {
    const labels = Array.from({ length: 13 }, (_, index) => `label ${index}`);
    const truth = labels.flatMap((label) => [label, label, label]);
    const student = truth.map((label, row) => (row < 2 ? 'label 7' : row === 38 ? null : label));
    const report = buildReport({ ...tenRows, labels, truth, student, teacher: null, champion: null });
    const section = reportMarkdown(report, names).split('## What the student confuses\n\n')[1]?.split('\n\n')[0];
    expect(section?.split('\n')).toEqual([
      "| people's label | student | rows |",
      '| --- | ---: | ---: |',
      '| label 0 | label 7 | 2 |',
      '| label 12 | no answer | 1 |',
    ]);
    const perfect = buildReport({ ...tenRows, labels, truth, student: truth, teacher: null, champion: null });
    expect(reportMarkdown(perfect, names)).toContain('Nothing: no row got another label.');
  });

  it('keeps labels from users out of the markup', () => {
    const report = buildReport({
      ...tenRows,
      labels: ['a|b', '<script>'],
      truth: ['a|b', '<script>'],
      student: ['a|b', 'a|b'],
      teacher: null,
      champion: null,
    });
    const escaped = reportMarkdown(report, names);
    expect(escaped).toContain('| a\\|b | 0.500 |');
    expect(escaped).not.toContain('<script');
  });
});

describe('disputed gold labels', () => {
  it('get a section of their own, with the figures without them', () => {
    const markdown = reportMarkdown(buildReport({ ...tenRows, disputed: new Set([4, 7]) }), names);
    const section = markdown.split('\n## ').find((each) => each.startsWith('Without the disputed gold labels'));
    expect(section).toContain('People dispute the label of 2 gold rows.');
    expect(section).toMatch(/teacher \(mixtral-8x7b\) \| 75\.0 %/);
    expect(section).toMatch(/student \(linear\) \| 87\.5 %/);
    expect(reportMarkdown(buildReport(tenRows), names)).not.toContain('disputed');
  });
});
