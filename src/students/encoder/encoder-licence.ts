/** What the model card in an encoder's folder says of its licence. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

export const CARD_FILE = 'README.md';

/** As in the Hub's metadata: "apache-2.0"; of several their names with commas; null where there is no card or it names none. */
export async function readLicence(folder: string): Promise<string | null> {
  const card = await readFile(join(folder, CARD_FILE), 'utf8').catch(() => '');
  const [, metadata] = FRONT_MATTER.exec(card) ?? [];
  if (metadata === undefined) return null;
  const { license, license_name: name } = Metadata.parse(asYaml(metadata));
  if (name !== undefined) return name;
  return license === undefined ? null : [license].flat().join(', ');
}

const FRONT_MATTER = /^---\r?\n([\s\S]*?)\r?\n---/;

/** Names, no prose: it goes into a card and a table. */
const Name = z.string().regex(/^[\w.+ -]{1,80}$/);

/** A card is written by people and for people: what can't be read is as if it were not there. */
const Metadata = z
  .object({ license: z.union([Name, z.array(Name).min(1)]).optional(), license_name: Name.optional() })
  .catch({});

function asYaml(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return null;
  }
}
