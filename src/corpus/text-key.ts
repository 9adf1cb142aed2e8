/** What identifies a text: a hash of it. */
import { createHash } from 'node:crypto';

/** SHA-256 of the rendered text in UTF-8, hex. */
export function textKey(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** Id of a text whose row has none: the first 16 hex digits of its key. */
export function idOfKey(key: string): string {
  return key.slice(0, 16);
}
