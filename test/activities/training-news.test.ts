/** How often a training tells its workflow of itself. */
import { NewsSender } from '../../src/activities/training-news.js';
import type { TrainingNews } from '../../src/contracts/index.js';

const at = (done: number): TrainingNews => ({ student: 'linear', phase: 'C = 1', done });

/** The shares that are sent of a training that tells of itself 1,000 times in so many milliseconds. */
async function sentIn(totalMs: number, send?: () => Promise<void>): Promise<number[]> {
  let now = 0;
  const sent: number[] = [];
  const sender = new NewsSender(
    async ({ done }) => {
      await send?.();
      sent.push(done);
    },
    () => now,
  );
  for (let step = 1; step <= 1000; step++) {
    now += totalMs / 1000;
    sender.offer(at(step / 1000));
  }
  await sender.settled();
  return sent;
}

describe('NewsSender', () => {
  it('sends twenty times at most, however long a training takes', async () => {
    const sent = await sentIn(10 * 3_600_000);
    expect(sent.length).toBeLessThanOrEqual(20);
    expect(sent.length).toBeGreaterThan(15);
  });

  it('sends every 15 seconds where that is less', async () => {
    expect(await sentIn(60_000)).toEqual([0.25, 0.5, 0.75, 1]);
    expect(await sentIn(14_000)).toEqual([]);
  });

  it('takes no harm of a server that is away', async () => {
    let calls = 0;
    const refuse = async () => {
      calls++;
      if (calls <= 2) throw new Error('away');
    };
    expect(await sentIn(60_000, refuse)).toEqual([0.75, 1]);
  });
});
