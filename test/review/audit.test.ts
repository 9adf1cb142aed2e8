import type { Audit, ReviewDecision } from '../../src/contracts/index.js';
import { certify, drawAudit, mostWrong } from '../../src/review/index.js';
import { seededFraction } from '../../src/voting/index.js';

const AT = new Date('2026-01-02T03:04:05Z');

async function* labelled(count: number) {
  for (let row = 0; row < count; row++) yield { key: `key ${row}`, label: 'a' as string | null };
  yield { key: 'without a label', label: null };
}

function draw(count: number, changes: { decided?: string[]; seed?: number; runFolder?: string } = {}): Promise<Audit> {
  const { decided = [], seed = 1, runFolder = 'runs/x/1' } = changes;
  const decisions = new Map(decided.map((key) => [key, 'b']));
  return drawAudit({ rows: labelled(count), decided: decisions, seed, runFolder, reviewer: 'ana', at: AT });
}

function decide(
  decisions: Record<string, string>,
  purpose: ReviewDecision['purpose'],
): Map<string, Pick<ReviewDecision, 'label' | 'purpose'>> {
  return new Map(Object.entries(decisions).map(([key, label]) => [key, { label, purpose }]));
}

describe('drawAudit', () => {
  it('orders all labels that nobody has decided on, at random and the same way again', async () => {
    const audit = await draw(50, { decided: ['key 3', 'key 9'] });
    expect(audit).toMatchObject({ drawnBy: 'ana', drawnAt: '2026-01-02T03:04:05.000Z', population: 48 });
    expect(audit.decidedBefore).toEqual(['key 3', 'key 9']);
    expect([...audit.keys].sort()).toEqual(
      Array.from({ length: 50 }, (_, row) => `key ${row}`)
        .filter((key) => key !== 'key 3' && key !== 'key 9')
        .sort(),
    );
    expect(audit.keys).not.toEqual([...audit.keys].sort());
    expect(await draw(50, { decided: ['key 3', 'key 9'] })).toEqual(audit);
  });

  it('draws otherwise in another run, and under another seed', async () => {
    const first = (await draw(50)).keys;
    expect((await draw(50, { runFolder: 'runs/x/2' })).keys).not.toEqual(first);
    expect((await draw(50, { seed: 2 })).keys).not.toEqual(first);
  });
});

describe('certify', () => {
  const audit: Audit = {
    drawnBy: 'ana',
    drawnAt: AT.toISOString(),
    population: 100,
    keys: ['p', 'q', 'r', 's'],
    decidedBefore: ['early'],
  };
  const teacherLabels = new Map(['p', 'q', 'r', 's', 'early', 'later'].map((key) => [key, 'a']));
  const of = (decisions: ReadonlyMap<string, Pick<ReviewDecision, 'label' | 'purpose'>>, disputed: string[] = []) =>
    certify({ audit, decisions, disputed: new Set(disputed), teacherLabels, labels: 101, confidence: 0.95 });

  it('certifies nothing before the first decision of the audit', () => {
    expect(of(new Map())).toBeNull();
    expect(of(decide({ p: 'a', early: 'b' }, 'fix'))).toBeNull();
  });

  it('takes the errors that were corrected out of the bound', () => {
    const bound = mostWrong({ population: 100, sampled: 2, wrong: 1 }, 0.95);
    expect(of(decide({ p: 'a', q: 'b' }, 'audit'))).toEqual({
      labels: 101,
      population: 100,
      sampled: 2,
      wrong: 1,
      mostWrong: bound - 1,
      mostWrongShare: (bound - 1) / 101,
      confidence: 0.95,
    });
  });

  it('counts corrections since the draw, and none from before it', () => {
    const plain = of(decide({ p: 'a' }, 'audit'))!.mostWrong;
    const fixes = decide({ early: 'b', later: 'b' }, 'fix');
    expect(of(new Map([...decide({ p: 'a' }, 'audit'), ...fixes]))!.mostWrong).toBe(plain - 1);
  });

  it('counts a text that was passed over as wrong', () => {
    expect(of(decide({ p: 'a', r: 'a' }, 'audit'))).toMatchObject({ sampled: 3, wrong: 1 });
  });

  it('counts up to the first open text where that shows less, as while two people are at work', () => {
    const keys = Array.from({ length: 80 }, (_, index) => `key ${index}`);
    const labels = new Map(keys.map((key) => [key, 'a']));
    const done = (from: number, to: number) => Object.fromEntries(keys.slice(from, to).map((key) => [key, 'a']));
    const about = { disputed: new Set<string>(), teacherLabels: labels, labels: 1000, confidence: 0.95 };
    const whole: Audit = { ...audit, population: 1000, keys, decidedBefore: [] };
    const two = decide({ ...done(0, 40), ...done(60, 62) }, 'audit');
    expect(certify({ ...about, audit: whole, decisions: two })).toMatchObject({ sampled: 40, wrong: 0 });
    const skipped = decide({ ...done(0, 3), ...done(4, 62) }, 'audit');
    expect(certify({ ...about, audit: whole, decisions: skipped })).toMatchObject({ sampled: 62, wrong: 1 });
  });

  it('counts a text about which people differ as wrong, until somebody adjudicates', () => {
    const decisions = decide({ p: 'a', q: 'a' }, 'audit');
    expect(of(decisions, ['q'])).toMatchObject({ sampled: 2, wrong: 1 });
    expect(of(decisions)).toMatchObject({ sampled: 2, wrong: 0 });
    // The latest decision is no correction yet: it may be the one that errs.
    const bound = mostWrong({ population: 100, sampled: 2, wrong: 1 }, 0.95);
    for (const latest of ['a', 'b']) {
      const differing = decide({ p: 'a', q: latest }, 'audit');
      expect(of(differing, ['q'])).toMatchObject({ wrong: 1, mostWrong: bound });
    }
  });

  it('holds for the labels that are shipped in at least 95 % of 1,000 reviews by two people that stop when they like what they see', async () => {
    const [population, wrongOnes] = [200, 14];
    let held = 0;
    for (let run = 0; run < 1000; run++) {
      // The wrong labels are mostly among the first rows, which are looked at before the audit is drawn.
      const isWrong = new Set<string>();
      for (let row = 0; isWrong.size < wrongOnes; row = (row + 1) % population) {
        if (seededFraction(run, 'wrong', String(row), String(isWrong.size)) < (row < 25 ? 0.4 : 0.03))
          isWrong.add(`key ${row}`);
      }
      const truth = (key: string) => (isWrong.has(key) ? 'b' : 'a');
      const before = Array.from({ length: 15 }, (_, row) => `key ${row}`);
      const drawn = await draw(population, { decided: before, runFolder: `runs/${run}` });
      const decisions = decide(Object.fromEntries(before.map((key) => [key, truth(key)])), 'fix');
      const labels = new Map(Array.from({ length: population }, (_, row) => [`key ${row}`, 'a']));
      let least = Number.POSITIVE_INFINITY;
      for (const [index, key] of byTwo(drawn.keys.slice(0, 100)).entries()) {
        decisions.set(key, { label: truth(key), purpose: 'audit' });
        if (index % 5 !== 4) continue;
        const certificate = certify({
          audit: drawn,
          decisions,
          disputed: new Set(),
          teacherLabels: labels,
          labels: population,
          confidence: 0.95,
        });
        const left = [...isWrong].filter((wrong) => !decisions.has(wrong)).length;
        least = Math.min(least, certificate!.mostWrong - left);
      }
      if (least >= 0) held++;
    }
    expect(held / 1000).toBeGreaterThanOrEqual(0.95);
  });
});

/** The order in which two people decide who are handed ten texts each time. */
function byTwo(keys: readonly string[]): string[] {
  return keys.flatMap((_, index) => {
    const [block, step] = [Math.floor(index / 20), index % 20];
    return keys[20 * block + 10 * (step % 2) + Math.floor(step / 2)] ?? [];
  });
}
