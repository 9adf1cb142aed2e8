/** The review page's server: documents, the browser's code, and the JSON that both speak. */
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { compress } from 'hono/compress';
import type { ZodType, z } from 'zod';
import {
  DecideRequest,
  type GateDecision,
  GateRequest,
  parseOrExplain,
  QueueName,
  QueueQuery,
  RowsQuery,
  WithdrawRequest,
} from '../../contracts/index.js';
import type { Store } from '../../store/index.js';
import { OutdatedReviewError } from '../review-folder.js';
import { readAssets } from './assets.js';
import { BoardNews } from './board-news.js';
import { Desks } from './desks.js';
import { type GateDoor, GateDoorError } from './gate-door.js';
import type { GateAnswer, Refusal, RunsAnswer } from './page-api.js';
import { keepToken, onlyOwnWrites, onlyReviewers, type PageVariables, securityHeaders } from './page-guard.js';
import { DeskRefusal, type ReviewDesk } from './review-desk.js';
import { readToken } from './reviewer-token.js';
import { runsAtGates } from './runs-at-gates.js';
import { noEntry, shell } from './shell.js';

export interface PageOptions {
  readonly store: Store;
  readonly door: GateDoor;
  /** Signs the reviewers' links. */
  readonly secret: string;
  readonly now: () => Date;
  /** The folder with the browser's code, bundled. */
  readonly clientFolder: string;
}

export interface PageApp {
  readonly fetch: (request: Request) => Response | Promise<Response>;
  /** Reads a run's first rows before somebody asks for them; the others follow. */
  prepare(workflowId: string): Promise<void>;
  /** Tells the runs that wait for a review what is new, for their boards. address: of the page; null: it is served no more.
   *  Throws GateDoorError. */
  tellBoards(address: string | null): Promise<void>;
  close(): Promise<void>;
}

const LONGEST_BODY_BYTES = 64 * 1024;
/** What has another address when it changes. */
const FOR_GOOD = 'private, max-age=31536000, immutable';

export function createPageApp({ clientFolder, door, now, secret, store }: PageOptions): PageApp {
  const desks = new Desks(store, now);
  const news = new BoardNews(desks, door, now);
  const assets = readAssets(clientFolder);
  const app = new Hono<PageVariables>();
  app.use(compress());
  app.use(securityHeaders());
  app.use(onlyOwnWrites());
  app.use(
    bodyLimit({
      maxSize: LONGEST_BODY_BYTES,
      onError: (context) => refusal(context, `a request holds at most ${LONGEST_BODY_BYTES} bytes`, 413),
    }),
  );
  app.onError(explain);

  app.get('/client/:version/:name', (context) => {
    const { name, version } = context.req.param();
    const asset = version === assets.version ? assets.files.get(name) : undefined;
    if (asset === undefined) return context.notFound();
    return context.body(asset.body, 200, { 'Content-Type': asset.type, 'Cache-Control': FOR_GOOD });
  });
  app.get('/enter', (context) => {
    const token = context.req.query('token') ?? '';
    if (readToken(token, secret, now()) === null) return context.html(noEntry(assets.version), 401);
    keepToken(context, token);
    const run = context.req.query('run');
    return context.redirect(run === undefined ? '/' : `/runs/${encodeURIComponent(run)}`, 303);
  });

  const api = new Hono<PageVariables>();
  api.use(onlyReviewers({ secret, now, refuse: (context) => refusal(context, 'your link is not good any more', 401) }));
  api.get('/runs', async (context) => {
    const answer: RunsAnswer = { reviewer: context.get('reviewer'), ...(await runsAtGates(desks, door)) };
    return context.json(answer);
  });
  api.get('/runs/:run', async (context) =>
    context.json((await firstDeskOf(context, desks)).overview(context.get('reviewer'))),
  );
  api.get('/runs/:run/queues/:queue', async (context) => {
    const queue = parsed(QueueName, context.req.param('queue'));
    const { after } = parsed(QueueQuery, context.req.query());
    const reviewer = context.get('reviewer');
    const first = await firstDeskOf(context, desks);
    const early = first.reading && queue === 'fix' ? first.handOut(queue, after, reviewer) : null;
    // Behind the rows that are read are others.
    if (early?.next) return context.json(early);
    return context.json((await deskOf(context, desks)).handOut(queue, after, reviewer));
  });
  api.get('/runs/:run/rows', async (context) => {
    const query = parsed(RowsQuery, context.req.query());
    return context.json((await deskOf(context, desks)).table(query));
  });
  api.get('/runs/:run/rows/:key', async (context) =>
    context.json((await deskOf(context, desks)).row(context.req.param('key'))),
  );
  api.get('/runs/:run/summary', async (context) => context.json((await deskOf(context, desks)).summary()));
  api.post('/runs/:run/decide', async (context) => {
    const request = parsed(DecideRequest, await context.req.json());
    const answer = await (await deskOf(context, desks)).decide(request, context.get('reviewer'));
    return context.json(answer, 'conflict' in answer ? 409 : 200);
  });
  api.post('/runs/:run/withdraw', async (context) => {
    const request = parsed(WithdrawRequest, await context.req.json());
    const answer = await (await deskOf(context, desks)).withdraw(request, context.get('reviewer'));
    return context.json(answer, 'conflict' in answer ? 409 : 200);
  });
  api.post('/runs/:run/audit', async (context) =>
    context.json(await (await deskOf(context, desks)).draw(context.get('reviewer'))),
  );
  api.get('/runs/:run/gate', async (context) => context.json(await gateOf(door, context.req.param('run'))));
  api.post('/runs/:run/gate', async (context) => {
    const run = context.req.param('run');
    const request = parsed(GateRequest, await context.req.json());
    const takesCorrections = request.gate === 'labels' && request.decision === 'approve';
    const corrections = takesCorrections ? await (await deskOf(context, desks)).corrections() : null;
    const decision: GateDecision = { ...request, reviewer: context.get('reviewer'), corrections, revision: null };
    return context.json(await door.decide(run, decision));
  });
  app.route('/api', api);

  app.use(onlyReviewers({ secret, now, refuse: (context) => context.html(noEntry(assets.version), 401) }));
  app.get('*', (context) => context.html(shell(assets.version, new URL(context.req.url).pathname)));
  return {
    fetch: (request) => app.fetch(request),
    prepare: async (workflowId) => {
      await desks.openFirst(workflowId);
    },
    tellBoards: (address) => news.tell(address),
    close: () => desks.close(),
  };
}

async function deskOf(context: Context, desks: Desks): Promise<ReviewDesk> {
  const workflowId = runOf(context);
  return (await desks.open(workflowId)) ?? noReview(workflowId);
}

/** As soon as it has an overview and the beginning of the fix queue. */
async function firstDeskOf(context: Context, desks: Desks): Promise<ReviewDesk> {
  const workflowId = runOf(context);
  return (await desks.openFirst(workflowId)) ?? noReview(workflowId);
}

function runOf(context: Context): string {
  return context.req.param('run') ?? '';
}

function noReview(workflowId: string): never {
  throw new DeskRefusal(`the store has no review of ${workflowId}`, 404);
}

async function gateOf(door: GateDoor, workflowId: string): Promise<GateAnswer> {
  try {
    const progress = await door.progress(workflowId);
    const problem =
      progress === null ? 'no worker answers for this run, or the server does not know it any more' : null;
    return {
      // The page knows more of the review than its news, and is not drawn anew for them.
      waitingFor: progress?.waitingFor ? { ...progress.waitingFor, review: null } : null,
      stage: progress?.stage ?? null,
      gates: progress?.gates ?? {},
      problem,
    };
  } catch (error) {
    if (!(error instanceof GateDoorError)) throw error;
    return { waitingFor: null, stage: null, gates: {}, problem: error.message };
  }
}

/** Throws DeskRefusal that names field, value and mend. */
function parsed<Schema extends ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const read = parseOrExplain(schema, value);
  if (read.ok) return read.value;
  throw new DeskRefusal(read.problems, 400);
}

function explain(error: Error, context: Context): Response {
  if (error instanceof OutdatedReviewError) return refusal(context, error.message, 400);
  if (error instanceof DeskRefusal) return refusal(context, error.message, error.status);
  if (error instanceof GateDoorError) return refusal(context, error.message, 422);
  if (error instanceof SyntaxError) return refusal(context, 'the request is no JSON', 400);
  console.error(error);
  return refusal(context, 'the server could not do it; its log says why. Nothing was written.', 500);
}

function refusal(context: Context, problem: string, status: 400 | 401 | 404 | 413 | 422 | 500): Response {
  const answer: Refusal = { problem };
  return context.json(answer, status);
}
