export {
  annotateChunk,
  type ChunkJob,
  type ChunkPorts,
  settleFailedChunk,
  TeacherUnreadableError,
} from './annotate-chunk.js';
export { TeacherUnreachableError } from './ask-question.js';
export {
  type AskedTeacher,
  askedBy,
  askedTeachers,
  type ByName,
  inTermsOf,
  modelOfRecording,
  type QuestionTeacher,
  teacherField,
  teacherSettings,
} from './asked-teacher.js';
export { closeChunk, stepChunk } from './batch-chunk.js';
export { lookAtBatches } from './batch-look.js';
export type { BatchTeacher } from './batch-teacher.js';
export { limiterFor } from './call-limiter.js';
export { type Price, readCatalogue, shippedCatalogue, TeacherCatalogue } from './catalogue.js';
export { chunkFolder, chunkFolders, earlierChunks, runDigest } from './chunk-folder.js';
export { askedText, chunkRows, firstUnknownQuestion, questionOf, reusableReplies } from './chunk-questions.js';
export { chunkReplies, sealsOf, settleChunkCounts } from './chunk-seal.js';
export { createTeacher, loadHttpTeachers, type TeacherEnvironment } from './create-teacher.js';
export { callCostMicros, priceOf, worstCall } from './prices.js';
export { type Probe, type ProbeUsage, probeTeacher } from './probe.js';
export { type ProbeJob, type ProbePorts, probeQuestion } from './probe-question.js';
export { type AskedText, buildPrompt, bytesInPrompt, type Prompt, readAskedText } from './prompts.js';
export { readReply } from './read-reply.js';
export { describeQuestion, RecordingError, textKeyOf } from './recording.js';
export { ReplayOptions, type ReplayServer, startReplayServer } from './replay-server.js';
export type { ReplayStats } from './replay-statistics.js';
export { type ReplyIdentity, replyKey } from './reply-key.js';
export { spentByChunk } from './run-spending.js';
export {
  type ChatMessage,
  QuestionRefusedError,
  type Teacher,
  TeacherBusyError,
  TeacherFailedError,
  TeacherRefusedError,
  type TeacherRequest,
} from './teacher.js';
export { teacherHost } from './teacher-host.js';
export {
  activeParametersOf,
  requireAcceptedTerms,
  type TeacherTerms,
  TermsNotAcceptedError,
  termsOf,
} from './terms.js';
export { requireDistinct, requireUsableTeachers, UnusableTeachersError } from './usable-teachers.js';
export { type PlannedQuestion, plannedQuestions, questionName, type TakenReplies, VotePlan } from './vote-plan.js';
