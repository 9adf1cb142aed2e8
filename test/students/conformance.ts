/** What every student kind must do; each kind's test file runs it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OneStudentSettings, TrainingExample, TrainingProgress } from '../../src/contracts/index.js';
import {
  loadStudent,
  type Student,
  StudentClosedError,
  StudentFolderError,
  studentKind,
  type TrainedStudent,
  TrainingRefusedError,
  trainInProcess,
} from '../../src/students/index.js';
import { runTraining } from '../../src/students/training.js';
import { surveyExamples } from '../../src/students/training-examples.js';
import { emptyFolder, toyExamples, toyLabels, trainingJob } from './training-job.js';

/** Of 120 examples, 24 of which are for validation: on how many the last fit is made, and how many parity is measured on. */
export interface Rows {
  readonly fitted: number;
  readonly compared: number;
}

export function describeStudentKind(
  settings: Partial<OneStudentSettings> & Pick<OneStudentSettings, 'kind'>,
  rows: Rows = { fitted: 120, compared: 120 },
): void {
  describe(`the student kind ${settings.kind}`, () => {
    const kind = studentKind(settings.kind);
    const job = trainingJob(toyLabels, toyExamples(120), settings);
    const progress: TrainingProgress[] = [];
    let trained: TrainedStudent;
    let student: Student;

    beforeAll(async () => {
      trained = await trainInProcess(job, { onProgress: (step) => progress.push(step) });
      student = await kind.load(job.outputFolder);
    });
    afterAll(() => student.close());

    it('learns a toy task and sums up its training', () => {
      expect(trained.kind).toBe(settings.kind);
      expect(trained.examples).toBe(rows.fitted);
      expect(trained.validation).toEqual({ rows: 24, agreement: 1 });
      expect(trained.trainSeconds).toBeGreaterThan(0);
      expect(trained.memoryMb!.peak).toBeGreaterThan(30);
      expect(trained.memoryMb!.peak).toBeLessThan(3 * trained.memoryMb!.stated);
      expect(trained.candidates).toContainEqual(expect.objectContaining(trained.chosen));
    });

    it('answers like the trained model after the export', () => {
      expect(trained.parity.rows).toBe(rows.compared);
      expect(trained.parity.maxDifference).toBeLessThanOrEqual(1e-4);
    });

    it('tells its progress in shares that do not fall', () => {
      const shares = progress.map(({ done }) => done);
      expect(shares.length).toBeGreaterThan(2);
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(shares[0]).toBe(0);
      expect(shares.at(-1)).toBeLessThanOrEqual(1);
      const stated = `about ${trained.memoryMb!.stated} MB needed`;
      expect(progress.map(({ phase }) => phase)).toContainEqual(expect.stringContaining(stated));
    });

    it("leaves the labels as the Hub's config.json has them", () => {
      const config = JSON.parse(readFileSync(join(job.outputFolder, 'config.json'), 'utf8'));
      expect(config.id2label).toEqual({ '0': 'cold', '1': 'mild', '2': 'hot' });
      expect(config.label2id).toEqual({ cold: 0, mild: 1, hot: 2 });
      expect(student.labels).toEqual(toyLabels);
    });

    it('leaves its answers to the validation examples, in their order', () => {
      const { predicted } = JSON.parse(readFileSync(join(job.outputFolder, 'validation.json'), 'utf8'));
      const expected = toyExamples(120).flatMap(({ target, validation }) => (validation ? [target.indexOf(1)] : []));
      expect(predicted).toEqual(expected);
    });

    it('leaves the same bytes for the same job and seed', async () => {
      const again = { ...job, outputFolder: emptyFolder() };
      await trainInProcess(again, { onProgress: () => {} });
      const names = readdirSync(job.outputFolder).sort();
      expect(readdirSync(again.outputFolder).sort()).toEqual(names);
      for (const name of names) {
        const [first, second] = [job, again].map(({ outputFolder }) => readFileSync(join(outputFolder, name)));
        expect(first!.equals(second!)).toBe(true);
      }
    });

    it('answers texts it has not seen with the label of their words', async () => {
      const answers = await student.predict(['Snow and ICE!', 'a gentle spring breeze', 'scorching, blazing desert']);
      expect(answers.map((probabilities) => probabilities.indexOf(Math.max(...probabilities)))).toEqual([0, 1, 2]);
    });

    it('gives probabilities that sum to 1, whatever the text', async () => {
      const texts = [
        '',
        ' \n\t',
        '🧊🥶 frost',
        'ﬁne ＩＣＥ',
        '雪が降る',
        '\ud800 lone',
        'snow '.repeat(20_000),
        'x'.repeat(100_000),
      ];
      const answers = await student.predict(texts);
      expect(answers).toHaveLength(texts.length);
      for (const probabilities of answers) {
        expect(probabilities).toHaveLength(3);
        expect(Math.min(...probabilities)).toBeGreaterThanOrEqual(0);
        expect(probabilities.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
      }
    });

    it('gives a text the same answer alone and among a thousand, in the order of the texts', async () => {
      const texts = Array.from({ length: 1000 }, (_, index) =>
        toyExamples(120)[index % 97]!.text.repeat(1 + (index % 3)),
      );
      const together = await student.predict(texts);
      expect(together).toHaveLength(1000);
      for (const index of [0, 63, 64, 500, 999]) {
        const [alone] = await student.predict([texts[index]!]);
        for (const [label, probability] of alone!.entries())
          expect(together[index]![label]).toBeCloseTo(probability, 5);
      }
      expect(await student.predict([])).toEqual([]);
    });

    it('is found by the kind that its folder names', async () => {
      const loaded = await loadStudent(job.outputFolder);
      try {
        expect(await loaded.predict(['frost'])).toEqual(await student.predict(['frost']));
      } finally {
        await loaded.close();
      }
    });

    it('finishes the batches at work when closed, rejects the others, and can be closed twice', async () => {
      const closing = await kind.load(job.outputFolder);
      const early = closing.predict(['frost']);
      const late = closing.predict(Array.from({ length: 5000 }, () => 'frost'));
      const rejected = expect(late).rejects.toThrow(StudentClosedError);
      await Promise.all([closing.close(), closing.close()]);
      await rejected;
      expect(await early).toHaveLength(1);
      await expect(closing.predict(['frost'])).rejects.toThrow('the student was closed');
    });

    it('says which folder is not a student', async () => {
      const folder = emptyFolder();
      await expect(kind.load(folder)).rejects.toThrow(StudentFolderError);
      await expect(kind.load(folder)).rejects.toThrow(`${folder} is not a student's folder: config.json`);
    });

    it('refuses to train with less memory than it needs, and says what would do', async () => {
      const small = trainingJob(toyLabels, toyExamples(30), { ...settings, maxMemoryMb: 64 });
      const refused = runTraining(kind, small, async () => {});
      await expect(refused).rejects.toThrow(TrainingRefusedError);
      await expect(refused).rejects.toThrow(
        `MB and student.maxMemoryMb is 64: raise it, or lower ${kind.memorySettings(small)}`,
      );
      await expect(refused).rejects.toMatchObject({ reason: 'memory', allowed: 64 });
      expect(readdirSync(small.outputFolder)).toEqual([]);
    });

    it('needs more memory for more examples and longer texts', async () => {
      const bytesFor = async (examples: TrainingExample[]) => {
        const other = trainingJob(toyLabels, examples, settings);
        return (await kind.prepare(other, await surveyExamples(other))).memory;
      };
      const bytes = await bytesFor(toyExamples(120));
      expect(await bytesFor(toyExamples(2000))).toBeGreaterThan(bytes);
      const longer = toyExamples(120).map((example) => ({ ...example, text: `${example.text} ${example.text}` }));
      expect(await bytesFor(longer)).toBeGreaterThan(bytes);
    });
  });
}
