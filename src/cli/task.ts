/** tutelage task check, task schema: what a task file means before a run pays for it. */
import type { Command } from 'commander';
import pc from 'picocolors';
import { z } from 'zod';
import { counted, type PromptStyle, Task } from '../contracts/index.js';
import { openRedactor, showExamples } from '../corpus/index.js';
import { findTask, ownPackageFolder, parseSetArguments, resolveTask, TaskError } from '../tasks/index.js';
import { askedTeachers, buildPrompt, teacherHost } from '../teachers/index.js';
import { repeated } from './option-values.js';
import { placeFiles } from './run-input.js';

interface CheckFlags {
  readonly set: string[];
  readonly text?: string;
  readonly json?: true;
}

/** What `task check --json` prints. */
interface TaskCheck {
  readonly file: string;
  readonly task: Task;
  readonly taskHash: string;
  readonly callsPerText: number;
  readonly teachers: readonly { name: string; provider: string; model: string | null; host: string }[];
  /** The text that the prompts are shown with. */
  readonly sampleText: string;
  /** Each wording once. */
  readonly prompts: readonly { style: PromptStyle; messages: ReturnType<typeof buildPrompt>['messages'] }[];
}

const STAND_IN_TEXT = 'The text to label stands here.';

export function registerTask(program: Command): void {
  const task = program.command('task').description('check task files');
  task
    .command('check')
    .description('validate a task and show what the teacher would be asked; exit code 2 with all problems')
    .argument('<task>', 'task file, or the name of a task in ./config/tasks or of a shipped one')
    .addOption(repeated('--set <key=value>', 'override any key of the task: votes.stop=majority'))
    .option('--text <text>', 'sample text to show the prompts with, as the template would render it')
    .option('--json', 'print one JSON object')
    .action(check);
  task
    .command('schema')
    .description('print the JSON schema of task files, for editors and scripts')
    .action(() => print(JSON.stringify(z.toJSONSchema(Task, { io: 'input', unrepresentable: 'any' }), null, 2)));
}

async function check(reference: string, flags: CheckFlags): Promise<void> {
  const cwd = process.cwd();
  const { path: file } = findTask(reference, { cwd, packageFolder: ownPackageFolder() });
  const readStored = () => Promise.reject(new TaskError('the command line takes no store: paths for a task'));
  const set = parseSetArguments(flags.set);
  const resolved = await resolveTask({ task: file, set, readStored, cwd });
  const { task } = resolved;
  placeFiles(set, task, { cwd, file });
  const placed = await resolveTask({ task: file, set, readStored, cwd });
  const { task: asked } = await showExamples(placed.task, null, process.env);
  const sampleText = flags.text ?? asked.examples[0]?.text ?? STAND_IN_TEXT;
  const { asked: sent } = await (await openRedactor(asked.redact))(sampleText);
  const wordings = new Map(
    task.votes.plan.map(({ guideline, prompt }) => [JSON.stringify([prompt, guideline]), { guideline, prompt }]),
  );
  const checked: TaskCheck = {
    file,
    ...resolved,
    callsPerText: task.votes.plan.reduce((sum, { samples }) => sum + samples, 0),
    teachers: [...askedTeachers(task)].map(([name, settings]) => {
      const { model, provider } = settings;
      return { name, provider, model, host: teacherHost(settings) };
    }),
    sampleText,
    prompts: [...wordings.values()].map((wording) => ({
      style: wording.prompt,
      messages: buildPrompt(asked, wording, sent).messages,
    })),
  };
  print(flags.json ? JSON.stringify(checked) : describe(checked));
}

function describe({ file, task, taskHash, callsPerText, teachers, prompts }: TaskCheck): string {
  const several = teachers.length > 1;
  const plan = task.votes.plan.map(({ maxTokens, prompt, samples, teacher, temperature, when }) => {
    const warmth = temperature === null ? '' : `temperature ${temperature}, `;
    const who = several ? ` of ${teacher}` : '';
    const which = when === 'always' ? '' : ` after a ${when}`;
    return `${samples} × ${prompt}${who}${which} (${warmth}at most ${counted(maxTokens, 'token')})`;
  });
  const perText = task.votes.plan.some(({ when }) => when !== 'always') ? `at most ${callsPerText}` : `${callsPerText}`;
  const stop = task.votes.stop === 'majority' ? ', fewer once the majority is fixed' : '';
  const rows = [
    ['task', `${task.name}, ${task.kind}`],
    ['file', file],
    ['hash', taskHash],
    ['labels', task.labels.map(({ name }) => name).join(', ')],
    ['text', task.text],
    ['votes', `${perText} ${callsPerText === 1 ? 'call' : 'calls'} a text: ${plan.join(', ')}${stop}`],
    ...teachers.flatMap(({ name, provider, model, host }) => [
      [name, `${provider}, ${model ?? 'the model that it serves'}`],
      ['sent to', host],
    ]),
    ['budget', describeBudget(task)],
  ];
  const width = Math.max(...rows.map(([name = '']) => name.length)) + 2;
  const table = rows.map(([name = '', value]) => `${pc.bold(name.padEnd(width))}${value}`);
  const asked = prompts.flatMap(({ style, messages }) => [
    '',
    pc.bold(`Prompt, ${style}:`),
    ...messages.map(({ role, content }) => `${pc.dim(`[${role}]`)}\n${pc.cyan(content)}`),
  ]);
  return [...table, ...asked, '', pc.green('The task can be used.')].join('\n');
}

function describeBudget({ budget: { usd, calls } }: Task): string {
  const limits = [...(usd === null ? [] : [`$${usd}`]), ...(calls === null ? [] : [counted(calls, 'call')])];
  return limits.length === 0 ? 'no limit' : `at most ${limits.join(' and ')}`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
