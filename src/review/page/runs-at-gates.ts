/** What waits: the open runs at their gates first, then the other reviews of the store. */
import type { Progress } from '../../contracts/index.js';
import type { FoundReview } from '../find-review.js';
import type { Desks } from './desks.js';
import { type GateDoor, GateDoorError } from './gate-door.js';
import type { RunEntry, RunsAnswer } from './page-api.js';

export async function runsAtGates(desks: Desks, door: GateDoor): Promise<Omit<RunsAnswer, 'reviewer'>> {
  const reviews = new Map((await desks.all()).map((found) => [found.queue.workflowId, found]));
  let open: Progress[] = [];
  let problem: string | null = null;
  try {
    open = await door.openRuns();
  } catch (error) {
    if (!(error instanceof GateDoorError)) throw error;
    problem = error.message;
  }
  const runs: RunEntry[] = [];
  for (const progress of open) {
    const { stage, task, waitingFor, workflowId } = progress;
    runs.push({
      workflowId,
      task: task ?? '',
      stage,
      waitingFor: waitingFor?.gate ?? null,
      deadline: waitingFor?.deadline ?? null,
      ...(await countsOf(reviews.get(workflowId))),
    });
    reviews.delete(workflowId);
  }
  for (const found of reviews.values()) {
    const { task, workflowId } = found.queue;
    runs.push({ workflowId, task, stage: null, waitingFor: null, deadline: null, ...(await countsOf(found)) });
  }
  return { runs: runs.sort((a, b) => urgency(a) - urgency(b)), problem };
}

/** Labels to be reviewed first, then other gates, then what does not wait. */
function urgency({ stage, waitingFor }: RunEntry): number {
  return waitingFor === 'labels' ? 0 : waitingFor !== null ? 1 : stage !== null ? 2 : 3;
}

async function countsOf(found: FoundReview | undefined): Promise<Pick<RunEntry, 'texts' | 'decided'>> {
  if (found === undefined) return { texts: null, decided: null };
  return { texts: found.queue.texts, decided: (await found.review.decisions()).size };
}
