/** A workflow for tests: fails with what must not be seen, or gives back what it was told. */
import { ApplicationFailure } from '@temporalio/workflow';

export async function leaky(text: string, fail: boolean): Promise<string> {
  if (fail) throw ApplicationFailure.nonRetryable(`the key ${text} is refused`, 'TeacherRefused');
  return text;
}
