/** A teacher of the tests: answers what a script says, after the latency it says, and remembers every request. */
import { setTimeout as delay } from 'node:timers/promises';
import type { TeacherReply } from '../../../src/contracts/index.js';
import type { Teacher, TeacherRequest } from '../../../src/teachers/index.js';

export interface SentRequest {
  readonly text: string;
  readonly sample: number;
  readonly prompt: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** number: of the request, from 0, over all questions. May throw any error of the port. */
export type Script = (request: TeacherRequest, number: number, signal: AbortSignal) => Promise<TeacherReply>;

export class FakeTeacher implements Teacher {
  readonly provider = 'fake';
  readonly host = 'fake-host';
  readonly model: string = 'fake-model';
  readonly sent: SentRequest[] = [];
  inFlight = 0;
  mostInFlight = 0;

  constructor(private readonly script: Script = async (request) => answer(request)) {}

  async ask(request: TeacherRequest, signal: AbortSignal): Promise<TeacherReply> {
    signal.throwIfAborted();
    const { prompt, sample, text } = request;
    const number = this.sent.push({ text, sample, prompt, at: Date.now() }) - 1;
    this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
    try {
      return await this.script(request, number, signal);
    } finally {
      this.inFlight--;
    }
  }

  async close(): Promise<void> {}

  /** Requests about a text, by sample. */
  requestsOf(text: string): number {
    return this.sent.filter((request) => request.text === text).length;
  }
}

/** 300 tokens of prompt and 50 of reply. Unless told, texts that end in an odd digit are negative. */
export function answer(request: TeacherRequest, label?: string): TeacherReply {
  const said = label ?? (/[13579]$/.test(request.text) ? 'negative' : 'positive');
  return {
    content: JSON.stringify({ reason: `sample ${request.sample}`, label: said }),
    finishReason: 'stop',
    inputTokens: 300,
    outputTokens: 50,
    latencyMs: 1,
  };
}

/** Like a network call: ends with the signal's reason when it is aborted. */
export async function latency(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
