import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TrainingExample } from '../../src/contracts/index.js';
import { distEntry } from '../../src/students/dist-entry.js';
import { TrainingProcessError, TrainingRefusedError, trainInProcess } from '../../src/students/index.js';
import { superviseTraining } from '../../src/students/train-process.js';
import { emptyFolder, toyExamples, toyLabels, trainingJob } from './training-job.js';

const fixture = (name: string) => join(__dirname, 'fixtures', name);
const quiet = { onProgress: () => {} };

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A job of many seconds: long texts of which few share words. */
function longJob() {
  const examples: TrainingExample[] = Array.from({ length: 3000 }, (_, i) => ({
    text: Array.from({ length: 60 }, (_, j) => `w${(i * 7919 + j * 104_729) % 50_021}`).join(' '),
    target: i % 2 === 0 ? [1, 0] : [0, 1],
    validation: i % 5 === 0,
  }));
  return trainingJob(['even', 'odd'], examples);
}

describe('trainInProcess', () => {
  it('gives back the errors of training with their class and fields', async () => {
    const refused = trainInProcess(trainingJob(toyLabels, toyExamples(30), { maxMemoryMb: 64 }), quiet);
    await expect(refused).rejects.toThrow(TrainingRefusedError);
    await expect(refused).rejects.toMatchObject({ reason: 'memory', allowed: 64 });
    const unreadable = { ...trainingJob(toyLabels, []), examplesFile: join(emptyFolder(), 'missing.jsonl') };
    await expect(trainInProcess(unreadable, quiet)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(trainInProcess({ ...unreadable, kind: 'quadratic' }, quiet)).rejects.toThrow(
      'student.kind "quadratic"',
    );
  });

  it('does not start when its signal is already aborted', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(trainInProcess(longJob(), { ...quiet, signal })).rejects.toThrow('too late');
  });

  it('ends with what the progress listener throws', async () => {
    const onProgress = () => {
      throw new Error('heartbeat lost');
    };
    await expect(trainInProcess(longJob(), { onProgress })).rejects.toThrow('heartbeat lost');
  });
});

const job = trainingJob(toyLabels, toyExamples(30));

describe('superviseTraining', () => {
  it('stops the training process by a message when the signal aborts', async () => {
    const controller = new AbortController();
    let aborted = 0;
    const onProgress = ({ phase }: { phase: string }) => {
      if (!phase.startsWith('C = ') || controller.signal.aborted) return;
      aborted = performance.now();
      controller.abort(new Error('enough'));
    };
    const graceMs = 120_000;
    const stopped = superviseTraining(
      distEntry('train-child'),
      longJob(),
      { onProgress, signal: controller.signal },
      { graceMs },
    );
    await expect(stopped).rejects.toThrow('enough');
    expect(performance.now() - aborted).toBeLessThan(10_000);
  });

  it('tells how the process died and what it last wrote', async () => {
    const died = superviseTraining(fixture('dies.mjs'), job, quiet);
    await expect(died).rejects.toThrow('the training process ended with exit code 7; it last wrote:\nout of luck');
    await expect(died).rejects.toThrow(TrainingProcessError);
    await expect(died).rejects.toMatchObject({ exitCode: 7, signal: null, stderr: 'out of luck' });
  });

  it('tells a killed process and hints at memory', async () => {
    const killed = superviseTraining(fixture('dies.mjs'), { ...job, seed: 9 }, quiet);
    await expect(killed).rejects.toThrow('ended by SIGKILL (the system kills processes when memory runs out)');
    await expect(killed).rejects.toMatchObject({ exitCode: null, signal: 'SIGKILL' });
  });

  it('kills a process that does not follow "stop" within the grace', async () => {
    const controller = new AbortController();
    let pid = 0;
    const onProgress = ({ phase }: { phase: string }) => {
      pid = Number(phase);
      controller.abort(new Error('enough'));
    };
    const stopped = superviseTraining(
      fixture('deaf.mjs'),
      job,
      { onProgress, signal: controller.signal },
      { graceMs: 100 },
    );
    await expect(stopped).rejects.toThrow('enough');
    expect(isAlive(pid)).toBe(false);
  });
});

describe('a training process that says nothing any more', () => {
  it('is ended, and the error tells for how long', async () => {
    let pid = 0;
    const onProgress = ({ phase }: { phase: string }) => {
      pid = Number(phase);
    };
    const hung = superviseTraining(fixture('deaf.mjs'), job, { onProgress }, { graceMs: 100, silenceMs: 2000 });
    await expect(hung).rejects.toThrow('the training process has said nothing for 2 s');
    await expect(hung).rejects.toMatchObject({ name: 'TrainingProcessError' });
    expect(isAlive(pid)).toBe(false);
  });
});

describe('the training process', () => {
  it('ends when its parent is killed', async () => {
    const jobFile = join(emptyFolder(), 'job.json');
    writeFileSync(jobFile, JSON.stringify(longJob()));
    const parent = spawn(process.execPath, [fixture('parent.mjs'), jobFile, distEntry('train-child')]);
    const [printed] = await once(parent.stdout, 'data');
    const pid = Number(String(printed).split('\n')[0]);
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    const deadline = performance.now() + 10_000;
    while (isAlive(pid) && performance.now() < deadline) await sleep(50);
    expect(isAlive(pid)).toBe(false);
  });
});

describe('distEntry', () => {
  it('asks for a build when the compiled file is missing', () => {
    expect(() => distEntry('no-such-entry')).toThrow(
      /dist\/students\/no-such-entry\.js is missing: run "npm run build"/,
    );
  });
});
