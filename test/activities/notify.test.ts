import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createNotifyActivities } from '../../src/activities/notify.js';
import type { NotifyInput } from '../../src/contracts/index.js';

const NOTICE: NotifyInput['notice'] = {
  text: 'Tutelage: the run tickets-1 now waits',
  workflowId: 'tickets-1',
  task: 'tickets',
  gate: 'labels',
  deadline: '2026-01-02T03:04:05.000Z',
  reminder: 0,
  escalated: false,
  approveCommand: 'temporal workflow update execute',
};

let server: Server;
let address: string;
let status = 200;
const received: Array<{ type: string | undefined; body: string }> = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      received.push({ type: request.headers['content-type'], body });
      response.writeHead(status).end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/s3cret`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  received.length = 0;
  status = 200;
});

function notify(env: NodeJS.ProcessEnv): Promise<void> {
  const { notify: run } = createNotifyActivities({ env } as Parameters<typeof createNotifyActivities>[0]);
  return new MockActivityEnvironment().run(run, { webhookEnv: 'TEAM_HOOK', notice: NOTICE });
}

async function refusalOf(env: NodeJS.ProcessEnv): Promise<Error & { nonRetryable?: boolean }> {
  const error: unknown = await notify(env).then(
    () => new Error('it was told'),
    (reason: unknown) => reason,
  );
  return error as Error & { nonRetryable?: boolean };
}

describe('notify', () => {
  it('posts the notice as JSON', async () => {
    await notify({ TEAM_HOOK: address });
    expect(received).toEqual([{ type: 'application/json', body: JSON.stringify(NOTICE) }]);
  });

  it.each([
    ['is not set', {}],
    ['holds no http address', { TEAM_HOOK: 'file:///s3cret' }],
    ['holds no http address', { TEAM_HOOK: 's3cret' }],
  ])('says which variable %s, and not what it holds', async (problem, env) => {
    const { message, name } = await refusalOf(env);
    expect(name).toBe('InvalidInputError');
    expect(message).toContain(`TEAM_HOOK ${problem}`);
    expect(message).not.toContain('s3cret');
  });

  it.each([
    [404, true],
    [429, false],
    [503, false],
  ])('after HTTP %i is final: %s', async (code, final) => {
    status = code;
    const error = await refusalOf({ TEAM_HOOK: address });
    expect(error.message).toBe(`the webhook in TEAM_HOOK answered HTTP ${code}`);
    expect(error.nonRetryable).toBe(final);
  });

  it('that reaches nobody may be tried again, and does not name the address', async () => {
    const error = await refusalOf({ TEAM_HOOK: 'http://127.0.0.1:1/s3cret' });
    expect(error.message).toMatch(/^the webhook in TEAM_HOOK can't be reached/);
    expect(error.message).not.toContain('s3cret');
    expect(error.nonRetryable).toBe(false);
  });
});
