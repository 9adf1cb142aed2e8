/** Answers from a file of recorded replies: free, offline, and the same every time. */
import type { TeacherReply } from '../contracts/index.js';
import { describeQuestion, type Recording } from './recording.js';
import { type Teacher, TeacherRefusedError, type TeacherRequest } from './teacher.js';

export class RecordedTeacher implements Teacher {
  readonly provider = 'recorded';
  readonly host = 'a recording';

  constructor(
    readonly model: string | null,
    private readonly recording: Recording,
  ) {}

  async ask(request: TeacherRequest, signal: AbortSignal): Promise<TeacherReply> {
    signal.throwIfAborted();
    const answer = this.recording.find(request);
    if (answer === null) {
      throw new TeacherRefusedError(
        `the recording has no reply for ${describeQuestion(request)}`,
        null,
        `Record it (a line with that textKey, prompt and sample), ask for fewer samples in votes.plan, or choose another teacher.`,
      );
    }
    return { ...answer, latencyMs: 0 };
  }

  async close(): Promise<void> {}
}
