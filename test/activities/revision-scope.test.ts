import { isConcerned, pickExamples, RevisionScope } from '../../src/activities/revision-scope.js';
import { type LabelRow, type ReviewDecision, type Revision, Task, type TextRow } from '../../src/contracts/index.js';
import { ReviewFolder } from '../../src/review/index.js';
import { openStore, type Store } from '../../src/store/index.js';
import { tempFolder } from '../temporal/temp-folder.js';

const AT = '2026-01-02T03:04:05.000Z';

const task = Task.parse({
  ...{ name: 'letters', kind: 'text-classification', guideline: 'Look closely.' },
  labels: ['a', 'b', 'c'].map((name) => ({ name })),
});

let store: Store;
beforeAll(async () => {
  store = await openStore(tempFolder());
});

function row(key: string, votes: readonly (string | null)[], changes: Partial<LabelRow> = {}): LabelRow {
  const label = changes.label === undefined ? (votes[0] ?? null) : changes.label;
  return {
    ...{ key, id: `id ${key}`, text: `text ${key}`, line: 1, label, distribution: {}, agreement: 1, reason: null },
    votes: votes.map((vote, sample) => ({
      ...{ prompt: 'reasoned', sample, label: vote, reason: `because ${vote}`, unreadable: null },
    })),
    ...{ source: 'teacher', correctedBy: null, teacherLabel: label, gold: null, gateGold: false, set: 'corpus' },
    ...changes,
  };
}

function textOf({ gold, id, key, text }: LabelRow, asked: string | null = null): TextRow {
  return { key, id, text, asked, line: 1, copies: 1, gold, gateGold: false };
}

function revision(changes: Partial<Revision> = {}): Revision {
  return { guideline: 'Look more closely.', doubted: false, labels: [], examples: 0, ...changes };
}

let runs = 0;

/** The scope of a revision of a run, after these decisions and revisions. */
async function scopeOf(
  asked: Revision,
  decisions: readonly Partial<ReviewDecision>[] = [],
  before: readonly { guideline: string; examples?: number }[] = [],
): Promise<RevisionScope> {
  const review = new ReviewFolder(store, `runs/scope/${runs++}`);
  const full = decisions.map((decision, index) => ({
    ...{ key: '', label: 'a', purpose: 'fix', reviewer: 'ana', at: AT, ...decision },
    ...{ id: `id ${decision.key} ${index}` },
  }));
  if (full.length > 0) await review.addDecisions(full as ReviewDecision[], new Date(AT));
  for (const [index, { examples = 0, guideline }] of before.entries()) {
    await review.writeRevision({
      ...{ number: index + 1, texts: 1, goldTexts: 0, decided: 0, examples, callsAtMost: 3 },
      ...{
        revision: revision({ guideline, doubted: true }),
        reviewer: 'ana',
        note: '',
        at: AT,
        shown: [],
        folder: 'f',
      },
    });
  }
  return RevisionScope.open(review, asked, task);
}

function takenBy(scope: RevisionScope, rows: readonly LabelRow[]): string[] {
  return rows.filter((each) => scope.takes(each, textOf(each))).map(({ key }) => key);
}

describe('the texts that a guideline concerns', () => {
  it('are those whose votes differ or decide nothing, those with the labels, or both', () => {
    const rows = {
      agreed: row('1', ['a', 'a', 'a']),
      differing: row('2', ['a', 'b', 'a']),
      unreadable: row('3', ['a', null, 'a']),
      undecided: row('4', [null], { label: null }),
      other: row('5', ['b', 'b', 'b']),
    };
    const concerned = (scope: { doubted: boolean; labels: string[] }) =>
      Object.entries(rows).flatMap(([name, each]) => (isConcerned(each, scope) ? [name] : []));
    expect(concerned({ doubted: true, labels: [] })).toEqual(['differing', 'undecided']);
    expect(concerned({ doubted: false, labels: ['b'] })).toEqual(['other']);
    expect(concerned({ doubted: true, labels: ['a'] })).toEqual(['agreed', 'differing', 'unreadable', 'undecided']);
  });

  it('are asked about whether they are gold or not, by their votes alone', async () => {
    const rows = [row('1', ['a', 'b']), row('2', ['a', 'b'], { gold: 'c' }), row('3', ['a', 'a'], { gold: 'c' })];
    const goldOnly = row('4', ['b', 'c'], { gold: 'b', set: 'gold' });
    const scope = await scopeOf(revision({ doubted: true }));
    expect(takenBy(scope, [...rows, goldOnly])).toEqual(['1', '2', '4']);
    expect(scope.counts).toMatchObject({ texts: 3, goldTexts: 2, decided: 0 });
  });

  it('are left alone where people have decided, in the review or by corrections', async () => {
    const corrected = row('2', ['a', 'b'], { label: 'b', teacherLabel: 'a', source: 'person' });
    // The same key among gold rows is another row.
    const gold = row('1', ['a', 'b'], { gold: 'b', set: 'gold' });
    const scope = await scopeOf(revision({ doubted: true }), [{ key: '1', label: 'b' }]);
    expect(takenBy(scope, [row('1', ['a', 'b']), corrected, row('3', ['a', 'b']), gold])).toEqual(['3', '1']);
    expect(scope.counts).toMatchObject({ texts: 2, decided: 2 });
  });

  it('go by the label that the teacher gave, not by the one that a person replaced it with', async () => {
    const rows = [row('1', ['a'], { label: 'b', source: 'person', teacherLabel: 'a' }), row('2', ['b'])];
    const scope = await scopeOf(revision({ labels: ['a'] }));
    expect(takenBy(scope, rows)).toEqual([]);
    expect(() => scope.counts).toThrow(
      'revision: it concerns no text: people have decided on the one text with the label a',
    );
  });

  it('are refused where there is none', async () => {
    const scope = await scopeOf(revision({ doubted: true, labels: ['c'] }));
    expect(takenBy(scope, [row('1', ['a', 'a'])])).toEqual([]);
    expect(() => scope.counts).toThrow('no text has votes that disagree, or the label c. Name other labels.');
  });
});

describe('a guideline that is in force already', () => {
  const same = revision({ guideline: 'Look closely.', labels: ['a'] });

  it('is refused', async () => {
    const scope = await scopeOf(same);
    expect(takenBy(scope, [row('1', ['a']), row('2', ['b'])])).toEqual([]);
    expect(() => scope.counts).toThrow(
      'revision.guideline: the 1 text that it concerns was labelled under this very guideline; change it',
    );
  });

  it('is asked where the text was labelled under another one since', async () => {
    const scope = await scopeOf(same, [], [{ guideline: 'Guess.' }]);
    expect(takenBy(scope, [row('1', ['a']), row('2', ['a'], { revision: 1 })])).toEqual(['2']);
    const again = await scopeOf(revision({ guideline: 'Guess.', labels: ['a'] }), [], [{ guideline: 'Guess.' }]);
    expect(takenBy(again, [row('1', ['a']), row('2', ['a'], { revision: 1 })])).toEqual(['1']);
  });

  it('is another one with examples, or after examples', async () => {
    const decided = [{ key: '9', label: 'b' }];
    const withExamples = await scopeOf({ ...same, examples: 1 }, decided);
    expect(takenBy(withExamples, [row('1', ['a'])])).toEqual(['1']);
    const guess = revision({ guideline: 'Guess.', labels: ['a'] });
    const after = await scopeOf(guess, [], [{ guideline: 'Guess.', examples: 4 }]);
    expect(takenBy(after, [row('2', ['a'], { revision: 1 })])).toEqual(['2']);
  });
});

describe('examples', () => {
  it('are labels that people corrected in the fix queue: none of the audit, none that is disputed, none that is gold', async () => {
    const decisions: Partial<ReviewDecision>[] = [
      { key: '1', label: 'b' },
      { key: '2', label: 'b', purpose: 'audit' },
      { key: '3', label: 'a' },
      { key: '4', label: 'b', reviewer: 'ana' },
      { key: '4', label: 'c', reviewer: 'ben' },
      { key: '5', label: 'c' },
    ];
    const scope = await scopeOf(revision({ doubted: true, examples: 10 }), decisions);
    const rows = ['1', '2', '3', '4'].map((key) => row(key, ['a', 'b']));
    const gold = row('5', ['a', 'b'], { gold: 'c' });
    const byFile = row('6', ['a'], { label: 'c', teacherLabel: 'a', source: 'person' });
    for (const each of [...rows, gold, byFile, row('7', ['a', 'b'])])
      scope.takes(each, textOf(each, `redacted ${each.key}`));
    expect(scope.examples().sort((x, y) => (x.key < y.key ? -1 : 1))).toEqual([
      { key: '1', id: 'id 1', text: 'redacted 1', label: 'b', reason: 'because b' },
      { key: '6', id: 'id 6', text: 'redacted 6', label: 'c', reason: '' },
    ]);
    // None of them is asked about.
    expect(scope.counts.texts).toBe(1);
  });

  it('are refused where nobody has corrected a label', async () => {
    const scope = await scopeOf(revision({ doubted: true, examples: 2 }), [{ key: '1', label: 'a' }]);
    takenBy(scope, [row('1', ['a', 'b']), row('2', ['a', 'b'])]);
    expect(() => scope.examples()).toThrow('revision.examples: nobody has corrected a label in the fix queue yet');
  });

  it('are as many of each label as there are, the same in whatever order they come', () => {
    const corrected = [...'aaaaabbc'].map((label, index) => ({
      ...{ key: `key-${index}`, id: `${index}`, text: `text ${index}`, label, reason: '' },
    }));
    const pick = (from: typeof corrected, count: number, seed = 7) =>
      pickExamples(from, { count, labels: ['a', 'b', 'c'], seed });
    const five = pick(corrected, 5);
    expect(five.map(({ label }) => label).sort()).toEqual(['a', 'a', 'b', 'b', 'c']);
    expect(pick([...corrected].reverse(), 5)).toEqual(five);
    expect(pick(corrected, 100)).toHaveLength(8);
    const drawn = [1, 2, 3, 4, 5].map((seed) => pick(corrected, 1, seed)[0]?.key);
    expect(new Set(drawn).size).toBeGreaterThan(1);
  });
});
