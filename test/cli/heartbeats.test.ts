/** What is read from the activities at work, as Temporal describes them. */
import type { Client } from '@temporalio/client';
import { trainingAtWork } from '../../src/cli/heartbeats.js';

function clientWith(pendingActivities: object[]): Client {
  return { workflow: { getHandle: () => ({ describe: async () => ({ raw: { pendingActivities } }) }) } } as never;
}

const beat = (details: object) => ({ payloads: [{ data: Buffer.from(JSON.stringify(details)) }] });
const NEWS = { student: 'linear', phase: 'C = 10', done: 0.5 };

describe('trainingAtWork', () => {
  it('tells what a training last told of itself', async () => {
    const client = clientWith([{ attempt: 1, heartbeatDetails: beat(NEWS) }]);
    expect(await trainingAtWork(client, 'run')).toEqual({ news: NEWS, trouble: null });
  });

  it('tells why it is tried again, and nothing where nothing is at work', async () => {
    const lastFailure = { message: 'https://huggingface.co does not answer' };
    const client = clientWith([{ attempt: 3, lastFailure, heartbeatDetails: beat({ rows: 1 }) }]);
    expect(await trainingAtWork(client, 'run')).toEqual({
      news: null,
      trouble: 'attempt 3, since: https://huggingface.co does not answer',
    });
    expect(await trainingAtWork(clientWith([]), 'run')).toEqual({ news: null, trouble: null });
  });
});
