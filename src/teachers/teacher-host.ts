/** Who gets the texts, before a teacher is made. */
import type { TeacherSettings } from '../contracts/index.js';
import { ROUTER_HOST } from './huggingface-teacher.js';

/** The host that the texts would be sent to, or words for people where nothing is sent. */
export function teacherHost({ provider, url }: TeacherSettings): string {
  if (provider === 'recorded') return 'a recording';
  return url === null ? ROUTER_HOST : new URL(url).host;
}
