/** Bytes that are checked against the reference they were asked by. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ArtifactRef } from '../contracts/index.js';
import { DamagedArtifactError } from './store.js';

/** Returns the bytes. Throws DamagedArtifactError. */
export function verified(bytes: Uint8Array, ref: ArtifactRef): Uint8Array {
  if (createHash('sha256').update(bytes).digest('hex') !== ref.sha256) throw new DamagedArtifactError(ref.path);
  return bytes;
}

/** Writes them to a local file, which appears when it is whole and right. Throws DamagedArtifactError. */
export async function saveVerified(
  bytes: AsyncIterable<Uint8Array>,
  ref: ArtifactRef,
  localPath: string,
): Promise<void> {
  const partial = `${localPath}.${randomUUID()}.part`;
  const hash = createHash('sha256');
  try {
    await mkdir(dirname(localPath), { recursive: true });
    const file = await open(partial, 'wx');
    try {
      for await (const piece of bytes) {
        hash.update(piece);
        await file.writeFile(piece);
      }
    } finally {
      await file.close();
    }
    if (hash.digest('hex') !== ref.sha256) throw new DamagedArtifactError(ref.path);
    await rename(partial, localPath);
  } finally {
    await rm(partial, { force: true });
  }
}
