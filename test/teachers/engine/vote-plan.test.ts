import type { Vote, VoteSettings } from '../../../src/contracts/index.js';
import { plannedQuestions, VotePlan } from '../../../src/teachers/index.js';
import { nextWave } from '../../../src/teachers/vote-plan.js';
import { decideLabel } from '../../../src/voting/index.js';
import { seeded } from '../../support/seeded.js';
import { newTask } from './chunk-fixture.js';

const LABELS = ['positive', 'negative', 'neutral'];

/** p(ositive), n(egative), 0 for neutral, u(nreadable). */
function votes(letters: string): Vote[] {
  const names: Record<string, string> = { p: 'positive', n: 'negative', '0': 'neutral' };
  return [...letters].map((letter) => {
    const label = names[letter] ?? null;
    return { label, reason: null, unreadable: label === null ? 'no-label' : null };
  });
}

const majority = (changes: Partial<VoteSettings> = {}): VoteSettings => ({
  ...newTask().votes,
  stop: 'majority',
  ...changes,
});

describe('The vote plan', () => {
  it('counts samples through all entries of a prompt, and seeds follow them', () => {
    const plan = [
      { prompt: 'reasoned', samples: 2 },
      { prompt: 'direct', samples: 2 },
      { prompt: 'reasoned', samples: 1, temperature: 0 },
    ];
    const questions = plannedQuestions(newTask({ votes: { plan }, teacher: { seed: 100 } }));
    expect(questions.map(({ prompt, sample, seed }) => [prompt, sample, seed])).toEqual([
      ['reasoned', 0, 100],
      ['reasoned', 1, 101],
      ['direct', 0, 100],
      ['direct', 1, 101],
      ['reasoned', 2, 102],
    ]);
    expect(plannedQuestions(newTask({ teacher: { sendSeed: false } })).map(({ seed }) => seed)).toEqual([
      null,
      null,
      null,
    ]);
  });
});

describe('The next wave', () => {
  it('is all that is left where every vote is wanted', () => {
    expect(nextWave([], 5, LABELS, majority({ stop: 'all' }))).toBe(5);
    expect(nextWave(votes('ppp'), 5, LABELS, majority({ stop: 'all' }))).toBe(2);
    expect(nextWave(votes('ppppp'), 5, LABELS, majority({ stop: 'all' }))).toBe(0);
  });

  it.each([
    // votes, planned, wave: worked out by hand
    ['', 3, 2],
    ['p', 3, 1],
    ['pp', 3, 0],
    ['pn', 3, 1],
    ['', 5, 3],
    ['pp', 5, 1],
    ['pn', 5, 2],
    ['ppp', 5, 0],
    // 2 of 6 and two that do not count: one more and the last can't change it.
    ['ppuu', 6, 1],
    ['', 1, 1],
    ['', 2, 2],
    ['p', 2, 1],
  ])('after "%s" of %d is %d: as few as could settle it', (letters, planned, wave) => {
    expect(nextWave(votes(letters), planned, LABELS, majority())).toBe(wave);
  });

  it('counts on unreadable votes to settle that there is no label, where they count against every label', () => {
    const abstain = majority({ unreadable: 'abstain' });
    // One more unreadable vote and no label can outvote them.
    expect(nextWave(votes('uu'), 5, LABELS, abstain)).toBe(1);
    expect(nextWave(votes('uuu'), 5, LABELS, abstain)).toBe(0);
  });

  it('asks no fewer votes than give the outcome of all, and no vote after it is fixed', () => {
    const random = seeded(11);
    let saved = 0;
    for (let round = 0; round < 3000; round++) {
      const planned = 1 + Math.floor(random() * 7);
      const all = votes(Array.from({ length: planned }, () => 'ppppnn0u'[Math.floor(random() * 8)]).join(''));
      const settings = majority({
        ties: random() < 0.5 ? 'abstain' : 'random',
        unreadable: (['drop', 'abstain', 'random'] as const)[round % 3],
      });
      const plan = new VotePlan(newTask({ votes: { plan: [{ prompt: 'direct', samples: planned }] } }), settings);
      const asked = plan.take((_, index) => ({ vote: all[index]! })).replies.length;
      const decide = (some: Vote[]) =>
        decideLabel({ votes: some, labels: LABELS, settings, seed: 1, textKey: `text ${round}` }).label;
      expect(decide(all.slice(0, asked))).toBe(decide(all));
      saved += planned - asked;
    }
    expect(saved).toBeGreaterThan(1000);
  });
});
