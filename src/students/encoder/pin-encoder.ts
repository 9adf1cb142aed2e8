/** What of an encoder can be told before anything is paid for: whether it can be trained, and which commit its revision means. */
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { EncoderSettings, FrozenSettings, OneStudentSettings, StudentSettings } from '../../contracts/index.js';
import { downloadModel, HubError, hubSettings } from '../../hub/index.js';
import { EncoderError } from '../student-errors.js';
import { refuseTooLarge } from './encoder.js';
import { readEncoderShape } from './encoder-shape.js';
import { isFolder, isRepository, REQUIRED_FILES } from './locate-encoder.js';
import { POOLING_FILE, PROMPTS_FILE, readPooling, readPrefix, refuseUnpooledPrefix } from './sentence-transformers.js';

export interface PinningPlace {
  readonly env: NodeJS.ProcessEnv;
  /** Students are trained on this machine, so what is not on it is not anywhere. */
  readonly trainsHere: boolean;
  /** Told of an encoder that could not be looked at, and of a ladder's step that its training will leave out: a sentence. */
  readonly onUnseen?: (what: string) => void;
}

/** The encoders of all students that the settings train, as pinEncoder gives them. Of a ladder's steps, one that can't be trained is
 *  left as it is: the training leaves it out. Throws EncoderError. */
export async function pinEncoders(settings: StudentSettings, place: PinningPlace): Promise<StudentSettings> {
  const pin = async <Step extends OneStudentSettings>(step: Step): Promise<Step> =>
    step.kind === 'linear' ? step : { ...step, ...(await pinEncoder(step, place)) };
  if (settings.kind !== 'ladder') return pin(settings);
  const steps = await Promise.all(settings.steps.map((step) => pin(step).catch(leftToTraining(step, place))));
  return { ...settings, steps };
}

function leftToTraining<Step>(step: Step, { onUnseen }: PinningPlace): (error: unknown) => Step {
  return (error) => {
    if (!(error instanceof EncoderError)) throw error;
    onUnseen?.(`${error.message}; the ladder will do without that step`);
    return step;
  };
}

/** The settings with the commit in the place of a branch or a tag; as they were where the Hub can't be asked. Throws
 *  EncoderError for an encoder that can't be trained. */
export async function pinEncoder<Settings extends EncoderSettings | FrozenSettings>(
  settings: Settings,
  { env, onUnseen, trainsHere }: PinningPlace,
): Promise<Settings> {
  const { encoder, revision } = settings;
  if (await isFolder(encoder)) {
    await refuseMissingFiles(encoder);
    await refuseUntrainable(encoder, settings);
    return settings;
  }
  if (!isRepository(encoder)) {
    if (trainsHere) throw new EncoderError(encoder, 'there is no such folder on this machine');
    onUnseen?.(`student.encoder ${encoder} is not on this machine; the workers that train must see it`);
    return settings;
  }
  const hub = hubSettings(env);
  try {
    const files = { required: REQUIRED_FILES, only: [CONFIG], optional: [POOLING_FILE, PROMPTS_FILE] };
    const folder = await downloadModel({ repository: encoder, revision, ...files }, hub);
    await refuseUntrainable(folder, settings);
    return { ...settings, revision: basename(folder) };
  } catch (error) {
    if (!(error instanceof HubError)) throw error;
    // Another machine's cache may have what this one's lacks.
    if (error.refused && (trainsHere || !hub.offline)) throw new EncoderError(encoder, error.message, { cause: error });
    onUnseen?.(`student.encoder ${encoder} could not be looked at: ${error.message}`);
    return settings;
  }
}

const CONFIG = 'config.json';

/** By what the files but the weights and the tokeniser tell. */
async function refuseUntrainable(folder: string, settings: EncoderSettings | FrozenSettings): Promise<void> {
  refuseTooLarge(settings, await readEncoderShape(folder));
  await readPooling(folder);
  await refuseUnpooledPrefix(folder, settings.prefix ?? (await readPrefix(folder)));
}

async function refuseMissingFiles(folder: string): Promise<void> {
  for (const file of REQUIRED_FILES) {
    const found = await stat(join(folder, file)).catch(() => null);
    if (found === null) throw new EncoderError(folder, `it has no ${file}`);
  }
}
