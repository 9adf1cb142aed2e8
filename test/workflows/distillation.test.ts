import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { newsToOwnWorkflow } from '../../src/activities/training-news.js';
import { followRun } from '../../src/cli/follow-run.js';
import {
  type ChunkInput,
  DistillationResult,
  PrepareInput,
  Progress,
  TASK_QUEUES,
  type TrainingNews,
} from '../../src/contracts/index.js';
import { check, preparedRun } from './prepared-run.js';
import { busyChunk, EVALUATED, failure, TRAINED, untilCancelled, VOTED } from './stand-in-activities.js';
import {
  askProgress,
  atGate,
  eventually,
  failureOf,
  INPUT,
  metadataOf,
  progressWhen,
  statusOf,
  WorkflowBed,
} from './workflow-bed.js';

let bed: WorkflowBed;
beforeAll(async () => {
  bed = await WorkflowBed.start();
});
afterAll(() => bed?.stop());

describe('a learning curve', () => {
  const curve = (refusedShare: number) => {
    const workflowId = `curve-${randomUUID()}`;
    bed.standIns.answer(workflowId, {
      distill: async ({ part }) => {
        if (part?.share === refusedShare && part.repeat === 0)
          throw failure('TrainingRefused', 'no label has examples');
        return TRAINED;
      },
    });
    const input = { prepared: preparedRun(workflowId), labels: VOTED.summary.labels, candidate: null };
    const args = [{ ...input, shares: [0.1, 0.4, 1], repeats: 2, more: 50 }];
    return bed.client.start('learningCurve', { taskQueue: TASK_QUEUES.orchestrator, workflowId, args });
  };

  it('leaves out a draw of so few labels that none can be learned from', async () => {
    const handle = await curve(0.1);
    await handle.result();
    const [drawn] = bed.standIns.inputs(handle.workflowId, 'drawCurve');
    expect(drawn?.trained.map(({ repeat, share }) => [share, repeat])).toEqual([
      [0.1, 1],
      [0.4, 0],
      [0.4, 1],
      [1, 0],
    ]);
  });

  it('ends where all labels together can not be trained on', async () => {
    expect(await failureOf(await curve(1))).toMatchObject({
      type: 'TrainingRefused',
      message: 'no label has examples',
    });
  });
});

describe('a run that trains', () => {
  const news = (step: number): TrainingNews => ({
    ...{ student: 'fine-tuned MiniLM, without fold 2 of 5', phase: 'fine-tuning', done: step / 400 },
    steps: { done: step, of: 400, loss: 0.4123, examplesPerSecond: 58.04, secondsLeft: 250.2 },
  });

  it('shows steps, loss, speed and time left on its board by signals, and in watch by heartbeats', async () => {
    let ended = false;
    const distill = async () => {
      let now = 0;
      const sender = newsToOwnWorkflow(() => {
        now += 60_000;
        return now;
      });
      sender.offer(news(100));
      await sender.settled();
      while (!ended) {
        Context.current().heartbeat(news(120));
        await Context.current().sleep(50);
      }
      return TRAINED;
    };
    const handle = await bed.distill({ distill }, { approveAs: 'ana' });
    const written: string[] = [];
    const spy = jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
    const watching = new AbortController();
    try {
      const watched = followRun(bed.environment.client, handle.workflowId, watching.signal);
      const { training } = await progressWhen(handle, (progress) => progress.training != null);
      expect(training).toEqual(news(100));
      const { currentDetails } = await metadataOf(handle);
      expect(currentDetails).toContain(
        '| ▶️ | Train the student | fine-tuned MiniLM, without fold 2 of 5: step 100 of 400, loss 0.412, 58.0 examples a second, about 4 min left |',
      );
      const line =
        'fine-tuned MiniLM, without fold 2 of 5: step 120 of 400 · loss 0.412 · 58.0 examples/s · 251 s left';
      await eventually(() => written.some((text) => text.includes(line)));
      ended = true;
      expect((await watched)?.failure).toBeNull();
    } finally {
      ended = true;
      watching.abort();
      spy.mockRestore();
    }
    expect((await askProgress(handle)).training).toBeNull();
  });
});

describe('a run with a ladder of students', () => {
  const ladder = {
    candidates: [
      { name: 'linear', step: 0 },
      { name: 'slow', step: 1 },
      { name: 'fast', step: 1 },
    ],
    foldsBelow: 0,
    searchMs: null as number | null,
  };
  const withLadder = (changes: Partial<typeof ladder> = {}) => ({
    prepare: async ({ workflowId }: { workflowId: string }) =>
      preparedRun(workflowId, { ladder: { ...ladder, ...changes } }),
  });

  it('trains every candidate and hands them to the choice', async () => {
    const handle = await bed.distill(withLadder(), { approveAs: 'ana' });
    expect(DistillationResult.parse(await handle.result()).student?.kind).toBe('linear');
    const inputs = bed.standIns.inputs(handle.workflowId, 'distill');
    expect(inputs.map(({ candidate }) => candidate)).toEqual([0, 1, 2]);
    const [choice] = bed.standIns.inputs(handle.workflowId, 'chooseStudent');
    expect(choice?.trained.map(({ candidate, folds }) => [candidate, folds.length])).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
    ]);
  });

  it('trains each once more without each fold where texts are few, unless they are very few', async () => {
    const votes = { ...VOTED, summary: { ...VOTED.summary, perLabel: { praise: 30, complaint: 20 } } };
    const answers = { ...withLadder({ foldsBelow: 51 }), vote: async () => votes };
    const handle = await bed.distill(answers, { approveAs: 'ana' });
    await handle.result();
    const trained = bed.standIns.inputs(handle.workflowId, 'distill');
    const folds = trained.map(({ candidate, fold }) => [candidate, fold ?? null]);
    expect(folds.slice(0, 6)).toEqual([[0, null], ...[0, 1, 2, 3, 4].map((fold) => [0, fold])]);
    expect(folds).toHaveLength(18);

    // 39 labelled texts.
    const few = await bed.distill(withLadder({ foldsBelow: 51 }), { approveAs: 'ana' });
    await few.result();
    expect(bed.standIns.inputs(few.workflowId, 'distill')).toHaveLength(3);
  });

  it('goes on without a step that can not be trained, and begins no variant when the time is up', async () => {
    const answers = {
      ...withLadder({ searchMs: 0 }),
      distill: async ({ candidate }: { candidate?: number | null | undefined }) => {
        if (candidate === 0) throw failure('TrainingRefused', 'no memory');
        return TRAINED;
      },
    };
    const handle = await bed.distill(answers, { approveAs: 'ana' });
    await handle.result();
    const [choice] = bed.standIns.inputs(handle.workflowId, 'chooseStudent');
    expect(choice?.trained.map(({ candidate }) => candidate)).toEqual([1]);
    expect(choice?.refused).toEqual([
      { candidate: 0, reason: 'no memory' },
      { candidate: 2, reason: 'the time for the search was up' },
    ]);
  });

  it('fails with the first reason where no step can be trained', async () => {
    const answers = {
      ...withLadder(),
      distill: async () => {
        throw failure('TrainingRefused', 'no memory');
      },
    };
    const { message, type } = await failureOf(await bed.distill(answers, { approveAs: 'ana' }));
    expect(type).toBe('TrainingRefused');
    expect(message).toContain('no memory');
  });
});

describe('a run until the votes are counted', () => {
  it('ends with the labels: nobody is asked, and no student is trained', async () => {
    const handle = await bed.distill({}, { until: 'vote' });
    const result = DistillationResult.parse(await handle.result());
    expect(result).toMatchObject({
      annotation: { texts: 40, labelled: 39 },
      labels: { uri: 'file:///store/vote/labels.jsonl' },
      gates: { labels: null, deployment: null },
      student: null,
      deployment: null,
    });
    expect(bed.standIns.inputs(handle.workflowId, 'distill')).toEqual([]);
    expect(bed.standIns.inputs(handle.workflowId, 'recordOutcome')).toEqual([
      expect.objectContaining({ failure: null, result: await handle.result() }),
    ]);
  });
});

describe('a run whose checks all pass', () => {
  let handle: WorkflowHandle;
  let result: DistillationResult;
  beforeAll(async () => {
    handle = await bed.distill(
      { prepare: async ({ workflowId }) => preparedRun(workflowId, { searchAttributes: true }) },
      { approveAs: 'ana' },
    );
    result = DistillationResult.parse(await handle.result());
  });

  it('comes to a deployed student, and tells where everything is', () => {
    const approved = { decision: 'approve', reviewer: 'ana', note: 'all checks passed', automatic: true };
    expect(result).toEqual({
      workflowId: handle.workflowId,
      budget: [],
      revisions: [],
      // Four chunks of 30 calls at 10 micro-dollars each.
      annotation: {
        texts: 40,
        calls: 120,
        busy: 0,
        unreadable: 0,
        labelled: 39,
        incomplete: 0,
        uncertain: 0,
        reused: 0,
        costUsd: 0.0012,
        escalated: 0,
        escalationUsd: 0,
        teachers: [{ name: 'teacher', model: 'large-model', host: 'teacher.example', calls: 120, costUsd: 0.0012 }],
      },
      labels: {
        uri: 'file:///store/vote/labels.jsonl',
        alpha: 0.9,
        agreement: 'file:///store/vote/agreement.json',
        replies: 'file:///store/vote/replies.jsonl',
      },
      gates: {
        labels: { ...approved, at: expect.any(String), corrections: null, checks: VOTED.checks },
        deployment: { ...approved, at: expect.any(String), corrections: null, checks: EVALUATED.checks },
      },
      student: { kind: 'linear', uri: 'file:///store/students/1', trainSeconds: 1.5 },
      evaluation: {
        basis: 'gold',
        rows: 20,
        teacher: { accuracy: 0.95, macroF1: 0.94 },
        student: { accuracy: 0.9, macroF1: 0.89 },
        report: 'file:///store/evaluation/report.md',
      },
      deployment: { version: 1, uri: 'file:///store/students/1' },
    });
  });

  it('hands to each stage what the ones before it came to', () => {
    const { workflowId } = handle;
    const [prepare] = bed.standIns.inputs(workflowId, 'prepare');
    expect(PrepareInput.parse(prepare)).toMatchObject({ input: { ...INPUT, approveAs: 'ana' }, workflowId });
    expect(bed.standIns.inputs(workflowId, 'vote')).toEqual([
      expect.objectContaining({ failedChunks: 0, incompleteTexts: 0 }),
    ]);
    const labels = VOTED.summary.labels;
    expect(bed.standIns.inputs(workflowId, 'distill')).toEqual([expect.objectContaining({ labels })]);
    expect(bed.standIns.inputs(workflowId, 'evaluate')).toEqual([
      expect.objectContaining({ labels, student: TRAINED, spentMicros: 1200, textsAnnotated: 40 }),
    ]);
    expect(bed.standIns.inputs(workflowId, 'deploy')).toEqual([
      expect.objectContaining({ labels, student: TRAINED, evaluation: EVALUATED.summary, approvedBy: 'ana' }),
    ]);
    expect(bed.standIns.inputs(workflowId, 'settleRun')).toEqual([]);
  });

  it('keeps its outcome in the store', async () => {
    const { workflowId } = handle;
    expect(bed.standIns.inputs(workflowId, 'recordOutcome')).toEqual([
      expect.objectContaining({
        run: { ...preparedRun(workflowId).run },
        failure: null,
        result: await handle.result(),
      }),
    ]);
  });

  it('answers the query progress after its end', async () => {
    const progress = Progress.parse(await askProgress(handle));
    expect(progress).toMatchObject({
      workflowId: handle.workflowId,
      task: 'complaints',
      stage: 'done',
      paused: false,
      texts: { done: 40, total: 40 },
      callsAtMost: 120,
      teacherHost: 'teacher.example',
      waitingFor: null,
      ignored: [],
    });
    expect(progress.annotation.calls).toBe(120);
    expect(progress.callsPerSecond).toBeGreaterThan(0);
    expect(Object.keys(progress.gates)).toEqual(['labels', 'deployment']);
  });

  it('shows its stages on the board', async () => {
    const { currentDetails } = await metadataOf(handle);
    expect(currentDetails).toContain('| ✅ | Read and check the corpus | 40 texts, 0 gold rows |');
    expect(currentDetails).toContain('| ✅ | Ask the teacher | 120 calls, 0 unreadable, $0.0012 |');
    expect(currentDetails).toContain('| ✅ | Count the votes | 39 of 40 texts labelled, alpha 0.900 |');
    expect(currentDetails).toContain('approved automatically by ana: all checks passed');
    expect(currentDetails).toContain('| ✅ | Train the student | linear from 39 texts in 1.5 s |');
    expect(currentDetails).toContain('student 90.0 %, teacher 95.0 % on 20 gold rows');
    expect(currentDetails).toContain('| ✅ | Deploy it | version 1 of complaints is deployed |');
  });

  it('describes its signals and its update with a payload to copy', async () => {
    const { definition } = await metadataOf(handle);
    const described = (name: string) =>
      [...definition.signalDefinitions, ...definition.updateDefinitions].find((each) => each.name === name)
        ?.description;
    expect(described('approve')).toContain('{"gate":"labels","reviewer":"ana"}');
    expect(described('reject')).toContain('{"gate":"labels"');
    expect(described('decide')).toContain('"decision":"approve"');
    expect(described('pause')).toContain('No payload');
  });

  it('sets its search attributes where the server knows them', async () => {
    const { searchAttributes } = await handle.describe();
    expect(searchAttributes).toMatchObject({ TutelageTask: ['complaints'], TutelageStage: ['done'] });
  });
});

describe('approveAs', () => {
  it('rejects at the first failed check, with what the run had reached', async () => {
    const vote = async () => ({ ...VOTED, checks: [check('alpha', false)] });
    const handle = await bed.distill({ vote }, { approveAs: 'ana' });
    const { details, message, type } = await failureOf(handle);
    expect(type).toBe('Rejected');
    expect(message).toBe('gate "labels": rejected automatically by ana: failed: alpha');
    const reached = DistillationResult.parse(details?.[0]);
    expect(reached.gates.labels).toMatchObject({ decision: 'reject', automatic: true });
    expect(reached.annotation.calls).toBe(120);
    expect(reached.student).toBeNull();
  });
});

describe('approval: auto', () => {
  it('is taken gate by gate from the task', async () => {
    const prepare = async ({ workflowId }: { workflowId: string }) => {
      const prepared = preparedRun(workflowId);
      prepared.gates.labels.approval = 'auto';
      return prepared;
    };
    const handle = await bed.distill({ prepare });
    const { gates } = await atGate(handle, 'deployment');
    expect(gates.labels).toMatchObject({ decision: 'approve', reviewer: 'automatic', automatic: true });
    await handle.terminate();
  });
});

describe('the review queue', () => {
  it('is ranked from the labels where a person decides, and the gate says how to use it', async () => {
    const handle = await bed.distill({});
    const { waitingFor } = await atGate(handle, 'labels');
    expect(bed.standIns.inputs(handle.workflowId, 'rankDoubts')).toMatchObject([{ labels: VOTED.summary.labels }]);
    expect(waitingFor?.evidence).toBe(`${VOTED.evidence}\n\nAll 18 texts are ranked by doubt.`);
    await handle.terminate();
  });

  it('is not ranked where nobody is waited for', async () => {
    const handle = await bed.distill({}, { approveAs: 'ana' });
    await handle.result();
    expect(bed.standIns.inputs(handle.workflowId, 'rankDoubts')).toEqual([]);
  });

  it('does not keep the gate closed when the ranking fails', async () => {
    const rankDoubts = async () => {
      throw ApplicationFailure.nonRetryable('the disk is full');
    };
    const handle = await bed.distill({ rankDoubts });
    const { waitingFor } = await atGate(handle, 'labels');
    expect(waitingFor?.evidence).toContain('There is no review queue: the disk is full');
    const revision = { guideline: 'Be strict.', doubted: true };
    await handle.signal('revise', { gate: 'labels', reviewer: 'ana', revision });
    const again = await progressWhen(handle, (now) => now.waitingFor !== null && now.revisions.length === 1);
    expect(again.waitingFor?.evidence).toContain('page and files show those before the revision: the disk is full');
    await handle.terminate();
  });
});

describe('a run that is reset', () => {
  async function reset(handle: WorkflowHandle): Promise<WorkflowHandle> {
    const flags = ['--address', bed.environment.address, '--workflow-id', handle.workflowId];
    const point = ['--type', 'FirstWorkflowTask', '--reason', 'to see'];
    await promisify(execFile)(bed.serverBinary, ['workflow', 'reset', ...flags, ...point]);
    return bed.client.getHandle(handle.workflowId);
  }

  it('ends the shard of its former self before it starts its own', async () => {
    let released = false;
    const annotateChunk = (input: ChunkInput) => busyChunk(bed.standIns, input, () => released);
    const handle = await bed.distill({ annotateChunk }, { approveAs: 'ana' });
    await progressWhen(handle, () => bed.standIns.inputs(handle.workflowId, 'annotateChunk').length === 2);
    const again = await reset(handle);
    await progressWhen(again, () => bed.standIns.inputs(handle.workflowId, 'annotateChunk').length === 4);
    released = true;
    expect(DistillationResult.parse(await again.result()).annotation.calls).toBe(120);
    const controls = bed.standIns.inputs(handle.workflowId, 'setControl').map(({ state }) => state);
    expect(controls).toEqual(['running', 'cancelled', 'running']);
  });

  it('waits at its gate again', async () => {
    const handle = await bed.distill();
    await atGate(handle, 'labels');
    const again = await reset(handle);
    await atGate(again, 'labels');
    await again.signal('approve', { gate: 'labels', reviewer: 'ana' });
    await atGate(again, 'deployment');
    await again.terminate();
  });
});

describe('input that is not right', () => {
  const MEND = '{"task": "financial-sentiment", "corpus": "/data/texts.jsonl"}';

  async function failureFor(args: unknown[]) {
    const workflowId = `bad-${randomUUID()}`;
    const handle = await bed.client.start('distillation', { workflowId, taskQueue: TASK_QUEUES.orchestrator, args });
    const { type, message } = await failureOf(handle);
    expect(bed.standIns.inputs(workflowId, 'prepare')).toEqual([]);
    return { type, message };
  }

  it.each([
    ['none at all', [], ['the input is empty']],
    ['null', [null], ['the input is empty']],
    ['a string', ['complaints'], ['received "complaints"; give an object']],
    ['a list', [[1, 2]], ['give an object']],
    ['an unknown key', [{ ...INPUT, tusk: 1 }], ['tusk: unknown key; did you mean "task"?']],
    ['a missing key', [{ task: 'complaints' }], ['corpus: missing']],
    ['a wrong type', [{ task: 5, corpus: '/texts.jsonl' }], ['task: received 5; give a string or an object']],
    ['an unknown key of the corpus', [{ task: 'x', corpus: { path: 'a', textColum: 'b' } }], ['corpus.textColum']],
  ])('fails the run at once when it is %s', async (_, args, mends) => {
    const { type, message } = await failureFor(args);
    expect(type).toBe('InvalidInput');
    for (const mend of [...mends, MEND]) expect(message).toContain(mend);
  });

  it('fails the run when the plain Temporal CLI started it, too', async () => {
    const workflowId = `bad-${randomUUID()}`;
    const flags = ['--address', bed.environment.address, '--type', 'distillation', '--workflow-id', workflowId];
    const input = ['--task-queue', TASK_QUEUES.orchestrator, '--input', '{"tusk":1}'];
    await promisify(execFile)(bed.serverBinary, ['workflow', 'start', ...flags, ...input]);
    const { message, type } = await failureOf(bed.client.getHandle(workflowId));
    expect(type).toBe('InvalidInput');
    expect(message).toContain('tusk: unknown key; did you mean "task"?');
  });

  it('that only prepare can find fails the run with the message of prepare', async () => {
    const prepare = async () => {
      throw failure('InvalidInput', 'corpus: /texts.jsonl is not there');
    };
    const { message, type } = await failureOf(await bed.distill({ prepare }));
    expect({ message, type }).toEqual({ type: 'InvalidInput', message: 'corpus: /texts.jsonl is not there' });
  });
});

describe('redistillation', () => {
  async function redistill(taskName: string, answers: Parameters<WorkflowBed['distill']>[0] = {}) {
    const workflowId = `schedule-${randomUUID()}`;
    bed.standIns.answer(workflowId, { nameTask: async () => ({ taskName }) });
    bed.standIns.answer(`redistillation.${taskName}`, answers);
    const args = [{ ...INPUT, approveAs: 'ana', set: { 'votes.stop': 'majority' } }];
    const handle = await bed.client.start('redistillation', {
      workflowId,
      taskQueue: TASK_QUEUES.orchestrator,
      args,
    });
    return { handle, run: bed.client.getHandle(`redistillation.${taskName}`) };
  }

  it('distills in a run that is named after the task', async () => {
    const { handle } = await redistill('birds');
    const result = DistillationResult.parse(await handle.result());
    expect(result.workflowId).toBe('redistillation.birds');
    expect(bed.standIns.inputs(handle.workflowId, 'nameTask')).toEqual([
      { task: 'complaints', set: { 'votes.stop': 'majority' }, store: null },
    ]);
  });

  it('refuses to start while the last one is at work, and says where', async () => {
    let released = false;
    const vote = async () => {
      while (!released) await new Promise((resolve) => setTimeout(resolve, 50));
      return VOTED;
    };
    const first = await redistill('cats', { vote });
    await progressWhen(first.run, ({ stage }) => stage === 'vote');
    const second = await redistill('cats', { vote });
    const { message, type } = await failureOf(second.handle);
    expect(type).toBe('InvalidInput');
    expect(message).toContain('still at work, perhaps waiting for a person: see the workflow redistillation.cats');
    released = true;
    await first.handle.result();
  });

  it('fails as its run does, with what the run had reached', async () => {
    const vote = async () => {
      throw failure('ArtifactDamaged', 'the labels are damaged');
    };
    const { handle } = await redistill('dogs', { vote });
    const { details, message, type } = await failureOf(handle);
    expect({ type, message }).toEqual({ type: 'ArtifactDamaged', message: 'the labels are damaged' });
    expect(DistillationResult.parse(details?.[0])).toMatchObject({ workflowId: 'redistillation.dogs' });
  });

  it('is cancelled together with its run', async () => {
    const { handle, run } = await redistill('eels', { vote: untilCancelled });
    await progressWhen(run, ({ stage }) => stage === 'vote');
    await handle.cancel();
    expect(await endOf(handle)).toBe('CANCELLED');
    expect(await statusOf(run)).toBe('CANCELLED');
  });

  it('fails when only its run is cancelled', async () => {
    const { handle, run } = await redistill('frogs', { vote: untilCancelled });
    await progressWhen(run, ({ stage }) => stage === 'vote');
    await run.cancel();
    const { message, type } = await failureOf(handle);
    expect(type).toBe('Cancelled');
    expect(message).toContain('redistillation.frogs: somebody cancelled it');
  });

  it('refuses input that is not right', async () => {
    const workflowId = `bad-${randomUUID()}`;
    const options = { workflowId, taskQueue: TASK_QUEUES.orchestrator, args: [{}] };
    const { type } = await failureOf(await bed.client.start('redistillation', options));
    expect(type).toBe('InvalidInput');
  });
});

async function endOf(handle: WorkflowHandle): Promise<string> {
  await handle.result().catch(() => undefined);
  return statusOf(handle);
}
