/** The one call of stage prepare. It asks a question that the run has to ask anyway and goes through the ledger of its chunk,
 *  so that it is counted, kept to the budget and not paid for again. */
import type { Manifest, PreparedRun, RunRef, Task, TeacherReply } from '../contracts/index.js';
import type { Store } from '../store/index.js';
import {
  chunkFolder,
  type Price,
  probeQuestion,
  probeTeacher,
  QuestionRefusedError,
  type Teacher,
  type TeacherRequest,
} from '../teachers/index.js';

export interface ProbeJob {
  readonly task: Task;
  readonly run: RunRef;
  readonly manifest: Manifest;
  readonly price: Price | null;
  /** Of the activity. */
  readonly attempt: number;
}

interface ProbePorts {
  readonly store: Store;
  readonly teacher: Teacher;
  readonly signal: AbortSignal;
}

/** Asks nothing where a recording answers, where every reply is known already, or where the budget does not reach. */
export async function probe(job: ProbeJob, ports: ProbePorts): Promise<PreparedRun['probe']> {
  const { store, teacher, signal } = ports;
  const schemaRefused = await store.exists(schemaRefusedPath(job.run));
  const task = schemaRefused ? { ...job.task, teacher: { ...job.task.teacher, jsonSchema: 'off' as const } } : job.task;
  try {
    // Which text is asked about, the ledger decides.
    return (await probeTeacher(new LedgerTeacher(job, ports), task, '', signal)).probe;
  } catch (error) {
    if (!(error instanceof NothingToAsk)) throw error;
    return { skipped: true, model: teacher.model, jsonSchema: false, latencyMs: null, inputTokens: null };
  }
}

class NothingToAsk extends Error {
  override readonly name = 'NothingToAsk';
}

/** Asks in the form that is tried, with or without the JSON schema, but the first question that nobody has paid for. */
class LedgerTeacher implements Teacher {
  readonly provider: string;
  readonly host: string;
  readonly model: string | null;

  constructor(
    private readonly job: ProbeJob,
    private readonly ports: ProbePorts,
  ) {
    ({ provider: this.provider, host: this.host, model: this.model } = ports.teacher);
  }

  async ask(form: TeacherRequest, signal: AbortSignal): Promise<TeacherReply> {
    const { attempt, manifest, price, run, task } = this.job;
    const { store, teacher } = this.ports;
    const settings = { task: reasonedFirst(task), price, jsonSchema: form.jsonSchema !== null };
    for (const chunk of manifest.chunks) {
      const reply = await probeQuestion(
        {
          settings,
          chunk,
          folder: chunkFolder(run.folder, chunk),
          owner: { activity: `${run.folder} prepare`, attempt },
        },
        { store, teacher, ask: (request) => this.send(request, signal) },
      );
      if (reply !== null) return reply;
    }
    throw new NothingToAsk();
  }

  async close(): Promise<void> {}

  /** An attempt of prepare that comes after this one must know in which form the reply in the ledger was asked for. */
  private async send(request: TeacherRequest, signal: AbortSignal): Promise<TeacherReply> {
    try {
      return await this.ports.teacher.ask(request, signal);
    } catch (error) {
      if (error instanceof QuestionRefusedError && request.jsonSchema !== null) {
        await this.ports.store.write(schemaRefusedPath(this.job.run), '');
      }
      throw error;
    }
  }
}

/** The same questions; those with a schema come first. */
function reasonedFirst(task: Task): Task {
  const plan = [...task.votes.plan].sort((a, b) => Number(b.prompt === 'reasoned') - Number(a.prompt === 'reasoned'));
  return { ...task, votes: { ...task.votes, plan } };
}

function schemaRefusedPath(run: RunRef): string {
  return `${run.folder}/prepare/json-schema-refused`;
}
