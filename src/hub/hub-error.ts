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
