/** The one call of stage prepare, and what it leaves of the budget. Each sending is written down before it goes out and
 *  counts for ever, at its worst price until the real one is known: an attempt of prepare that dies has spent all the same. */
import { randomUUID } from 'node:crypto';
import type { Grant, Manifest, PreparedRun, RunRef, Task, TeacherReply } from '../contracts/index.js';
import type { Store } from '../store/index.js';
import {
  callCostMicros,
  chunkFolder,
  firstUnknownQuestion,
  type Price,
  probeTeacher,
  type Teacher,
  type TeacherRequest,
  worstCallMicros,
} from '../teachers/index.js';
import { InvalidInputError } from './failures.js';

export interface ProbeJob {
  readonly task: Task;
  readonly run: RunRef;
  readonly manifest: Manifest;
  readonly price: Price | null;
}

export interface ProbeOutcome {
  readonly probe: PreparedRun['probe'];
  /** What the chunks may spend. */
  readonly budget: Grant;
}

/** Asks nothing where a recording answers, or where every reply is known already. */
export async function probe(
  job: ProbeJob,
  { store, teacher, signal }: { store: Store; teacher: Teacher; signal: AbortSignal },
): Promise<ProbeOutcome> {
  const { price, task } = job;
  const { calls, usd } = task.budget;
  const account = new ProbeAccount(store, `${job.run.folder}/prepare/probe-calls`, {
    calls,
    micros: usd === null ? null : Math.floor(usd * 1e6),
  });
  const skipped = { skipped: true, model: teacher.model, jsonSchema: false, latencyMs: null, inputTokens: null };
  const text = teacher.provider === 'recorded' || calls === 0 ? null : await firstUnknownText(job, store, teacher);
  if (text === null) return { probe: skipped, budget: await account.left() };
  const accounted = new AccountedTeacher(teacher, price, account);
  const found = await probeTeacher(accounted, task, text, signal);
  return { probe: found.probe, budget: await account.left() };
}

async function firstUnknownText(
  { manifest, price, run, task }: ProbeJob,
  store: Store,
  teacher: Teacher,
): Promise<string | null> {
  for (const chunk of manifest.chunks) {
    const folder = chunkFolder(run.folder, chunk);
    const question = await firstUnknownQuestion(store, { task, price, jsonSchema: false }, teacher, chunk, folder);
    if (question !== null) return question.request.text;
  }
  return null;
}

/** A file for each sending, with what it counts. */
class ProbeAccount {
  constructor(
    private readonly store: Store,
    private readonly folder: string,
    private readonly limit: Grant,
  ) {}

  async left(): Promise<Grant> {
    const spent = await Promise.all(
      (await this.store.list(this.folder)).map(
        async (path): Promise<{ micros: number | null }> =>
          JSON.parse(Buffer.from(await this.store.read(path)).toString('utf8')),
      ),
    );
    const micros = spent.reduce((sum, each) => sum + (each.micros ?? 0), 0);
    return {
      calls: this.limit.calls === null ? null : Math.max(0, this.limit.calls - spent.length),
      micros: this.limit.micros === null ? null : Math.max(0, this.limit.micros - micros),
    };
  }

  async open(worstMicros: number | null): Promise<(micros: number | null) => Promise<void>> {
    const left = await this.left();
    const short = left.calls === 0 ? `budget.calls: ${this.limit.calls}` : `budget.usd: ${dollars(this.limit.micros)}`;
    if (left.calls === 0 || (left.micros !== null && left.micros < (worstMicros ?? 0))) {
      throw new InvalidInputError(
        `${short} is used up before the teacher could be tried; one call may cost $${dollars(worstMicros)}. Allow more.`,
      );
    }
    const path = `${this.folder}/${randomUUID()}.json`;
    await this.store.write(path, JSON.stringify({ micros: worstMicros }));
    return async (micros) => {
      await this.store.write(path, JSON.stringify({ micros }));
    };
  }
}

class AccountedTeacher implements Teacher {
  readonly provider: string;
  readonly host: string;
  readonly model: string | null;

  constructor(
    private readonly teacher: Teacher,
    private readonly price: Price | null,
    private readonly account: ProbeAccount,
  ) {
    ({ provider: this.provider, host: this.host, model: this.model } = teacher);
  }

  async ask(request: TeacherRequest, signal: AbortSignal): Promise<TeacherReply> {
    const { price } = this;
    const settle = await this.account.open(
      price === null ? null : worstCallMicros(price, request.messages, request.maxTokens),
    );
    const reply = await this.teacher.ask(request, signal);
    if (price !== null && reply.inputTokens !== null && reply.outputTokens !== null) {
      await settle(callCostMicros(price, reply.inputTokens, reply.outputTokens));
    }
    return reply;
  }

  close(): Promise<void> {
    return this.teacher.close();
  }
}

function dollars(micros: number | null): string {
  return micros === null ? '?' : (micros / 1e6).toFixed(4);
}
