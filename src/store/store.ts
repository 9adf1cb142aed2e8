/** The store port: where every artifact lives. Paths use "/" and are relative to the store's root. */
import { type ArtifactRef, FailureType, type StoreRef } from '../contracts/index.js';

/** A file that is written piece by piece and appears, whole, when it is finished. */
export interface ArtifactWriter {
  write(chunk: string | Uint8Array): Promise<void>;
  /** Makes the file visible under its path, replacing what was there. */
  finish(): Promise<ArtifactRef>;
  /** Throws away what was written. Does nothing after finish. */
  abort(): Promise<void>;
}

/** A file that is at hand as a whole. */
export async function writeWhole(writer: ArtifactWriter, data: string | Uint8Array): Promise<ArtifactRef> {
  try {
    await writer.write(data);
    return await writer.finish();
  } finally {
    await writer.abort();
  }
}

/** An append-only file of lines that survives the death of its writer. */
export interface Journal {
  /** Resolves once the lines outlive this process. Lines appended in one turn of the event loop go out together, in order.
   *  After a failed append every later one fails too: spending must stop when the journal can't be written. */
  append(line: string): Promise<void>;
  close(): Promise<void>;
}

/** A file as it lies in the store; a journal is one. */
export interface StoredFile {
  readonly path: string;
  readonly bytes: number;
  /** When it was last written to. */
  readonly modifiedAt: Date;
}

/** Half of a file, that a writer left behind when it died. */
export interface Leftover {
  readonly bytes: number;
  remove(): Promise<void>;
}

export interface Store {
  readonly ref: StoreRef;
  /** Throws MissingArtifactError. */
  read(path: string): Promise<Uint8Array>;
  /** Like read, and throws DamagedArtifactError when the bytes are not those of the reference. */
  readRef(ref: ArtifactRef): Promise<Uint8Array>;
  /** Lines of a UTF-8 file without their ends, streamed; a last line without an end counts. */
  lines(path: string): AsyncIterable<string>;
  exists(path: string): Promise<boolean>;
  /** Replaces the file in one step. */
  write(path: string, data: string | Uint8Array): Promise<ArtifactRef>;
  /** Writes the file unless there is one; false: there was. Never two winners. */
  writeOnce(path: string, data: string | Uint8Array): Promise<boolean>;
  writer(path: string): Promise<ArtifactWriter>;
  /** Opens the journal at its end. It is read like any file. One process writes it: on S3 a second one fails. */
  journal(path: string): Promise<Journal>;
  /** Paths of all files below a folder, sorted. */
  list(folder: string): Promise<string[]>;
  /** The same, streamed, in no order but with the files of each folder together. Files that come or go meanwhile may be missed. */
  files(folder: string): AsyncIterable<StoredFile>;
  /** What writers that began before the moment have not finished. */
  leftovers(before: Date): AsyncIterable<Leftover>;
  /** Names of the folders and files directly in a folder, sorted. */
  names(folder: string): Promise<string[]>;
  /** Copies the bytes under a reference into a local file, verified. */
  download(ref: ArtifactRef, localPath: string): Promise<void>;
  remove(path: string): Promise<void>;
}

/** The address of a store can't be used, or the server there; the message says what would do. */
export class StoreAddressError extends Error {
  override readonly name = 'StoreAddressError';
  readonly type = FailureType.InvalidInput;
}

/** The folder of a store can't be made where it was named. It may be a mount that is away: unlike an address that is none,
 *  activities try it again. */
export class StoreNotMadeError extends Error {
  override readonly name = 'StoreNotMadeError';
  readonly mend = 'Make the folder and let yourself write there, or name another one with --store or TUTELAGE_STORE.';
  constructor(location: string, options: { cause: NodeJS.ErrnoException }) {
    super(`the store ${location} can't be made (${options.cause.code})`, options);
  }
}

export class MissingArtifactError extends Error {
  override readonly name = 'MissingArtifactError';
  constructor(readonly path: string) {
    super(`the store has no file ${path}`);
  }
}

export class DamagedArtifactError extends Error {
  override readonly name = 'DamagedArtifactError';
  constructor(readonly path: string) {
    super(`the file ${path} in the store is not the one that was written: its SHA-256 differs`);
  }
}
