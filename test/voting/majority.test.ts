import type { Vote } from '../../src/contracts/index.js';
import { decideByPosterior, decideLabel, outcomeIsFixed, type VotesOfText } from '../../src/voting/index.js';

const labels = ['negative', 'neutral', 'positive'];

/** "n", "u", "p": a vote for a label; "-": an unreadable one. */
function votesOf(letters: string): Vote[] {
  return [...letters].map((letter, index) => {
    const label = labels['nup'.indexOf(letter)] ?? null;
    return label === null
      ? { label: null, reason: null, unreadable: 'no-label' }
      : { label, reason: `reason ${index}`, unreadable: null };
  });
}

function decide(letters: string, settings: Partial<VotesOfText['settings']> = {}, textKey = 'key') {
  return decideLabel({
    votes: votesOf(letters),
    labels,
    settings: { ties: 'abstain', unreadable: 'drop', ...settings },
    seed: 42,
    textKey,
  });
}

describe('decideLabel', () => {
  it('takes the label that two of three votes name, with its soft label and first reason', () => {
    expect(decide('upp')).toEqual({
      label: 'positive',
      distribution: { neutral: 1 / 3, positive: 2 / 3 },
      agreement: 2 / 3,
      tie: false,
      reason: 'reason 1',
    });
  });

  it('takes a label without an absolute majority when it leads', () => {
    expect(decide('nnup')).toMatchObject({ label: 'negative', agreement: 0.5, tie: false });
  });

  it('gives no label without votes', () => {
    expect(decide('')).toEqual({ label: null, distribution: {}, agreement: null, tie: false, reason: null });
  });

  it('refuses a vote for a label that the task does not have', () => {
    const votes: Vote[] = [{ label: 'mixed', reason: null, unreadable: null }];
    const settings = { ties: 'abstain', unreadable: 'drop' } as const;
    expect(() => decideLabel({ votes, labels, settings, seed: 1, textKey: 'k' })).toThrow(RangeError);
  });

  describe('when the leading labels draw', () => {
    it('gives no label but keeps the soft label under ties = abstain', () => {
      expect(decide('np')).toEqual({
        label: null,
        distribution: { negative: 0.5, positive: 0.5 },
        agreement: null,
        tie: true,
        reason: null,
      });
    });

    it('draws among the leaders only, about equally often, under ties = random', () => {
      const drawn = Array.from({ length: 2000 }, (_, text) => decide('nnppu', { ties: 'random' }, `text ${text}`));
      const negative = drawn.filter(({ label }) => label === 'negative').length;
      const positive = drawn.filter(({ label }) => label === 'positive').length;
      expect(negative + positive).toBe(2000);
      expect(Math.abs(negative - 1000)).toBeLessThan(112); // five standard deviations of a fair coin
      expect(drawn.every(({ tie, agreement }) => tie && agreement === 0.4)).toBe(true);
    });

    it('draws the same however the votes are ordered', () => {
      for (let text = 0; text < 50; text++) {
        const [first, second] = ['np', 'pn'].map((letters) => decide(letters, { ties: 'random' }, `text ${text}`));
        expect(first?.label).toBe(second?.label);
      }
    });
  });

  describe('an unreadable vote', () => {
    it('does not count under drop', () => {
      expect(decide('p--')).toMatchObject({ label: 'positive', distribution: { positive: 1 }, agreement: 1 });
    });

    it('leaves no label under drop where no vote is readable', () => {
      expect(decide('---')).toMatchObject({ label: null, distribution: {}, tie: false });
    });

    it('takes its share from the soft label under abstain', () => {
      const { label, distribution, agreement } = decide('pp-', { unreadable: 'abstain' });
      expect({ label, distribution, agreement }).toEqual({
        label: 'positive',
        distribution: { positive: 2 / 3 },
        agreement: 2 / 3,
      });
    });

    it('prevents a label under abstain when there are as many as votes for the leader', () => {
      expect(decide('pp--', { unreadable: 'abstain' })).toMatchObject({ label: null, agreement: null, tie: false });
      expect(decide('pp--', { unreadable: 'drop' })).toMatchObject({ label: 'positive' });
    });

    it('prevents a draw under abstain, so ties = random draws nothing', () => {
      expect(decide('np-', { unreadable: 'abstain', ties: 'random' })).toMatchObject({ label: null, tie: false });
      expect(decide('nnpp-', { unreadable: 'abstain', ties: 'random' }).label).not.toBeNull();
    });

    it('counts for a label drawn by text and index under random', () => {
      const outcomes = Array.from({ length: 3000 }, (_, text) => decide('-', { unreadable: 'random' }, `text ${text}`));
      for (const label of labels) {
        const times = outcomes.filter((outcome) => outcome.label === label).length;
        expect(Math.abs(times - 1000)).toBeLessThan(130); // five standard deviations
      }
      expect(decide('-', { unreadable: 'random' }).reason).toBeNull();
    });

    it('is drawn anew for each index, so two of them name different labels for some texts', () => {
      const ties = Array.from({ length: 300 }, (_, text) => decide('--', { unreadable: 'random' }, `text ${text}`).tie);
      const drew = ties.filter(Boolean).length;
      expect(drew).toBeGreaterThan(150); // 200 expected
      expect(drew).toBeLessThan(250);
    });
  });
});

/** Every sequence of `length` votes over the three labels and unreadable. */
function sequences(length: number): string[] {
  if (length === 0) return [''];
  return sequences(length - 1).flatMap((start) => [...'nup-'].map((letter) => start + letter));
}

describe('outcomeIsFixed', () => {
  const fixed = (letters: string, votesPlanned: number, settings: Partial<VotesOfText['settings']> = {}) =>
    outcomeIsFixed({
      votes: votesOf(letters),
      votesPlanned,
      labels,
      settings: { ties: 'abstain', unreadable: 'drop', ...settings },
    });

  it('stops after two equal votes of three, as the third can neither overtake nor draw', () => {
    expect(fixed('pp', 3)).toBe(true);
    expect(fixed('np', 3)).toBe(false);
    expect(fixed('pp', 4)).toBe(false);
  });

  it('treats an unreadable vote by its setting', () => {
    expect(fixed('pp-', 4)).toBe(true);
    expect(fixed('pp-', 4, { unreadable: 'abstain' })).toBe(false);
    expect(fixed('pp-', 4, { unreadable: 'random' })).toBe(false);
    expect(fixed('--', 3, { unreadable: 'abstain' })).toBe(true);
  });

  for (const ties of ['abstain', 'random'] as const) {
    for (const unreadable of ['drop', 'abstain', 'random'] as const) {
      it(`is never wrong over all sequences of up to five votes with ties = ${ties}, unreadable = ${unreadable}`, () => {
        const settings = { ties, unreadable };
        // One pass from the whole plans back to the empty prefix: the outcomes that completions of a prefix can reach.
        for (let planned = 1; planned <= 5; planned++) {
          let reachable = new Map(
            sequences(planned).map((letters) => {
              const { label, tie } = decide(letters, settings);
              return [letters, new Set([`${label} ${tie}`])];
            }),
          );
          for (let length = planned - 1; length >= 0; length--) {
            const shorter = new Map<string, Set<string>>();
            for (const [letters, outcomes] of reachable) {
              const prefix = letters.slice(0, -1);
              shorter.set(prefix, new Set([...(shorter.get(prefix) ?? []), ...outcomes]));
            }
            for (const [prefix, outcomes] of shorter) {
              const saysFixed = fixed(prefix, planned, settings);
              if (saysFixed) expect([prefix, outcomes.size]).toEqual([prefix, 1]);
              // Under random the draws of this one text key may happen to agree; otherwise nothing open is called fixed
              // and nothing fixed is called open.
              if (unreadable !== 'random' && ties !== 'random')
                expect([prefix, saysFixed]).toEqual([prefix, outcomes.size === 1]);
            }
            reachable = shorter;
          }
        }
      });
    }
  }

  it('is never wrong under unreadable = random for other seeds and texts either', () => {
    const settings = { ties: 'random', unreadable: 'random' } as const;
    for (const prefix of sequences(3).filter((letters) => fixed(letters, 4, settings))) {
      for (let text = 0; text < 20; text++) {
        const outcomes = [...'nup-'].map((last) => decide(prefix + last, settings, `text ${text}`).label);
        expect(new Set(outcomes).size).toBe(1);
      }
    }
  });
});

describe('decideByPosterior', () => {
  const about = {
    labels: ['a', 'b', 'c'],
    seed: 1,
    textKey: 'text',
    votes: [
      { label: 'a', reason: 'one', unreadable: null },
      { label: 'b', reason: 'two', unreadable: null },
      { label: null, reason: null, unreadable: 'empty' as const },
      { label: 'b', reason: 'three', unreadable: null },
    ],
    settings: { ties: 'abstain' as const },
  };

  it('takes the likeliest label, against the number of votes if need be', () => {
    expect(decideByPosterior({ ...about, posterior: [0.75, 0.25, 0] })).toEqual({
      label: 'a',
      distribution: { a: 0.75, b: 0.25 },
      agreement: 1 / 3,
      tie: false,
      reason: 'one',
    });
  });

  it('treats labels that draw, and a text without a vote, as the plain majority does', () => {
    const drawn = decideByPosterior({ ...about, posterior: [0.5, 0.5, 0] });
    expect(drawn).toMatchObject({ label: null, tie: true, agreement: null });
    const random = decideByPosterior({ ...about, settings: { ties: 'random' }, posterior: [0.5, 0.5, 0] });
    expect(['a', 'b']).toContain(random.label);
    expect(random.tie).toBe(true);
    expect(decideByPosterior({ ...about, votes: [], posterior: [0, 0, 0] })).toMatchObject({ label: null, tie: false });
  });
});
