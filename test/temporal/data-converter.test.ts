import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import {
  createClient,
  type DevServer,
  dataConverter,
  ensureDevServer,
  failureConverterPath,
  localServer,
  stopDevServer,
} from '../../src/temporal/index.js';
import { serverBinaryPath } from './server-binary.js';

const SECRET = 'hf_AbCdEfGhIjKlMn';
const env = { TUTELAGE_PAYLOAD_KEY: Buffer.alloc(32, 1).toString('base64') };
const folder = mkdtempSync(join(tmpdir(), 'tutelage-test-'));
let server: DevServer;
let client: Client;
let worker: Worker;
let running: Promise<void>;
let nativeConnection: NativeConnection;

beforeAll(async () => {
  if (!existsSync(failureConverterPath)) throw new Error('dist is missing: run `npm run build`');
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const cli = await serverBinaryPath();
  server = await ensureDevServer({ folder, env: { ...process.env, TEMPORAL_CLI_PATH: cli }, onProgress: () => {} });
  client = await createClient(localServer(server.address), env);
  nativeConnection = await NativeConnection.connect({ address: server.address });
  worker = await Worker.create({
    connection: nativeConnection,
    taskQueue: 'converter',
    workflowsPath: join(__dirname, 'workflows', 'leaky.ts'),
    dataConverter: dataConverter(env),
  });
  running = worker.run();
});

afterAll(async () => {
  worker?.shutdown();
  await running;
  await nativeConnection?.close();
  await client?.connection.close();
  await stopDevServer(folder);
  rmSync(folder, { recursive: true });
});

const run = (workflowId: string, text: string, fail: boolean) =>
  client.workflow.execute('leaky', { workflowId, taskQueue: 'converter', args: [text, fail] });

async function storedHistory(workflowId: string): Promise<string> {
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  return JSON.stringify(history, (key, value: unknown) =>
    typeof value === 'string' && ['data', 'encoding'].includes(key) ? Buffer.from(value, 'base64').toString() : value,
  );
}

describe('what the server stores of a run', () => {
  it('is encrypted, and read again by a client with the key', async () => {
    expect(await run('encrypted', 'profits rose in the third quarter', false)).toBe(
      'profits rose in the third quarter',
    );
    const stored = await storedHistory('encrypted');
    expect(stored).toContain('binary/encrypted');
    expect(stored).not.toContain('profits');
  });

  it('has no secrets in the failure that a workflow threw inside its sandbox', async () => {
    const error = await run('scrubbed', SECRET, true).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WorkflowFailedError);
    const { cause } = error as WorkflowFailedError;
    expect(cause).toBeInstanceOf(ApplicationFailure);
    expect(cause?.message).toBe('the key hf_*** is refused');
    expect((cause as ApplicationFailure).type).toBe('TeacherRefused');
    expect(await storedHistory('scrubbed')).not.toContain(SECRET);
  });

  it('can’t be read with another key, and the error names both', async () => {
    await run('other-key', 'profits rose', false);
    const other = await createClient(localServer(server.address), {
      TUTELAGE_PAYLOAD_KEY: Buffer.alloc(32, 2).toString('base64'),
    });
    await expect(other.workflow.getHandle('other-key').result()).rejects.toThrow(
      /encrypted with key [0-9a-f]{8}, and TUTELAGE_PAYLOAD_KEY is key [0-9a-f]{8}/,
    );
    await other.connection.close();
  });
});
