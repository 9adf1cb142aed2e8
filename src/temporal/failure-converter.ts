/** Keeps secrets and long texts out of failures: they stay in histories that many people can read.
 *  Loaded in the workflow sandbox too, by its path: pure, with no imports but the SDK's and what is as pure. */
import {
  DefaultFailureConverter,
  type PayloadConverter,
  type ProtoFailure,
  type SerializationContext,
} from '@temporalio/common';
import { scrubSecrets } from './scrub-secrets.js';

/** Longest message, in UTF-16 code units, the note on what was cut included. */
const MAX_MESSAGE_LENGTH = 2_000;
const KEPT_LENGTH = 1_950;

class ScrubbingFailureConverter extends DefaultFailureConverter {
  override errorToFailure(
    error: unknown,
    payloadConverter: PayloadConverter,
    context?: SerializationContext,
  ): ProtoFailure {
    return scrubFailure(super.errorToFailure(error, payloadConverter, context));
  }
}

/** Found by this name by the SDK. */
export const failureConverter = new ScrubbingFailureConverter();

/** Causes are walked here: those of a failure that came from the server are handed through unconverted. */
function scrubFailure(failure: ProtoFailure): ProtoFailure {
  return {
    ...failure,
    ...(failure.message ? { message: shorten(scrubSecrets(failure.message)) } : {}),
    ...(failure.stackTrace ? { stackTrace: scrubStack(failure.stackTrace) } : {}),
    ...(failure.cause ? { cause: scrubFailure(failure.cause) } : {}),
  };
}

/** A stack trace begins with the message. */
function scrubStack(stack: string): string {
  const scrubbed = scrubSecrets(stack);
  const frames = scrubbed.search(/\n\s+at /);
  return frames < 0 ? shorten(scrubbed) : shorten(scrubbed.slice(0, frames)) + scrubbed.slice(frames);
}

function shorten(message: string): string {
  if (message.length <= MAX_MESSAGE_LENGTH) return message;
  return `${message.slice(0, KEPT_LENGTH)} [${message.length - KEPT_LENGTH} more characters]`;
}
