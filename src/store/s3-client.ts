/** The client of an S3 server: settings come from where every program of AWS takes them, the server from AWS_ENDPOINT_URL. */
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

/** With the SDK's growing pauses: a server may be away for about half a minute. */
const MOST_ATTEMPTS = 9;
const CONNECT_WITHIN_MS = 5000;
/** Without a byte either way. */
const SILENT_FOR_MS = 30_000;
const MOST_SOCKETS = 256;

/** An endpoint that the environment names is a server of the user's own or of another company: it gets what all of them
 *  understand, buckets in the path and no checksums in trailers, unless the environment says otherwise. */
export function createS3Client(env: NodeJS.ProcessEnv): S3Client {
  // The SDK's later versions are what it warns of; the one that is installed here serves this Node.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  const agent = { maxSockets: MOST_SOCKETS, keepAlive: true };
  const config: S3ClientConfig = {
    maxAttempts: Number(env.AWS_MAX_ATTEMPTS) || MOST_ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_WITHIN_MS,
      socketTimeout: SILENT_FOR_MS,
      httpAgent: agent,
      httpsAgent: agent,
    },
  };
  const endpoint = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL;
  if (!endpoint) return new S3Client(config);
  return new S3Client({
    ...config,
    endpoint,
    forcePathStyle: true,
    // Such servers seldom care, but the SDK signs with one.
    region: env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1',
    ...(env.AWS_REQUEST_CHECKSUM_CALCULATION ? {} : { requestChecksumCalculation: 'WHEN_REQUIRED' }),
    ...(env.AWS_RESPONSE_CHECKSUM_VALIDATION ? {} : { responseChecksumValidation: 'WHEN_REQUIRED' }),
  });
}
