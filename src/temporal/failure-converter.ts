/** Keeps secrets and long texts out of failures: they stay in histories that many people can read.
 *  Loaded in the workflow sandbox too, by its path: pure, and no imports but the SDK's. */
import {
  DefaultFailureConverter,
  type PayloadConverter,
  type ProtoFailure,
  type SerializationContext,
} from '@temporalio/common';

/** Longest message, in UTF-16 code units, the note on what was cut included. */
const MAX_MESSAGE_LENGTH = 2_000;
const KEPT_LENGTH = 1_950;

/** Patterns and what stands in their place. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  // https://user:password@host
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]+@/gi, '$1***@'],
  // ?api_key=..., &access_token=..., and the like
  [/([?&][\w.-]*(?:key|token|secret|password|signature|credential)[\w.-]*=)[^\s&#"'<>]+/gi, '$1***'],
  [/\b((?:bearer|basic)\s+)[\w.~+/=-]{8,}/gi, '$1***'],
  [/\b(hf_|sk-)[\w-]{8,}/g, '$1***'],
];

/** Masks credentials in URLs, keys in queries, bearer tokens and API keys. */
export function scrubSecrets(text: string): string {
  return SECRETS.reduce((scrubbed, [pattern, mask]) => scrubbed.replace(pattern, mask), text);
}

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
