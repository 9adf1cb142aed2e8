/** What every student kind must do; each kind's test runs it with settings of its own. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StudentSettings, TrainingProgress } from '../../src/contracts/index.js';
import { loadStudent, StudentClosedError, type TrainingJob, trainInProcess } from '../../src/students/index.js';

const LABELS = ['bad', 'good'];
const TEXTS = ['Orders rose by 7 percent.', 'Sales fell in the quarter.', 'Profit rose.'];

/** `settings` is asked once, in a folder that lasts as long as the tests. */
export function describeStudentKind(kind: string, settings: (folder: string) => Promise<StudentSettings>): void {
  describe(`student kind ${kind}`, () => {
    let folder: string;
    let job: TrainingJob;

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), `student-${kind}-`));
      const examplesFile = join(folder, 'examples.jsonl');
      writeFileSync(examplesFile, exampleLines(64));
      job = { kind, labels: LABELS, examplesFile, outputFolder: '', settings: await settings(folder), seed: 1 };
    });
    afterAll(() => rmSync(folder, { recursive: true }));

    async function train(name: string, changes: Partial<TrainingJob> = {}) {
      const outputFolder = join(folder, name);
      mkdirSync(outputFolder);
      const progress: TrainingProgress[] = [];
      const onProgress = (now: TrainingProgress) => progress.push(now);
      const trained = await trainInProcess({ ...job, outputFolder, ...changes }, { onProgress });
      return { trained, outputFolder, progress };
    }

    it('learns, answers as it did when it was trained, and tells how far it is', async () => {
      const { trained, outputFolder, progress } = await train('learns');
      expect(trained.validation).toEqual({ rows: 16, agreement: expect.any(Number) });
      expect(trained.validation.agreement).toBeGreaterThan(0.9);
      expect(trained.parity.maxDifference).toBeLessThan(1e-4);
      expect(progress.length).toBeGreaterThan(1);
      expect(progress.every(({ done }) => done >= 0 && done < 1)).toBe(true);
      const student = await loadStudent(outputFolder);
      try {
        const answers = await student.predict(TEXTS);
        expect(answers.map(([bad, good]) => (good! > bad! ? 'good' : 'bad'))).toEqual(['good', 'bad', 'good']);
        for (const [bad, good] of answers) expect(bad! + good!).toBeCloseTo(1, 5);
      } finally {
        await student.close();
      }
    });

    it('answers a text the same alone, among others, and in any order', async () => {
      const { outputFolder } = await train('order');
      const student = await loadStudent(outputFolder);
      try {
        const together = await student.predict(TEXTS);
        const reversed = await student.predict(TEXTS.toReversed());
        for (const [index, text] of TEXTS.entries()) {
          const [alone] = await student.predict([text]);
          for (const [label, probability] of together[index]!.entries()) {
            expect(alone![label]).toBeCloseTo(probability, 5);
            expect(reversed[TEXTS.length - 1 - index]![label]).toBeCloseTo(probability, 5);
          }
        }
        expect(await student.predict([])).toEqual([]);
      } finally {
        await student.close();
      }
      await expect(student.predict(TEXTS)).rejects.toThrow(StudentClosedError);
    });

    it('makes the same files of the same job', async () => {
      const files = ({ outputFolder }: { outputFolder: string }) =>
        readdirSync(outputFolder).map((name) => [name, readFileSync(join(outputFolder, name)).toString('base64')]);
      const first = files(await train('first'));
      expect(files(await train('again'))).toEqual(first);
      expect(first.map(([name]) => name)).toEqual(
        expect.arrayContaining(['model.onnx', 'config.json', 'validation.json']),
      );
    });

    it('is refused when it needs more memory than it may take', async () => {
      const little = { ...job.settings, maxMemoryMb: 64 };
      await expect(train('little', { settings: little })).rejects.toThrow(/student\.maxMemoryMb is 64: raise it, or/);
    });

    it('stops when it is told to', async () => {
      const stop = new AbortController();
      const outputFolder = join(folder, 'stopped');
      mkdirSync(outputFolder);
      const training = trainInProcess(
        { ...job, outputFolder },
        { onProgress: () => stop.abort(new Error('enough')), signal: stop.signal },
      );
      await expect(training).rejects.toThrow('enough');
    });
  });
}

/** "rose" is good and "fell" is bad; every fourth line is for validation. */
export function exampleLines(count: number): string {
  const lines = Array.from({ length: count }, (_, index) => {
    const rose = index % 2 === 1;
    const subject = ['Orders', 'Sales', 'Profit'][index % 3];
    const text = `${subject} ${rose ? 'rose' : 'fell'} by ${index} percent in the quarter.`;
    return JSON.stringify({ text, target: rose ? [0, 1] : [1, 0], validation: Math.floor(index / 2) % 4 === 3 });
  });
  return lines.join('\n');
}
