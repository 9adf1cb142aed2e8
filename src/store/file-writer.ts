/** A file of the store while it is written: under .tmp/ until it is whole. */
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ArtifactRef } from '../contracts/index.js';
import type { ArtifactWriter } from './store.js';

/** Small pieces, such as lines, are gathered into blocks of this size. */
const BLOCK_BYTES = 256 * 1024;

export interface WriterPlaces {
  /** In the store. */
  readonly path: string;
  /** On the disk, both on one file system. */
  readonly target: string;
  readonly temporary: string;
}

export class FileWriter implements ArtifactWriter {
  private readonly hash: Hash = createHash('sha256');
  private bytes = 0;
  private gathered: Uint8Array[] = [];
  private gatheredBytes = 0;
  private open = true;

  private constructor(
    private readonly file: FileHandle,
    private readonly places: WriterPlaces,
  ) {}

  static async open(places: WriterPlaces): Promise<FileWriter> {
    return new FileWriter(await open(places.temporary, 'wx'), places);
  }

  async write(chunk: string | Uint8Array): Promise<void> {
    // Copied, as the caller may fill its buffer anew before the block is full.
    const data = typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk);
    this.gathered.push(data);
    this.gatheredBytes += data.byteLength;
    if (this.gatheredBytes >= BLOCK_BYTES) await this.writeGathered();
  }

  async finish(): Promise<ArtifactRef> {
    await this.writeGathered();
    await this.file.datasync();
    await this.file.close();
    await mkdir(dirname(this.places.target), { recursive: true });
    await rename(this.places.temporary, this.places.target);
    this.open = false;
    return { path: this.places.path, sha256: this.hash.digest('hex'), bytes: this.bytes };
  }

  async abort(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await this.file.close();
    await rm(this.places.temporary, { force: true });
  }

  private async writeGathered(): Promise<void> {
    if (this.gatheredBytes === 0) return;
    const block = Buffer.concat(this.gathered);
    this.gathered = [];
    this.gatheredBytes = 0;
    this.hash.update(block);
    this.bytes += block.byteLength;
    await this.file.writeFile(block);
  }
}
