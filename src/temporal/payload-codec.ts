/** Encrypts what the server stores, with a key that the server never sees: AES-256-GCM, one random nonce a payload.
 *  The SDK is loaded with the first encrypted payload: it takes a third of a second, and commands that meet none start faster. */

import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { counted } from '../contracts/index.js';
import { UsageError } from './setup-error.js';

/** The SDK's METADATA_ENCODING_KEY. */
const ENCODING_KEY = 'encoding';
const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The codec for TUTELAGE_PAYLOAD_KEY. Without a key it leaves payloads as they are and refuses to read encrypted ones.
 *  Throws SetupError when the key is not 32 bytes in base64. */
export function payloadCodec(env: NodeJS.ProcessEnv): PayloadCodec {
  return new EncryptionCodec(env.TUTELAGE_PAYLOAD_KEY ? readKey(env.TUTELAGE_PAYLOAD_KEY) : null);
}

/** First 8 hex digits of the key's SHA-256: tells keys apart and gives nothing away. */
export function keyId(key: Uint8Array): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 8);
}

function readKey(text: string): Uint8Array {
  const key = Buffer.from(text, 'base64');
  if (key.length !== 32 || key.toString('base64') !== text.trim()) {
    throw new UsageError(
      `TUTELAGE_PAYLOAD_KEY is not a key: it must be 32 bytes in base64 (44 characters), it has ${counted(text.length, 'character')}`,
      'Make one with: openssl rand -base64 32',
    );
  }
  return key;
}

class EncryptionCodec implements PayloadCodec {
  constructor(private readonly key: Uint8Array | null) {}

  async encode(payloads: Payload[]): Promise<Payload[]> {
    const { key } = this;
    return key === null ? payloads : Promise.all(payloads.map((payload) => encrypt(payload, key)));
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    return Promise.all(
      payloads.map((payload) => {
        const encoding = payload.metadata?.[ENCODING_KEY];
        return encoding && decode(encoding) === ENCODING ? decrypt(payload, this.key) : payload;
      }),
    );
  }
}

async function encrypt(payload: Payload, key: Uint8Array): Promise<Payload> {
  const { proto } = await loadSdk();
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  const plain = proto.temporal.api.common.v1.Payload.encode(payload).finish();
  const secret = Buffer.concat([cipher.update(plain), cipher.final()]);
  return {
    metadata: { [ENCODING_KEY]: encode(ENCODING), [KEY_ID]: encode(keyId(key)) },
    data: Buffer.concat([nonce, cipher.getAuthTag(), secret]),
  };
}

async function decrypt(payload: Payload, key: Uint8Array | null): Promise<Payload> {
  const { proto, ValueError } = await loadSdk();
  const wanted = payload.metadata?.[KEY_ID];
  const wantedId = wanted ? decode(wanted) : 'unknown';
  if (key === null || keyId(key) !== wantedId) {
    const has = key === null ? 'TUTELAGE_PAYLOAD_KEY is not set' : `TUTELAGE_PAYLOAD_KEY is key ${keyId(key)}`;
    throw new ValueError(`a payload is encrypted with key ${wantedId}, and ${has}: set it to the key of the run`);
  }
  const data = payload.data ?? new Uint8Array();
  const decipher = createDecipheriv('aes-256-gcm', key, data.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(data.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  try {
    const plain = Buffer.concat([decipher.update(data.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
    return proto.temporal.api.common.v1.Payload.decode(plain);
  } catch (error) {
    throw new ValueError(`a payload of key ${wantedId} was changed after it was encrypted`, error);
  }
}

async function loadSdk() {
  const [{ ValueError }, { default: proto }] = await Promise.all([
    import('@temporalio/common'),
    import('@temporalio/proto'),
  ]);
  return { ValueError, proto };
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
