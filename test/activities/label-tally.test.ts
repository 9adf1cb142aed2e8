import { LabelTally } from '../../src/activities/label-tally.js';
import type { LabelRow } from '../../src/contracts/index.js';

const ref = { path: 'x', sha256: 'a'.repeat(64), bytes: 1 };

it('shows the labels with how far votes agree on each, whatever they are called', () => {
  const tally = new LabelTally(['calm', 'l|oud']);
  for (const label of ['calm', 'calm', 'l|oud', null]) {
    tally.add({ label, gold: null, gateGold: false, set: 'corpus', votes: [] } as unknown as LabelRow, label === null);
  }
  const summary = tally.summary({ labels: ref, replies: ref, alpha: 0.5 });
  const [first, , ...table] = tally.evidence(summary, { calm: 0.5, 'l|oud': null }).split('\n');
  expect(first).toBe('3 of 4 texts got a label. The votes of 0 (0.0 %) disagree; 1 are ties.');
  expect(table).toEqual([
    '| label | texts | alpha | |',
    '| --- | ---: | ---: | --- |',
    `| calm | 2 | 0.500 | ${'█'.repeat(20)} |`,
    `| l\\|oud | 1 | – | ${'█'.repeat(10)} |`,
  ]);
  expect(tally.evidence(summary, null).split('\n')[4]).toBe(`| calm | 2 | ${'█'.repeat(20)} |`);
});
