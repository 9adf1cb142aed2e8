/** What the person at the labels gate sees of the votes' agreement. */
import { agreementEvidence, agreementReport } from '../../src/activities/agreement-report.js';
import { AgreementReport, Task } from '../../src/contracts/index.js';
import { AgreementTally } from '../../src/voting/index.js';

const LABELS = ['calm', 'l|oud'];

function taskOf(samples: number, direct = 0): Task {
  const plan = [{ prompt: 'reasoned', samples }, ...(direct > 0 ? [{ prompt: 'direct', samples: direct }] : [])];
  return Task.parse({
    ...{ name: 'tone', kind: 'text-classification', labels: LABELS.map((name) => ({ name })), votes: { plan } },
  });
}

async function reportOf(task: Task, votes: (string | null)[][], quality?: (number | null)[]) {
  const tally = new AgreementTally(LABELS);
  for (const each of votes) tally.add(each);
  const agreement = await tally.agreement(1, 0.95, async () => {});
  return agreementReport(task, agreement, quality ? { quality, posteriorOf: () => [] } : null);
}

const [c, l] = ['calm', 'l|oud'] as const;
const VOTES = [
  [c, c, l],
  [c, c, c],
  [l, l, c],
  [l, null, l],
];

it('shows how far each two votes agree, and names the least', async () => {
  const report = (await reportOf(taskOf(2, 1), VOTES))!;
  expect(AgreementReport.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
  const [overall, about, table] = agreementEvidence(report);
  // Pairs: 3 of 3, 2 of 4 and 1 of 3 agree.
  expect(overall).toMatch(/^Two votes about a text agree in 60\.0 % of cases; alpha is \d\.\d{3} \(95 % interval /);
  expect(overall).toContain('least between reasoned 2 and direct 1 (33.3 %).');
  expect(about).toBe('Texts on which two votes agree:');
  expect(table).toBe(
    [
      '|  | reasoned 2 | direct 1 |',
      '| --- | ---: | ---: |',
      '| reasoned 1 | 100.0 % | 50.0 % |',
      '| reasoned 2 |  | 33.3 % |',
    ].join('\n'),
  );
});

it('shows no table of one pair, and nothing where no text has two votes', async () => {
  const report = (await reportOf(
    taskOf(2),
    VOTES.map((votes) => votes.slice(0, 2)),
  ))!;
  expect(agreementEvidence(report)).toHaveLength(1);
  expect(await reportOf(taskOf(1), [[c], [l]])).toBeNull();
  expect(
    await reportOf(taskOf(2), [
      [c, null],
      [null, l],
    ]),
  ).toBeNull();
});

it('tells agreement where alpha is not defined', async () => {
  const report = (await reportOf(taskOf(2), [
    [c, c],
    [c, c],
  ]))!;
  expect(agreementEvidence(report)).toEqual([
    'Two votes about a text agree in 100.0 % of cases; alpha is not defined, for all name one label.',
  ]);
});

it('lists the pairs that agree least where there are many votes', async () => {
  const votes = Array.from({ length: 20 }, (_, text) => Array.from({ length: 9 }, (__, vote) => (text < vote ? l : c)));
  const [, about, table] = agreementEvidence((await reportOf(taskOf(9), votes))!);
  expect(about).toBe('The 10 of 36 pairs of votes that agree least:');
  // The first vote and the last differ on eight texts of twenty.
  expect(table!.split('\n')[2]).toBe('| reasoned 1, reasoned 9 | 60.0 % | 20 |');
  expect(table!.split('\n')).toHaveLength(12);
});

it('tells how good weighed votes are estimated to be', async () => {
  const report = await reportOf(taskOf(2, 1), VOTES, [0.9, 0.8, null]);
  expect(agreementEvidence(report!).at(-1)).toBe('Estimated right: reasoned 1 90.0 %, reasoned 2 80.0 %.');
});
