/** Stage vote: replies to labels; and people's corrections of them. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  CorrectionInput,
  CorrectionOutcome,
  type GateCheck,
  type LabelRow,
  OWN_TEACHER,
  type RecordedReply,
  type StoredReply,
  type Task,
  TextRow,
  type Vote,
  VoteInput,
  VoteOutcome,
  type VoteSummary,
} from '../contracts/index.js';
import { readCorrections } from '../corpus/index.js';
import { certificateInWords, labelsGateChecks } from '../evaluation/index.js';
import { openRunStore, type Store } from '../store/index.js';
import { chunkFolder, chunkReplies, questionName, VotePlan } from '../teachers/index.js';
import { AgreementTally, decideByPosterior, decideLabel } from '../voting/index.js';
import { readLabels, readManifest, readTask } from './artifacts.js';
import { AuditTally } from './audit-tally.js';
import { withHeartbeat, withTempFolder } from './dependencies.js';
import { InvalidInputError } from './failures.js';
import { LabelTally } from './label-tally.js';
import { sealedResult } from './sealed-result.js';
import { SoftLabels } from './soft-labels.js';
import { byQuestion, votesByQuestion, votesInWords, weighVotes } from './weigh-votes.js';

const UNKNOWN_IDS_NAMED = 10;

export function createVoteActivities() {
  return {
    async vote(raw: VoteInput): Promise<VoteOutcome> {
      const input = VoteInput.parse(raw);
      const { run } = input.prepared;
      const store = await openRunStore(run.store);
      return withHeartbeat(
        () => null,
        () =>
          sealedResult(store, { runFolder: run.folder, stage: 'vote', input, schema: VoteOutcome }, () =>
            countVotes(store, input),
          ),
      );
    },

    /** Replaces labels by those of a file, all or none. */
    async applyCorrections(raw: CorrectionInput): Promise<CorrectionOutcome> {
      const input = CorrectionInput.parse(raw);
      const { run } = input.vote.prepared;
      const store = await openRunStore(run.store);
      return withHeartbeat(
        () => null,
        (signal) =>
          sealedResult(store, { runFolder: run.folder, stage: 'corrections', input, schema: CorrectionOutcome }, () =>
            correct(store, input, signal),
          ),
      );
    },
  };
}

async function countVotes(store: Store, input: VoteInput): Promise<VoteOutcome> {
  const { prepared } = input;
  const task = await readTask(store, prepared);
  const names = task.labels.map((label) => label.name);
  const plan = new VotePlan(task);
  const agreement = new AgreementTally(names);
  const weighing = await weighVotes(store, prepared, task);
  let index = 0;
  const tally = new LabelTally(names);
  const labels = await store.writer(`${prepared.run.folder}/vote/labels.jsonl`);
  const recorded = await store.writer(`${prepared.run.folder}/vote/replies.jsonl`);
  try {
    for (const chunk of (await readManifest(store, prepared)).chunks) {
      const replies = byQuestion(await chunkReplies(store, chunkFolder(prepared.run.folder, chunk)));
      for await (const line of store.lines(chunk.file.path)) {
        const row = TextRow.parse(JSON.parse(line));
        const taken = plan.take((question) => replies.get(`${row.key} ${questionName(question)}`));
        const about = {
          votes: votesOf(taken.deciding),
          labels: names,
          settings: task.votes,
          seed: task.seed,
          textKey: row.key,
        };
        const posterior = weighing.aggregated?.posteriors[index++];
        const decided = posterior === undefined ? decideLabel(about) : decideByPosterior({ ...about, posterior });
        const { gold, gateGold, id, key, line: number, part, text } = row;
        const label: LabelRow = {
          key,
          id,
          text,
          ...(part !== undefined && { part }),
          line: number,
          label: decided.label,
          distribution: decided.distribution,
          agreement: decided.agreement,
          reason: decided.reason,
          votes: taken.replies.map(labelledVote),
          source: 'teacher',
          correctedBy: null,
          teacherLabel: decided.label,
          gold,
          gateGold,
          set: chunk.set,
        };
        if (chunk.set === 'corpus') {
          // Others were asked about hard texts only, where agreement is low.
          agreement.add(votesByQuestion(plan.always, label.votes));
          if (taken.replies.length > taken.always.length) {
            tally.addEscalated(decideLabel({ ...about, votes: votesOf(taken.always) }).label !== decided.label);
          }
        }
        tally.add(label, decided.tie);
        await labels.write(`${JSON.stringify(label)}\n`);
        for (const reply of taken.replies) await recorded.write(`${JSON.stringify(recordedReply(text, reply))}\n`);
      }
    }
    const agreed = agreement.agreement(task.seed, task.evaluation.confidence);
    const summary = tally.summary({
      labels: await labels.finish(),
      replies: await recorded.finish(),
      alpha: agreed.alpha,
    });
    return {
      summary,
      checks: checksOf(input, task, summary, tally.unreadableShare()),
      evidence: [tally.evidence(summary), ...votesInWords(task, agreed, weighing)].join('\n\n'),
    };
  } finally {
    await labels.abort();
    await recorded.abort();
  }
}

async function correct(store: Store, input: CorrectionInput, signal: AbortSignal): Promise<CorrectionOutcome> {
  const { prepared } = input.vote;
  const task = await readTask(store, prepared);
  const names = task.labels.map((label) => label.name);
  const corrections = new Map<string, string>();
  await withLocalFile(store, input.corrections, async (path) => {
    for (const { id, label } of await readCorrections(path, task.labels, { signal })) corrections.set(id, label);
  });
  const unknown = new Set(corrections.keys());
  const tally = new LabelTally(names);
  const audited = await AuditTally.open(store, prepared.run.folder);
  const calibrated = await SoftLabels.learn(readLabels(store, input.summary.labels), corrections, audited);
  let changed = 0;
  const writer = await store.writer(`${prepared.run.folder}/vote/labels-corrected-${randomUUID()}.jsonl`);
  try {
    for await (const row of readLabels(store, input.summary.labels)) {
      // A gold file may use the corpus's ids for texts of its own.
      const label = row.set === 'corpus' ? corrections.get(row.id) : undefined;
      if (label !== undefined) unknown.delete(row.id);
      if (label !== undefined && label !== row.label) changed++;
      const corrected: LabelRow =
        label === undefined
          ? calibrated.of(row, names)
          : {
              ...row,
              label,
              distribution: { [label]: 1 },
              agreement: 1,
              source: 'person',
              correctedBy: audited.decisionOn(row, label)?.reviewer ?? input.reviewer,
            };
      tally.add(corrected, false);
      audited.add(corrected);
      await writer.write(`${JSON.stringify(corrected)}\n`);
    }
    if (unknown.size > 0) {
      const named = [...unknown]
        .slice(0, UNKNOWN_IDS_NAMED)
        .map((id) => JSON.stringify(id))
        .join(', ');
      throw new InvalidInputError(
        `corrections (${input.corrections}): ${unknown.size} ids are not among the run's texts: ${named}. Use the ids of the labels file; nothing was changed.`,
      );
    }
    const { alpha, escalated, replies, ties } = input.summary;
    const certificate = audited.certificate(task.evaluation.confidence);
    const counted = tally.summary({ labels: await writer.finish(), replies, alpha });
    const summary: VoteSummary = { ...counted, ties, escalated, certificate };
    const checks = checksOf(input.vote, task, summary, tally.unreadableShare());
    const evidence = [
      tally.evidence(summary),
      ...(certificate === null
        ? []
        : [certificateInWords(certificate), calibrated.inWords(new VotePlan(task).always.length)]),
    ];
    return { summary, checks, evidence: evidence.join('\n\n'), changed };
  } finally {
    await writer.abort();
  }
}

function checksOf(input: VoteInput, task: Task, summary: VoteSummary, unreadableShare: number | null): GateCheck[] {
  return labelsGateChecks({
    summary,
    settings: task.gates.labels,
    labels: task.labels.map((label) => label.name),
    votesPerText: input.prepared.votesPerText,
    failedChunks: input.failedChunks,
    incompleteTexts: input.incompleteTexts,
    unreadableShare,
  });
}

function votesOf(replies: readonly StoredReply[]): Vote[] {
  return replies.map((reply) => reply.vote);
}

function labelledVote({ prompt, sample, teacher, vote }: StoredReply): LabelRow['votes'][number] {
  return { ...(teacher !== undefined && { teacher }), prompt, sample, ...vote };
}

function recordedReply(text: string, reply: StoredReply): RecordedReply {
  const { teacher = OWN_TEACHER, prompt, sample, content, finishReason, inputTokens, outputTokens, tokens } = reply;
  const said = { content, finishReason, inputTokens, outputTokens, ...(tokens && { tokens }) };
  return { text, teacher, prompt, sample, ...said };
}

async function withLocalFile(store: Store, reference: string, work: (path: string) => Promise<void>): Promise<void> {
  if (!reference.startsWith('store:')) return work(resolve(reference));
  const path = reference.slice('store:'.length);
  const bytes = await store.read(path);
  await withTempFolder(async (folder) => {
    const local = join(folder, path.split('/').at(-1) ?? 'corrections.jsonl');
    await writeFile(local, bytes);
    await work(local);
  });
}
