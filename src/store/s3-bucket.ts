/** What Tutelage asks of an S3 server: objects by their keys, each request named in its errors. */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  ListPartsCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { isNoSuchKey, S3Error, s3Error } from './s3-error.js';

export interface ObjectEntry {
  readonly key: string;
  readonly bytes: number;
  readonly etag: string;
  readonly modifiedAt: Date;
}

interface ObjectHead extends Omit<ObjectEntry, 'key'> {
  /** Who wrote it: see putNew. */
  readonly writer: string | null;
}

interface ObjectPart {
  readonly etag?: string;
  /** The byte it begins with. */
  readonly from?: number;
  /** The byte that it ends before. */
  readonly to?: number;
}

/** Connections that break are mended by reading on from there, so often without a byte in between. */
const MOST_BREAKS = 5;
const BREAK_PAUSE_MS = 200;
/** Of requests that met another one for the same key (status 409). */
const MOST_CONFLICTS = 20;

export class S3Bucket {
  constructor(
    private readonly client: S3Client,
    readonly name: string,
  ) {}

  address(key: string): string {
    return key === '' ? `s3://${this.name}` : `s3://${this.name}/${key}`;
  }

  /** null: there is none. */
  async head(key: string): Promise<ObjectHead | null> {
    try {
      const { ContentLength, ETag, LastModified, Metadata } = await this.ask('HEAD', key, () =>
        this.client.send(new HeadObjectCommand({ Bucket: this.name, Key: key })),
      );
      return {
        bytes: ContentLength ?? 0,
        etag: ETag ?? '',
        modifiedAt: LastModified ?? new Date(0),
        writer: Metadata?.writer ?? null,
      };
    } catch (error) {
      if (isNoSuchKey(error)) return null;
      throw error;
    }
  }

  /** null: there is none. */
  async get(key: string): Promise<Buffer | null> {
    const pieces: Uint8Array[] = [];
    try {
      for await (const piece of this.stream(key)) pieces.push(piece);
    } catch (error) {
      if (isNoSuchKey(error)) return null;
      throw error;
    }
    return Buffer.concat(pieces);
  }

  /** The bytes of one version of the object, however slowly they are taken: the first that is seen, or the one of the etag.
   *  Throws S3Error with the code NoSuchKey, or with status 412 where another version stands there now. */
  async *stream(key: string, { etag, from = 0, to }: ObjectPart = {}): AsyncGenerator<Uint8Array> {
    let version = etag;
    let offset = from;
    let end = to ?? Number.POSITIVE_INFINITY;
    for (let breaks = 0; offset < end; ) {
      const { Body, ContentLength, ETag } = await this.ask('GET', key, () =>
        this.client.send(
          new GetObjectCommand({
            Bucket: this.name,
            Key: key,
            IfMatch: version,
            Range: offset === 0 && to === undefined ? undefined : `bytes=${offset}-${to === undefined ? '' : to - 1}`,
          }),
        ),
      );
      version ??= ETag;
      end = to ?? offset + (ContentLength ?? 0);
      const body = Body as Readable;
      try {
        for await (const piece of body as AsyncIterable<Uint8Array>) {
          offset += piece.byteLength;
          breaks = 0;
          yield piece;
        }
        if (offset < end) throw new Error(`it ended ${end - offset} bytes before its end`);
      } catch (cause) {
        if (++breaks > MOST_BREAKS) throw s3Error(this.address(key), 'GET', cause);
        await sleep(BREAK_PAUSE_MS * breaks);
      } finally {
        body.destroy();
      }
    }
  }

  async put(key: string, body: Uint8Array): Promise<void> {
    await this.ask('PUT', key, () =>
      this.client.send(new PutObjectCommand({ Bucket: this.name, Key: key, Body: body })),
    );
  }

  /** false: there is such an object. Of several writers one has true, also where an answer was lost and the request was
   *  repeated: then the object's writer tells whose it is. */
  async putNew(key: string, body: Uint8Array): Promise<boolean> {
    const writer = randomUUID();
    const command = { Bucket: this.name, Key: key, Body: body, IfNoneMatch: '*', Metadata: { writer } };
    for (let conflicts = 0; ; conflicts++) {
      try {
        await this.ask('PUT', key, () => this.client.send(new PutObjectCommand(command)));
        return true;
      } catch (error) {
        const status = error instanceof S3Error ? error.status : null;
        if (status === 412) {
          const there = await this.head(key);
          if (there !== null) return there.writer === writer;
          // It was removed since.
        } else if (status !== 409) throw error;
        if (conflicts === MOST_CONFLICTS) throw error;
        await sleep(Math.random() * BREAK_PAUSE_MS);
      }
    }
  }

  async delete(key: string): Promise<void> {
    await this.ask('DELETE', key, () => this.client.send(new DeleteObjectCommand({ Bucket: this.name, Key: key })));
  }

  /** Objects whose keys begin so, in the order of the keys' bytes. */
  async *list(prefix: string): AsyncGenerator<ObjectEntry> {
    for await (const { Contents = [] } of this.pages(prefix)) {
      for (const { ETag, Key, LastModified, Size } of Contents) {
        yield { key: Key ?? '', bytes: Size ?? 0, etag: ETag ?? '', modifiedAt: LastModified ?? new Date(0) };
      }
    }
  }

  /** What follows the prefix in its keys, up to the next slash; what has one is a folder. */
  async names(prefix: string): Promise<string[]> {
    const names: string[] = [];
    for await (const { CommonPrefixes = [], Contents = [] } of this.pages(prefix, '/')) {
      names.push(...CommonPrefixes.map(({ Prefix = '' }) => Prefix.slice(prefix.length, -1)));
      names.push(...Contents.map(({ Key = '' }) => Key.slice(prefix.length)));
    }
    return names;
  }

  /** An object that is written in parts; it is not seen before it is completed. Returns its id. */
  async beginUpload(key: string, writer: string): Promise<string> {
    const { UploadId } = await this.ask('begin of an upload', key, () =>
      this.client.send(new CreateMultipartUploadCommand({ Bucket: this.name, Key: key, Metadata: { writer } })),
    );
    if (UploadId === undefined) throw new Error(`${this.address(key)}: the server began an upload without an id`);
    return UploadId;
  }

  /** number: from 1. */
  async uploadPart(key: string, uploadId: string, number: number, body: Uint8Array): Promise<CompletedPart> {
    const { ETag } = await this.ask(`upload of part ${number}`, key, () =>
      this.client.send(
        new UploadPartCommand({ Bucket: this.name, Key: key, UploadId: uploadId, PartNumber: number, Body: body }),
      ),
    );
    return { ETag, PartNumber: number };
  }

  /** writer: as it was begun with. */
  async completeUpload(key: string, uploadId: string, writer: string, parts: readonly CompletedPart[]): Promise<void> {
    const upload = { Bucket: this.name, Key: key, UploadId: uploadId, MultipartUpload: { Parts: [...parts] } };
    try {
      await this.ask('end of an upload', key, () => this.client.send(new CompleteMultipartUploadCommand(upload)));
    } catch (error) {
      // Of a request that was repeated because its answer was lost.
      const isOver = error instanceof S3Error && error.code === 'NoSuchUpload';
      if (!isOver || (await this.head(key))?.writer !== writer) throw error;
    }
  }

  /** Does nothing where it has ended. */
  async abortUpload(key: string, uploadId: string): Promise<void> {
    const upload = { Bucket: this.name, Key: key, UploadId: uploadId };
    try {
      await this.ask('end of an upload', key, () => this.client.send(new AbortMultipartUploadCommand(upload)));
    } catch (error) {
      if (!(error instanceof S3Error && error.code === 'NoSuchUpload')) throw error;
    }
  }

  /** Uploads that were neither completed nor aborted. */
  async *uploads(prefix: string): AsyncGenerator<{ key: string; uploadId: string; begunAt: Date }> {
    let marker: { KeyMarker?: string; UploadIdMarker?: string } | null = {};
    while (marker !== null) {
      const page: ListMultipartUploadsCommandOutput = await this.ask('LIST of uploads', prefix, () =>
        this.client.send(new ListMultipartUploadsCommand({ Bucket: this.name, Prefix: prefix, ...marker })),
      );
      for (const { Initiated, Key = '', UploadId = '' } of page.Uploads ?? []) {
        yield { key: Key, uploadId: UploadId, begunAt: Initiated ?? new Date() };
      }
      const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page;
      marker =
        IsTruncated && NextKeyMarker ? { KeyMarker: NextKeyMarker, UploadIdMarker: NextUploadIdMarker ?? '' } : null;
    }
  }

  /** Of the first thousand parts of an upload. */
  async uploadedBytes(key: string, uploadId: string): Promise<number> {
    const { Parts = [] } = await this.ask('LIST of parts', key, () =>
      this.client.send(new ListPartsCommand({ Bucket: this.name, Key: key, UploadId: uploadId })),
    );
    return Parts.reduce((sum, { Size = 0 }) => sum + Size, 0);
  }

  private async *pages(prefix: string, delimiter?: string): AsyncGenerator<ListObjectsV2CommandOutput> {
    let token: string | undefined;
    do {
      const page = await this.ask('LIST', prefix, () =>
        this.client.send(
          new ListObjectsV2Command({
            Bucket: this.name,
            Prefix: prefix,
            Delimiter: delimiter,
            ContinuationToken: token,
          }),
        ),
      );
      yield page;
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  private async ask<Answer>(operation: string, key: string, request: () => Promise<Answer>): Promise<Answer> {
    try {
      return await request();
    } catch (cause) {
      throw s3Error(this.address(key), operation, cause);
    }
  }
}
