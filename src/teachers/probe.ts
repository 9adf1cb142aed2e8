/** One real call before a run begins: a wrong key, model or address shows in seconds, not after the corpus is chunked. */
import type { ProbeResult, Task, TeacherReply } from '../contracts/index.js';
import { refusedIfNotReached } from './failed-call.js';
import { buildPrompt } from './prompts.js';
import { textKeyOf } from './recording.js';
import { QuestionRefusedError, type Teacher, TeacherRefusedError, type TeacherRequest } from './teacher.js';

/** What the probe cost. Tokens are null where the provider does not tell. */
export interface ProbeUsage {
  readonly calls: number;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
}

export interface Probe {
  readonly probe: ProbeResult;
  readonly usage: ProbeUsage;
}

/** Asks about one text with the first reasoned prompt of the plan (the first at all if there is none), with the JSON schema
 *  if the task allows it, and once more without if the question is refused. A recording is not asked.
 *  task: as this teacher sees it, with its settings under `teacher` and its votes alone in the plan. Throws TeacherRefusedError where nothing listens or the question is refused in both forms; busy and failed teachers
 *  throw their own errors, since those pass. */
export async function probeTeacher(teacher: Teacher, task: Task, text: string, signal: AbortSignal): Promise<Probe> {
  const { model } = teacher;
  if (teacher.provider === 'recorded') {
    const probe = { skipped: true, model, jsonSchema: false, latencyMs: null, inputTokens: null };
    return { probe, usage: { calls: 0, inputTokens: 0, outputTokens: 0 } };
  }
  const request = probeRequest(teacher, task, text);
  let calls = 1;
  let jsonSchema = request.jsonSchema !== null;
  let reply: TeacherReply;
  try {
    reply = await teacher.ask(request, signal);
  } catch (error) {
    if (!(error instanceof QuestionRefusedError) || !jsonSchema) throw asRefusal(error, teacher);
    calls++;
    jsonSchema = false;
    reply = await teacher.ask({ ...request, jsonSchema: null }, signal).catch((second: unknown) => {
      throw asRefusal(second, teacher);
    });
  }
  const { inputTokens, latencyMs, outputTokens } = reply;
  return {
    probe: { skipped: false, model, jsonSchema, latencyMs, inputTokens },
    usage: { calls, inputTokens, outputTokens },
  };
}

function probeRequest(teacher: Teacher, task: Task, text: string): TeacherRequest {
  const { plan } = task.votes;
  const planned = plan.find(({ prompt }) => prompt === 'reasoned') ?? plan[0];
  if (planned === undefined) throw new Error('a vote plan has at least one entry');
  const { maxTokens, prompt, temperature, topP } = planned;
  const { jsonSchema, messages } = buildPrompt(task, planned, text);
  const { jsonSchema: wish, seed, sendSeed, timeoutSeconds } = task.teacher;
  return {
    messages,
    text,
    textKey: textKeyOf(text),
    prompt,
    sample: 0,
    temperature,
    topP,
    maxTokens,
    seed: sendSeed ? seed : null,
    // Only chat completions know the field.
    jsonSchema: wish === 'auto' && teacher.provider === 'huggingface' ? jsonSchema : null,
    timeoutMs: timeoutSeconds * 1000,
  };
}

function asRefusal(error: unknown, teacher: Teacher): unknown {
  if (!(error instanceof QuestionRefusedError)) return refusedIfNotReached(error, teacher.host);
  return new TeacherRefusedError(
    `the first question was refused: ${error.message}`,
    null,
    'If the provider does not know a field: see teacher.sendSeed, teacher.maxTokensField and teacher.extraBody, and set temperature or topP to null in votes.plan.',
  );
}
