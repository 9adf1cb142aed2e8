/** What activities at work last told of themselves: newer than what their run knows. Heartbeats that are encrypted tell nothing. */
import type { Client } from '@temporalio/client';
import { type ChunkProgress, TrainingNews } from '../contracts/index.js';

/** Texts and calls of the run's chunks at work. */
export async function chunksAtWork(client: Client, workflowId: string): Promise<ChunkProgress> {
  const sum = { texts: 0, calls: 0 };
  for (const child of (await describe(client, workflowId))?.pendingChildren ?? []) {
    for (const beat of await heartbeats(client, child.workflowId ?? '')) {
      const { texts, calls } = beat as Partial<ChunkProgress>;
      sum.texts += texts ?? 0;
      sum.calls += calls ?? 0;
    }
  }
  return sum;
}

export interface TrainingAtWork {
  /** null: the run trains nothing now, or it has not told yet. */
  readonly news: TrainingNews | null;
  /** What ended the attempt before; null: it is the first. */
  readonly trouble: string | null;
}

export async function trainingAtWork(client: Client, workflowId: string): Promise<TrainingAtWork> {
  const pending = (await describe(client, workflowId))?.pendingActivities ?? [];
  const news = pending.flatMap((activity) => TrainingNews.safeParse(beatOf(activity)).data ?? []);
  const trouble = pending.flatMap(({ attempt, lastFailure }) =>
    lastFailure?.message ? [`attempt ${attempt}, since: ${lastFailure.message}`] : [],
  );
  return { news: news[0] ?? null, trouble: trouble[0] ?? null };
}

async function heartbeats(client: Client, workflowId: string): Promise<object[]> {
  const beats = ((await describe(client, workflowId))?.pendingActivities ?? []).map(beatOf);
  return beats.filter((beat) => beat !== null && typeof beat === 'object');
}

function beatOf({ heartbeatDetails }: Pick<PendingActivity, 'heartbeatDetails'>): unknown {
  const [payload] = heartbeatDetails?.payloads ?? [];
  return payload?.data ? parsed(Buffer.from(payload.data).toString('utf8')) : null;
}

type Described = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['describe']>>['raw'];
type PendingActivity = NonNullable<Described['pendingActivities']>[number];

async function describe(client: Client, workflowId: string) {
  const described = await client.workflow
    .getHandle(workflowId)
    .describe()
    .catch(() => null);
  return described?.raw;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}
