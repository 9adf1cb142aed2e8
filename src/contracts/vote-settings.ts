/** The keys `votes` of the task file: which teachers are asked what, and how votes become labels. */
import { z } from 'zod';
import { nearest } from './problems.js';

/** What votes.plan calls the teacher under the task's key `teacher`. */
export const OWN_TEACHER = 'teacher';

export const TeacherName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'lower-case letters, digits and hyphens')
  .refine((name) => name !== OWN_TEACHER, `"${OWN_TEACHER}" is the task's own teacher; choose another name`);

export const PromptStyle = z.enum(['reasoned', 'direct']);
export type PromptStyle = z.infer<typeof PromptStyle>;

export const PlannedVotes = z.strictObject({
  prompt: PromptStyle.describe('reasoned: a reason, then the label, as one JSON object. direct: the label alone.'),
  teacher: z
    .string()
    .default(OWN_TEACHER)
    .describe('Who is asked: a name among teachers; "teacher" is the task\'s own teacher.'),
  when: z
    .enum(['always', 'disagreement', 'tie'])
    .default('always')
    .describe(
      'Which texts are asked about. disagreement: those whose votes so far name different labels, or none that can be read. tie: those whose votes so far decide no label.',
    ),
  guideline: z
    .string()
    .nullable()
    .default(null)
    .describe("How to decide, for these votes; null: the task's guideline."),
  samples: z.number().int().min(1).max(50).default(1).describe('How many times this prompt is asked about a text.'),
  temperature: z
    .number()
    .min(0)
    .max(2)
    .nullable()
    .default(0.7)
    .describe('null leaves it to the provider (some models fix it).'),
  topP: z.number().gt(0).max(1).nullable().default(null).describe('Nucleus sampling; null leaves it to the provider.'),
  maxTokens: z
    .number()
    .int()
    .min(1)
    .max(32768)
    .default(500)
    .describe('Most tokens of one reply; the budget reserves them.'),
});
export type PlannedVotes = z.infer<typeof PlannedVotes>;

/** How votes become labels. */
export const AggregationMethod = z.enum(['majority', 'weighted', 'dawid-skene']);
export type AggregationMethod = z.infer<typeof AggregationMethod>;

export const VoteSettings = z.strictObject({
  plan: z
    .array(PlannedVotes)
    .min(1)
    .prefault([{ prompt: 'reasoned', samples: 3 }])
    .describe('Which prompts a text gets, and how often.'),
  stop: z
    .enum(['all', 'majority'])
    .default('all')
    .describe("majority: stop asking once the outcome can't change. Cheaper; hides disagreement."),
  escalated: z
    .enum(['decide', 'count'])
    .default('decide')
    .describe(
      'What the last votes that were asked for because of a disagreement or a tie do, if they can be read. decide: they alone give the label. count: all votes count alike.',
    ),
  aggregation: z
    .enum(['auto', ...AggregationMethod.options])
    .default('auto')
    .describe(
      'majority: one vote each. weighted: votes of prompts and samples count by how often they agree with the majority. dawid-skene: by what each takes for what; its soft labels are too sure where samples of one model err alike. auto: where gold rows are set apart for the labels gate (evaluation.goldShareForGate) and every vote is asked of every text, whichever of them is right most often on those rows, the simplest of equals; else majority.',
    ),
  ties: z
    .enum(['abstain', 'random'])
    .default('abstain')
    .describe('What a tie gives: no label, or a seeded draw among the leaders.'),
  unreadable: z
    .enum(['drop', 'abstain', 'random'])
    .default('drop')
    .describe(
      'An unreadable vote: does not count, counts against every label, or a seeded random label (as in the article).',
    ),
});
export type VoteSettings = z.infer<typeof VoteSettings>;

type InBatches = { readonly batch: object | null };

interface TaskVotes {
  readonly teacher: InBatches;
  readonly teachers: Readonly<Record<string, InBatches>>;
  readonly votes: VoteSettings;
}

/** Some teacher that votes.plan asks answers in batches. */
export function isAskedInBatches({ teacher, teachers, votes }: TaskVotes): boolean {
  return votes.plan.some((each) => (each.teacher === OWN_TEACHER ? teacher : teachers[each.teacher])?.batch);
}

/** Every text gets all votes of the plan. */
export function asksEveryVote({ plan, stop }: VoteSettings): boolean {
  return stop === 'all' && plan.every(({ when }) => when === 'always');
}

/** What is wrong with votes and teachers together. */
export function voteProblems({
  teachers,
  votes,
}: Pick<TaskVotes, 'teachers' | 'votes'>): { path: (string | number)[]; message: string }[] {
  const { aggregation, plan, stop, unreadable } = votes;
  const problems = plan.flatMap(({ teacher, when }, index) => {
    const inPlan = (key: string, message: string) => ({ path: ['votes', 'plan', index, key], message });
    const found = [];
    if (teacher !== OWN_TEACHER && !Object.hasOwn(teachers, teacher))
      found.push(inPlan('teacher', unknownTeacher(teacher, teachers)));
    if (when !== 'always' && index === 0)
      found.push(inPlan('when', 'there are no votes before it; the first votes are for "always"'));
    if (when === 'always' && plan.slice(0, index).some((before) => before.when !== 'always'))
      found.push(inPlan('when', 'votes that every text gets come before those that some get'));
    return found;
  });
  for (const name of Object.keys(teachers)) {
    if (plan.some(({ teacher }) => teacher === name)) continue;
    problems.push({
      path: ['teachers', name],
      message: 'no entry of votes.plan asks it; add one with its name, or leave it out',
    });
  }
  if (aggregation !== 'weighted' && aggregation !== 'dawid-skene') return problems;
  if (!asksEveryVote(votes)) {
    problems.push({
      path: ['votes', stop === 'majority' ? 'stop' : 'aggregation'],
      message:
        stop === 'majority'
          ? `votes.aggregation "${aggregation}" needs every vote: use "all"`
          : `"${aggregation}" needs every vote of every text: a teacher that is asked only where others disagree would look worse than it is; use "majority"`,
    });
  }
  if (unreadable !== 'drop') {
    problems.push({
      path: ['votes', 'unreadable'],
      message: `votes.aggregation "${aggregation}" has no weight for a vote that can't be read: use "drop"`,
    });
  }
  return problems;
}

function unknownTeacher(name: string, teachers: TaskVotes['teachers']): string {
  const known = [OWN_TEACHER, ...Object.keys(teachers)];
  const guess = nearest(name, known);
  return `there is no teacher ${JSON.stringify(name)}; ${guess === null ? `the teachers are ${known.join(', ')}` : `did you mean ${JSON.stringify(guess)}?`}`;
}
