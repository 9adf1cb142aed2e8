export { type Candidate, candidatesOf } from './candidates.js';
export { pinEncoder, pinEncoders } from './encoder/pin-encoder.js';
export type { Student, StudentKind, TrainedStudent, TrainingJob } from './student.js';
export {
  EncoderError,
  ExampleError,
  ParityError,
  StudentClosedError,
  StudentFolderError,
  TrainingProcessError,
  TrainingRefusedError,
} from './student-errors.js';
export { loadStudent, studentKind } from './student-kinds.js';
export { predictOutOfFoldInProcess, type TrainInProcessOptions, trainInProcess } from './train-process.js';
