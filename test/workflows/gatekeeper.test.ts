import { randomUUID } from 'node:crypto';
import { type WorkflowHandle, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { DistillationResult, GateOutcome, type PreparedRun } from '../../src/contracts/index.js';
import { NO_LIMIT } from '../../src/voting/index.js';
import { check, preparedRun } from './prepared-run.js';
import {
  type Activities,
  busyChunk,
  chunkResult,
  countsOf,
  failure,
  RANKED,
  REVISED,
  VOTED,
} from './stand-in-activities.js';
import {
  askProgress,
  atGate,
  eventually,
  failureOf,
  metadataOf,
  progressWhen,
  statusOf,
  WorkflowBed,
} from './workflow-bed.js';

const HOUR_MS = 3_600_000;

let bed: WorkflowBed;
beforeAll(async () => {
  bed = await WorkflowBed.start();
});
afterAll(() => bed?.stop());

/** A run that waits at the gate `labels`. */
async function runAtLabels(answers: Partial<Activities> = {}): Promise<WorkflowHandle> {
  const handle = await bed.distill(answers);
  await atGate(handle, 'labels');
  return handle;
}

/** A prepared run whose gate `labels` has these times. */
function withTimes(deadlineMs: number, reminderMs: number): Partial<Activities> {
  return {
    prepare: async ({ workflowId }): Promise<PreparedRun> => {
      const prepared = preparedRun(workflowId);
      prepared.gates.labels.deadlineHours = deadlineMs / HOUR_MS;
      prepared.gates.labels.reminderHours = reminderMs / HOUR_MS;
      return prepared;
    },
  };
}

const FAILED_CHECK: Partial<Activities> = { vote: async () => ({ ...VOTED, checks: [check('alpha', false)] }) };

/** The literal payloads that people type. */
const LABELS_BY_ANA = JSON.parse('{"gate":"labels","reviewer":"ana"}');
const DEPLOYMENT_BY_BEN = JSON.parse('{"gate":"deployment","reviewer":"ben"}');

function decide(handle: WorkflowHandle, decision: unknown): Promise<GateOutcome> {
  return handle.executeUpdate<GateOutcome, [unknown]>('decide', { args: [decision] });
}

async function refusalOf(update: Promise<unknown>): Promise<ApplicationFailure> {
  const error: unknown = await update.then(
    () => new Error('the update was taken'),
    (reason: unknown) => reason,
  );
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) return error.cause;
  throw error;
}

/** The review workflow of the gate `labels`, once it is there. */
async function reviewOf(handle: WorkflowHandle): Promise<WorkflowHandle> {
  const review = bed.client.getHandle(`${handle.workflowId}.review-labels`);
  await eventually(async () => (await board(review)).includes(handle.workflowId));
  return review;
}

async function board(handle: WorkflowHandle): Promise<string> {
  const metadata = await metadataOf(handle).catch((error: unknown) => {
    if (error instanceof WorkflowNotFoundError) return { currentDetails: '' };
    throw error;
  });
  return metadata.currentDetails;
}

async function end(handle: WorkflowHandle): Promise<void> {
  await handle.terminate();
}

describe('the signals approve and reject', () => {
  it('approve gate by gate to a deployment', async () => {
    const handle = await runAtLabels();
    await handle.signal('approve', LABELS_BY_ANA);
    await atGate(handle, 'deployment');
    await handle.signal('approve', DEPLOYMENT_BY_BEN);
    const { deployment, gates } = DistillationResult.parse(await handle.result());
    expect(deployment?.version).toBe(1);
    expect(gates.labels).toMatchObject({ decision: 'approve', reviewer: 'ana', automatic: false });
    expect(gates.deployment).toMatchObject({ decision: 'approve', reviewer: 'ben', automatic: false });
    expect(bed.standIns.inputs(handle.workflowId, 'deploy')).toEqual([expect.objectContaining({ approvedBy: 'ben' })]);
  });

  it('sent twice for labels do not approve deployment, and the second is shown as ignored', async () => {
    const handle = await runAtLabels();
    await Promise.all([handle.signal('approve', LABELS_BY_ANA), handle.signal('approve', LABELS_BY_ANA)]);
    const { ignored } = await atGate(handle, 'deployment');
    expect(ignored).toEqual(['signal approve: the gate "labels" was decided already: approved by ana']);
    expect(await board(handle)).toContain('> Ignored: signal approve: the gate "labels" was');
    await end(handle);
  });

  it('for a gate that is not open are ignored, before and at another gate', async () => {
    let opened = false;
    const vote = async () => {
      while (!opened) await new Promise((resolve) => setTimeout(resolve, 20));
      return VOTED;
    };
    const handle = await bed.distill({ vote });
    await progressWhen(handle, ({ stage }) => stage === 'vote');
    await handle.signal('approve', LABELS_BY_ANA);
    opened = true;
    await atGate(handle, 'labels');
    await handle.signal('approve', DEPLOYMENT_BY_BEN);
    const { ignored, waitingFor } = await progressWhen(handle, (now) => now.ignored.length === 2);
    expect(waitingFor?.gate).toBe('labels');
    expect(ignored).toEqual([
      'signal approve: the gate "labels" is not open; no gate is open now',
      'signal approve: the gate "deployment" is not open; the open gate is "labels"',
    ]);
    await end(handle);
  });

  it('without a payload, or with a wrong one, are ignored with what would do', async () => {
    const handle = await runAtLabels();
    await handle.signal('approve');
    await handle.signal('approve', 'labels');
    const { ignored, waitingFor } = await progressWhen(handle, (now) => now.ignored.length === 2);
    expect(waitingFor?.gate).toBe('labels');
    expect(ignored[0]).toContain('gate: missing');
    expect(ignored[0]).toContain('{"gate":"labels","reviewer":"ana"}');
    expect(ignored[1]).toContain('give an object');
    await end(handle);
  });

  it('of names that nobody listens to are ignored with the name that may be meant', async () => {
    const handle = await runAtLabels();
    await handle.signal('aprove', LABELS_BY_ANA);
    await handle.signal('go');
    const { ignored, waitingFor } = await progressWhen(handle, (now) => now.ignored.length === 2);
    expect(waitingFor?.gate).toBe('labels');
    expect(ignored).toEqual([
      'signal "aprove": there is none of this name; did you mean approve?',
      'signal "go": there is none of this name; a run takes approve, reject, revise, pause, resume, raiseBudget',
    ]);
    expect(await board(handle)).toContain('> Ignored: signal "aprove"');
    await end(handle);
  });

  it('reject fails the run as Rejected, with what it had reached', async () => {
    const handle = await runAtLabels();
    await handle.signal('reject', { ...LABELS_BY_ANA, note: 'too many errors' });
    const { details, message, type } = await failureOf(handle);
    expect({ type, message }).toEqual({
      type: 'Rejected',
      message: 'gate "labels": rejected by ana: too many errors',
    });
    const reached = DistillationResult.parse(details?.[0]);
    expect(reached.gates.labels).toMatchObject({ decision: 'reject', reviewer: 'ana', note: 'too many errors' });
    expect(reached.labels?.uri).toBe('file:///store/vote/labels.jsonl');
    expect(reached.student).toBeNull();
    expect(await board(handle)).toContain('**Ended**: gate "labels": rejected by ana: too many errors');
    expect(bed.standIns.inputs(handle.workflowId, 'recordOutcome')).toEqual([
      expect.objectContaining({ failure: expect.objectContaining({ type: 'Rejected' }) }),
    ]);
  });
});

describe('the update decide', () => {
  it('answers with the outcome', async () => {
    const handle = await runAtLabels();
    const outcome = GateOutcome.parse(await decide(handle, { ...LABELS_BY_ANA, decision: 'approve', note: 'fine' }));
    expect(outcome).toMatchObject({ decision: 'approve', reviewer: 'ana', note: 'fine', checks: VOTED.checks });
    const { gates } = await atGate(handle, 'deployment');
    expect(gates.labels).toEqual(outcome);
    await end(handle);
  });

  it('is refused with a message that says what would do, and the gate stays open', async () => {
    const handle = await runAtLabels(FAILED_CHECK);
    const refusals = await Promise.all(
      [
        undefined,
        { gate: 'labels', reviewer: 'ana' },
        { ...LABELS_BY_ANA, decision: 'approve', extra: 1 },
        { ...DEPLOYMENT_BY_BEN, decision: 'approve' },
        { ...LABELS_BY_ANA, decision: 'approve' },
      ].map((decision) => refusalOf(decide(handle, decision))),
    );
    expect(refusals.map(({ type }) => type)).toEqual(Array.from({ length: 5 }, () => 'InvalidInput'));
    expect(refusals.map(({ message }) => message)).toEqual([
      expect.stringContaining('gate: missing'),
      expect.stringContaining('decision: missing; give "approve" or "reject"'),
      expect.stringContaining('extra: unknown key'),
      'the gate "deployment" is not open; the open gate is "labels"',
      'these checks failed: alpha. Approving against them needs a note that says why',
    ]);
    expect((await askProgress(handle)).waitingFor?.gate).toBe('labels');
    await end(handle);
  });

  it('counts once when it is sent twice with the same decisionId', async () => {
    const handle = await runAtLabels();
    const decision = { ...LABELS_BY_ANA, decision: 'approve', decisionId: randomUUID() };
    const first = await decide(handle, decision);
    await atGate(handle, 'deployment');
    expect(await decide(handle, decision)).toEqual(first);
    expect((await askProgress(handle)).waitingFor?.gate).toBe('deployment');
    await end(handle);
  });

  it('passes a failed check with a note', async () => {
    const handle = await runAtLabels(FAILED_CHECK);
    const { waitingFor } = await askProgress(handle);
    expect(waitingFor?.approveCommand).toContain('"note":"WHY"');
    await decide(handle, { ...LABELS_BY_ANA, decision: 'approve', note: 'alpha does not matter here' });
    await atGate(handle, 'deployment');
    await end(handle);
  });

  it('rejects the run, and its caller still gets the answer', async () => {
    const handle = await runAtLabels();
    const outcome = await decide(handle, { ...LABELS_BY_ANA, decision: 'reject' });
    expect(outcome).toMatchObject({ decision: 'reject', reviewer: 'ana' });
    expect((await failureOf(handle)).type).toBe('Rejected');
  });
});

describe('a gate that waits', () => {
  it('says what it waits for, until when, and the commands that decide', async () => {
    const handle = await runAtLabels();
    const { stage, waitingFor } = await askProgress(handle);
    expect(stage).toBe('labels gate');
    const evidence = `${VOTED.evidence}\n\n${RANKED.evidence}`;
    expect(waitingFor).toMatchObject({ gate: 'labels', checks: VOTED.checks, evidence });
    // The default deadline is a week.
    const daysLeft = (Date.parse(waitingFor?.deadline ?? '') - Date.now()) / (24 * HOUR_MS);
    expect(daysLeft).toBeGreaterThan(6.99);
    expect(daysLeft).toBeLessThanOrEqual(7);
    const command = `temporal workflow update execute -w ${handle.workflowId} --name decide --input `;
    expect(waitingFor?.approveCommand).toBe(
      `${command}'{"gate":"labels","decision":"approve","reviewer":"YOUR-NAME"}'`,
    );
    expect(waitingFor?.rejectCommand).toBe(
      `${command}'{"gate":"labels","decision":"reject","reviewer":"YOUR-NAME","note":"WHY"}'`,
    );
    expect(await board(handle)).toContain('## Waiting for you: gate `labels`');
    await end(handle);
  });

  it('is shown by a review workflow, too, which ends with the decision', async () => {
    const handle = await runAtLabels();
    const review = await reviewOf(handle);
    expect(await board(review)).toContain(VOTED.evidence);
    await review.signal('approve', LABELS_BY_ANA);
    const ignored = `> Ignored: signal "approve": nobody decides here; send it to ${handle.workflowId}`;
    await eventually(async () => (await board(review)).includes(ignored));
    expect((await askProgress(handle)).waitingFor?.gate).toBe('labels');
    await handle.signal('approve', LABELS_BY_ANA);
    expect(await review.result()).toBe('decided');
    await atGate(handle, 'deployment');
    await end(handle);
  });

  it('shows on both boards what the review page tells, and nothing of it that does not fit or comes too late', async () => {
    const handle = await runAtLabels();
    const review = await reviewOf(handle);
    const news = {
      ...{ page: 'http://127.0.0.1:7400/runs/run', gone: null },
      ...{ suggested: 30, decided: 17, changed: 9, audited: null, certificate: null, at: new Date().toISOString() },
    };
    const both = [handle, review];
    for (const each of both) {
      await each.signal('reviewNews', news);
      await each.signal('reviewNews', { ...news, page: 'javascript:alert(1)', decided: 18 });
      await eventually(async () => (await board(each)).includes('17 decided in the fix queue'));
      expect(await board(each)).toContain('<http://127.0.0.1:7400/runs/run>');
      expect(await board(each)).not.toContain('javascript');
    }
    expect((await askProgress(handle)).waitingFor?.review).toEqual(news);
    await handle.signal('approve', LABELS_BY_ANA);
    await atGate(handle, 'deployment');
    await handle.signal('reviewNews', news);
    expect((await askProgress(handle)).waitingFor?.review).toBeNull();
    await end(handle);
  });

  it('rejects the run when its deadline passes', async () => {
    const handle = await bed.distill(withTimes(400, HOUR_MS));
    const { details, message, type } = await failureOf(handle);
    expect(type).toBe('Rejected');
    expect(message).toContain('rejected automatically by deadline');
    expect(DistillationResult.parse(details?.[0]).gates.labels).toMatchObject({
      decision: 'reject',
      reviewer: 'deadline',
      automatic: true,
    });
  });

  it('reminds on the board until it is decided', async () => {
    const handle = await bed.distill(withTimes(HOUR_MS, 300));
    await progressWhen(handle, ({ waitingFor }) => (waitingFor?.remindersSent ?? 0) >= 2);
    expect(await board(handle)).toMatch(/\*\*Reminder [2-9]\.\*\*/);
    await handle.signal('approve', LABELS_BY_ANA);
    const { waitingFor } = await atGate(handle, 'deployment');
    expect(waitingFor?.remindersSent).toBe(0);
    await end(handle);
  });

  it('tells a webhook that it waits and at each reminder, and a second one from the escalation on', async () => {
    const times = withTimes(HOUR_MS, 300);
    const handle = await bed.distill({
      prepare: async (input) => {
        const prepared = await (times.prepare as Activities['prepare'])(input);
        Object.assign(prepared.gates.labels, {
          webhookEnv: 'TEAM_HOOK',
          escalateHours: 500 / HOUR_MS,
          escalateWebhookEnv: 'BOSS_HOOK',
        });
        return prepared;
      },
    });
    const { workflowId } = handle;
    await eventually(() =>
      bed.standIns.inputs(workflowId, 'notify').some(({ webhookEnv }) => webhookEnv === 'BOSS_HOOK'),
    );
    await eventually(async () => (await board(await reviewOf(handle))).includes('**Escalated.**'));
    const told = bed.standIns.inputs(workflowId, 'notify').map(({ notice, webhookEnv }) => ({ ...notice, webhookEnv }));
    const opened = { reminder: 0, escalated: false, gate: 'labels', task: 'complaints', workflowId };
    expect(told[0]).toMatchObject({ webhookEnv: 'TEAM_HOOK', ...opened });
    for (const { escalated, reminder, webhookEnv } of told) {
      const others = told.filter((each) => each.reminder === reminder && each.webhookEnv !== webhookEnv);
      if (webhookEnv === 'BOSS_HOOK')
        expect({ escalated, others: others.length }).toEqual({ escalated: true, others: 1 });
      else if (!escalated) expect(others).toEqual([]);
    }
    expect(told[0]?.text).toContain(told[0]?.approveCommand);
    await end(handle);
  });

  it('does not hang on a webhook that fails, and says so', async () => {
    const handle = await bed.distill({
      prepare: async ({ workflowId }) => {
        const prepared = preparedRun(workflowId);
        prepared.gates.labels.webhookEnv = 'TEAM_HOOK';
        return prepared;
      },
      notify: async () => {
        throw failure('InvalidInput', 'TEAM_HOOK is not set');
      },
    });
    await atGate(handle, 'labels');
    await eventually(async () => (await board(await reviewOf(handle))).includes('TEAM\\_HOOK is not set'));
    await handle.signal('approve', LABELS_BY_ANA);
    await atGate(handle, 'deployment');
    await end(handle);
  });

  it('stays open when its review workflow is terminated', async () => {
    const handle = await runAtLabels();
    await (await reviewOf(handle)).terminate();
    await decide(handle, { ...LABELS_BY_ANA, decision: 'approve' });
    await atGate(handle, 'deployment');
    await end(handle);
  });

  it('is left when the run is cancelled, and so is its review', async () => {
    const handle = await runAtLabels();
    const review = await reviewOf(handle);
    await handle.cancel();
    await handle.result().catch(() => undefined);
    expect(await statusOf(handle)).toBe('CANCELLED');
    expect(await statusOf(review)).toBe('CANCELLED');
  });

  it('survives a restart of the workers', async () => {
    const handle = await runAtLabels();
    await bed.stopWorkers();
    await handle.signal('approve', LABELS_BY_ANA);
    await bed.startWorkers();
    const { gates } = await atGate(handle, 'deployment');
    expect(gates.labels).toMatchObject({ decision: 'approve', reviewer: 'ana' });
    await handle.signal('approve', DEPLOYMENT_BY_BEN);
    expect(DistillationResult.parse(await handle.result()).deployment?.version).toBe(1);
  });
});

describe('corrections', () => {
  const corrections = 'store:fixed.jsonl';
  const corrected = { ...VOTED.summary, labels: { ...VOTED.summary.labels, path: 'vote/corrected.jsonl' } };
  const mended: Partial<Activities> = {
    ...FAILED_CHECK,
    applyCorrections: async () => ({ ...VOTED, summary: corrected, changed: 3 }),
  };

  it('replace the labels that the student learns', async () => {
    const handle = await runAtLabels(mended);
    const outcome = await decide(handle, { ...LABELS_BY_ANA, decision: 'approve', corrections });
    expect(outcome).toMatchObject({ decision: 'approve', corrections, checks: VOTED.checks });
    await atGate(handle, 'deployment');
    const { workflowId } = handle;
    expect(bed.standIns.inputs(workflowId, 'applyCorrections')).toEqual([
      expect.objectContaining({ corrections, reviewer: 'ana', summary: VOTED.summary }),
    ]);
    expect(bed.standIns.inputs(workflowId, 'distill')).toEqual([expect.objectContaining({ labels: corrected.labels })]);
    expect(await board(handle)).toContain('3 corrected by ana');
    await end(handle);
  });

  it('come with the signal approve, too', async () => {
    const handle = await runAtLabels(mended);
    await handle.signal('approve', { ...LABELS_BY_ANA, corrections });
    const { gates } = await atGate(handle, 'deployment');
    expect(gates.labels?.corrections).toBe(corrections);
    await end(handle);
  });

  it('that can not be used leave the gate open, and the answer says why', async () => {
    const handle = await runAtLabels({
      applyCorrections: async () => {
        throw failure('InvalidInput', 'line 3: the label "prais" is not one of the task; did you mean "praise"?');
      },
    });
    const { message, type } = await refusalOf(decide(handle, { ...LABELS_BY_ANA, decision: 'approve', corrections }));
    expect(type).toBe('InvalidInput');
    expect(message).toContain('did you mean "praise"?');
    await handle.signal('approve', { ...LABELS_BY_ANA, corrections });
    const { ignored, waitingFor } = await progressWhen(handle, (now) => now.ignored.length === 1);
    expect(ignored[0]).toContain('did you mean "praise"?');
    expect(waitingFor?.gate).toBe('labels');
    await end(handle);
  });

  it('that do not mend the checks are kept, shown, and need a note to pass', async () => {
    const handle = await runAtLabels({
      ...FAILED_CHECK,
      applyCorrections: async () => ({
        checks: [check('gold accuracy', false)],
        evidence: 'Corrected.',
        summary: corrected,
        changed: 1,
      }),
    });
    const { message } = await refusalOf(decide(handle, { ...LABELS_BY_ANA, decision: 'approve', corrections }));
    expect(message).toContain('the corrections are in, but these checks failed: gold accuracy');
    const { waitingFor } = await askProgress(handle);
    expect(waitingFor?.evidence).toBe('Corrected.');
    expect(waitingFor?.checks.map(({ name }) => name)).toEqual(['gold accuracy']);
    await decide(handle, { ...LABELS_BY_ANA, decision: 'approve', note: 'good enough' });
    await atGate(handle, 'deployment');
    expect(bed.standIns.inputs(handle.workflowId, 'distill')).toEqual([
      expect.objectContaining({ labels: corrected.labels }),
    ]);
    await end(handle);
  });

  it('that came in time count, even when they are read past the deadline', async () => {
    const handle = await bed.distill({
      ...withTimes(3000, HOUR_MS),
      applyCorrections: async () => {
        await new Promise((resolve) => setTimeout(resolve, 4000));
        return { ...VOTED, changed: 3 };
      },
    });
    await atGate(handle, 'labels');
    const outcome = await decide(handle, { ...LABELS_BY_ANA, decision: 'approve', corrections });
    expect(outcome.reviewer).toBe('ana');
    const { gates } = await atGate(handle, 'deployment');
    expect(gates.labels).toEqual(outcome);
    await end(handle);
  });
});

describe('a revised guideline', () => {
  const revision = { guideline: 'Be strict.', doubted: true };
  const BY_ANA = { gate: 'labels', decision: 'revise', reviewer: 'ana', note: 'too kind', revision };
  const reranked: Activities['rankDoubts'] = async (input) => ({
    ...RANKED,
    evidence: `ranked ${input.revision?.number}`,
  });

  it('asks the teacher again within the budget, counts the votes again, and opens the gate anew', async () => {
    const budget = { ...NO_LIMIT, calls: 150 };
    const handle = await runAtLabels({
      prepare: async ({ workflowId }) => preparedRun(workflowId, { budget, searchAttributes: true }),
      rankDoubts: reranked,
    });
    const { workflowId } = handle;
    const first = await askProgress(handle);
    const decided = await decide(handle, { ...BY_ANA, decisionId: 'once' });
    expect(GateOutcome.parse(decided)).toMatchObject({
      ...{ decision: 'revise', reviewer: 'ana', note: 'too kind', automatic: false },
      revision: { number: 1, texts: 10, callsAtMost: 30 },
    });
    const again = await progressWhen(handle, (now) => now.waitingFor !== null && now.revisions.length === 1);
    expect(again.waitingFor?.deadline).not.toBe(first.waitingFor?.deadline);
    expect(again).toMatchObject({ stage: 'labels gate', texts: { done: 40, total: 40 }, annotation: { calls: 150 } });

    const [asked] = bed.standIns.inputs(workflowId, 'prepareRevision');
    // Of 150 calls the four chunks took 120.
    expect(asked).toMatchObject({
      ...{ number: 1, labels: VOTED.summary.labels, left: { calls: 30, tokens: null, micros: null } },
      decision: { reviewer: 'ana', note: 'too kind', revision: { ...revision, labels: [], examples: 0 } },
    });
    const chunks = bed.standIns.inputs(workflowId, 'annotateChunk');
    expect(chunks).toHaveLength(5);
    expect(chunks[4]).toMatchObject({ chunk: 0, grant: { calls: 30 } });
    expect(chunks[4]?.prepared.run.folder).toMatch(/\/revisions\/1$/);
    expect(bed.standIns.inputs(workflowId, 'vote')[1]).toMatchObject({
      revised: { runs: [{ number: 1 }], before: VOTED.summary },
    });
    expect(again.revisions).toEqual([
      {
        ...{ number: 1, texts: 10, goldTexts: 0, decided: 0, examples: 0, callsAtMost: 30 },
        ...{ reviewer: 'ana', note: 'too kind', at: decided.at, ...REVISED },
        ...{ calls: 30, reused: 0, spentMicros: 300 },
      },
    ]);
    const shown = await board(handle);
    expect(shown).toContain('revision 1 by ana: 10 texts asked about again, 4 labels changed, $0.0003');
    expect(shown).toContain('| praise | complaint | 4 |');
    expect(shown).toContain('agree in 90.0 % of cases, before in 50.0 %');
    expect(shown).toContain('ranked 1');
    // Sent again, it counts once.
    expect(await decide(handle, { ...BY_ANA, decisionId: 'once' })).toEqual(decided);

    await handle.signal('approve', LABELS_BY_ANA);
    await atGate(handle, 'deployment');
    await handle.signal('approve', DEPLOYMENT_BY_BEN);
    const result = DistillationResult.parse(await handle.result());
    expect(result.revisions).toEqual(again.revisions);
    expect(result.gates.labels).toMatchObject({ decision: 'approve', reviewer: 'ana' });
    expect(result.annotation.calls).toBe(150);
    const [evaluated] = bed.standIns.inputs(workflowId, 'evaluate');
    expect(evaluated).toMatchObject({ spentMicros: 1500, textsAnnotated: 40 });
  });

  it('can be revised again, by a signal, and waits for budget as any asking does', async () => {
    const budget = { ...NO_LIMIT, calls: 170 };
    const handle = await runAtLabels({
      prepare: async ({ workflowId }) => preparedRun(workflowId, { budget, budgetDeadlineMs: HOUR_MS }),
      annotateChunk: async ({ chunk, grant }) => {
        const calls = Math.min(30, grant.calls ?? 30);
        return chunkResult(chunk, {
          complete: calls === 30,
          counts: countsOf({ calls, texts: Math.floor(calls / 3) }),
        });
      },
    });
    const signal = { gate: 'labels', reviewer: 'ana', revision };
    await handle.signal('revise', signal);
    await progressWhen(handle, (now) => now.waitingFor !== null && now.revisions.length === 1);
    await handle.signal('revise', { ...signal, revision: { guideline: 'Be kind.', labels: ['praise'] } });
    // 20 calls are left, which are 6 texts of ten.
    const short = await progressWhen(handle, (now) => Boolean(now.budget?.waiting));
    expect(short).toMatchObject({ stage: 'annotate', texts: { done: 6, total: 10 }, annotation: { calls: 170 } });
    expect(short.budget?.waiting?.suggested).toEqual({ calls: 14 });
    expect(await board(handle)).toContain('6 of 10 texts');
    await handle.executeUpdate('raiseBudget', { args: [{ calls: 14, reviewer: 'ben' }] });
    const { revisions } = await progressWhen(handle, (now) => now.waitingFor !== null && now.revisions.length === 2);
    expect(revisions.map(({ calls, number }) => [number, calls])).toEqual([
      [1, 30],
      [2, 30],
    ]);
    const votes = bed.standIns.inputs(handle.workflowId, 'vote');
    expect(votes[2]?.revised?.runs.map(({ number }) => number)).toEqual([1, 2]);
    await end(handle);
  });

  it('is refused while it is wrong, and the gate stays open', async () => {
    const handle = await runAtLabels({
      prepareRevision: async () => {
        throw failure('InvalidInput', 'revision: it concerns no text');
      },
    });
    const refused = (changes: object) => refusalOf(decide(handle, { ...BY_ANA, ...changes }));
    expect(await refused({ revision: { guideline: 'x', labels: ['prase'] } })).toMatchObject({
      type: 'InvalidInput',
      message: 'revision.labels: the task has no label "prase"; did you mean "praise"?',
    });
    expect((await refused({ revision: { guideline: 'x' } })).message).toContain('say which texts');
    expect((await refused({ revision: null })).message).toContain('revision: missing');
    expect(bed.standIns.inputs(handle.workflowId, 'prepareRevision')).toEqual([]);
    expect(await refused({})).toMatchObject({ type: 'InvalidInput', message: 'revision: it concerns no text' });
    await handle.signal('revise', { gate: 'labels', reviewer: 'ana', revision });
    const { ignored, waitingFor } = await progressWhen(handle, (now) => now.ignored.length === 1);
    expect(ignored[0]).toBe('signal revise: revision: it concerns no text');
    expect(waitingFor?.gate).toBe('labels');
    await handle.signal('approve', LABELS_BY_ANA);
    await atGate(handle, 'deployment');
    expect((await refused({ gate: 'deployment' })).message).toContain('revised at the gate "labels"');
    await end(handle);
  });

  it('that is cancelled while it is asked tells what was spent', async () => {
    const handle = await runAtLabels({
      annotateChunk: (input) =>
        input.prepared.run.folder.endsWith('/revisions/1')
          ? busyChunk(bed.standIns, input)
          : bed.standIns.usual('annotateChunk')(input),
    });
    await decide(handle, BY_ANA);
    await progressWhen(handle, () => bed.standIns.inputs(handle.workflowId, 'annotateChunk').length === 5);
    expect(await refusalOf(decide(handle, { gate: 'labels', decision: 'approve', reviewer: 'ben' }))).toMatchObject({
      message: expect.stringContaining('is closed while the teacher is asked again for the revision of ana'),
    });
    await handle.cancel();
    await handle.result().catch(() => undefined);
    expect(await statusOf(handle)).toBe('CANCELLED');
    const [settled] = bed.standIns.inputs(handle.workflowId, 'settleRun');
    expect(settled?.prepared.run.folder).toMatch(/\/revisions\/1$/);
    // 120 calls, and the 7 of the revision.
    expect((await askProgress(handle)).annotation.calls).toBe(127);
  });
});
