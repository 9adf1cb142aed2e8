export { createTeacher, type TeacherEnvironment } from './create-teacher.js';
export { callCostMicros, type Price, priceOf, readCatalogue, TeacherCatalogue, worstCallMicros } from './prices.js';
export { type Probe, type ProbeUsage, probeTeacher } from './probe.js';
export { type AskedText, buildPrompt, type Prompt, readAskedText } from './prompts.js';
export { readReply } from './read-reply.js';
export { describeQuestion, RecordingError, textKeyOf } from './recording.js';
export { ReplayOptions, type ReplayServer, startReplayServer } from './replay-server.js';
export type { ReplayStats } from './replay-statistics.js';
export { type ReplyIdentity, replyKey } from './reply-key.js';
export {
  type ChatMessage,
  QuestionRefusedError,
  type Teacher,
  TeacherBusyError,
  TeacherFailedError,
  TeacherRefusedError,
  type TeacherRequest,
} from './teacher.js';
