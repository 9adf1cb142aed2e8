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

/** null: the run trains nothing now, or it has not told yet. */
export async function trainingAtWork(client: Client, workflowId: string): Promise<TrainingNews | null> {
  for (const beat of await heartbeats(client, workflowId)) {
    const { data } = TrainingNews.safeParse(beat);
    if (data !== undefined) return data;
  }
  return null;
}

async function heartbeats(client: Client, workflowId: string): Promise<object[]> {
  const found: object[] = [];
  for (const activity of (await describe(client, workflowId))?.pendingActivities ?? []) {
    const [payload] = activity.heartbeatDetails?.payloads ?? [];
    const beat = payload?.data ? parsed(Buffer.from(payload.data).toString('utf8')) : null;
    if (beat !== null && typeof beat === 'object') found.push(beat);
  }
  return found;
}

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
