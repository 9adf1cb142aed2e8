/** Stops a chunk when its first replies show that something is wrong with the teacher or the prompt. */
import type { StoredReply } from '../contracts/index.js';

/** More than half of this many must be readable. */
const FIRST_REPLIES = 100;
const EXAMPLES_SHOWN = 3;
const EXAMPLE_LENGTH = 200;
const MEND =
  'Look at the prompts with: tutelage task check TASK. Then try another prompt, more maxTokens, or another model.';

/** Over half of the first replies can't be read; the message shows some. */
export class TeacherUnreadableError extends Error {
  override readonly name = 'TeacherUnreadableError';
}

export class ReadableShare {
  private seen = 0;
  private readonly unreadable: StoredReply[] = [];

  /** To be told of each new reply. Throws TeacherUnreadableError. */
  check(reply: StoredReply): void {
    if (this.seen >= FIRST_REPLIES) return;
    this.seen++;
    if (reply.vote.unreadable !== null) this.unreadable.push(reply);
    if (this.unreadable.length <= FIRST_REPLIES / 2) return;
    const shown = this.unreadable
      .slice(0, EXAMPLES_SHOWN)
      .map((each) => `  (${each.vote.unreadable}) ${JSON.stringify(each.content.slice(0, EXAMPLE_LENGTH))}`);
    const whose = reply.teacher === undefined ? '' : ` of ${reply.teacher}`;
    throw new TeacherUnreadableError(
      `${this.unreadable.length} of the first ${this.seen} replies${whose} could not be read, so the run stopped before it spent more. Three of them:\n${shown.join('\n')}\n${MEND}`,
    );
  }
}
