/** Decides whether the INT8 model may answer in the place of the float32 model, and how many of its layers stay float. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeOnnxModel } from '../onnx-model.js';
import type { Student } from '../student.js';
import { QUANTISED_MODEL_FILE } from '../student-folder.js';
import { likeliest } from '../training-examples.js';
import type { Classifier } from './inference-model.js';
import { inputDivisors, layersByLoss } from './int8-calibration.js';
import { quantisedModel } from './quantised-model.js';
import type { RunModel } from './run-model.js';

/** Labels by their numbers, row by row of the validation split. */
export interface GateRows {
  readonly texts: readonly string[];
  /** Their tokens. */
  readonly ids: readonly (readonly number[])[];
  readonly targets: readonly number[];
  /** Of the float32 model. */
  readonly answers: readonly number[];
}

export interface GateOutcome {
  readonly passed: boolean;
  /** Share of rows with the float32 model's label, in the last attempt. */
  readonly agreement: number;
  /** Layers that went back to float32. */
  readonly layersInFloat: number;
  /** Of the model that the folder answers with from now on. */
  readonly answers: readonly number[];
}

const LEAST_AGREEMENT = 0.99;
const LARGEST_LOSS = 0.005;
/** Texts that the INT8 model is calibrated with; their labels play no part in it. */
const CALIBRATION_TEXTS = 64;
/** Of them those that tell which layers lose most: they are asked once for each layer. */
const LAYER_TEXTS = 16;

/** Leaves model_quantized.onnx in the folder when it passes; `load` then opens it. The layers that lose most by it
 *  go back to float32 one by one until it does. */
export async function quantise(
  classifier: Classifier,
  folder: string,
  rows: GateRows,
  { load, run }: { load: (folder: string) => Promise<Student>; run: RunModel },
): Promise<GateOutcome> {
  const calibration = rows.ids.slice(0, CALIBRATION_TEXTS);
  const divisors = await inputDivisors(classifier, calibration, run);
  const inIntegers = new Map(divisors);
  let agreement = 0;
  let byLoss: readonly string[] | null = null;
  while (inIntegers.size > 0) {
    await writeFile(join(folder, QUANTISED_MODEL_FILE), encodeOnnxModel(quantisedModel(classifier, inIntegers)));
    const answers = await ask(folder, rows.texts, load);
    agreement = equalShare(answers, rows.answers);
    const layersInFloat = divisors.size - inIntegers.size;
    if (passesGate(rows, answers)) return { passed: true, agreement, layersInFloat, answers };
    byLoss ??= await layersByLoss(classifier, divisors, calibration.slice(0, LAYER_TEXTS), run);
    inIntegers.delete(byLoss[layersInFloat]!);
  }
  await rm(join(folder, QUANTISED_MODEL_FILE), { force: true });
  return { passed: false, agreement, layersInFloat: divisors.size, answers: rows.answers };
}

/** At least 99 % of the float32 model's labels, and at most 0.5 points of accuracy lost. */
export function passesGate(
  { targets, answers }: Pick<GateRows, 'targets' | 'answers'>,
  quantised: readonly number[],
): boolean {
  const lost = equal(answers, targets) - equal(quantised, targets);
  const rows = targets.length;
  return equal(quantised, answers) >= LEAST_AGREEMENT * rows && lost <= LARGEST_LOSS * rows;
}

/** Share of rows with the same label in both. */
export function equalShare(one: readonly number[], other: readonly number[]): number {
  return equal(one, other) / one.length;
}

async function ask(folder: string, texts: readonly string[], load: (folder: string) => Promise<Student>) {
  const student = await load(folder);
  try {
    return (await student.predict(texts)).map(likeliest);
  } finally {
    await student.close();
  }
}

function equal(one: readonly number[], other: readonly number[]): number {
  return one.filter((label, row) => label === other[row]).length;
}
