/** What can be wrong with the teachers of a task, as far as the task alone tells: found before anything is sent, and before a
 *  schedule is made whose runs would all be refused. */
import { FailureType, type Task, type TeacherSettings } from '../contracts/index.js';
import { askedTeachers, type ByName, inTermsOf, modelOfRecording, teacherField } from './asked-teacher.js';
import type { TeacherCatalogue } from './catalogue.js';
import { requireWorkingSettings } from './endpoint.js';
import { priceOf } from './prices.js';
import { teacherHost } from './teacher-host.js';
import { requireAcceptedTerms } from './terms.js';

/** The teachers can't be asked together, or not within the task's budget. */
export class UnusableTeachersError extends Error {
  override readonly name = 'UnusableTeachersError';
  readonly type = FailureType.InvalidInput;
}

/** Throws TeacherRefusedError for settings that no endpoint can be asked with, TermsNotAcceptedError, and UnusableTeachersError. */
export async function requireUsableTeachers(
  task: Pick<Task, 'budget' | 'teacher' | 'teachers' | 'votes'>,
  catalogue?: TeacherCatalogue,
): Promise<void> {
  const asked = askedTeachers(task);
  for (const [name, settings] of asked) {
    try {
      requireWorkingSettings(settings);
    } catch (error) {
      throw inTermsOf(name, error);
    }
  }
  await requireAcceptedTerms(task, catalogue);
  requireDistinct(new Map([...asked].filter(namesItsModel).map(([name, settings]) => [name, named(name, settings)])));
  if (task.budget.usd !== null) await requirePrices(task.budget.usd, asked, catalogue);
}

/** Replies of the same model to the same question would be taken for one another. Throws UnusableTeachersError. */
export function requireDistinct(
  teachers: ByName<{ readonly model: string | null; readonly settings: TeacherSettings }>,
): void {
  const seen = new Map<string, string>();
  for (const [name, { model, settings }] of teachers) {
    const identity = JSON.stringify([model, settings.extraBody]);
    const other = seen.get(identity);
    if (other !== undefined) {
      throw new UnusableTeachersError(
        `${teacherField(name)}.model: ${model ?? 'no name'} is also the model of ${teacherField(other)}, with the same extraBody, so their replies could not be told apart. Give each a model of its own, or ask one of them with more samples.`,
      );
    }
    seen.set(identity, name);
  }
}

/** Endpoints that name no model in the task are asked for it when a run begins. */
function namesItsModel([, { model, provider }]: [string, TeacherSettings]): boolean {
  return model !== null || provider !== 'huggingface';
}

function named(name: string, settings: TeacherSettings) {
  const model = settings.provider === 'recorded' ? modelOfRecording(name, settings) : settings.model;
  return { model, settings };
}

async function requirePrices(usd: number, asked: ByName<TeacherSettings>, catalogue?: TeacherCatalogue): Promise<void> {
  for (const [name, settings] of asked) {
    if ((await priceOf(settings, catalogue)) !== null) continue;
    throw new UnusableTeachersError(
      `budget.usd: ${usd} dollars can't be kept, since the price of ${settings.model ?? 'the model'} at ${teacherHost(settings)} is not known. Set ${teacherField(name)}.price (dollars for a million tokens), or limit budget.calls or budget.tokens instead.`,
    );
  }
}
