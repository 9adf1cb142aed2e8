/** What every student's folder holds: model.onnx, config.json with the labels as the Hub writes them, and its answers to
 *  the validation examples. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { StudentFolderError } from './student-errors.js';

/** Loose, since the Hub's files carry more. */
const StudentConfig = z.looseObject({
  student_kind: z.string().describe('The student kind that reads this folder.'),
  id2label: z.record(z.string(), z.string()).describe("Label of each output, by its number: {'0': 'negative'}."),
});

export const MODEL_FILE = 'model.onnx';
/** The same model in INT8, named as the Hub's tools do. It is there only where it may answer in the other's place. */
export const QUANTISED_MODEL_FILE = 'model_quantized.onnx';

/** `more` are the kind's own fields. */
export async function writeStudentConfig(
  folder: string,
  kind: string,
  labels: readonly string[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const config = {
    ...more,
    student_kind: kind,
    problem_type: 'single_label_classification',
    id2label: Object.fromEntries(labels.map((label, id) => [String(id), label])),
    label2id: Object.fromEntries(labels.map((label, id) => [label, id])),
  };
  await writeFile(join(folder, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
}

/** validation.json: the label, by its number, that the chosen candidate answered to each validation example, in the order
 *  of the file, before the final fit saw them. */
export async function writeValidationAnswers(folder: string, predicted: readonly number[]): Promise<void> {
  await writeFile(join(folder, 'validation.json'), `${JSON.stringify({ predicted })}\n`);
}

/** The folder's kind, and its labels in the order of the outputs. Throws StudentFolderError. */
export async function readStudentConfig(folder: string): Promise<{ kind: string; labels: string[] }> {
  const config = await readFolderJson(folder, 'config.json', StudentConfig);
  const labels = Object.keys(config.id2label).map((_, id) => config.id2label[String(id)]);
  if (labels.length < 2 || labels.includes(undefined)) {
    throw new StudentFolderError(folder, 'id2label in config.json must name two or more labels, numbered from 0');
  }
  return { kind: config.student_kind, labels: labels as string[] };
}

/** A JSON file of the folder, checked. Throws StudentFolderError. */
export async function readFolderJson<T>(folder: string, name: string, schema: z.ZodType<T>): Promise<T> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(join(folder, name), 'utf8'));
  } catch (error) {
    throw new StudentFolderError(folder, `${name} can't be read (${(error as Error).message})`, { cause: error });
  }
  const checked = schema.safeParse(parsed);
  if (!checked.success) {
    const issue = checked.error.issues[0]!;
    throw new StudentFolderError(folder, `${name}: ${issue.path.join('.') || 'content'}: ${issue.message}`);
  }
  return checked.data;
}
