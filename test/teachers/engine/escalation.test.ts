import type { Task, Vote } from '../../../src/contracts/index.js';
import { chunkReplies, questionName, TeacherRefusedError, VotePlan } from '../../../src/teachers/index.js';
import { ChunkFixture, newTask, type TaskChanges } from './chunk-fixture.js';
import { answer, FakeTeacher, type Script } from './fake-teacher.js';

/** Two votes of a cheap teacher; a dear one, at ten times the price, where they differ. */
const PLAN = [
  { prompt: 'reasoned', samples: 2 },
  { prompt: 'reasoned', teacher: 'dear', when: 'disagreement' },
];
const DEAR = { model: 'dear-model', price: { inputPerMillion: 10, outputPerMillion: 20 } };

function cascade({ votes = {}, ...changes }: TaskChanges = {}): Task {
  return newTask({ teachers: { dear: DEAR }, votes: { plan: PLAN, ...votes }, ...changes });
}

/** Answers the same label twice, except about texts that begin with "split". */
const cheapScript: Script = async (request) =>
  answer(request, request.text.startsWith('split') && request.sample === 1 ? 'neutral' : 'positive');
const dearScript: Script = async (request) => answer(request, 'negative');

class DearTeacher extends FakeTeacher {
  override readonly model = 'dear-model';
}

function teachers(dear = new DearTeacher(dearScript)) {
  return { teacher: new FakeTeacher(cheapScript), dear };
}

let chunk: ChunkFixture;
afterEach(() => chunk?.dispose());

const TEXTS = ['plain a', 'split b', 'plain c', 'split d', 'plain e'];

describe('A cheap teacher first', () => {
  it('asks the dear one about the texts whose votes differ, and about no other', async () => {
    chunk = await ChunkFixture.make(TEXTS);
    const asked = teachers();
    const { complete, counts } = await chunk.annotate(asked, cascade());
    expect(complete).toBe(true);
    expect(asked.teacher.sent).toHaveLength(10);
    expect(asked.dear.sent.map(({ text }) => text).sort()).toEqual(['split b', 'split d']);
    // A call is 300 and 50 tokens: 400 micro-dollars of the cheap teacher, 4,000 of the dear one.
    expect(counts).toMatchObject({
      texts: 5,
      calls: 12,
      replies: 12,
      spentMicros: 10 * 400 + 2 * 4000,
      escalated: 2,
      escalationMicros: 2 * 4000,
      teachers: {
        teacher: { calls: 10, replies: 10, spentMicros: 4000 },
        dear: { calls: 2, replies: 2, spentMicros: 8000 },
      },
    });
    const kept = [...(await chunkReplies(chunk.store, chunk.folder)).values()];
    expect(kept.map(questionName).sort().slice(0, 3)).toEqual([
      'dear reasoned 0',
      'dear reasoned 0',
      'teacher reasoned 0',
    ]);
  });

  it('asks the same again after a kill, and pays for nothing twice', async () => {
    chunk = await ChunkFixture.make(TEXTS);
    const task = cascade({ teacher: { concurrency: 1 } });
    const activity = new AbortController();
    const dying = new DearTeacher(async (request, number) => {
      if (number === 1) activity.abort(new Error('gone'));
      return dearScript(request, number, activity.signal);
    });
    const first = teachers(dying);
    const signal = activity.signal;
    await expect(chunk.annotate(first, task, { ports: { signal } })).rejects.toThrow('gone');
    const second = teachers();
    const { counts } = await chunk.annotate(second, task);
    const sent = [first, second].map((each) => each.teacher.sent.length + each.dear.sent.length);
    expect(sent[0]! + sent[1]!).toBe(12);
    expect([...first.dear.sent, ...second.dear.sent].map(({ text }) => text).sort()).toEqual(['split b', 'split d']);
    expect(counts).toMatchObject({ texts: 5, calls: 12, escalated: 2, spentMicros: 12_000 });
  });

  it('never passes the budget, in which a call of the dear teacher counts at its own worst', async () => {
    chunk = await ChunkFixture.make(['split a', 'split b', 'split c']);
    const asked = teachers();
    // Six cheap calls and one dear one: a second one does not fit.
    const grant = { calls: null, tokens: null, micros: 6 * 400 + 2 * 4000 };
    const { complete, counts } = await chunk.annotate(asked, cascade(), { job: { grant } });
    expect(complete).toBe(false);
    expect(counts.spentMicros).toBeLessThanOrEqual(grant.micros);
    expect(counts.texts).toBeLessThan(3);
    const more = await chunk.annotate(teachers(), cascade());
    expect(more).toMatchObject({ complete: true, counts: { texts: 3, escalated: 3, spentMicros: 6 * 400 + 3 * 4000 } });
  });

  it('gives the same votes whatever else the store knows: a reply that the plan does not ask for is not taken', async () => {
    chunk = await ChunkFixture.make(TEXTS);
    const both = [
      { prompt: 'reasoned', samples: 2 },
      { prompt: 'reasoned', teacher: 'dear' },
    ];
    await chunk.annotate(teachers(), cascade({ votes: { plan: both } }));
    const later = await chunk.laterRun(TEXTS, 'runs/second');
    const idle = teachers();
    const { counts } = await later.annotate(idle, cascade());
    expect([idle.teacher.sent, idle.dear.sent]).toEqual([[], []]);
    expect(counts).toMatchObject({ texts: 5, calls: 0, reused: 12, escalated: 2, escalationMicros: 0 });
    expect((await chunkReplies(later.store, later.folder)).size).toBe(12);
  });

  it('names the keys of the teacher that refuses', async () => {
    chunk = await ChunkFixture.make(['split a']);
    const refusing = new DearTeacher(async () => {
      throw new TeacherRefusedError('no', 404, 'Check teacher.model and teacher.url.');
    });
    await expect(chunk.annotate(teachers(refusing), cascade())).rejects.toMatchObject({
      mend: 'Check teachers.dear.model and teachers.dear.url.',
    });
  });
});

/** p(ositive), n(egative), 0 for neutral, u(nreadable). */
function votes(letters: string): { vote: Vote }[] {
  const names: Record<string, string> = { p: 'positive', n: 'negative', '0': 'neutral' };
  return [...letters].map((letter) => {
    const label = names[letter] ?? null;
    return { vote: { label, reason: null, unreadable: label === null ? 'no-label' : null } };
  });
}

function take(task: Task, letters: string) {
  const all = votes(letters);
  return new VotePlan(task).take((_, index) => all[index]);
}

describe('A plan with votes for some texts', () => {
  it.each([
    // votes of the cheap teacher, whether they disagree: worked out by hand
    ['pp', 'disagreement', 2],
    ['pn', 'disagreement', 3],
    ['pu', 'disagreement', 2],
    ['uu', 'disagreement', 3],
    ['pp', 'tie', 2],
    ['pn', 'tie', 3],
    ['pu', 'tie', 2],
    ['uu', 'tie', 3],
  ])('of votes "%s" asks after a %s for %d in all', (letters, when, asked) => {
    const plan = [PLAN[0]!, { ...PLAN[1]!, when }];
    const { finished, replies } = take(cascade({ votes: { plan } }), `${letters}n`);
    expect([replies.length, finished]).toEqual([asked, true]);
  });

  it('after a tie alone does not ask where two of three votes agree', () => {
    const three = { prompt: 'reasoned', samples: 3 };
    const asked = (when: string) =>
      take(cascade({ votes: { plan: [three, { ...PLAN[1]!, when }] } }), 'ppnn').replies.length;
    expect([asked('tie'), asked('disagreement')]).toEqual([3, 4]);
  });

  it('counts unreadable votes against a label for a tie where they count against every label', () => {
    const plan = [
      { prompt: 'reasoned', samples: 3 },
      { ...PLAN[1]!, when: 'tie' },
    ];
    const asked = (unreadable: string) => take(cascade({ votes: { plan, unreadable } }), 'puun').replies.length;
    expect([asked('drop'), asked('abstain')]).toEqual([3, 4]);
  });

  it('can ask a third teacher where the second one settled nothing', () => {
    const middle = { prompt: 'reasoned', teacher: 'middle', when: 'disagreement' };
    const task = newTask({
      teachers: { middle: { model: 'm' }, dear: DEAR },
      votes: { plan: [PLAN[0]!, middle, { ...PLAN[1]!, when: 'tie' }] },
    });
    expect(take(task, 'pp0n').replies).toHaveLength(2);
    expect(take(task, 'pnpn').replies).toHaveLength(3);
    expect(take(task, 'pn0n').replies).toHaveLength(4);
  });

  it('gives the label to the last votes that can be read, or counts all', () => {
    const labels = (task: Task, letters: string) => take(task, letters).deciding.map(({ vote }) => vote.label);
    expect(labels(cascade(), 'pp')).toEqual(['positive', 'positive']);
    expect(labels(cascade(), 'pn0')).toEqual(['neutral']);
    expect(labels(cascade(), 'pnu')).toEqual(['positive', 'negative']);
    expect(labels(cascade({ votes: { escalated: 'count' } }), 'pn0')).toEqual(['positive', 'negative', 'neutral']);
  });

  it('takes what there is of a text whose asking was cut short', () => {
    const { deciding, finished, replies } = take(cascade(), 'pn');
    expect([finished, replies.length, deciding.length]).toEqual([false, 2, 2]);
  });

  it('stops at the majority within the votes that are asked together', () => {
    const plan = [
      { prompt: 'reasoned', samples: 3 },
      { ...PLAN[1]!, samples: 3 },
    ];
    const stopping = cascade({ votes: { plan, stop: 'majority' } });
    // Two agree: neither the third nor the dear ones are asked.
    expect(take(stopping, 'pp').replies).toHaveLength(2);
    const letters = votes('pnpnn');
    const escalated = new VotePlan(stopping).take((_, index) => letters[index]);
    expect([escalated.finished, escalated.replies.length, escalated.planned]).toEqual([true, 5, 6]);
    // All together: the two for "negative" are outvoted by none, but a third could draw.
    const counting = cascade({ votes: { plan, stop: 'majority', escalated: 'count' } });
    expect(take(counting, 'pnpnn').finished).toBe(false);
  });
});
