import { weighingInWords } from '../../src/evaluation/index.js';

describe('how votes became labels, in words', () => {
  it('names what gold rows chose, and how often each way was right', () => {
    const right = [
      { method: 'majority' as const, texts: 46 },
      { method: 'weighted' as const, texts: 48 },
      { method: 'dawid-skene' as const, texts: 48 },
    ];
    expect(weighingInWords({ method: 'weighted', why: 'gold rows', gold: { rows: 50, right } })).toBe(
      'Votes are weighed (weighted), for no other way is right more often on the 50 gold rows set apart for the labels gate: majority 46, weighted 48, dawid-skene 48.',
    );
  });

  it.each([
    ['task' as const, 'dawid-skene' as const, 'Votes are weighed (dawid-skene), as the task says.'],
    [
      'no gold rows' as const,
      'majority' as const,
      'Votes count alike (majority), for no gold rows are set apart for the labels gate.',
    ],
    [
      'not every vote' as const,
      'majority' as const,
      'Votes count alike (majority), for not every vote is asked of every text, so gold rows can not choose.',
    ],
  ])('says why gold rows did not choose: %s', (why, method, words) => {
    expect(weighingInWords({ method, why, gold: null })).toBe(words);
  });
});
