/** A revised guideline through the real activities, in one process: what is asked, what it costs, what the labels are then. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createActivities, type OrchestratorActivities, type TeacherActivities } from '../../src/activities/index.js';
import type {
  ChunkResult,
  Grant,
  LabelRow,
  PreparedRun,
  ReviewRow,
  RevisedRun,
  Revision,
  VoteOutcome,
} from '../../src/contracts/index.js';
import { ReviewFolder, reviewStatus, rowsToAudit } from '../../src/review/index.js';
import { openStore, type Store } from '../../src/store/index.js';
import { readAskedText } from '../../src/teachers/index.js';
import { addCounts, emptyCounts, NO_LIMIT } from '../../src/voting/index.js';
import { completion, json, type StandInServer, standIn } from '../teachers/stand-in-server.js';
import { tempFolder } from '../temporal/temp-folder.js';

const AT = new Date('2026-01-02T03:04:05Z');
const STRICT = 'Count only what is certain.';

/** Texts are "calm N", of which all votes say calm, and "mixed N", of which one vote says loud; under the strict guideline
 *  every text that is mixed is loud. */
const CORPUS = [...named('calm', 12), ...named('mixed', 8)];
const GOLD = [...named('calm gold', 3), ...named('mixed gold', 2)];

function named(what: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${what} ${index}`);
}

let server: StandInServer;
let store: Store;
let prepared: PreparedRun;
let first: VoteOutcome;
let activities: { readonly orchestrator: OrchestratorActivities; readonly teacher: TeacherActivities };
/** Prompts by the text that they are about. */
const asked: { text: string; prompt: string; strict: boolean }[] = [];

beforeAll(async () => {
  server = await standIn((response, { body }) => {
    const { messages, seed } = JSON.parse(body) as { messages: { content: string }[]; seed: number };
    const prompt = messages.at(-1)!.content;
    const { text } = readAskedText(prompt)!;
    const strict = prompt.includes(STRICT);
    asked.push({ text, prompt, strict });
    const loud = text.startsWith('mixed') && (strict || seed === 42);
    json(response, 200, completion(JSON.stringify({ reason: 'so it sounds', label: loud ? 'loud' : 'calm' })));
  });
  const folder = tempFolder();
  const write = (name: string, rows: readonly object[]) => {
    const path = join(folder, name);
    writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    return path;
  };
  store = await openStore(join(folder, 'store'));
  const dependencies = { store, env: {}, teacherWorkers: () => 1 };
  activities = {
    orchestrator: await createActivities.orchestrator(dependencies),
    teacher: await createActivities.teacher(dependencies),
  };
  prepared = await run(activities.teacher.prepare, {
    input: {
      task: {
        name: 'tone',
        kind: 'text-classification',
        labels: [{ name: 'calm' }, { name: 'loud' }],
        guideline: 'Judge the tone.',
        teacher: { url: server.url, model: 'm', price: { inputPerMillion: 1, outputPerMillion: 1 } },
        annotation: { chunkTexts: 10 },
      },
      corpus: write(
        'corpus.jsonl',
        CORPUS.map((text, id) => ({ id: `c${id}`, text })),
      ),
      gold: write(
        'gold.jsonl',
        GOLD.map((text, id) => ({ id: `g${id}`, text, label: 'calm' })),
      ),
    },
    workflowId: 'tone-1',
    runId: 'first',
  });
  await annotate(prepared);
  first = await run(activities.orchestrator.vote, { prepared, failedChunks: 0, incompleteTexts: 0 });
});
afterAll(() => server.close());

function run<Input, Result>(activity: (input: Input) => Promise<Result>, input: Input): Promise<Result> {
  const logger = new DefaultLogger('ERROR');
  return new MockActivityEnvironment({}, { logger }).run(activity, input) as Promise<Result>;
}

async function annotate(of: PreparedRun, grant: Grant = NO_LIMIT): Promise<ChunkResult['counts']> {
  let counts = emptyCounts();
  for (let chunk = 0; chunk < of.chunks; chunk++) {
    counts = addCounts(counts, (await run(activities.teacher.annotateChunk, { prepared: of, chunk, grant })).counts);
  }
  return counts;
}

function prepareRevision(
  changes: Partial<Revision>,
  { labels = first, left = NO_LIMIT, number = 1 }: { labels?: VoteOutcome; left?: Grant; number?: number } = {},
): Promise<RevisedRun> {
  const revision = { guideline: STRICT, doubted: false, labels: [], examples: 0, ...changes };
  const decision = { reviewer: 'ana', note: 'too kind', revision };
  return run(activities.teacher.prepareRevision, {
    ...{ prepared, labels: labels.summary.labels, number, decision, at: AT.toISOString(), left },
  });
}

function recount(runs: RevisedRun[], before: VoteOutcome): Promise<VoteOutcome> {
  const revised = { runs, before: before.summary };
  return run(activities.orchestrator.vote, { prepared, failedChunks: 0, incompleteTexts: 0, revised });
}

async function labelsOf({ summary }: VoteOutcome): Promise<LabelRow[]> {
  const rows: LabelRow[] = [];
  for await (const line of store.lines(summary.labels.path)) rows.push(JSON.parse(line));
  return rows;
}

/** As rankDoubts leaves it, without training a student for the order. */
async function queue(votes: VoteOutcome, number?: number): Promise<void> {
  const rows: ReviewRow[] = (await labelsOf(votes))
    .filter(({ set }) => set === 'corpus')
    .map((row) => ({ ...row, doubt: 0.5, why: [], student: null }));
  const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  await review().writeQueue({
    ...{ workflowId: 'tone-1', task: 'tone', texts: rows.length, labels: [], seed: 42, confidence: 0.95 },
    rows: await store.write(review().rowsPath(number), lines),
    rankedAt: AT.toISOString(),
    labelsVersion: votes.summary.labelsVersion,
    revision: number,
  });
}

/** From here on the tests follow one another, as people revise one run. */
const review = () => new ReviewFolder(store, prepared.run.folder);

it('is refused where the budget pays for nothing, and asks nothing', async () => {
  const before = asked.length;
  await expect(prepareRevision({ doubted: true }, { left: { ...NO_LIMIT, calls: 0 } })).rejects.toMatchObject({
    type: 'InvalidInput',
    nonRetryable: true,
    message: expect.stringContaining('budget: what is left of it does not pay for one call; raise it first'),
  });
  await expect(prepareRevision({ doubted: true }, { left: { ...NO_LIMIT, micros: 5 } })).rejects.toThrow('budget: ');
  await expect(prepareRevision({ guideline: 'Judge the tone.', labels: ['calm'] })).rejects.toThrow(
    'were labelled under this very guideline',
  );
  await expect(prepareRevision({ doubted: true, examples: 3 })).rejects.toThrow('revision.examples: nobody');
  expect(asked).toHaveLength(before);
  expect(await review().revisions()).toEqual([]);
});

it('voids the audit, and asks only about the texts that it concerns, gold rows among them', async () => {
  await queue(first);
  const { audit, rows } = await rowsToAudit(review(), { count: 4, reviewer: 'ben', at: AT });
  expect(audit.population).toBe(20);
  const decide = (row: { key: string; id: string }, label: string, purpose: 'fix' | 'audit') => ({
    ...{ key: row.key, id: row.id, label, purpose, reviewer: 'ben', at: AT.toISOString() },
  });
  const inAudit = rows.map(({ key }) => key);
  const mixed = (await labelsOf(first)).filter(({ set, text }) => set === 'corpus' && text.startsWith('mixed'));
  const fixed = mixed.find(({ key }) => !inAudit.includes(key))!;
  await review().addDecisions([...rows.map((row) => decide(row, 'calm', 'audit')), decide(fixed, 'loud', 'fix')], AT);
  expect((await reviewStatus(review())).certificate).toMatchObject({ sampled: 4, wrong: 0 });

  const before = asked.length;
  const decided = mixed.filter(({ key }) => key === fixed.key || inAudit.includes(key));
  const revised = await prepareRevision({ doubted: true, examples: 2 });
  const texts = mixed.length - decided.length + 2;
  expect(revised).toMatchObject({ number: 1, texts, goldTexts: 2, decided: decided.length, examples: 1 });
  expect(revised.callsAtMost).toBe(3 * texts);
  // Until its labels are ranked, people see those before it, and are told.
  expect(await reviewStatus(review())).toMatchObject({
    outdated: `These are the labels before revision 1, by ana. The teacher is asked about ${texts} texts again, and the gate opens anew. What is decided here counts, but nothing is certified.`,
    certificate: null,
  });
  // Preparing asks nothing.
  expect(asked).toHaveLength(before);

  const counts = await annotate(revised.prepared);
  const again = asked.slice(before);
  expect(counts.calls).toBe(3 * texts);
  expect(again).toHaveLength(3 * texts);
  const left = mixed.filter((row) => !decided.includes(row)).map(({ text }) => text);
  expect([...new Set(again.map(({ text }) => text))].sort()).toEqual([...left, ...named('mixed gold', 2)].sort());
  // The prompts show the new guideline and the corrected label; its text is not asked about.
  for (const { prompt, strict } of again) {
    expect(strict).toBe(true);
    expect(prompt).not.toContain('Judge the tone.');
    expect(prompt).toContain(`{"text": "${fixed.text}"}\n{"reason":"so it sounds","label":"loud"}`);
  }

  const votes = await recount([revised], first);
  expect(votes.revised).toEqual({
    unanswered: 0,
    changes: [{ from: 'calm', to: 'loud', texts: left.length }],
    agreement: { before: expect.closeTo(1 / 3), after: 1 },
  });
  expect(votes.summary.labelsVersion).toBe(1);
  const rowsNow = await labelsOf(votes);
  for (const row of rowsNow) {
    const isAsked = left.includes(row.text) || row.text.startsWith('mixed gold');
    expect([row.text, row.label, row.revision]).toEqual([row.text, isAsked ? 'loud' : 'calm', isAsked ? 1 : undefined]);
  }
  // Gold rows measure the teacher as it labels now.
  const gold = rowsNow.filter((row) => row.gold !== null);
  expect(gold.filter((row) => row.teacherLabel === row.gold)).toHaveLength(3);

  expect((await reviewStatus(review())).outdated).toContain(
    'counted and not ranked: either that is at work, or it has failed',
  );
  await queue(votes, 1);
  const status = await reviewStatus(review());
  expect(status).toMatchObject({ outdated: null, audited: null, certificate: null, decided: 5 });
  const next = await rowsToAudit(review(), { count: 3, reviewer: 'ben', at: AT });
  expect(next.audit.population).toBe(15);
  expect(next.audit.keys.filter((key) => inAudit.includes(key) || key === fixed.key)).toEqual([]);

  // The old audit's decisions stay corrections, and certify nothing.
  const corrections = `store:${await review().writeCorrections((await review().decisions()).values())}`;
  const vote = { prepared, failedChunks: 0, incompleteTexts: 0 };
  const input = { vote, summary: votes.summary, corrections, reviewer: 'carl' };
  const corrected = await run(activities.orchestrator.applyCorrections, input);
  expect(corrected.summary.certificate).toBeNull();
  expect(corrected.summary.labelsVersion).toBe(1);
  const mistyped = run(activities.orchestrator.applyCorrections, { ...input, corrections: 'store:review/none.jsonl' });
  await expect(mistyped).rejects.toMatchObject({ type: 'InvalidInput', nonRetryable: true });
  const byPeople = (await labelsOf(corrected)).filter(({ source }) => source === 'person');
  expect(byPeople.map(({ key }) => key).sort()).toEqual([...inAudit, fixed.key].sort());
});

it('keeps what was kept, and pays for no reply twice', async () => {
  const [record] = await review().revisions();
  expect(record).toMatchObject({ number: 1, reviewer: 'ana', note: 'too kind', revision: { guideline: STRICT } });
  expect(record?.shown).toHaveLength(1);
  const before = asked.length;
  const one = { ...(await prepareRevision({ doubted: true, examples: 2 })) };
  expect(one.prepared.run.folder).toBe(record?.folder);

  // Back to the first guideline, with no budget left: every reply is known.
  const votes = await recount([one], first);
  const left = { ...NO_LIMIT, calls: 0 };
  const back = await prepareRevision(
    { guideline: 'Judge the tone.', labels: ['loud'] },
    { labels: votes, left, number: 2 },
  );
  const counts = await annotate(back.prepared, left);
  expect(counts).toMatchObject({ calls: 0, reused: 3 * back.texts });
  expect(asked).toHaveLength(before);
  const again = await recount([one, back], votes);
  expect(again.revised?.changes).toEqual([{ from: 'loud', to: 'calm', texts: back.texts - back.goldTexts }]);
  expect((await labelsOf(again)).map(({ label }) => label)).toEqual((await labelsOf(first)).map(({ label }) => label));
  expect(again.summary).toMatchObject({ labelsVersion: 2, alpha: first.summary.alpha });
});

it('keeps the old votes of texts that the budget did not reach', async () => {
  const revised = await prepareRevision({ guideline: `${STRICT} Twice.`, labels: ['calm'] }, { number: 3 });
  await annotate(revised.prepared, { ...NO_LIMIT, calls: 4 });
  const votes = await recount([revised], first);
  const rows = await labelsOf(votes);
  const answered = rows.filter((row) => row.revision === 3).length;
  expect(answered).toBeLessThan(revised.texts);
  expect(votes.revised?.unanswered).toBe(revised.texts - answered);
  expect(rows.every(({ votes: given }) => given.length === 3)).toBe(true);
});
