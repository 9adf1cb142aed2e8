/** The student port: each kind is trained from a file of examples and loaded from its folder. */
import type { OneStudentSettings, TrainingProgress, TrainingSummary } from '../contracts/index.js';
import type { ExampleSurvey } from './training-examples.js';

/** A training job as plain JSON: it crosses into the training process. Paths are local. */
export interface TrainingJob<Settings extends OneStudentSettings = OneStudentSettings> {
  readonly kind: string;
  readonly labels: readonly string[];
  /** JSONL of TrainingExample. */
  readonly examplesFile: string;
  /** Empty folder that the student's files are written into. */
  readonly outputFolder: string;
  readonly settings: Settings;
  readonly seed: number;
  /** Folder in which long training leaves checkpoints: a job that finds its own there goes on from it. Without one, a
   *  killed training starts again. */
  readonly checkpointFolder?: string;
}

/** What training leaves, without what only the activity knows (where the files went in the store). */
export type TrainedStudent = Omit<TrainingSummary, 'folder' | 'files' | 'threads' | 'candidate'>;

/** Awaited, so that a training that reports often also lets the event loop turn often. */
export type ProgressListener = (progress: TrainingProgress) => Promise<void>;

/** A student ready to answer. */
export interface Student {
  readonly labels: readonly string[];
  /** Probabilities, one array of labels.length a text, in the order of labels. Rejects with StudentClosedError once
   *  close was called. */
  predict(texts: readonly string[]): Promise<number[][]>;
  /** Finishes the batches at work, rejects the waiting ones and frees the model. */
  close(): Promise<void>;
}

/** A tensor that goes into the model; data is row-major. */
export interface ModelInput {
  readonly type: 'float32' | 'int32' | 'int64';
  readonly dims: readonly number[];
  readonly data: Float32Array | Int32Array | BigInt64Array;
}

/** The inputs of one run of the model by name; dims[0] is the number of texts. */
export type ModelInputs = Readonly<Record<string, ModelInput>>;

/** One run of the model, and which of the texts it answers, in the order of its inputs. */
export interface ModelRun {
  readonly inputs: ModelInputs;
  readonly rows: readonly number[];
}

/** Turns texts into the model's inputs, beside the model in its thread. */
export interface Featuriser {
  /** One or more runs that together answer each text once. */
  featurise(texts: readonly string[]): ModelRun[];
}

/** A training that can begin. */
export interface PreparedTraining {
  /** Bytes that it needs at its peak. */
  readonly memory: number;
  /** Leaves model.onnx, config.json, validation.json and what the featuriser needs in job.outputFolder. Meant for a
   *  process of its own: see trainInProcess. Same job, same seed: same files. */
  train(onProgress: ProgressListener): Promise<TrainedStudent>;
}

/** One step of the ladder. The exported model has one output, `probabilities` [texts, labels]. */
export interface StudentKind {
  readonly kind: string;
  /** Reads what decides how training will go. Throws what makes it impossible, an encoder that is not supported for one. */
  prepare(job: TrainingJob, examples: ExampleSurvey): Promise<PreparedTraining>;
  /** Settings that lower the memory needed, for the message that refuses. */
  memorySettings(job: TrainingJob): string;
  openFeaturiser(folder: string): Promise<Featuriser>;
  load(folder: string): Promise<Student>;
}
