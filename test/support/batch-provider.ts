/** A provider that speaks the OpenAI Batch protocol with its real states, on loopback. A batch moves one state on each time
 *  that somebody asks after it, so nothing hangs on clocks. It keeps its own account of what it was sent and what it bills. One long
 *  file, so that the protocol stands in one place. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What becomes of a request of a batch. */
export type Answer =
  | { readonly content: string }
  | { readonly status: number; readonly message: string }
  /** Of an answer 200 that is no chat completion. */
  | { readonly body: unknown }
  /** In no file at all. */
  | 'lost';

/** How a batch ends. */
export interface Fate {
  readonly end: 'completed' | 'expired' | 'failed';
  /** Of an expired one: how many requests were worked on before. */
  readonly worked?: number;
  /** Of a failed one. */
  readonly error?: { readonly code: string; readonly message: string };
  /** How often it is asked after before it ends; 3 if not given. */
  readonly looks?: number;
}

export interface ProviderOptions {
  /** The key that requests must carry; null: any. */
  readonly key?: string | null;
  readonly answer: (body: RequestBody, times: number) => Answer;
  /** index: counts the batches from 0. */
  readonly fate?: (index: number) => Fate;
  /** Lists that a new batch is missing from. */
  readonly listLag?: number;
  /** Batches a page of the list, at most. */
  readonly pageSize?: number;
  /** The list names each batch twice. */
  readonly listsTwice?: boolean;
  /** Downloads break off after so many bytes, so many times. */
  readonly cut?: { readonly bytes: number; readonly times: number };
  /** Answers Range. */
  readonly ranges?: boolean;
  /** Looks that a cancelled batch stays in `cancelling`. */
  readonly cancellingLooks?: number;
  /** Is called at these moments; a request whose hook never resolves is never answered. */
  readonly at?: (moment: 'upload' | 'uploaded' | 'create' | 'created') => Promise<void> | void;
  /** Status of the answer to the n-th creation, in place of creating; null: it is created. */
  readonly refuseCreate?: (index: number) => { status: number } | null;
}

export interface RequestBody {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly seed?: number;
}

interface Line {
  readonly custom_id: string;
  readonly method: string;
  readonly url: string;
  readonly body: RequestBody;
}

export interface Batch {
  readonly id: string;
  readonly inputFile: string;
  readonly metadata: Record<string, string>;
  readonly window: string;
  readonly endpoint: string;
  readonly lines: readonly Line[];
  readonly fate: Fate;
  /** Seconds since the epoch. */
  readonly createdAt: number;
  status: string;
  looks: number;
  /** Lists it was missing from. */
  unlisted: number;
  counts: { total: number; completed: number; failed: number };
  output: string | null;
  errors: string | null;
}

const TOKENS = { prompt_tokens: 300, completion_tokens: 50 };

export class BatchProvider {
  readonly batches: Batch[] = [];
  readonly files = new Map<string, { name: string; text: string }>();
  /** Executed requests, by custom_id. */
  readonly billed = new Map<string, number>();
  /** Requests asked at once, outside batches. */
  askedAtOnce = 0;
  cancelled = 0;
  /** Bytes asked for with Range, and all that were sent. */
  rangesAsked = 0;
  bytesSent = 0;
  private creations = 0;
  private cuts = 0;

  private constructor(
    readonly options: ProviderOptions,
    private readonly server: ReturnType<typeof createServer>,
  ) {}

  static async start(options: ProviderOptions): Promise<BatchProvider> {
    const server = createServer();
    const provider = new BatchProvider(options, server);
    server.on('request', (request, response) => {
      provider
        .handle(request, response)
        .catch((error: Error) => sendJson(response, 500, { error: { message: error.message } }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  /** For teacher.url. */
  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  /** Requests that it has executed in batches. */
  get executed(): number {
    return [...this.billed.values()].reduce((sum, times) => sum + times, 0);
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const body = await readBody(request);
    const { key = null } = this.options;
    if (key !== null && request.headers.authorization !== `Bearer ${key}`) {
      return sendJson(response, 401, { error: { message: 'Incorrect API key provided' } });
    }
    const url = new URL(request.url ?? '/', 'http://provider');
    const path = url.pathname.replace(/^\/v1/, '');
    const route = `${request.method} ${path.replace(/(batches|files)\/[^/]+/, '$1/:id')}`;
    const id = path.split('/')[2] ?? '';
    switch (route) {
      case 'GET /models':
        return sendJson(response, 200, { data: [{ id: 'big-model' }] });
      case 'POST /chat/completions':
        this.askedAtOnce++;
        return this.answerAtOnce(JSON.parse(body.toString('utf8')), response);
      case 'POST /files':
        return this.upload(body, request.headers['content-type'] ?? '', response);
      case 'GET /files/:id/content':
        return this.download(id, request.headers.range, response);
      case 'POST /batches':
        return this.create(JSON.parse(body.toString('utf8')), response);
      case 'GET /batches':
        return this.list(url.searchParams, response);
      case 'GET /batches/:id':
        return this.retrieve(id, response);
      case 'POST /batches/:id/cancel':
        return this.cancel(id, response);
      default:
        return sendJson(response, 404, { error: { message: `no such path: ${route}` } });
    }
  }

  private answerAtOnce(body: RequestBody, response: ServerResponse): unknown {
    const answer = this.options.answer(body, 1);
    if (answer === 'lost') return sendJson(response, 500, { error: { message: 'lost' } });
    if ('status' in answer) return sendJson(response, answer.status, { error: { message: answer.message } });
    return sendJson(response, 200, bodyOf(answer));
  }

  private async upload(body: Buffer, type: string, response: ServerResponse): Promise<unknown> {
    await this.options.at?.('upload');
    const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
    const file = form.get('file');
    if (form.get('purpose') !== 'batch' || !(file instanceof Blob)) {
      return sendJson(response, 400, { error: { message: 'file and purpose=batch are needed' } });
    }
    const id = `file-${this.files.size + 1}`;
    this.files.set(id, { name: (file as File).name, text: await file.text() });
    await this.options.at?.('uploaded');
    return sendJson(response, 200, {
      id,
      object: 'file',
      purpose: 'batch',
      filename: (file as File).name,
      bytes: body.length,
    });
  }

  private async create(
    body: { input_file_id: string; endpoint: string; completion_window: string; metadata?: Record<string, string> },
    response: ServerResponse,
  ): Promise<unknown> {
    await this.options.at?.('create');
    const refusal = this.options.refuseCreate?.(this.creations++) ?? null;
    if (refusal !== null) {
      return sendJson(response, refusal.status, { error: { message: 'not now' } });
    }
    const file = this.files.get(body.input_file_id);
    if (file === undefined) return sendJson(response, 400, { error: { message: 'no such file' } });
    const lines = file.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Line);
    const index = this.batches.length;
    const batch: Batch = {
      id: `batch_${index + 1}`,
      inputFile: body.input_file_id,
      metadata: body.metadata ?? {},
      window: body.completion_window,
      endpoint: body.endpoint,
      lines,
      fate: this.options.fate?.(index) ?? { end: 'completed' },
      createdAt: Math.floor(Date.now() / 1000),
      status: 'validating',
      looks: 0,
      unlisted: 0,
      counts: { total: lines.length, completed: 0, failed: 0 },
      output: null,
      errors: null,
    };
    this.batches.push(batch);
    await this.options.at?.('created');
    return sendJson(response, 200, stateOf(batch));
  }

  private list(query: URLSearchParams, response: ServerResponse): unknown {
    const { listLag = 0, listsTwice = false, pageSize = 100 } = this.options;
    const limit = Math.min(Number(query.get('limit') ?? 20), pageSize);
    const visible = this.batches.filter((batch) => batch.unlisted++ >= listLag).reverse();
    const start = visible.findIndex(({ id }) => id === query.get('after')) + 1;
    const page = visible.slice(start, start + limit);
    const data = page.flatMap((batch) => Array(listsTwice ? 2 : 1).fill(stateOf(batch)));
    return sendJson(response, 200, { object: 'list', data, has_more: start + limit < visible.length });
  }

  private retrieve(id: string, response: ServerResponse): unknown {
    const batch = this.batches.find((each) => each.id === id);
    if (batch === undefined) return sendJson(response, 404, { error: { message: 'no such batch' } });
    this.moveOn(batch);
    return sendJson(response, 200, stateOf(batch));
  }

  private moveOn(batch: Batch): void {
    const { cancellingLooks = 1 } = this.options;
    const { end, looks = 3 } = batch.fate;
    if (['completed', 'expired', 'failed', 'cancelled'].includes(batch.status)) return;
    batch.looks++;
    if (batch.status === 'cancelling') {
      if (batch.looks > cancellingLooks) this.finish(batch, 'cancelled', Math.floor(batch.lines.length / 2));
    } else if (end === 'failed') {
      batch.status = 'failed';
    } else if (batch.looks >= looks) {
      this.finish(batch, end, end === 'expired' ? (batch.fate.worked ?? 0) : batch.lines.length);
    } else {
      batch.status = batch.looks === looks - 1 ? 'finalizing' : 'in_progress';
    }
  }

  /** Works on the first requests and writes the files. */
  private finish(batch: Batch, status: string, worked: number): void {
    const output: string[] = [];
    const errors: string[] = [];
    for (const [index, { body, custom_id }] of batch.lines.entries()) {
      if (index >= worked) {
        const code = status === 'expired' ? 'batch_expired' : 'batch_cancelled';
        errors.push(
          JSON.stringify({ id: `r${index}`, custom_id, response: null, error: { code, message: 'not executed' } }),
        );
        continue;
      }
      const times = (this.billed.get(custom_id) ?? 0) + 1;
      const answer = this.options.answer(body, times);
      if (answer !== 'lost' && 'status' in answer) {
        batch.counts.failed++;
        const failed = {
          status_code: answer.status,
          request_id: `q${index}`,
          body: { error: { message: answer.message } },
        };
        errors.push(JSON.stringify({ id: `r${index}`, custom_id, response: failed, error: null }));
        continue;
      }
      this.billed.set(custom_id, times);
      batch.counts.completed++;
      if (answer === 'lost') continue;
      const done = { status_code: 200, request_id: `q${index}`, body: bodyOf(answer) };
      output.push(JSON.stringify({ id: `r${index}`, custom_id, response: done, error: null }));
    }
    batch.status = status;
    // The order of the answers is not that of the requests.
    batch.output = this.write(`${batch.id}-output`, output.reverse());
    batch.errors = this.write(`${batch.id}-errors`, errors);
  }

  private write(id: string, lines: readonly string[]): string | null {
    if (lines.length === 0) return null;
    this.files.set(id, { name: `${id}.jsonl`, text: `${lines.join('\n')}\n` });
    return id;
  }

  private cancel(id: string, response: ServerResponse): unknown {
    const batch = this.batches.find((each) => each.id === id);
    if (batch === undefined) return sendJson(response, 404, { error: { message: 'no such batch' } });
    if (!['validating', 'in_progress'].includes(batch.status)) {
      return sendJson(response, 409, { error: { message: `a batch that is ${batch.status} can't be cancelled` } });
    }
    this.cancelled++;
    batch.status = 'cancelling';
    batch.looks = 0;
    return sendJson(response, 200, stateOf(batch));
  }

  private download(id: string, range: string | undefined, response: ServerResponse): unknown {
    const file = this.files.get(id);
    if (file === undefined) return sendJson(response, 404, { error: { message: 'no such file' } });
    const { cut, ranges = true } = this.options;
    const bytes = Buffer.from(file.text);
    const from = ranges && range !== undefined ? Number(/bytes=(\d+)-/.exec(range)?.[1]) : 0;
    if (range !== undefined) this.rangesAsked++;
    if (from >= bytes.length) return sendJson(response, 416, { error: { message: 'nothing there' } });
    const rest = bytes.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, { 'content-type': 'application/jsonl', 'content-length': rest.length });
    if (cut !== undefined && this.cuts < cut.times) {
      this.cuts++;
      this.bytesSent += cut.bytes;
      return response.write(rest.subarray(0, cut.bytes), () => response.destroy());
    }
    this.bytesSent += rest.length;
    return response.end(rest);
  }
}

function stateOf(batch: Batch) {
  const { counts, createdAt, endpoint, errors, fate, id, inputFile, metadata, output, status, window } = batch;
  return {
    id,
    object: 'batch',
    endpoint,
    completion_window: window,
    status,
    input_file_id: inputFile,
    output_file_id: output,
    error_file_id: errors,
    created_at: createdAt,
    expires_at: createdAt + 24 * 3600,
    request_counts: counts,
    metadata,
    errors: status === 'failed' ? { object: 'list', data: [fate.error ?? { code: 'invalid', message: 'no' }] } : null,
  };
}

function bodyOf(answer: { readonly content: string } | { readonly body: unknown }): unknown {
  if ('body' in answer) return answer.body;
  return {
    id: 'chatcmpl',
    object: 'chat.completion',
    model: 'big-model',
    choices: [{ index: 0, message: { role: 'assistant', content: answer.content }, finish_reason: 'stop' }],
    usage: { ...TOKENS, total_tokens: TOKENS.prompt_tokens + TOKENS.completion_tokens },
  };
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
