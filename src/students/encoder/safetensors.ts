/** Reading and writing safetensors files (github.com/huggingface/safetensors): 8 bytes with the header's length, a JSON
 *  header, then the tensors, all little-endian. */
import { type FileHandle, open } from 'node:fs/promises';
import { z } from 'zod';
import { writeFully } from './write-fully.js';

export interface NamedTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

export interface SafetensorsReader {
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  /** null when there is no such tensor. */
  dims(name: string): readonly number[] | null;
  /** Throws RangeError when there is no such tensor or its type is none of F32, F16 and BF16. */
  read(name: string): Promise<Float32Array>;
  /** These rows of a tensor [rows, width], in the order asked for. Throws as read. */
  readRows(name: string, rows: readonly number[]): Promise<Float32Array>;
  close(): Promise<void>;
}

/** Throws RangeError when the file is none. */
export async function openSafetensors(path: string): Promise<SafetensorsReader> {
  const file = await open(path);
  try {
    const { header, metadata, start } = await readHeader(file);
    const find = (name: string): Entry => {
      const entry = header.get(name);
      if (entry === undefined) throw new RangeError(`there is no tensor "${name}"`);
      return entry;
    };
    return {
      names: [...header.keys()],
      metadata,
      dims: (name) => header.get(name)?.shape ?? null,
      read: async (name) => {
        const { data_offsets, dtype } = find(name);
        return decoderOf(
          name,
          dtype,
        )(await readBytes(file, start + data_offsets[0], data_offsets[1] - data_offsets[0]));
      },
      readRows: async (name, rows) => {
        const { data_offsets, dtype, shape } = find(name);
        const decode = decoderOf(name, dtype);
        const [height, width] = shape as [number, number];
        const rowBytes = (data_offsets[1] - data_offsets[0]) / height;
        const picked = new Float32Array(rows.length * width);
        for (const [index, row] of rows.entries()) {
          picked.set(decode(await readBytes(file, start + data_offsets[0] + row * rowBytes, rowBytes)), index * width);
        }
        return picked;
      },
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Writes them as F32, in their order, and waits until they are on the disk. */
export async function writeSafetensors(
  path: string,
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: metadata };
  for (const { name, dims, data } of tensors) {
    header[name] = { dtype: 'F32', shape: dims, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = JSON.stringify(header);
  // Spaces keep the tensors at multiples of 8 bytes.
  const json = Buffer.from(text.padEnd(text.length + ((8 - (Buffer.byteLength(text) % 8)) % 8)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const file = await open(path, 'w');
  try {
    await writeFully(file, length);
    await writeFully(file, json);
    for (const { data } of tensors) await writeFully(file, data);
    await file.sync();
  } finally {
    await file.close();
  }
}

const Entry = z.object({
  dtype: z.string(),
  shape: z.array(z.number().int().min(0)),
  data_offsets: z.tuple([z.number().int().min(0), z.number().int().min(0)]),
});
type Entry = z.infer<typeof Entry>;
const HeaderObject = z.object({ __metadata__: z.record(z.string(), z.string()).default({}) }).catchall(Entry);

/** Larger headers than any model's are refused before they are read, as the reference reader does. */
const LONGEST_HEADER = 100_000_000;

const decoders: Readonly<Record<string, (bytes: Uint8Array) => Float32Array>> = {
  F32: (bytes) => new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4),
  F16: (bytes) => Float32Array.from(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2), fromHalf),
  BF16: fromBrainFloats,
};

function decoderOf(name: string, dtype: string): (bytes: Uint8Array) => Float32Array {
  const decode = decoders[dtype];
  if (decode !== undefined) return decode;
  throw new RangeError(`tensor "${name}" has type ${dtype}, only ${Object.keys(decoders).join(', ')} can be read`);
}

interface Header {
  readonly header: ReadonlyMap<string, Entry>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the tensors begin. */
  readonly start: number;
}

async function readHeader(file: FileHandle): Promise<Header> {
  const length = Number(Buffer.from(await readBytes(file, 0, 8)).readBigUInt64LE());
  if (length > LONGEST_HEADER) throw new RangeError('the file is not in the safetensors format');
  const text = Buffer.from(await readBytes(file, 8, length)).toString('utf8');
  let parsed: z.infer<typeof HeaderObject>;
  try {
    parsed = HeaderObject.parse(JSON.parse(text));
  } catch (error) {
    throw new RangeError('the header of the safetensors file is not as it should be', { cause: error });
  }
  const { size } = await file.stat();
  const { __metadata__: metadata, ...entries } = parsed;
  const header = new Map(Object.entries(entries));
  for (const [name, entry] of header) {
    if (8 + length + entry.data_offsets[1] > size) throw new RangeError(`the file ends before tensor "${name}" does`);
  }
  return { header, metadata, start: 8 + length };
}

/** In a buffer of their own, at its start, so that typed arrays can view them. */
async function readBytes(file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, position + done);
    if (bytesRead === 0) throw new RangeError('the safetensors file ends too early');
    done += bytesRead;
  }
  return bytes;
}

/** IEEE 754 binary16. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The upper halves of float32 numbers. */
function fromBrainFloats(bytes: Uint8Array): Float32Array {
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
}
