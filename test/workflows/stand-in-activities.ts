/** Activities that answer at once. Each run can have its own answers, and remembers what its activities were called with. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { OrchestratorActivities, StudentActivities, TeacherActivities } from '../../src/activities/index.js';
import {
  type AnnotationCounts,
  type ChunkInput,
  type ChunkResult,
  type ControlInput,
  type EvaluateOutcome,
  OWN_TEACHER,
  type RankOutcome,
  type RevisedLabels,
  type TrainingSummary,
  type VoteOutcome,
} from '../../src/contracts/index.js';
import { emptyCounts } from '../../src/voting/index.js';
import { CALLS_A_CHUNK, CHUNKS, check, preparedRun, TEXTS_A_CHUNK } from './prepared-run.js';

export type Activities = OrchestratorActivities & StudentActivities & TeacherActivities;

/** A chunk that costs 10 micro-dollars and 100 tokens a call. */
export function chunkResult(chunk: number, changes: Partial<ChunkResult> & { calls?: number } = {}): ChunkResult {
  const { calls = CALLS_A_CHUNK, ...rest } = changes;
  return { chunk, set: 'corpus', complete: true, counts: countsOf({ calls }), ...rest };
}

export function countsOf({ texts = TEXTS_A_CHUNK, calls }: { texts?: number; calls: number }): AnnotationCounts {
  const ofTeacher = { calls, replies: calls, spentMicros: 10 * calls };
  return { ...emptyCounts(), texts, ...ofTeacher, spentTokens: 100 * calls, teachers: { [OWN_TEACHER]: ofTeacher } };
}

export function artifact(path: string) {
  return { path, sha256: 'c'.repeat(64), bytes: 1 };
}

export const VOTED: VoteOutcome = {
  checks: [check('alpha', true)],
  evidence: '40 of 40 texts got a label.',
  summary: {
    labels: artifact('vote/labels.jsonl'),
    replies: artifact('vote/replies.jsonl'),
    texts: 40,
    labelled: 39,
    ties: 1,
    disagreeing: 2,
    perLabel: { praise: 20, complaint: 19 },
    alpha: 0.9,
    agreement: artifact('vote/agreement.json'),
    gateGold: { rows: 0, correct: 0 },
  },
};

export const REVISED: RevisedLabels = {
  unanswered: 0,
  changes: [{ from: 'praise', to: 'complaint', texts: 4 }],
  agreement: { before: 0.5, after: 0.9 },
};

/** Of a classification. */
export const BLOCKS = 60;
const ROWS_A_BLOCK = 10;

export const TRAINED: TrainingSummary = {
  kind: 'linear',
  folder: 'students/1',
  files: [artifact('students/1/model.onnx')],
  trainSeconds: 1.5,
  examples: 39,
  validation: { rows: 8, agreement: 0.9 },
  chosen: { C: 10 },
  candidates: [],
  parity: { rows: 8, maxDifference: 0 },
};

export const EVALUATED: EvaluateOutcome = {
  checks: [check('accuracy', true)],
  evidence: 'The student is fine.',
  summary: {
    report: artifact('evaluation/report.json'),
    markdown: artifact('evaluation/report.md'),
    basis: 'gold',
    rows: 20,
    teacher: { accuracy: 0.95, macroF1: 0.94, interval: { low: 0.8, high: 1 } },
    student: { accuracy: 0.9, macroF1: 0.89, interval: { low: 0.7, high: 1 } },
    champion: null,
  },
};

export const RANKED: RankOutcome = {
  queue: {
    workflowId: 'run',
    task: 'complaints',
    rows: artifact('review/queue.jsonl'),
    texts: 18,
    labels: [],
    seed: 42,
    confidence: 0.95,
    rankedAt: '2026-01-01T00:00:00.000Z',
  },
  evidence: 'All 18 texts are ranked by doubt.',
};

export class StandIns {
  private readonly answers = new Map<string, Partial<Activities>>();
  private readonly calls: Array<{ run: string; name: string; input: unknown }> = [];
  private readonly defaults: Activities = {
    nameTask: async () => ({ taskName: 'complaints' }),
    prepare: async ({ workflowId }) => preparedRun(workflowId),
    setControl: async () => undefined,
    spentBefore: async () => [],
    annotateChunk: async ({ chunk }) => chunkResult(chunk),
    stepChunk: async ({ chunk }) => ({ result: chunkResult(chunk), waitMs: null }),
    lookAtBatches: async ({ chunks }) => ({ ended: chunks, progress: null }),
    closeBatches: async () => [],
    recordOutcome: async () => undefined,
    notify: async () => undefined,
    settleChunk: async ({ chunk }) => chunkResult(chunk, { calls: 1, complete: false }),
    prepareRevision: async ({ number, prepared }) => {
      const plan = { number, texts: 10, goldTexts: 0, decided: 0, examples: 0, callsAtMost: CALLS_A_CHUNK };
      const folder = `${prepared.run.folder}/revisions/${number}`;
      const asked = { run: { ...prepared.run, folder }, chunks: 1, textsAsked: 10, callsAtMost: CALLS_A_CHUNK };
      return { ...plan, prepared: { ...prepared, ...asked } };
    },
    settleRun: async () => ({ corpus: countsOf({ texts: 1, calls: 7 }), gold: emptyCounts() }),
    vote: async ({ revised }) => (revised ? { ...VOTED, revised: REVISED } : VOTED),
    applyCorrections: async () => ({ ...VOTED, changed: 3 }),
    rankDoubts: async () => RANKED,
    distill: async () => TRAINED,
    chooseStudent: async ({ trained }) => ({
      student: trained[0]?.student ?? TRAINED,
      report: artifact('student/ladder.json'),
      evidence: 'The student is linear.',
    }),
    drawCurve: async ({ more }) => ({
      curve: {
        rows: 8,
        confidence: 0.95,
        more,
        points: [],
        fit: { floor: 0, scale: 0, exponent: 1 },
        gain: 0,
        gainInterval: { low: 0, high: 0 },
      },
      picture: artifact('student/curve.svg'),
      evidence: 'No.',
    }),
    evaluate: async () => EVALUATED,
    deploy: async () => ({ version: 1, folder: 'students/1' }),
    splitRows: async ({ input: { output, task, top }, runId }) => ({
      ...{
        folder: `classifications/1/${runId}`,
        store: { uri: 'file:///store', id: '1' },
        task,
        version: 1,
        output,
        top,
      },
      ...{ rows: ROWS_A_BLOCK * BLOCKS, blocks: BLOCKS, manifest: artifact('blocks.json'), columns: ['text'] },
      ...{ added: { label: 'label', score: 'score', scores: null }, refused: 0, problems: [] },
    }),
    classifyBlock: async ({ block }) => ({ rows: ROWS_A_BLOCK, answers: artifact(`answers/${block}.jsonl`) }),
    joinRows: async ({ plan: { output, rows, task, version } }) => ({
      ...{ task, version, output, rows, refused: 0, problems: [], added: ['label', 'score'] },
    }),
  };

  /** The run's own answers; the others are the usual ones. */
  answer(workflowId: string, answers: Partial<Activities>): void {
    this.answers.set(workflowId, answers);
  }

  /** The answer of runs that have none of their own. */
  usual<Name extends keyof Activities>(name: Name): Activities[Name] {
    return this.defaults[name];
  }

  /** Inputs of all calls of an activity by a run, in their order. */
  inputs<Name extends keyof Activities>(workflowId: string, name: Name): Array<Parameters<Activities[Name]>[0]> {
    const found = this.calls.filter((call) => call.run === workflowId && call.name === name);
    return found.map((call) => call.input as Parameters<Activities[Name]>[0]);
  }

  /** What the run's control file says. */
  control(workflowId: string): ControlInput['state'] {
    return this.inputs(workflowId, 'setControl').at(-1)?.state ?? 'running';
  }

  /** For workers. */
  activities(): Record<string, (input: unknown) => Promise<unknown>> {
    return Object.fromEntries(
      Object.entries(this.defaults).map(([name, usual]) => [
        name,
        (input: unknown) => {
          const run = runOf(Context.current().info.workflowExecution?.workflowId ?? '');
          this.calls.push({ run, name, input });
          const answer = this.answers.get(run)?.[name as keyof Activities] ?? usual;
          return (answer as (input: unknown) => Promise<unknown>)(input);
        },
      ]),
    );
  }
}

/** Works until the control file or a heartbeat stops it, as a chunk does. */
export async function busyChunk(
  standIns: StandIns,
  { prepared, chunk }: ChunkInput,
  until: () => boolean = () => false,
): Promise<ChunkResult> {
  const context = Context.current();
  while (!until()) {
    context.heartbeat({ texts: 0, calls: 0 });
    context.cancellationSignal.throwIfAborted();
    const state = standIns.control(prepared.run.workflowId);
    if (state === 'paused') throw failure('Paused', 'the run is paused');
    if (state === 'cancelled') throw failure('Cancelled', 'the run is cancelled');
    await context.sleep(50);
  }
  return chunkResult(chunk);
}

/** Works until it is cancelled. */
export async function untilCancelled(): Promise<never> {
  const context = Context.current();
  const beats = setInterval(() => context.heartbeat(), 50);
  try {
    return await context.cancelled;
  } finally {
    clearInterval(beats);
  }
}

export function failure(type: string, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, type);
}

/** Each of the run's chunks. */
export const ALL_CHUNKS = Array.from({ length: CHUNKS }, (_, chunk) => chunk);

function runOf(workflowId: string): string {
  return workflowId.replace(/\.(annotation|review|revision)-[\w-]+$/, '');
}
