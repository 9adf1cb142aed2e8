/** Trains the linear student: counts n-grams, chooses C on the validation rows, fits on all rows, exports. */

import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { chooseStrength } from './choose-strength.js';
import { countExamples, rowMajor } from './linear-examples.js';
import { writeLinearFeatures } from './linear-featuriser.js';
import { linearOnnxModel } from './linear-graph.js';
import type { LinearJob } from './linear-job.js';
import { fitLogisticRegression, type LogisticModel, predictProbabilities } from './logistic-regression.js';
import { encodeOnnxModel } from './onnx-model.js';
import type { ProgressListener, Student, TrainedStudent } from './student.js';
import { MODEL_FILE, writeStudentConfig, writeValidationAnswers } from './student-folder.js';
import { weigh } from './tf-idf.js';
import { measureParity, PARITY_ROWS } from './training.js';
import { type BlockVocabulary, bucketWeights, carryOver, fitVocabulary } from './vocabulary.js';

/** Trains and exports; `load` opens the export for the parity check. */
export async function trainLinear(
  job: LinearJob,
  onProgress: ProgressListener,
  load: (folder: string) => Promise<Student>,
): Promise<TrainedStudent> {
  const started = performance.now();
  const data = await countExamples(job);
  const report = (phase: string, fit: number) => (iteration: number) =>
    onProgress({ phase, done: shareDone(fit, iteration, job.settings.strengths.length + 1) });

  const { candidates, chosen } = await chooseStrength(data, job.settings.strengths, report);

  const everyRow = data.targets.map((_, row) => row);
  const vocabularies = data.tables.map((table) => fitVocabulary(table, everyRow, data.knownAtMost));
  const features = weigh(data.tables, vocabularies, everyRow);
  const { model } = await fitLogisticRegression(features, rowMajor(data.targets, everyRow), job.labels.length, {
    strength: chosen.C,
    tolerance: FINAL_TOLERANCE,
    warmStart: carryOver(chosen.model, chosen.vocabularies, vocabularies),
    onIteration: report('all rows', candidates.length),
  });
  await onProgress({ phase: 'export', done: 0.99 });
  await exportLinear(job, vocabularies, model);
  await writeValidationAnswers(job.outputFolder, chosen.predicted);
  const trainSeconds = (performance.now() - started) / 1000;

  const student = await load(job.outputFolder);
  try {
    const parityRows = everyRow.slice(0, PARITY_ROWS);
    const expected = predictProbabilities(model, weigh(data.tables, vocabularies, parityRows));
    return {
      kind: job.kind,
      trainSeconds,
      examples: everyRow.length,
      validation: { rows: data.validationRows.length, agreement: chosen.agreement },
      chosen: { C: chosen.C },
      candidates: candidates.map((figures) => ({ ...figures })),
      parity: await measureParity(student, data.parityTexts, expected),
    };
  } finally {
    await student.close();
  }
}

/** Nats, for the last fit; on a small corpus probabilities come within 2e-4 of the exact optimum's. */
const FINAL_TOLERANCE = 1e-8;

/** Lets Python compute the model's inputs: n-grams are no operator of ONNX. */
const PYTHON_READER = 'features.py';

async function exportLinear(
  job: LinearJob,
  vocabularies: readonly BlockVocabulary[],
  model: LogisticModel,
): Promise<void> {
  const weights = bucketWeights(vocabularies, model);
  const blocks = vocabularies.map(({ block, idf }, b) => ({ name: block.unit, idf, weights: weights[b]! }));
  const biases = model.parameters.subarray(-model.labels);
  const bytes = encodeOnnxModel(linearOnnxModel(blocks, biases));
  await writeFile(join(job.outputFolder, MODEL_FILE), bytes);
  await writeLinearFeatures(job.outputFolder, vocabularies);
  await copyFile(new URL(PYTHON_READER, import.meta.url), join(job.outputFolder, PYTHON_READER));
  await writeStudentConfig(job.outputFolder, job.kind, job.labels);
}

/** How long a fit takes is not known beforehand: half of its share is reached after 50 iterations. */
function shareDone(fit: number, iteration: number, fits: number): number {
  return (0.98 * (fit + iteration / (iteration + 50))) / fits;
}
