/** A repository of the Hub can't be had. */
export class HubError extends Error {
  override readonly name = 'HubError';
  /** Asking again would get the same answer. */
  readonly refused: boolean;

  constructor(
    readonly repository: string,
    problem: string,
    { refused = false, cause }: { refused?: boolean; cause?: unknown } = {},
  ) {
    super(`${repository} can't be fetched from the Hub: ${problem}`, { cause });
    this.refused = refused;
  }
}

/** HTTP statuses that asking again would not change. */
export function isRefusal(status: number | undefined): boolean {
  return status === 401 || status === 403 || status === 404;
}

export function isFromFileSystem(error: unknown): error is NodeJS.ErrnoException {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string';
}

/** What the file system says of the cache, in words that tell what would mend it; other errors as they are. */
export function cacheError(repository: string, cacheFolder: string, error: unknown): unknown {
  if (!isFromFileSystem(error)) return error;
  const { code, message } = error;
  const full = code === 'ENOSPC' || code === 'EDQUOT';
  const mend = full ? 'make room there' : 'make it writable';
  const problem = `the cache ${cacheFolder} can't be written (${message}); ${mend}, or set HF_HUB_CACHE to a folder elsewhere`;
  return new HubError(repository, problem, { refused: !full, cause: error });
}
