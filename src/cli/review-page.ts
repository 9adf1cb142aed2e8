/** tutelage review [RUN]: the review page, and a link to it for one reviewer. */
import type { Client } from '@temporalio/client';
import pc from 'picocolors';
import { findReview, signToken, TOKEN_DAYS } from '../review/index.js';
import { type ServerFlags, SetupError, UsageError } from '../temporal/index.js';
import { currentStateFolder, storeLocation } from './command-options.js';
import { openExistingStore } from './existing-store.js';
import { reviewSecret } from './review-secret.js';
import { connect } from './run-client.js';
import { untilInterrupted } from './run-end.js';
import { servePage } from './serve-page.js';
import { temporalDoor } from './temporal-door.js';
import { readUpState } from './up-state.js';

export interface PageFlags extends ServerFlags {
  readonly as?: string;
  readonly host?: string;
  readonly port?: number;
  readonly store?: string;
}

const ONLY_HERE = '127.0.0.1';

/** Where `tutelage up` serves the page already, prints the link to it; else serves it until Ctrl-C. */
export async function openPage(workflowId: string | undefined, flags: PageFlags): Promise<void> {
  const reviewer = flags.as?.trim();
  if (!reviewer) throw new UsageError('the page needs to know who decides', 'Add --as NAME: the link is theirs.');
  const folder = currentStateFolder();
  const secret = reviewSecret(process.env, folder);
  const link = (address: string) => linkFor(address, { token: signToken(reviewer, secret, new Date()), workflowId });
  const up = readUpState(folder);
  if (up?.store === storeLocation(flags.store) && flags.host === undefined && flags.port === undefined) {
    tellLink(reviewer, link(up.reviewAddress));
    return;
  }
  const store = await openExistingStore(flags.store);
  if (workflowId !== undefined && (await findReview(store, workflowId)) === null) {
    throw new SetupError(
      `the store has no review queue of ${workflowId}`,
      'It is made when the votes are counted and a person is to decide. See where the run is by tutelage watch, or give the right --store.',
    );
  }
  let client: Promise<Client> | null = null;
  const keptClient = () => {
    client ??= connect(flags).catch((error) => {
      client = null;
      throw error;
    });
    return client;
  };
  const interrupted = untilInterrupted();
  const page = await servePage({
    store,
    door: temporalDoor(keptClient),
    secret,
    host: flags.host ?? ONLY_HERE,
    port: flags.port ?? null,
    workflowId: workflowId ?? null,
  }).catch((error: NodeJS.ErrnoException) => {
    throw new SetupError(`the page can't be served: ${error.message}`, 'Give another --host or --port.');
  });
  tellLink(reviewer, link(page.address));
  process.stderr.write('Ctrl-C stops the page; what was decided is kept.\n');
  await new Promise<void>((resolve) => interrupted.addEventListener('abort', () => resolve(), { once: true }));
  await page.close();
  await (client as Promise<Client> | null)?.then(
    ({ connection }) => connection.close(),
    () => undefined,
  );
}

function linkFor(address: string, { token, workflowId }: { token: string; workflowId: string | undefined }): string {
  const query = new URLSearchParams({ token, ...(workflowId === undefined ? {} : { run: workflowId }) });
  return `${address}/enter?${query}`;
}

function tellLink(reviewer: string, link: string): void {
  process.stdout.write(`${pc.bold('review')}     ${link}\n`);
  process.stderr.write(`Whoever has this link decides as ${reviewer}. It is good for ${TOKEN_DAYS} days.\n`);
}
