/** Problems are told so that a person knows what to write instead. */
import type { z } from 'zod';
import { DistillationInput, nearest, parseOrExplain, Task } from '../../src/contracts/index.js';

const TASK = {
  name: 'sentiment',
  kind: 'text-classification',
  labels: [{ name: 'positive' }, { name: 'negative' }],
};

function problemsOf(schema: z.ZodType, value: unknown): string[] {
  const parsed = parseOrExplain(schema, value);
  if (parsed.ok) throw new Error('the value was accepted');
  return parsed.problems.split('\n');
}

describe('parseOrExplain', () => {
  it('returns the parsed value with its defaults when nothing is wrong', () => {
    const parsed = parseOrExplain(Task, TASK);
    expect(parsed).toMatchObject({ ok: true, value: { votes: { stop: 'all' } } });
  });

  it('names a missing field, what it must be, and what it is for', () => {
    expect(problemsOf(Task, { ...TASK, labels: [{ description: 'good news' }, { name: 'negative' }] })).toEqual([
      'labels.0.name: missing; give a string (What the teacher is asked to answer and the student answers.)',
    ]);
  });

  it('guesses which key an unknown one was meant to be, also deep inside', () => {
    expect(problemsOf(Task, { ...TASK, votes: { stopp: 'all' }, gates: { labels: { minalpha: 0 } } })).toEqual([
      'votes.stopp: unknown key; did you mean "stop"?',
      'gates.labels.minalpha: unknown key; did you mean "minAlpha"?',
    ]);
  });

  it('tells the kinds of student there are, and the keys of the kind that was given', () => {
    expect(problemsOf(Task, { ...TASK, student: { kind: 'encodr', encoder: './minilm' } })).toEqual([
      'student.kind: received "encodr"; give "linear" or "frozen" or "encoder" or "ladder"; did you mean "encoder"?',
    ]);
    expect(problemsOf(Task, { ...TASK, student: { kind: 'encoder', encoder: './minilm', epoch: 3 } })).toEqual([
      'student.epoch: unknown key; did you mean "epochs"?',
    ]);
    expect(problemsOf(Task, { ...TASK, student: { epochs: 3 } })).toEqual([
      'student.epochs: unknown key; the keys here are kind, targets, maxMemoryMb, buckets, strengths',
    ]);
  });

  it("says in the schema's own words what a name looks like, and what is wrong with a pattern", () => {
    const of = (rule: object) => problemsOf(Task, { ...TASK, redact: [rule] });
    expect(of({ pattern: 'x', as: 'email' })[0]).toMatch(/^redact\.0\.as: received "email"; use capital letters/);
    expect(of({ pattern: '([a-z', as: 'X' })).toEqual([
      'redact.0.pattern: received "([a-z", which is no regular expression of JavaScript with the flag u: Unterminated character class',
    ]);
    expect(of({ pattern: 'a*', as: 'X' })).toEqual([
      'redact.0.pattern: received "a*", which matches an empty string, too; say what a span has at least: a+ in the place of a*',
    ]);
  });

  it('lists the keys there are when none is near', () => {
    expect(problemsOf(Task, { ...TASK, budget: { maximum: 5 } })).toEqual([
      'budget.maximum: unknown key; the keys here are usd, calls, tokens, whenUsedUp, deadlineHours',
    ]);
  });

  it('lists what an enumeration allows and guesses which was meant', () => {
    expect(problemsOf(Task, { ...TASK, votes: { stop: 'majorty' } })).toEqual([
      'votes.stop: received "majorty"; give "all" or "majority"; did you mean "majority"? ' +
        "(majority: stop asking once the outcome can't change. Cheaper; hides disagreement.)",
    ]);
  });

  it('tells the limit of a number that is out of range, and finds the description under default and nullable', () => {
    expect(
      problemsOf(Task, { ...TASK, budget: { usd: -1 }, votes: { plan: [{ prompt: 'direct', samples: 1.5 }] } }),
    ).toEqual([
      'votes.plan.0.samples: received 1.5; give a whole number (How many times this prompt is asked about a text.)',
      'budget.usd: received -1; give at least 0 (US dollars that the run may spend; null: no limit.)',
    ]);
  });

  it('advises quotes where YAML made a number of a label', () => {
    expect(problemsOf(Task, { ...TASK, labels: [{ name: 1 }, { name: 'negative' }] })[0]).toBe(
      'labels.0.name: received 1; give a string (put it in quotes) (What the teacher is asked to answer and the student answers.)',
    );
  });

  it('passes on what a check across fields says', () => {
    const examples = [{ text: 'Profits rose.', label: 'neutral' }];
    expect(problemsOf(Task, { ...TASK, examples })).toEqual([
      'examples.0.label: "neutral" is not one of the labels: positive, negative',
    ]);
  });

  it('cuts long strings at 60 characters', () => {
    const [problem] = problemsOf(Task, { ...TASK, kind: 'x'.repeat(500) });
    expect(problem).toContain(`received "${'x'.repeat(60)}…"; give "text-classification"`);
  });

  it('never repeats a value that stands where a key belongs', () => {
    const teacher = { apiKeyEnv: 'sk-secret-value' };
    const [problem] = problemsOf(Task, { ...TASK, teacher });
    expect(problem).toMatch(/^teacher\.apiKeyEnv: received 15 characters; give /);
    expect(problem).not.toContain('sk-secret');
  });

  it('describes the branch of a union that the value comes closest to', () => {
    expect(problemsOf(DistillationInput, { task: 'sentiment', corpus: { paht: 'a.jsonl' } })).toEqual([
      expect.stringMatching(/^corpus\.path: missing; give a string or a list \(One or several of: a file \(JSONL, CSV/),
      'corpus.paht: unknown key; did you mean "path"?',
    ]);
  });

  it('says what every branch wants when the value is none of their types', () => {
    expect(problemsOf(DistillationInput, { task: 5, corpus: 'a.jsonl' })).toEqual([
      expect.stringMatching(/^task: received 5; give a string or an object \(The task: an object, a shipped/),
    ]);
  });

  it('describes an input that is missing altogether, as an empty start form sends it', () => {
    expect(problemsOf(DistillationInput, undefined)).toEqual(['the input: missing; give an object']);
  });
});

describe('nearest', () => {
  it('takes the nearest of several near words', () => {
    expect(nearest('sampless', ['sample', 'samples', 'simple'])).toBe('samples');
  });

  it('finds a word in another case', () => {
    expect(nearest('MAXTOKENS', ['maxTokens', 'topP'])).toBe('maxTokens');
  });

  it('suggests nothing more than three edits away', () => {
    expect(nearest('temperature', ['templates'])).toBeNull();
  });

  it('suggests nothing that shares less than half a short word', () => {
    expect(nearest('usd', ['seed'])).toBeNull();
  });
});
