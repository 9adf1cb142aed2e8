import type { GateDecision } from '../../src/contracts/index.js';
import { Gates, type LabelActions, type ReadDecision, readSignal, readUpdate } from '../../src/workflows/gates.js';
import { check } from './prepared-run.js';

const NOW = () => new Date('2026-01-02T03:04:05Z');
const PASSED = [check('alpha', true)];
const FAILED = [check('alpha', true), check('gold accuracy', false)];

function decision(changes: Partial<GateDecision> = {}): GateDecision {
  const given = { gate: 'labels', decision: 'approve', reviewer: 'ana', note: '', corrections: null, decisionId: null };
  return { ...given, revision: null, ...changes } as GateDecision;
}

const REVISION = { guideline: 'Be strict.', doubted: true, labels: [], examples: 0 };
const PLAN = { number: 1, texts: 5, goldTexts: 1, decided: 2, examples: 0, callsAtMost: 15 };

function gatesAt(
  gate: 'labels' | 'deployment',
  checks = PASSED,
  correct: (() => typeof PASSED) | null = null,
  revise: LabelActions['revise'] = async () => PLAN,
): Gates {
  const gates = new Gates();
  const labels = ['praise', 'complaint'];
  gates.openGate(gate, checks, correct && { labels, correct: async () => correct(), revise });
  return gates;
}

function problemOf(read: ReadDecision): string {
  if (read.ok) throw new Error('it was read');
  return read.problem;
}

describe('the payload of a decision', () => {
  it('is read from a signal as short as {"gate":"labels","reviewer":"ana"}', () => {
    const read = readSignal('approve', JSON.parse('{"gate":"labels","reviewer":"ana"}'));
    expect(read).toEqual({ ok: true, decision: decision() });
  });

  it('is read from an update', () => {
    const read = readUpdate({ gate: 'deployment', decision: 'reject', reviewer: ' ben ', note: 'no' });
    expect(read).toEqual({
      ok: true,
      decision: decision({ gate: 'deployment', decision: 'reject', reviewer: 'ben', note: 'no' }),
    });
  });

  it('is explained, with an example, when it is missing', () => {
    const problem = problemOf(readSignal('approve', undefined));
    expect(problem).toContain('gate: missing');
    expect(problem).toContain('reviewer: missing');
    expect(problem).toContain('{"gate":"labels","reviewer":"ana"}');
    expect(problemOf(readUpdate(undefined))).toContain('"decision":"approve"');
  });

  it('may not be another type, and says so', () => {
    expect(problemOf(readSignal('approve', 'labels'))).toContain('give an object');
    expect(problemOf(readUpdate([1]))).toContain('give an object');
  });

  it('may not hold other keys: a signal approve that says "reject" counts for nothing', () => {
    const problem = problemOf(readSignal('approve', { gate: 'labels', reviewer: 'ana', decision: 'reject' }));
    expect(problem).toContain('decision: unknown key');
    expect(problemOf(readUpdate({ ...decision(), reviever: 'ana' }))).toContain('did you mean "reviewer"?');
  });

  it('must name a gate that there is', () => {
    expect(problemOf(readSignal('approve', { gate: 'label', reviewer: 'ana' }))).toContain('did you mean "labels"?');
  });

  it('must name a reviewer', () => {
    expect(problemOf(readSignal('approve', { gate: 'labels', reviewer: '  ' }))).toContain('reviewer');
  });
});

describe('a decision', () => {
  it('is recorded with who, when, why and what the checks were', async () => {
    const gates = gatesAt('labels');
    const outcome = await gates.decide(decision({ note: 'looked at 20' }), NOW);
    expect(outcome).toEqual({
      decision: 'approve',
      reviewer: 'ana',
      note: 'looked at 20',
      automatic: false,
      at: '2026-01-02T03:04:05.000Z',
      corrections: null,
      checks: PASSED,
    });
    expect(gates.outcomes).toEqual({ labels: outcome });
  });

  it('has to name the gate that is open', () => {
    expect(gatesAt('labels').problemWith(decision({ gate: 'deployment' }))).toBe(
      'the gate "deployment" is not open; the open gate is "labels"',
    );
    expect(new Gates().problemWith(decision())).toBe('the gate "labels" is not open; no gate is open now');
  });

  it('has to come before the gate is closed', async () => {
    const gates = gatesAt('labels');
    gates.closeGate();
    expect(gates.problemWith(decision())).toContain('no gate is open now');
    await expect(gates.decide(decision(), NOW)).rejects.toMatchObject({ type: 'InvalidInput' });
  });

  it('is the only one of its gate', async () => {
    const gates = gatesAt('labels');
    await gates.decide(decision(), NOW);
    expect(gates.problemWith(decision({ decision: 'reject', reviewer: 'ben' }))).toBe(
      'the gate "labels" was decided already: approved by ana',
    );
  });

  it('needs a note to approve against a failed check, and none to reject', () => {
    const gates = gatesAt('labels', FAILED);
    expect(gates.problemWith(decision())).toContain('these checks failed: gold accuracy.');
    expect(gates.problemWith(decision({ note: '  ' }))).toContain('needs a note');
    expect(gates.problemWith(decision({ note: 'gold is wrong' }))).toBeNull();
    expect(gates.problemWith(decision({ decision: 'reject' }))).toBeNull();
  });
});

describe('a decisionId', () => {
  it('makes a decision that is sent twice count once, also after its gate was closed', async () => {
    const gates = gatesAt('labels');
    const first = await gates.decide(decision({ decisionId: 'x' }), NOW);
    gates.closeGate();
    gates.openGate('deployment', PASSED, null);
    const again = decision({ decisionId: 'x' });
    expect(gates.problemWith(again)).toBeNull();
    expect(await gates.decide(again, () => new Date(0))).toBe(first);
    expect(gates.outcomes.deployment).toBeUndefined();
  });

  it('can not be used for another gate or another decision', async () => {
    const gates = gatesAt('labels');
    await gates.decide(decision({ decisionId: 'x' }), NOW);
    gates.closeGate();
    gates.openGate('deployment', PASSED, null);
    const problem = 'decisionId: "x" was used for "approve" at the gate "labels"; give each decision its own';
    expect(gates.problemWith(decision({ gate: 'deployment', decisionId: 'x' }))).toBe(problem);
    expect(gates.problemWith(decision({ decision: 'reject', decisionId: 'x' }))).toBe(problem);
  });
});

describe('corrections', () => {
  const corrections = 'store:fixed.jsonl';

  it('are applied before the checks are looked at', async () => {
    const gates = gatesAt('labels', FAILED, () => PASSED);
    expect(gates.problemWith(decision({ corrections }))).toBeNull();
    const outcome = await gates.decide(decision({ corrections }), NOW);
    expect(outcome).toMatchObject({ decision: 'approve', corrections, checks: PASSED });
  });

  it('leave the gate open when the checks still fail and no note says why', async () => {
    const gates = gatesAt('labels', FAILED, () => FAILED);
    await expect(gates.decide(decision({ corrections, decisionId: 'x' }), NOW)).rejects.toMatchObject({
      type: 'InvalidInput',
      message: expect.stringContaining('the corrections are in, but these checks failed: gold accuracy'),
    });
    expect(gates.outcomes).toEqual({});
    const second = decision({ note: 'good enough', decisionId: 'x' });
    expect(gates.problemWith(second)).toBeNull();
    expect((await gates.decide(second, NOW)).note).toBe('good enough');
  });

  it('leave the gate open when they can not be used', async () => {
    const gates = gatesAt('labels', PASSED, () => {
      throw new Error('no such file');
    });
    await expect(gates.decide(decision({ corrections }), NOW)).rejects.toThrow('no such file');
    expect(gates.busy).toBe(false);
    expect(gates.problemWith(decision())).toBeNull();
  });

  it('let no other decision in while they are read', async () => {
    const gates = gatesAt('labels', PASSED, () => PASSED);
    const reading = gates.decide(decision({ corrections }), NOW);
    expect(gates.busy).toBe(true);
    expect(gates.problemWith(decision({ decision: 'reject' }))).toContain('try again in a moment');
    await reading;
    expect(gates.busy).toBe(false);
  });

  it('are refused by a gate that takes none, and with a rejection', () => {
    expect(gatesAt('deployment').problemWith(decision({ gate: 'deployment', corrections }))).toContain(
      'send them with the decision on "labels"',
    );
    const gates = gatesAt('labels', PASSED, () => PASSED);
    expect(gates.problemWith(decision({ decision: 'reject', corrections }))).toContain(
      'the decision "reject" takes none',
    );
  });
});

describe('a revision', () => {
  const revise = (changes: Partial<GateDecision> = {}) =>
    decision({ decision: 'revise', revision: REVISION, ...changes });
  const gatesToRevise = (prepare?: LabelActions['revise']) => gatesAt('labels', PASSED, () => PASSED, prepare);

  it('is read from the signal and from the update, and says which texts it is about', () => {
    const payload = { gate: 'labels', reviewer: 'ana', revision: { guideline: ' Be strict.\n', doubted: true } };
    expect(readSignal('revise', payload)).toEqual({ ok: true, decision: revise() });
    expect(readUpdate({ ...payload, decision: 'revise' })).toEqual({ ok: true, decision: revise() });
    expect(problemOf(readSignal('revise', { gate: 'labels', reviewer: 'ana' }))).toContain('revision: missing');
    expect(problemOf(readSignal('revise', { ...payload, revision: { guideline: 'x' } }))).toContain(
      'revision: say which texts are asked about again',
    );
    expect(problemOf(readSignal('revise', { ...payload, revision: { guideline: ' ', doubted: true } }))).toContain(
      'revision.guideline',
    );
  });

  it('comes with its decision, and with no other', () => {
    expect(problemOf(readUpdate({ gate: 'labels', reviewer: 'ana', decision: 'revise' }))).toContain(
      'revision: missing; give {"guideline"',
    );
    const approve = { gate: 'labels', reviewer: 'ana', decision: 'approve', revision: REVISION };
    expect(problemOf(readUpdate(approve))).toContain('revision: the decision "approve" takes none');
    expect(problemOf(readSignal('approve', { gate: 'labels', reviewer: 'ana', revision: REVISION }))).toContain(
      'revision: unknown key',
    );
  });

  it('says what is asked again, and decides nothing about the labels', async () => {
    const gates = gatesToRevise();
    expect(gates.problemWith(revise())).toBeNull();
    const outcome = await gates.decide(revise({ decisionId: 'x' }), NOW);
    expect(outcome).toMatchObject({ decision: 'revise', reviewer: 'ana', automatic: false, revision: PLAN });
    expect(gates.outcomes).toEqual({});
    expect(gates.decided('labels')).toBe(outcome);
    // Until the gate opens anew.
    gates.closeGate();
    expect(gates.problemWith(decision())).toBe(
      'the gate "labels" is closed while the teacher is asked again for the revision of ana; it opens anew',
    );
    gates.openGate('labels', PASSED, null);
    expect(gates.decided('labels')).toBeUndefined();
    expect(gates.problemWith(decision())).toBeNull();
    // Sent again, it counts once; also in the run that continues as new.
    expect(await gates.decide(revise({ decisionId: 'x' }), NOW)).toBe(outcome);
    const carried = new Gates(gates.decisions);
    expect(carried.problemWith(revise({ decisionId: 'x' }))).toBeNull();
    expect(await carried.decide(revise({ decisionId: 'x' }), NOW)).toBe(outcome);
  });

  it('needs no note where checks fail', () => {
    expect(gatesAt('labels', FAILED, () => PASSED).problemWith(revise())).toBeNull();
  });

  it('is refused with a label that the task does not have, with corrections, and at the other gate', () => {
    const gates = gatesToRevise();
    expect(gates.problemWith(revise({ revision: { ...REVISION, labels: ['praise', 'complain'] } }))).toBe(
      'revision.labels: the task has no label "complain"; did you mean "complaint"?',
    );
    expect(gates.problemWith(revise({ corrections: 'store:fixed.jsonl' }))).toContain(
      'the decision "revise" takes none',
    );
    expect(gatesAt('deployment').problemWith(revise({ gate: 'deployment' }))).toContain('revised at the gate "labels"');
  });

  it('leaves the gate open when it can not be asked', async () => {
    const gates = gatesToRevise(async () => {
      throw new Error('the budget pays for nothing');
    });
    await expect(gates.decide(revise(), NOW)).rejects.toThrow('the budget pays for nothing');
    expect(gates.busy).toBe(false);
    expect(gates.decided('labels')).toBeUndefined();
    expect(gates.problemWith(decision())).toBeNull();
  });
});

describe('without a person', () => {
  it('a gate is approved when all checks pass', () => {
    expect(new Gates().decideAutomatically('labels', PASSED, 'ana', NOW())).toMatchObject({
      decision: 'approve',
      reviewer: 'ana',
      note: 'all checks passed',
      automatic: true,
    });
  });

  it('a gate is rejected when one fails', () => {
    expect(new Gates().decideAutomatically('labels', FAILED, 'ana', NOW())).toMatchObject({
      decision: 'reject',
      note: 'failed: gold accuracy',
      automatic: true,
    });
  });

  it('a gate is rejected by its deadline', () => {
    expect(gatesAt('labels', FAILED).expire('labels', 'reject', NOW())).toEqual({
      decision: 'reject',
      reviewer: 'deadline',
      note: 'nobody decided before the deadline',
      automatic: true,
      at: '2026-01-02T03:04:05.000Z',
      corrections: null,
      checks: FAILED,
    });
  });

  it('where the task says so, its deadline approves a gate whose checks all pass, and rejects another', () => {
    const passed = gatesAt('labels', PASSED).expire('labels', 'approve-if-checks-pass', NOW());
    expect(passed).toMatchObject({
      decision: 'approve',
      reviewer: 'deadline',
      automatic: true,
      note: 'nobody decided before the deadline; all checks passed',
    });
    const failed = gatesAt('labels', FAILED).expire('labels', 'approve-if-checks-pass', NOW());
    expect(failed.decision).toBe('reject');
    expect(failed.note).toMatch(/^nobody decided before the deadline; failed: /);
  });
});
