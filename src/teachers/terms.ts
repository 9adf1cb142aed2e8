/** What a teacher's licence and its provider's terms say about a student that learns from its answers. */
import { FailureType, type Task, type TeacherSettings } from '../contracts/index.js';
import { askedTeachers, teacherField } from './asked-teacher.js';
import { shippedCatalogue, type TeacherCatalogue } from './catalogue.js';

export interface TeacherTerms {
  /** One line for people. */
  readonly summary: string;
  /** Whose terms have to be accepted by name in the task; null: nobody's that we know of. */
  readonly mustAccept: { readonly provider: string; readonly terms: string; readonly forbids: string } | null;
}

/** The task does not accept the terms of its teacher's provider. */
export class TermsNotAcceptedError extends Error {
  override readonly name = 'TermsNotAcceptedError';
  readonly type = FailureType.InvalidInput;
}

export async function termsOf(settings: TeacherSettings, catalogue?: TeacherCatalogue): Promise<TeacherTerms> {
  const { provider, model } = settings;
  if (provider === 'recorded') return { summary: 'answers from a recording: nothing is sent', mustAccept: null };
  const { providers, teachers } = catalogue ?? (await shippedCatalogue());
  const host = settings.url === null ? null : new URL(settings.url).hostname;
  const name = model?.split('/').at(-1)?.toLowerCase() ?? '';
  const owner = providers.find(
    ({ hosts, models }) =>
      models.some((beginning) => name.startsWith(beginning)) ||
      hosts.some((each) => host === each || host?.endsWith(`.${each}`)),
  );
  const known = teachers.find((teacher) => sameWeights(teacher.model, model));
  // Open weights are under their own licence, whoever wrote them: gpt-oss is not under OpenAI's terms of service.
  if (known !== undefined) {
    const conditions = { allowed: 'allows', 'with conditions': 'allows, under conditions,', unknown: 'may allow' };
    const note = known.trainingOnOutputs === 'allowed' || known.note === '' ? '' : ` (${known.note})`;
    const verb = conditions[known.trainingOnOutputs];
    return { summary: `${known.licence} ${verb} a student that learns from its answers${note}`, mustAccept: null };
  }
  if (owner === undefined) {
    return {
      summary: 'not known here; read the licence of the model and the terms of its provider before you use the student',
      mustAccept: null,
    };
  }
  const { asOf, forbids, terms } = owner;
  return {
    summary: `${owner.name}'s terms (${terms}, of ${asOf}): they ${forbids}`,
    mustAccept: { provider: owner.name, terms, forbids },
  };
}

/** Of all teachers that the task asks. Throws TermsNotAcceptedError. */
export async function requireAcceptedTerms(
  task: Pick<Task, 'teacher' | 'teachers' | 'votes'>,
  catalogue?: TeacherCatalogue,
): Promise<void> {
  for (const [name, settings] of askedTeachers(task)) await requireTerms(teacherField(name), settings, catalogue);
}

async function requireTerms(field: string, settings: TeacherSettings, catalogue?: TeacherCatalogue): Promise<void> {
  const { mustAccept } = await termsOf(settings, catalogue);
  if (mustAccept === null || settings.acceptTermsOf === mustAccept.provider) return;
  const { forbids, provider, terms } = mustAccept;
  throw new TermsNotAcceptedError(
    `${field}.acceptTermsOf: ${settings.acceptTermsOf === null ? 'is not set' : `"${settings.acceptTermsOf}" is another provider`}. ${provider}'s terms (${terms}) ${forbids}. If they let you train a student on its answers, set ${field}.acceptTermsOf: "${provider}"; else choose an open model`,
  );
}

/** Billions of parameters that work on each token of the model; null: not known. */
export async function activeParametersOf({ model }: TeacherSettings): Promise<number | null> {
  const { teachers } = await shippedCatalogue();
  return teachers.find((teacher) => sameWeights(teacher.model, model))?.activeParameters ?? null;
}

/** Whether two names mean the same model: the router's provider (":groq") does not matter. */
function sameWeights(known: string, model: string | null): boolean {
  return model !== null && known.split(':')[0]?.toLowerCase() === model.split(':')[0]?.toLowerCase();
}
