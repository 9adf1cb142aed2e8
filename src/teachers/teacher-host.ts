/** Who gets the texts, before a teacher is made. */
import type { TeacherSettings } from '../contracts/index.js';

/** Hugging Face's inference providers. */
export const ROUTER = new URL('https://router.huggingface.co/v1');

/** The host that the texts would be sent to, or words for people where nothing is sent. */
export function teacherHost({ provider, url }: TeacherSettings): string {
  if (provider === 'recorded') return 'a recording';
  return url === null ? ROUTER.host : new URL(url).host;
}
