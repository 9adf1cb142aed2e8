/** An object of the store while it is written: a small one is kept until it is whole, a large one is uploaded in parts. */
import { createHash, type Hash, randomUUID } from 'node:crypto';
import type { CompletedPart } from '@aws-sdk/client-s3';
import type { ArtifactRef } from '../contracts/index.js';
import type { S3Bucket } from './s3-bucket.js';
import type { ArtifactWriter } from './store.js';

/** Small pieces, such as lines, are gathered into blocks of this size. */
const BLOCK_BYTES = 256 * 1024;
/** The protocol takes parts from 5 MiB, and 10,000 of them. */
const PART_BYTES = 8 * 2 ** 20;
/** Larger from part 1,000 on, so that an object may have 500 GiB. */
const LATE_PART_BYTES = 64 * 2 ** 20;
const EARLY_PARTS = 1000;

interface Upload {
  readonly id: string;
  readonly parts: CompletedPart[];
}

/** Holds two parts in memory at most: one that is gathered and one on its way. */
export class S3Writer implements ArtifactWriter {
  private readonly hash: Hash = createHash('sha256');
  private bytes = 0;
  private pieces: Uint8Array[] = [];
  private piecesBytes = 0;
  private blocks: Uint8Array[] = [];
  private blocksBytes = 0;
  private upload: Upload | null = null;
  /** The part on its way. */
  private sending: Promise<void> = Promise.resolve();
  private readonly writer = randomUUID();
  private open = true;

  constructor(
    private readonly bucket: S3Bucket,
    private readonly key: string,
    /** In the store. */
    private readonly path: string,
  ) {}

  async write(chunk: string | Uint8Array): Promise<void> {
    // Copied, as the caller may fill its buffer anew before the part is full.
    const piece = Buffer.from(chunk as Uint8Array);
    this.pieces.push(piece);
    this.piecesBytes += piece.byteLength;
    if (this.piecesBytes < BLOCK_BYTES) return;
    this.gatherBlock();
    const parts = this.upload?.parts.length ?? 0;
    if (this.blocksBytes >= (parts < EARLY_PARTS ? PART_BYTES : LATE_PART_BYTES)) await this.sendPart();
  }

  async finish(): Promise<ArtifactRef> {
    this.gatherBlock();
    if (this.upload === null) {
      await this.bucket.put(this.key, this.takeBlocks());
    } else {
      if (this.blocksBytes > 0) await this.sendPart();
      await this.sending;
      await this.bucket.completeUpload(this.key, this.upload.id, this.writer, this.upload.parts);
    }
    this.open = false;
    return { path: this.path, sha256: this.hash.digest('hex'), bytes: this.bytes };
  }

  async abort(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await this.sending.catch(() => {});
    if (this.upload !== null) await this.bucket.abortUpload(this.key, this.upload.id);
  }

  private gatherBlock(): void {
    const block = Buffer.concat(this.pieces);
    this.pieces = [];
    this.piecesBytes = 0;
    this.hash.update(block);
    this.bytes += block.byteLength;
    this.blocks.push(block);
    this.blocksBytes += block.byteLength;
  }

  private takeBlocks(): Uint8Array {
    const whole = Buffer.concat(this.blocks);
    this.blocks = [];
    this.blocksBytes = 0;
    return whole;
  }

  /** Resolves when the part is on its way and the one before has arrived. */
  private async sendPart(): Promise<void> {
    await this.sending;
    this.upload ??= { id: await this.bucket.beginUpload(this.key, this.writer), parts: [] };
    const { id, parts } = this.upload;
    const number = parts.length + 1;
    this.sending = this.bucket.uploadPart(this.key, id, number, this.takeBlocks()).then((part) => {
      parts.push(part);
    });
    // Whoever waits for it next learns of its failure.
    this.sending.catch(() => {});
  }
}
