/** The one call of stage prepare. It asks a question that the run has to ask anyway and goes through the ledger of its chunk,
 *  so that it is counted, kept to the budget and not paid for again. */
import type { Manifest, ProbeResult, RunRef, Task, TeacherReply } from '../contracts/index.js';
import type { Store } from '../store/index.js';
import {
  type AskedTeacher,
  chunkFolder,
  inTermsOf,
  probeQuestion,
  probeTeacher,
  QuestionRefusedError,
  spentByChunk,
  type Teacher,
  type TeacherRequest,
} from '../teachers/index.js';
import { addSpending, NOTHING_SPENT } from '../voting/index.js';

export interface ProbeJob {
  readonly task: Task;
  readonly run: RunRef;
  readonly manifest: Manifest;
  /** The teacher that is tried, as votes.plan calls it. */
  readonly name: string;
  /** Of the activity. */
  readonly attempt: number;
}

interface ProbePorts {
  readonly store: Store;
  readonly asked: AskedTeacher;
  readonly signal: AbortSignal;
}

/** Tries one of the run's teachers. Asks nothing where a recording answers, where every reply is known already, or where the budget does not reach. */
export async function probe(job: ProbeJob, ports: ProbePorts): Promise<ProbeResult> {
  const { store, signal } = ports;
  const { settings, teacher } = ports.asked;
  const schemaRefused = await store.exists(schemaRefusedPath(job));
  const { votes } = job.task;
  const plan = votes.plan.filter((planned) => planned.teacher === job.name);
  const jsonSchema = schemaRefused ? 'off' : settings.jsonSchema;
  const task: Task = { ...job.task, teacher: { ...settings, jsonSchema }, votes: { ...votes, plan } };
  try {
    // Which text is asked about, the ledger decides.
    return (await probeTeacher(new LedgerTeacher(job, ports), task, '', signal)).probe;
  } catch (error) {
    if (!(error instanceof NothingToAsk)) throw inTermsOf(job.name, error);
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
    ({ provider: this.provider, host: this.host, model: this.model } = ports.asked.teacher);
  }

  async ask(form: TeacherRequest, signal: AbortSignal): Promise<TeacherReply> {
    const { attempt, manifest, name, run, task } = this.job;
    const { store } = this.ports;
    const asked = { ...this.ports.asked, jsonSchema: form.jsonSchema !== null };
    const spent = (await spentByChunk(store, run.folder, manifest.chunks)).reduce(
      (sum, { spending }) => addSpending(sum, spending),
      NOTHING_SPENT,
    );
    for (const chunk of manifest.chunks) {
      const reply = await probeQuestion(
        {
          task: reasonedFirst(task),
          name,
          asked,
          chunk,
          folder: chunkFolder(run.folder, chunk),
          owner: { activity: `${run.folder} prepare ${name}`, attempt },
          spent,
        },
        { store, ask: (request) => this.send(request, signal) },
      );
      if (reply !== null) return reply;
    }
    throw new NothingToAsk();
  }

  async close(): Promise<void> {}

  /** An attempt of prepare that comes after this one must know in which form the reply in the ledger was asked for. */
  private async send(request: TeacherRequest, signal: AbortSignal): Promise<TeacherReply> {
    try {
      return await this.ports.asked.teacher.ask(request, signal);
    } catch (error) {
      if (error instanceof QuestionRefusedError && request.jsonSchema !== null) {
        await this.ports.store.write(schemaRefusedPath(this.job), '');
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

function schemaRefusedPath({ name, run }: ProbeJob): string {
  return `${run.folder}/prepare/json-schema-refused-by-${name}`;
}
