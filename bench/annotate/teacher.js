/** The benchmark's teacher, a process of its own: chat completions with one fixed label (and a reason, unless direct), late by so much, and a token bucket that
 *  answers 429 with OpenAI's headers (tells) or with Retry-After alone. Options come as one JSON argument; it prints its url and says on GET /stats what it
 *  was asked. Runs until its stdin ends. */
import { createServer } from 'node:http';
import { crc32 } from 'node:zlib';

const { latencyMs, jitter, perSecond, label, direct = false, tells = true } = JSON.parse(process.argv[2]);

const NOTHING = { requests: 0, answered: 0, busy: 0, firstAt: null, lastAt: null, questions: 0 };
/** questions: a sum over the bodies of the answered ones, the same for the same questions in any order. */
const stats = { ...NOTHING, busyBySecond: [], answeredBySecond: [] };
let credit = perSecond;
let filledAt = performance.now();

const server = createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => answer(request, Buffer.concat(pieces), response));
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/v1`));
process.stdin.on('end', () => process.exit()).resume();

function answer(request, body, response) {
  if (request.url === '/stats') return send(response, 200, stats);
  if (request.url === '/reset') {
    Object.assign(stats, NOTHING, { busyBySecond: [], answeredBySecond: [] });
    return send(response, 200, {});
  }
  stats.requests++;
  stats.firstAt ??= Date.now();
  const second = Math.floor((Date.now() - stats.firstAt) / 1000);
  if (perSecond !== null && !takeCredit(response)) {
    stats.busy++;
    stats.busyBySecond[second] = (stats.busyBySecond[second] ?? 0) + 1;
    response.setHeader('retry-after', 1);
    return send(response, 429, { error: { message: 'too many requests' } });
  }
  stats.answeredBySecond[second] = (stats.answeredBySecond[second] ?? 0) + 1;
  stats.questions += crc32(body);
  const reply = completion(body.length);
  const ms = latencyMs * (1 + jitter * (2 * Math.random() - 1));
  if (ms === 0) finish(response, reply);
  else setTimeout(finish, ms, response, reply);
}

function finish(response, reply) {
  stats.answered++;
  stats.lastAt = Date.now();
  send(response, 200, reply);
}

/** A bucket that holds one second's worth. */
function takeCredit(response) {
  const now = performance.now();
  credit = Math.min(perSecond, credit + ((now - filledAt) / 1000) * perSecond);
  filledAt = now;
  const granted = credit >= 1;
  if (granted) credit--;
  if (!tells) return granted;
  response.setHeader('x-ratelimit-limit-requests', perSecond);
  response.setHeader('x-ratelimit-remaining-requests', Math.floor(credit));
  response.setHeader('x-ratelimit-reset-requests', `${Math.ceil(((perSecond - credit) / perSecond) * 1000)}ms`);
  return granted;
}

function completion(promptBytes) {
  const content = direct ? label : JSON.stringify({ reason: `It says so in sentence ${stats.requests}.`, label });
  const usage = { prompt_tokens: Math.ceil(promptBytes / 4), completion_tokens: 20 };
  return {
    model: 'bench',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    usage,
  };
}

function send(response, status, value) {
  const json = JSON.stringify(value);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(json) });
  response.end(json);
}
