/** What an S3 server answers when it does not do what it was asked, in one line that names the object and the mend. */

import { FailureType } from '../contracts/index.js';

export class S3Error extends Error {
  override readonly name = 'S3Error';
  /** InvalidInput where address or settings are wrong: scripts get the exit code for it. null: the server is away, or failed. */
  readonly type: string | null;
  constructor(
    message: string,
    /** Of the protocol ("NoSuchKey"), of Node ("ECONNREFUSED"), or the error's name. */
    readonly code: string,
    /** HTTP status; null: there was no answer. */
    readonly status: number | null,
    /** What the user can do. */
    readonly mend: string,
    options: ErrorOptions,
  ) {
    super(message, options);
    this.type = WRONG_SETTINGS.has(code) ? FailureType.InvalidInput : null;
  }
}

const MENDS: Readonly<Record<string, string>> = {
  NoSuchBucket: 'Make the bucket, or correct the address; AWS_ENDPOINT_URL must name its server.',
  CredentialsProviderError:
    'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give the machine a role.',
  InvalidAccessKeyId: "AWS_ACCESS_KEY_ID is not one of this server's keys; AWS_ENDPOINT_URL must name its server.",
  SignatureDoesNotMatch: 'AWS_SECRET_ACCESS_KEY is not the one of AWS_ACCESS_KEY_ID.',
  AccessDenied: 'Let the key list the bucket, and get, put and delete its objects.',
  Forbidden: 'Let the key list the bucket, and get, put and delete its objects.',
  ECONNREFUSED: 'Start the server, or correct AWS_ENDPOINT_URL.',
  ENOTFOUND: 'Correct AWS_ENDPOINT_URL, or AWS_REGION.',
  PermanentRedirect: 'Set AWS_REGION to the region of the bucket.',
};

/** What the server, or the SDK, says of an address or a key that will not do, now or later. */
const WRONG_SETTINGS: ReadonlySet<string> = new Set([
  'NoSuchBucket',
  'CredentialsProviderError',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'AccessDenied',
  'Forbidden',
  'PermanentRedirect',
]);

const ANY_MEND = "Check AWS_ENDPOINT_URL, AWS_REGION, the credentials and the server's own log.";

/** address: s3://bucket/key, or s3://bucket. */
export function s3Error(address: string, operation: string, cause: unknown): S3Error {
  const { code, status } = answerOf(cause);
  const message: unknown = Object(cause).message;
  const said = typeof message === 'string' && message !== code ? `: ${message}` : '';
  return new S3Error(`${address}: ${operation} failed (${code}${said})`, code, status, MENDS[code] ?? ANY_MEND, {
    cause,
  });
}

/** Nothing stands under the key. */
export function isNoSuchKey(error: unknown): boolean {
  // An answer without a body, as to HEAD, has no code.
  return error instanceof S3Error && (error.code === 'NoSuchKey' || error.code === 'NotFound');
}

/** Told by its looks: the SDK is not loaded for it. */
function answerOf(cause: unknown): { code: string; status: number | null } {
  const { $metadata, code, name } = Object(cause) as {
    $metadata?: { httpStatusCode?: number };
    code?: unknown;
    name?: unknown;
  };
  const status = $metadata?.httpStatusCode ?? null;
  const told = status === null ? [code, name] : [name];
  return { code: String(told.find((each) => typeof each === 'string' && each !== '') ?? 'Error'), status };
}
