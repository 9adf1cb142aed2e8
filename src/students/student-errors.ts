/** What goes wrong with students, one class a cause. */

/** The job can't be trained; nothing was fitted. */
export class TrainingRefusedError extends Error {
  override readonly name = 'TrainingRefusedError';

  constructor(
    message: string,
    /** memory: needed and allowed are MB. labels: labels with examples. validation: rows held out, or left to fit. */
    readonly reason: 'memory' | 'labels' | 'validation',
    readonly needed: number,
    /** What there is of it. */
    readonly allowed: number,
  ) {
    super(message);
  }
}

/** The loss is no number any more; what was trained is of no use. */
export class TrainingDivergedError extends Error {
  override readonly name = 'TrainingDivergedError';

  constructor(
    /** From 1. */
    readonly step: number,
    readonly learningRate: number,
  ) {
    super(
      `the loss of step ${step} is no number: ` +
        (step === 1
          ? "the encoder's weights hold some that are none, so use another encoder or revision"
          : `lower student.learningRate (${learningRate})`),
    );
  }
}

/** A line of the examples file is not what the job's labels ask for. */
export class ExampleError extends Error {
  override readonly name = 'ExampleError';

  constructor(
    /** 1-based. */
    readonly line: number,
    problem: string,
  ) {
    super(`line ${line} of the training examples: ${problem}`);
  }
}

/** The exported model does not answer as the trained one did. */
export class ParityError extends Error {
  override readonly name = 'ParityError';

  constructor(
    readonly rows: number,
    /** Largest difference of a probability. */
    readonly maxDifference: number,
    readonly allowedDifference: number,
  ) {
    super(
      `the exported student differs from the trained one by up to ${maxDifference.toExponential(1)} in a probability ` +
        `(${rows} rows, ${allowedDifference} allowed); please report this as a bug`,
    );
  }
}

/** The training process died, or could not go on for a reason that is not the job's. */
export class TrainingProcessError extends Error {
  override readonly name = 'TrainingProcessError';

  constructor(
    message: string,
    readonly exitCode: number | null,
    readonly signal: string | null,
    /** The last lines it wrote to stderr. */
    readonly stderr: string,
  ) {
    super(message);
  }
}

/** A folder does not hold a student that this version can load. */
export class StudentFolderError extends Error {
  override readonly name = 'StudentFolderError';

  constructor(
    readonly folder: string,
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`${folder} is not a student's folder: ${problem}`, options);
  }
}

/** The student was closed, or its thread ended, before it could answer. */
export class StudentClosedError extends Error {
  override readonly name = 'StudentClosedError';
}

/** A folder does not hold an encoder that can be trained. */
export class EncoderError extends Error {
  override readonly name = 'EncoderError';

  constructor(
    /** A folder, or the name of a repository on the Hub. */
    readonly encoder: string,
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`student.encoder ${encoder} can't be used: ${problem}`, options);
  }
}
