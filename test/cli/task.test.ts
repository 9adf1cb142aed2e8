/** tutelage task shows what a task means, and refuses with every problem at once. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registerTask } from '../../src/cli/task.js';
import { FailureType } from '../../src/contracts/index.js';
import { runCommand } from './run-command.js';

const YAML = `
name: tone
kind: text-classification
labels:
  - {name: good, description: good news}
  - {name: bad}
votes:
  plan:
    - {prompt: reasoned, samples: 2}
    - {prompt: direct, temperature: 0}
    - {prompt: reasoned}
teacher: {url: 'http://localhost:8000/v1', model: big}
`;

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'task-'));
  file = join(folder, 'tone.yaml');
  writeFileSync(file, YAML);
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('task check', () => {
  it('shows labels, calls a text, the teacher and its host, and each prompt once with the sample text in it', async () => {
    const { stdout } = await runCommand(registerTask, ['task', 'check', file, '--text', 'Orders rose.']);
    expect(stdout).toMatch(/^labels +good, bad$/m);
    expect(stdout).toMatch(
      /^votes +4 calls a text: 2 × reasoned \(temperature 0\.7, at most 500 tokens\), 1 × direct/m,
    );
    expect(stdout).toMatch(/^teacher +huggingface, big$/m);
    expect(stdout).toMatch(/^sent to +localhost:8000$/m);
    expect(stdout.match(/^Prompt, \w+:$/gm)).toEqual(['Prompt, reasoned:', 'Prompt, direct:']);
    expect(stdout.match(/^\{"text": "Orders rose\."\}$/gm)).toHaveLength(2);
  });

  it('shows several teachers, who is asked when, each wording once, and the examples of a file beside the task', async () => {
    writeFileSync(join(folder, 'shots.csv'), 'text,label\nProfit rose.,good\n');
    const set = {
      teachers: '{dear: {model: large, url: "http://localhost:9000/v1"}}',
      'votes.plan':
        '[{prompt: direct}, {prompt: direct, guideline: Look twice.}, {prompt: direct, teacher: dear, when: tie}]',
    };
    writeFileSync(file, `${YAML}\nexamplesFrom: {path: shots.csv}\n`);
    const args = Object.entries(set).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
    const { stdout } = await runCommand(registerTask, ['task', 'check', file, ...args]);
    expect(stdout).toMatch(/^votes +at most 3 calls a text: 1 × direct of teacher .*1 × direct of dear after a tie/m);
    expect(stdout).toMatch(/^dear +huggingface, large$/m);
    expect(stdout).toMatch(/^sent to +localhost:9000$/m);
    expect(stdout.match(/^Prompt, direct:$/gm)).toHaveLength(2);
    expect(stdout).toContain('Look twice.');
    expect(stdout.match(/^\{"text": "Profit rose\."\}\ngood$/gm)).toHaveLength(2);
  });

  it('shows the text as the teacher would see it', async () => {
    writeFileSync(file, `${YAML}\nredact: [{pattern: "\\\\d{4,}", as: PHONE}]\n`);
    const { stdout } = await runCommand(registerTask, ['task', 'check', file, '--text', 'Call 030123.']);
    expect(stdout).toContain('{"text": "Call [PHONE_1]."}');
    expect(stdout).not.toContain('030123');
  });

  it('takes paths of the task file from its place, those that were typed from where they were', async () => {
    writeFileSync(file, `${YAML}\nexamplesFrom: {path: none.csv}\n`);
    const inFile = runCommand(registerTask, ['task', 'check', file]);
    await expect(inFile).rejects.toThrow(`examplesFrom.path (${join(folder, 'none.csv')}): there is no such file`);
    const typed = runCommand(registerTask, ['task', 'check', file, '--set', 'examplesFrom={path: none.csv}']);
    await expect(typed).rejects.toThrow(
      `examplesFrom.path (${join(process.cwd(), 'none.csv')}): there is no such file`,
    );
  });

  it('prints with --json the task with its defaults and overrides, its hash and the prompts', async () => {
    const args = ['task', 'check', file, '--set', 'votes.plan=[{prompt: direct}]', '--set', 'budget.usd=5', '--json'];
    const checked = JSON.parse((await runCommand(registerTask, args)).stdout);
    expect(checked).toMatchObject({
      file,
      callsPerText: 1,
      task: { budget: { usd: 5, calls: null }, student: { kind: 'linear' } },
    });
    expect(checked.taskHash).toMatch(/^[0-9a-f]{64}$/);
    expect(checked.prompts.map(({ style }: { style: string }) => style)).toEqual(['direct']);
  });

  it('refuses with all problems, as refused input', async () => {
    const args = ['task', 'check', file, '--set', 'votes.stop=majorty', '--set', 'budget.euro=5'];
    const refusal = await runCommand(registerTask, args).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ name: 'TaskError', type: FailureType.InvalidInput });
    expect((refusal as Error).message.split('\n').map((line) => line.trim().split(':')[0])).toEqual([
      `task ${file} can't be used`,
      'votes.stop',
      'budget.euro',
    ]);
  });
});

it('task schema prints a JSON schema that asks for name, kind and labels only', async () => {
  const schema = JSON.parse((await runCommand(registerTask, ['task', 'schema'])).stdout);
  expect(schema.required).toEqual(['name', 'kind', 'labels']);
  expect(schema.properties.votes.properties.stop.enum).toEqual(['all', 'majority']);
});
