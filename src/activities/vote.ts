/** Stage vote: replies to labels; and people's corrections of them. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  CorrectionInput,
  CorrectionOutcome,
  counted,
  type GateCheck,
  inNumber,
  type LabelRow,
  OWN_TEACHER,
  type RecordedReply,
  type RevisedLabels,
  type StoredReply,
  type Task,
  type TextRow,
  type Vote,
  VoteInput,
  VoteOutcome,
  type VoteSummary,
} from '../contracts/index.js';
import { readCorrections } from '../corpus/index.js';
import { certificateInWords, labelsGateChecks, weighingInWords } from '../evaluation/index.js';
import { ofRevision } from '../review/index.js';
import { openRunStore, type Store } from '../store/index.js';
import { VotePlan } from '../teachers/index.js';
import { AgreementTally, decideByPosterior, decideLabel } from '../voting/index.js';
import { agreementEvidence, agreementReport, keepAgreement } from './agreement-report.js';
import { type AnsweredText, answeredTexts, withLabels } from './answered-texts.js';
import { readGiven, readLabels, readTask } from './artifacts.js';
import { AuditTally } from './audit-tally.js';
import { withHeartbeat, withTempFolder } from './dependencies.js';
import { InvalidInputError } from './failures.js';
import { LabelTally } from './label-tally.js';
import { RevisionTally } from './revision-tally.js';
import { sealedResult } from './sealed-result.js';
import { SoftLabels } from './soft-labels.js';
import { othersTurn, votesByQuestion, type WeighedVotes, weighVotes } from './weigh-votes.js';

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
  const { prepared, revised } = input;
  const task = await readTask(store, prepared);
  const names = task.labels.map((label) => label.name);
  const plan = new VotePlan(task);
  const agreement = new AgreementTally(names);
  const texts = () => answeredTexts(store, { plan, prepared, revised: revised?.runs ?? [] });
  const { weighing, weights } = await weighVotes(texts, task, prepared.counts.goldRows);
  const counter = new VoteCounter(task, names, weights);
  const tally = new LabelTally(names);
  const changes = revised && new RevisionTally(names);
  const last = revised?.runs.at(-1)?.number ?? 0;
  const labels = await store.writer(`${prepared.run.folder}/vote/labels${ofRevision(last)}.jsonl`);
  const recorded = await store.writer(`${prepared.run.folder}/vote/replies${ofRevision(last)}.jsonl`);
  try {
    for await (const text of withBefore(texts(), store, input)) {
      const { before, row, taken } = text;
      const { decided, label } = counter.label(text);
      if (text.set === 'corpus') {
        // Others were asked about hard texts only, where agreement is low.
        agreement.add(votesByQuestion(plan.always, label.votes));
        if (taken.replies.length > taken.always.length) {
          tally.addEscalated(counter.decide(row, taken.always).label !== decided.label);
        }
      }
      if (before !== null) {
        const votesOf = (from: LabelRow) => votesByQuestion(plan.always, from.votes);
        const answered = label.revision === last;
        changes?.add({ before, after: label, asked: text.askedLast, answered, votesOf });
      }
      const kept = before?.source === 'person' ? keptByPerson(label, before) : label;
      tally.add(kept, decided.tie);
      await labels.write(`${JSON.stringify(kept)}\n`);
      await recorded.write(
        taken.replies.map((reply) => `${JSON.stringify(recordedReply(row.text, reply))}\n`).join(''),
      );
    }
    const agreed = await agreement.agreement(task.seed, task.evaluation.confidence, othersTurn);
    const report = agreementReport(task, agreed, weights);
    const labelled = tally.summary({
      labels: await labels.finish(),
      replies: await recorded.finish(),
      alpha: agreed.alpha,
      ...(report && { agreement: await keepAgreement(store, prepared, report, last) }),
      ...(weighing && { weighing }),
    });
    const changed = changes?.result() ?? null;
    const summary = changed === null ? labelled : { ...labelled, labelsVersion: versionAfter(input, changed) };
    return {
      summary,
      checks: checksOf(input, task, summary, tally.unreadableShare()),
      evidence: [
        tally.evidence(summary, report?.perLabel ?? null),
        ...(report ? agreementEvidence(report) : []),
        ...(weighing ? [weighingInWords(weighing)] : []),
      ].join('\n\n'),
      ...(changed !== null && { revised: changed }),
    };
  } finally {
    await labels.abort();
    await recorded.abort();
  }
}

/** Texts with the labels that they had before the last revision; null: there was none. */
async function* withBefore(
  texts: AsyncIterable<AnsweredText>,
  store: Store,
  { revised }: VoteInput,
): AsyncGenerator<AnsweredText & { readonly before: LabelRow | null }> {
  if (revised === undefined) {
    for await (const text of texts) yield { ...text, before: null };
    return;
  }
  const labels = readLabels(store, revised.before.labels);
  for await (const { label: before, ...text } of withLabels(texts, labels)) yield { ...text, before };
}

/** What a person decided stays, whatever the teacher says when it is asked again. */
function keptByPerson(label: LabelRow, { label: decided, correctedBy, distribution, agreement }: LabelRow): LabelRow {
  return { ...label, label: decided, distribution, agreement, source: 'person', correctedBy };
}

function versionAfter({ revised }: VoteInput, { changes }: RevisedLabels): number {
  return (revised?.before.labelsVersion ?? 0) + (changes.length > 0 ? 1 : 0);
}

/** Decides the labels of the texts of a run, one after another, in their order. */
class VoteCounter {
  constructor(
    private readonly task: Task,
    private readonly names: readonly string[],
    private readonly weights: WeighedVotes['weights'],
  ) {}

  /** By these replies alone, all of them alike. */
  decide({ key }: Pick<TextRow, 'key'>, replies: readonly StoredReply[]) {
    return decideLabel(this.about(key, replies));
  }

  /** Of the next text. */
  label({ revision, row, set, taken }: AnsweredText) {
    const posterior = this.weights?.posteriorOf(taken.replies);
    const about = this.about(row.key, taken.deciding);
    const decided = posterior === undefined ? decideLabel(about) : decideByPosterior({ ...about, posterior });
    const { gold, gateGold, id, key, line, part, text } = row;
    const label: LabelRow = {
      key,
      id,
      text,
      ...(part !== undefined && { part }),
      line,
      label: decided.label,
      distribution: decided.distribution,
      agreement: decided.agreement,
      reason: decided.reason,
      votes: taken.replies.map(labelledVote),
      source: 'teacher',
      correctedBy: null,
      teacherLabel: decided.label,
      ...(revision !== null && { revision }),
      gold,
      gateGold,
      set,
    };
    return { decided, label };
  }

  private about(textKey: string, replies: readonly StoredReply[]) {
    const { names: labels, task } = this;
    return { votes: replies.map(({ vote }): Vote => vote), labels, settings: task.votes, seed: task.seed, textKey };
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
  const audited = await AuditTally.open(store, prepared.run.folder, input.summary.labelsVersion ?? 0);
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
        `corrections (${input.corrections}): ${counted(unknown.size, 'id')} ${inNumber(unknown.size, 'is', 'are')} not among the run's texts: ${named}. Use the ids of the labels file; nothing was changed.`,
      );
    }
    const { agreement, alpha, escalated, labelsVersion, replies, ties, weighing } = input.summary;
    const certificate = audited.certificate(task.evaluation.confidence);
    const labelled = tally.summary({ labels: await writer.finish(), replies, alpha, agreement, weighing });
    const summary: VoteSummary = { ...labelled, ties, escalated, certificate, labelsVersion };
    const checks = checksOf(input.vote, task, summary, tally.unreadableShare());
    const evidence = [
      tally.evidence(summary, null),
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
  const bytes = await readGiven(store, path, 'corrections');
  await withTempFolder(async (folder) => {
    const local = join(folder, path.split('/').at(-1) ?? 'corrections.jsonl');
    await writeFile(local, bytes);
    await work(local);
  });
}
