/** A repository of the Hub can't be had. */
export class HubError extends Error {
  override readonly name = 'HubError';

  constructor(
    readonly repository: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`${repository} can't be fetched from the Hub: ${problem}`, options);
  }
}
