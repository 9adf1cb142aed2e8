/** Something outside the code is missing or wrong, and the user can mend it. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
  constructor(
    message: string,
    /** What the user can do, as a sentence. */
    readonly mend: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
