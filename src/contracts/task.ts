/** The task file: what a user writes in YAML. Types, defaults, ranges and descriptions have their only source here. */
import { z } from 'zod';
import { ExamplesInput } from './corpus.js';
import { DeploymentGateSettings, LabelsGateSettings } from './gate-settings.js';
import { Seed } from './seed.js';
import { MOST_BUDGET } from './spending.js';
import { StudentSettings, studentProblems } from './student-settings.js';
import { TeacherSettings } from './teacher-settings.js';
import { isAskedInBatches, TeacherName, VoteSettings, voteProblems } from './vote-settings.js';

/** What is wrong with the pattern of a redaction, or null. */
function patternProblem(pattern: string): string | null {
  const received = `received ${JSON.stringify(pattern)}`;
  try {
    if (!new RegExp(pattern, 'u').test('')) return null;
    return `${received}, which matches an empty string, too; say what a span has at least: a+ in the place of a*`;
  } catch (error) {
    const why = String(error).split(': ').at(-1);
    return `${received}, which is no regular expression of JavaScript with the flag u: ${why}`;
  }
}

/** What stands in a placeholder: EMAIL of [EMAIL_1]. */
export const PlaceholderName = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,31}$/, 'capital letters, digits and underscores: EMAIL')
  .describe('What the spans are: EMAIL gives [EMAIL_1], [EMAIL_2] in each text.');

export const Label = z
  .strictObject({
    name: z
      .string()
      .trim()
      .min(1)
      .max(64)
      // What is kept by label would find there what every object has.
      .refine((name) => !(name in {}), {
        error: ({ input }) => `"${input}" is a word of JavaScript: write it otherwise, and this spelling under aliases`,
      })
      .describe('What the teacher is asked to answer and the student answers.'),
    description: z.string().default('').describe('When this label is right; shown to the teacher and to reviewers.'),
    aliases: z
      .array(z.coerce.string().min(1))
      .default([])
      .describe('Other spellings in files and replies: "0", "pos".'),
  })
  .describe('One of the labels that a text can get.');
export type Label = z.infer<typeof Label>;

export const WorkedExample = z.strictObject({
  text: z.string().min(1).describe('The rendered text, as the teacher would see it.'),
  label: z.string().describe('The name of one of the labels.'),
  reason: z.string().default('').describe('One or two sentences, shown in reasoned prompts.'),
});
export type WorkedExample = z.infer<typeof WorkedExample>;

export const RedactionRule = z
  .union([
    z.strictObject({
      pattern: z
        .string()
        .min(1)
        .refine((pattern) => patternProblem(pattern) === null, {
          error: ({ input }) => patternProblem(String(input)) ?? '',
        })
        .describe('Regular expression (JavaScript, with Unicode) of the spans to replace.'),
      as: PlaceholderName,
      ignoreCase: z.boolean().default(false).describe('"a" matches "A" too.'),
    }),
    z.strictObject({
      module: z
        .string()
        .min(1)
        .describe(
          "JavaScript module on the worker's disk whose default export takes a text and gives the spans to replace: [{start, end, as}], or a promise of it.",
        ),
    }),
  ])
  .describe('Spans that do not leave the machine: the teacher sees placeholders for them, [EMAIL_1].');
export type RedactionRule = z.infer<typeof RedactionRule>;

export const EvaluationSettings = z.strictObject({
  validationShare: z
    .number()
    .gt(0)
    .max(0.5)
    .default(0.15)
    .describe("Share of the teacher's labels that choices are made on."),
  goldShareForGate: z
    .number()
    .min(0)
    .max(0.9)
    .default(0)
    .describe('Share of the gold rows that the labels gate uses; those do not evaluate.'),
  confidence: z.number().gt(0.5).lt(1).default(0.95).describe('Confidence of the intervals.'),
});
export type EvaluationSettings = z.infer<typeof EvaluationSettings>;

export const Budget = z.strictObject({
  usd: z
    .number()
    .min(0)
    .max(MOST_BUDGET.usd)
    .nullable()
    .default(null)
    .describe('US dollars that the run may spend; null: no limit.'),
  calls: z
    .number()
    .int()
    .min(0)
    .max(MOST_BUDGET.calls)
    .nullable()
    .default(null)
    .describe('Requests that the run may send to the teacher; null: no limit.'),
  tokens: z
    .number()
    .int()
    .min(0)
    .max(MOST_BUDGET.tokens)
    .nullable()
    .default(null)
    .describe('Tokens of prompts and replies together that the run may use; null: no limit.'),
  whenUsedUp: z
    .enum(['wait', 'go on'])
    .nullable()
    .default(null)
    .describe(
      'wait: for more budget, or for the decision to go on. go on: with the labels there are. null: wait where a person decides at the labels gate, go on where nobody does.',
    ),
  deadlineHours: z
    .number()
    .min(0.001)
    .max(24 * 365)
    .default(168)
    .describe('After waiting so long for more budget the run goes on with the labels there are.'),
});
export type Budget = z.infer<typeof Budget>;

export const AnnotationSettings = z.strictObject({
  chunkTexts: z
    .number()
    .int()
    .min(1)
    .max(5000)
    .nullable()
    .default(null)
    .describe('Texts of one chunk: one activity asks all their votes. null: 200, with teacher.batch 2,000.'),
  window: z
    .number()
    .int()
    .min(1)
    .max(200)
    .nullable()
    .default(null)
    .describe('Chunks at work at once. null: 8, with teacher.batch 200.'),
  shardTexts: z.number().int().min(1).max(100_000).default(100_000).describe('Texts of one annotation child workflow.'),
  maxFailedChunks: z.number().int().min(0).default(3).describe('Chunks that may fail for good before the run does.'),
});
export type AnnotationSettings = z.infer<typeof AnnotationSettings>;

/** How the corpus is cut. Chunks that wait for batches keep no worker busy, so there may be many of them. */
export function chunkingOf({ annotation, ...asked }: Pick<Task, 'annotation' | 'teacher' | 'teachers' | 'votes'>): {
  chunkTexts: number;
  window: number;
} {
  const inBatches = isAskedInBatches(asked);
  return {
    chunkTexts: annotation.chunkTexts ?? (inBatches ? 2000 : 200),
    window: annotation.window ?? (inBatches ? 200 : 8),
  };
}

export const Task = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and hyphens')
      .describe("The task's name; its models are found under it."),
    kind: z.literal('text-classification').describe('What the student does.'),
    description: z.string().default('').describe('One line for people.'),
    text: z
      .string()
      .min(1)
      .default('{text}')
      .describe('Template over the columns, for teacher and student alike: "{brand}: {body}".'),
    labels: z.array(Label).min(2).max(200).describe("The labels, in the order of the student's outputs."),
    guideline: z.string().default('').describe('How to decide; shown to the teacher.'),
    examples: z.array(WorkedExample).default([]).describe('Worked examples, shown to the teacher.'),
    examplesFrom: ExamplesInput.nullable()
      .default(null)
      .describe('Further worked examples, from a file of labelled texts. Gold texts are not shown.'),
    redact: z
      .array(RedactionRule)
      .default([])
      .describe(
        'What the teacher must not see. Of spans that overlap, the first rule with one wins. Students learn from the whole texts.',
      ),
    teacher: TeacherSettings.prefault({}).describe('The teacher; with several, the one of votes that name none.'),
    teachers: z
      .record(TeacherName, TeacherSettings)
      .default({})
      .describe('Further teachers, by the name that votes.plan calls them.'),
    votes: VoteSettings.prefault({}),
    annotation: AnnotationSettings.prefault({}),
    gates: z
      .strictObject({ labels: LabelsGateSettings.prefault({}), deployment: DeploymentGateSettings.prefault({}) })
      .prefault({}),
    student: StudentSettings.prefault({}),
    evaluation: EvaluationSettings.prefault({}),
    budget: Budget.prefault({}),
    seed: Seed.default(42).describe('Seed of samples, ties, splits and training.'),
  })
  .superRefine((task, context) => {
    const others = Object.entries(task.teachers).map(([name, settings]) => ({ path: ['teachers', name], settings }));
    for (const { path, settings } of [{ path: ['teacher'], settings: task.teacher }, ...others]) {
      if (settings.batch === null || (settings.provider === 'huggingface' && settings.url !== null)) continue;
      context.addIssue({
        code: 'custom',
        path: [...path, 'batch'],
        message: `batches need ${path.join('.')}.url, an endpoint that speaks the OpenAI Batch protocol: https://api.openai.com/v1`,
      });
    }
    const seen = new Map<string, string>();
    for (const [index, label] of task.labels.entries()) {
      for (const spelling of [label.name, ...label.aliases]) {
        const folded = spelling.trim().toLowerCase();
        const owner = seen.get(folded);
        if (owner !== undefined && owner !== label.name) {
          context.addIssue({
            code: 'custom',
            path: ['labels', index],
            message: `"${spelling}" already stands for "${owner}"`,
          });
        } else if (owner !== undefined && spelling === label.name) {
          context.addIssue({ code: 'custom', path: ['labels', index, 'name'], message: `"${spelling}" stands twice` });
        }
        seen.set(folded, label.name);
      }
    }
    const names = new Set(task.labels.map((label) => label.name));
    for (const [index, example] of task.examples.entries()) {
      if (!names.has(example.label)) {
        context.addIssue({
          code: 'custom',
          path: ['examples', index, 'label'],
          message: `"${example.label}" is not one of the labels: ${[...names].join(', ')}`,
        });
      }
    }
    for (const problem of studentProblems(task.student, [...names])) context.addIssue({ code: 'custom', ...problem });
    for (const problem of voteProblems(task)) context.addIssue({ code: 'custom', ...problem });
    for (const [gate, { escalateHours, escalateWebhookEnv }] of Object.entries(task.gates)) {
      if ((escalateHours === null) === (escalateWebhookEnv === null)) continue;
      context.addIssue({
        code: 'custom',
        path: ['gates', gate, escalateHours === null ? 'escalateHours' : 'escalateWebhookEnv'],
        message: 'escalateHours and escalateWebhookEnv need each other: set both or none',
      });
    }
    if (task.gates.labels.minGoldAccuracy !== null && task.evaluation.goldShareForGate === 0) {
      context.addIssue({
        code: 'custom',
        path: ['evaluation', 'goldShareForGate'],
        message: 'gates.labels.minGoldAccuracy needs gold rows of its own: set a share above 0',
      });
    }
  });
export type Task = z.infer<typeof Task>;
