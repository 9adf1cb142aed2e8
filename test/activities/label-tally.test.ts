/** What the labels gate counts. */
import { LabelTally } from '../../src/activities/label-tally.js';
import type { LabelRow } from '../../src/contracts/index.js';

it("counts the teacher's right answers on gold rows, whatever label a person gave them", () => {
  const row: LabelRow = {
    ...{ key: 'k', id: '1', text: 't', line: 1, label: 'good', distribution: { good: 1 }, agreement: 1, reason: null },
    ...{
      votes: [],
      source: 'person',
      correctedBy: 'ana',
      teacherLabel: 'bad',
      gold: 'good',
      gateGold: true,
      set: 'corpus',
    },
  };
  const tally = new LabelTally(['good', 'bad']);
  tally.add(row, false);
  tally.add({ ...row, label: 'bad', source: 'teacher', correctedBy: null, teacherLabel: 'good' }, false);
  const file = { path: 'labels.jsonl', sha256: '', bytes: 0 };
  expect(tally.summary({ labels: file, replies: file, alpha: null }).gateGold).toEqual({ rows: 2, correct: 1 });
});
