/** Tells a webhook that a gate waits for a person. */
import { ApplicationFailure } from '@temporalio/common';
import { NotifyInput } from '../contracts/index.js';
import { type Dependencies, withHeartbeat } from './dependencies.js';
import { InvalidInputError } from './failures.js';

const TIMEOUT_MS = 10_000;

export function createNotifyActivities({ env }: Dependencies) {
  return {
    /** POSTs the notice as JSON. No error names the address: whoever knows it can write to the channel. */
    async notify(raw: NotifyInput): Promise<void> {
      const { notice, webhookEnv } = NotifyInput.parse(raw);
      await withHeartbeat(
        () => null,
        (signal) => post(addressIn(env, webhookEnv), JSON.stringify(notice), webhookEnv, signal),
      );
    },
  };
}

function addressIn(env: NodeJS.ProcessEnv, name: string): URL {
  const value = env[name] ?? '';
  const address = URL.canParse(value) ? new URL(value) : null;
  if (address !== null && /^https?:$/.test(address.protocol)) return address;
  const problem = env[name] ? 'holds no http address' : 'is not set';
  throw new InvalidInputError(`the environment variable ${name} ${problem} where the orchestrator's workers run`);
}

async function post(address: URL, body: string, name: string, signal: AbortSignal): Promise<void> {
  const request = {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  };
  const response = await fetch(address, request).catch((error: Error) => {
    signal.throwIfAborted();
    throw ApplicationFailure.retryable(`the webhook in ${name} can't be reached (${error.name})`, 'WebhookFailed');
  });
  await response.body?.cancel();
  if (response.ok) return;
  throw ApplicationFailure.create({
    message: `the webhook in ${name} answered HTTP ${response.status}`,
    type: 'WebhookFailed',
    nonRetryable: response.status < 500 && response.status !== 429 && response.status !== 408,
  });
}
