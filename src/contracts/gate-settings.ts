/** The settings of a task's gates: who decides until when, who is told, and which checks come first. */
import { z } from 'zod';

const share = (about: string) => z.number().min(0).max(1).describe(about);

const environmentName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable: SLACK_WEBHOOK')
  .nullable()
  .default(null);

const gateBase = {
  approval: z
    .enum(['person', 'auto'])
    .default('person')
    .describe('auto: approve when every check passes, else reject.'),
  deadlineHours: z
    .number()
    .min(0.001)
    .max(24 * 365)
    .default(168)
    .describe('How long a decision is waited for.'),
  afterDeadline: z
    .enum(['reject', 'approve-if-checks-pass'])
    .default('reject')
    .describe('What happens when nobody has decided by then.'),
  reminderHours: z
    .number()
    .min(0.001)
    .max(24 * 365)
    .default(24)
    .describe('How often the board, and the webhook, remind.'),
  webhookEnv: environmentName.describe(
    "Name of an environment variable of the orchestrator's workers that holds the address of a webhook (Slack's, Teams', your own): it is told that the gate waits, and at each reminder. The address is a secret, so it does not stand here.",
  ),
  escalateHours: z
    .number()
    .min(0.001)
    .max(24 * 365)
    .nullable()
    .default(null)
    .describe('From then on, without a decision, reminders go to the second webhook too; null: never.'),
  escalateWebhookEnv: environmentName.describe('As webhookEnv, for the second webhook.'),
};

export const LabelsGateSettings = z.strictObject({
  ...gateBase,
  maxUnlabelledShare: share('Texts without a label, at most.').default(0.05),
  minAlpha: z
    .number()
    .min(-1)
    .max(1)
    .nullable()
    .default(0.4)
    .describe("Krippendorff's alpha of the votes, at least; null: not checked."),
  minExamplesPerClass: z.number().int().min(0).default(5).describe('Labelled training texts of each label, at least.'),
  minGoldAccuracy: share(
    "Teacher's accuracy on the gold rows set apart for this gate (evaluation.goldShareForGate), at least.",
  )
    .nullable()
    .default(null),
  maxErrorShare: share(
    'Wrong labels that an audit may leave possible, at most (the audit of tutelage review). null: no audit is asked for.',
  )
    .nullable()
    .default(null),
});
export type LabelsGateSettings = z.infer<typeof LabelsGateSettings>;

export const DeploymentGateSettings = z.strictObject({
  ...gateBase,
  minAccuracy: share("Student's accuracy on gold rows, at least.").nullable().default(null),
  minMacroF1: share("Student's macro F1 on gold rows, at least.").nullable().default(null),
  maxLossToTeacher: share(
    'Accuracy that the student may lose to the teacher on the same gold rows (non-inferiority margin).',
  )
    .nullable()
    .default(null),
  maxLossToChampion: share('Accuracy that the student may lose to the deployed version on the same gold rows.')
    .nullable()
    .default(null),
});
export type DeploymentGateSettings = z.infer<typeof DeploymentGateSettings>;
