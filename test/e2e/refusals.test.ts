/** How tutelage distill ends where it can't go on: exit codes, messages, what was sent, and that no key is ever shown. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newFolder } from '../cli/tutelage-process.js';
import { type DemoFiles, demoFiles, demoReplies, readJsonl, writeJsonl } from '../support/demo-data.js';
import {
  type Finished,
  type LocalUp,
  resultOf,
  startTutelage,
  startUp,
  temporalCli,
  tutelage,
} from '../support/local-run.js';
import { type ReplayTeacher, startTeacher } from '../support/replay-teacher.js';
import { json, type StandInServer, standIn } from '../teachers/stand-in-server.js';

/** Not shaped like any provider's keys, so that only knowing them helps. */
const KEYS = { MY_TEACHER_KEY: 'quiet.walrus.4711.umbrella', HF_TOKEN: 'hf_notARealTokenOfAnybody0815' };

const folder = newFolder();
let up: LocalUp;
let teacher: ReplayTeacher;
let files: DemoFiles;
let refusing: StandInServer;

beforeAll(async () => {
  [up, teacher, refusing] = await Promise.all([
    startUp(folder, { env: KEYS }),
    startTeacher({ replies: demoReplies, latencyMs: 2 }),
    // Repeats what it was sent, as some providers do.
    standIn((response, { headers, path }) => {
      if (path.startsWith('/none'))
        return json(response, 404, { error: { message: 'The model `gone` does not exist' } });
      json(response, 401, { error: { message: `Incorrect API key provided: ${headers.authorization ?? 'none'}` } });
    }),
  ]);
  files = demoFiles(folder, { rows: 40, gold: 20 });
});

afterAll(() => refusing.close());

function distill(args: readonly string[]): Promise<Finished> {
  return tutelage(['distill', ...args, '--json'], { cwd: folder, env: KEYS });
}

const sentiment = (corpus: string, ...more: string[]) =>
  distill(['financial-sentiment', '--corpus', corpus, '--teacher-url', teacher.url, '--approve-as', 'ci', ...more]);

describe('exit code 2, with nothing sent to the teacher', () => {
  afterEach(async () => expect((await teacher.stats()).requests).toBe(0));

  it('is given for a key of the task file that does not exist, with the nearest one', async () => {
    const shipped = readFileSync(join(__dirname, '..', '..', 'config', 'tasks', 'financial-sentiment.yaml'), 'utf8');
    writeFileSync(join(folder, 'misspelt.yaml'), shipped.replace('guideline:', 'guidline:'));
    const { code, stderr } = await distill(['misspelt.yaml', '--corpus', files.corpus, '--teacher-url', teacher.url]);
    expect(stderr).toMatch(/guidline.*did you mean "?guideline/);
    expect(code).toBe(2);
  });

  it('is given for a task that does not exist, with the names there are', async () => {
    const { code, stderr } = await distill(['financial-sentimnet', '--corpus', files.corpus]);
    expect(stderr).toMatch(/did you mean financial-sentiment\?.*customer-intents/);
    expect(code).toBe(2);
  });

  it('is given for a value out of range, naming key, value and what would do', async () => {
    const { code, stderr } = await sentiment(files.corpus, '--set', 'votes.ties=coin');
    expect(stderr).toMatch(/votes\.ties.*"coin".*"abstain" or "random"/);
    expect(code).toBe(2);
  });

  it('is given for a corpus that is not there', async () => {
    const { code, stderr } = await sentiment('nowhere.jsonl');
    expect(stderr).toContain('--corpus nowhere.jsonl: there is no such file');
    expect(code).toBe(2);
  });

  it('is given for a file of labels that could not be written at the end', async () => {
    for (const output of ['labels.txt', 'no/such/folder/labels.csv']) {
      const { code, stderr } = await sentiment(files.corpus, '--labels-out', output);
      expect(stderr).toContain(output);
      expect(stderr).toContain('--labels-out');
      expect(code).toBe(2);
    }
  });

  it('is given for an empty corpus', async () => {
    writeFileSync(join(folder, 'empty.jsonl'), '');
    const { code, stderr } = await sentiment('empty.jsonl');
    expect(stderr).toMatch(/empty\.jsonl/);
    expect(code).toBe(2);
  });

  it('is given for a column that the corpus has not, with those that it has', async () => {
    const { code, stderr } = await sentiment(files.corpus, '--text-column', 'body');
    expect(stderr).toMatch(/"body".*id, text, reference/s);
    expect(code).toBe(2);
  });

  it('is given for a label outside the task, with its line and the labels there are', async () => {
    const rows = files.goldRows.map((row, index) => (index === 3 ? { ...row, label: 'splendid' } : row));
    const gold = writeJsonl(join(folder, 'gold-with-a-stranger.jsonl'), rows);
    const { code, stderr, json: printed } = await sentiment(files.corpus, '--gold', gold);
    expect(stderr).toMatch(/line 4\b.*"splendid".*negative.*neutral.*positive/s);
    expect(code).toBe(2);
    // Refused before there was a run.
    expect(printed).toBeNull();
  });

  it('is given for a limit in dollars where the price is not known', async () => {
    const { code, stderr } = await sentiment(files.corpus, '--max-usd', '5');
    expect(stderr).toMatch(/budget\.usd: 5 .*teacher\.price.*budget\.calls/s);
    expect(code).toBe(2);
  });

  it('is given for a row that can be no text, unless such rows are to be skipped', async () => {
    const rows = [...readJsonl<object>(files.corpus), { id: 'blank', text: ' ' }];
    const corpus = writeJsonl(join(folder, 'with-a-blank.jsonl'), rows);
    const { code, stderr } = await sentiment(corpus);
    expect(stderr).toMatch(/line 41\b/);
    expect(code).toBe(2);
  });
});

describe('exit code 3', () => {
  it('is given when a person rejects, with what the run had reached', async () => {
    const args = ['distill', 'financial-sentiment', '--corpus', files.corpus, '--teacher-url', teacher.url, '--json'];
    const following = await startTutelage(args, { cwd: folder, env: KEYS });
    await following.says(/Waiting for you at the gate "labels"/);
    const workflowId = /run (\S+), board/.exec(following.output)?.[1] ?? '';
    const rejected = await tutelage(['reject', workflowId, '--as', 'ana', '--note', 'too many slips', '--json'], {
      cwd: folder,
      env: KEYS,
    });
    expect(rejected).toMatchObject({ code: 0, json: { gate: 'labels', decision: 'reject', reviewer: 'ana' } });

    const ended = await following.ended;
    expect(ended.code).toBe(3);
    expect(ended.stderr).toContain('gate "labels": rejected by ana: too many slips');
    const result = JSON.parse(ended.stdout.trim().split('\n').at(-1) ?? '');
    expect(result).toMatchObject({
      workflowId,
      annotation: { texts: 40, labelled: 40 },
      labels: { uri: expect.stringMatching(/labels\.jsonl$/) },
      gates: { labels: { decision: 'reject', reviewer: 'ana', automatic: false }, deployment: null },
      student: null,
      evaluation: null,
      deployment: null,
    });
  });

  it('is given when --approve-as meets a failed check, which is named with value and limit', async () => {
    const ended = await sentiment(files.corpus, '--set', 'gates.labels.minAlpha=0.99');
    expect(ended.code).toBe(3);
    const { gates } = resultOf(ended);
    expect(gates.labels).toMatchObject({ decision: 'reject', reviewer: 'ci', automatic: true });
    const failed = gates.labels?.checks.filter(({ passed }) => !passed) ?? [];
    expect(failed).toMatchObject([{ name: 'alpha', limit: 0.99, atLeast: true }]);
    expect(ended.stderr).toContain(`✘ alpha: ${Number(failed[0]?.value?.toFixed(4))} (at least 0.99)`);
  });
});

describe('exit code 4', () => {
  it('is given for a key that the teacher does not take, and the key stands nowhere', async () => {
    const args = ['financial-sentiment', '--corpus', files.corpus, '--model', 'm', '--approve-as', 'ci'];
    const set = ['teacher.apiKeyEnv=MY_TEACHER_KEY', 'teacher.headers={"x-too": "k ${MY_TEACHER_KEY}"}'];
    const ended = await distill([
      ...args,
      ...['--teacher-url', `${refusing.url}/v1`, '--id', 'wrong-key'],
      ...set.flatMap((each) => ['--set', each]),
    ]);

    expect(refusing.received.at(-1)?.headers).toMatchObject({
      authorization: `Bearer ${KEYS.MY_TEACHER_KEY}`,
      'x-too': `k ${KEYS.MY_TEACHER_KEY}`,
    });
    expect(ended.code).toBe(4);
    expect(ended.stderr).toMatch(
      /answered 401: Incorrect API key provided.*Check that MY_TEACHER_KEY holds a valid key/s,
    );
    const history = await temporalCli(['workflow', 'show', '-w', 'wrong-key', '--output', 'json'], {
      address: up.address,
      cwd: folder,
    });
    expect(history.stdout).toContain('MY_TEACHER_KEY');
    const printed = [ended.stdout, ended.stderr, history.stdout, up.process.output];
    for (const key of Object.values(KEYS)) {
      expect(printed.filter((text) => text.includes(key))).toEqual([]);
      expect(filesWith(key, join(folder, '.tutelage'))).toEqual([]);
    }
  });

  it("is given for a model that the teacher does not know, in the teacher's words", async () => {
    const args = ['financial-sentiment', '--corpus', files.corpus, '--model', 'gone', '--approve-as', 'ci'];
    const { code, stderr } = await distill([...args, '--teacher-url', `${refusing.url}/none`]);
    expect(stderr).toMatch(/The model `gone` does not exist.*teacher\.model/s);
    expect(code).toBe(4);
  });

  it('is given for the token of the Hub and a stranger as the teacher, before anything is sent', async () => {
    const sent = refusing.received.length;
    const args = ['financial-sentiment', '--corpus', files.corpus, '--model', 'm', '--approve-as', 'ci'];
    const set = ['--set', 'teacher.apiKeyEnv=HF_TOKEN'];
    const { code, stderr } = await distill([...args, '--teacher-url', `${refusing.url}/v1`, ...set]);
    expect(stderr).toContain('HF_TOKEN holds the token of the Hugging Face Hub, which is never sent to');
    expect(code).toBe(4);
    expect(refusing.received).toHaveLength(sent);
  });
});

describe('exit code 1', () => {
  it('is given for whatever else went wrong', async () => {
    const { code, stderr } = await tutelage(['watch', 'no-such-run'], { cwd: folder, env: KEYS });
    expect(stderr).toMatch(/neither the server nor the store .* knows a run called no-such-run\n.*tutelage watch/);
    expect(code).toBe(1);
  });
});

/** Files below a folder that contain the text, the server's database and the store included. */
function filesWith(text: string, below: string): string[] {
  const wanted = Buffer.from(text);
  return readdirSync(below, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(wanted));
}
