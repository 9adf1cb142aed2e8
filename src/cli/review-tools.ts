/** Reviews through the servers of other tools; their keys come from the environment. */
import {
  type Handout,
  pullFromArgilla,
  pullFromLabelStudio,
  pushToArgilla,
  pushToLabelStudio,
  type ReviewFormat,
  type Sheet,
} from '../review/index.js';
import { type SetupError, UsageError } from '../temporal/index.js';

/** Returns the address of what was made. */
export async function pushHandout(
  handout: Handout,
  target: { url: string; format: ReviewFormat | undefined; workspace: string | null; name: string },
): Promise<string> {
  const { format, name, url, workspace } = target;
  if (format === 'label-studio') {
    return pushToLabelStudio(handout, { url, key: keyFrom('LABEL_STUDIO_API_KEY'), title: name });
  }
  if (format === 'argilla') return pushToArgilla(handout, { url, key: keyFrom('ARGILLA_API_KEY'), name, workspace });
  throw noServer();
}

export async function pullSheet(url: string, format: ReviewFormat | undefined): Promise<Sheet> {
  if (format === 'label-studio') return pullFromLabelStudio(url, keyFrom('LABEL_STUDIO_API_KEY'));
  if (format === 'argilla') return pullFromArgilla(url, keyFrom('ARGILLA_API_KEY'));
  throw noServer();
}

function keyFrom(name: string): string {
  const key = process.env[name]?.trim();
  if (key) return key;
  throw new UsageError(`${name} is not set`, "Set it to the key that the tool's settings show.");
}

function noServer(): SetupError {
  return new UsageError(
    '--push and --pull need a tool with a server',
    'Add --format label-studio or --format argilla.',
  );
}
