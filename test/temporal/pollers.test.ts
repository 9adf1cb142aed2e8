import { hostname } from 'node:os';
import type { Client } from '@temporalio/client';
import { countTeacherWorkers } from '../../src/temporal/index.js';

/** A client whose server lists these pollers: identity, and seconds of the server's clock. */
function clientOf(pollers: ReadonlyArray<readonly [string, number]>): Client {
  const listed = pollers.map(([identity, seconds]) => ({ identity, lastAccessTime: { seconds } }));
  const workflowService = { describeTaskQueue: async () => ({ pollers: listed }) };
  return { options: { namespace: 'default' }, connection: { workflowService } } as unknown as Client;
}

const here = `tutelage-teacher:${process.pid}@${hostname()}`;

describe('Workers that ask teachers', () => {
  it('are those that polled within 90 s of the newest poll, whatever time it is here', async () => {
    const polls = [
      [here, 1000],
      ['tutelage-teacher:7@elsewhere', 911],
      ['tutelage-teacher:8@elsewhere', 910],
    ] as const;
    expect(await countTeacherWorkers(clientOf(polls))).toBe(2);
  });

  it('are not counted when they are dead on this machine, and are at least one', async () => {
    const dead = `tutelage-teacher:99999999@${hostname()}`;
    expect(
      await countTeacherWorkers(
        clientOf([
          [here, 1000],
          [dead, 1000],
        ]),
      ),
    ).toBe(1);
    expect(await countTeacherWorkers(clientOf([]))).toBe(1);
  });
});
