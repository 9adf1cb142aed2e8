import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { payloadCodec } from '../../src/temporal/index.js';

/** 32 bytes 0..31; the first 8 hex digits of their SHA-256 are 630dcd29 (sha256sum). */
const KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
const OTHER_KEY = Buffer.alloc(32, 7).toString('base64');

const withKey = (key: string) => payloadCodec({ TUTELAGE_PAYLOAD_KEY: key });
const payload = (value: unknown) => defaultPayloadConverter.toPayload(value) as Payload;
const text = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString();

describe('the payload codec', () => {
  it('gives back what was encrypted', async () => {
    const codec = withKey(KEY);
    const encrypted = await codec.encode([payload({ text: 'profits rose' }), payload(3)]);
    const decoded = await codec.decode(encrypted);
    expect(decoded.map((one) => defaultPayloadConverter.fromPayload(one))).toEqual([{ text: 'profits rose' }, 3]);
  });

  it('names the key and shows nothing of the text', async () => {
    const [encrypted] = await withKey(KEY).encode([payload('profits rose')]);
    expect(text(encrypted?.metadata?.encoding)).toBe('binary/encrypted');
    expect(text(encrypted?.metadata?.['encryption-key-id'])).toBe('630dcd29');
    expect(text(encrypted?.data)).not.toContain('profits');
  });

  it('encrypts the same payload differently each time', async () => {
    const codec = withKey(KEY);
    const [first, second] = await codec.encode([payload('same'), payload('same')]);
    expect(Buffer.from(first?.data ?? []).equals(Buffer.from(second?.data ?? []))).toBe(false);
  });

  it('reads payloads that were written without a key', async () => {
    const [plain] = await withKey(KEY).decode([payload('old')]);
    expect(defaultPayloadConverter.fromPayload(plain as Payload)).toBe('old');
  });

  it('leaves payloads as they are without a key', async () => {
    const before = payload('plain');
    expect(await payloadCodec({}).encode([before])).toEqual([before]);
  });

  it('says which key is wanted when another one is set', async () => {
    const encrypted = await withKey(KEY).encode([payload('secret')]);
    await expect(withKey(OTHER_KEY).decode(encrypted)).rejects.toThrow(
      /encrypted with key 630dcd29, and TUTELAGE_PAYLOAD_KEY is key [0-9a-f]{8}/,
    );
  });

  it('says which key is wanted when none is set', async () => {
    const encrypted = await withKey(KEY).encode([payload('secret')]);
    await expect(payloadCodec({}).decode(encrypted)).rejects.toThrow(
      /key 630dcd29, and TUTELAGE_PAYLOAD_KEY is not set/,
    );
  });

  it('refuses a payload that was changed', async () => {
    const [encrypted] = await withKey(KEY).encode([payload('secret')]);
    const data = Buffer.from(encrypted?.data ?? []);
    data[data.length - 1] = (data.at(-1) ?? 0) ^ 1;
    await expect(withKey(KEY).decode([{ ...encrypted, data }])).rejects.toThrow(/was changed after it was encrypted/);
  });

  it.each([
    ['31 bytes', Buffer.alloc(31).toString('base64')],
    ['hexadecimal', '00'.repeat(32)],
    ['words', 'my secret password that is long enough!!'],
  ])('refuses a key of %s without repeating it', (_, key) => {
    expect(() => withKey(key)).toThrow(/must be 32 bytes in base64/);
    expect(() => withKey(key)).not.toThrow(key);
  });
});
