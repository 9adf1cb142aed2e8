/** The choice of C on the validation rows. */
import { type LinearExamples, rowMajor } from './linear-examples.js';
import { fitLogisticRegression, type LogisticModel, predictProbabilities } from './logistic-regression.js';
import { weigh } from './tf-idf.js';
import { likeliest } from './training-examples.js';
import { type BlockVocabulary, fitVocabulary } from './vocabulary.js';

/** The figures of one C on the validation rows; iterations and gap tell how well its fit converged. */
export interface Candidate {
  readonly C: number;
  /** Mean cross-entropy to the targets, in nats. */
  readonly logLoss: number;
  readonly agreement: number;
  readonly iterations: number;
  readonly gap: number;
}

export interface ChosenFit extends Score {
  readonly C: number;
  readonly model: LogisticModel;
  readonly vocabularies: readonly BlockVocabulary[];
}

interface Score {
  readonly logLoss: number;
  readonly agreement: number;
  /** The label answered to each validation row, by its number. */
  readonly predicted: readonly number[];
}

/** Fits each C on the fitting rows, strongest regularisation first, each from where the last one ended. The lowest log
 *  loss wins: unlike accuracy it does not jump with single rows, and it wants calibrated probabilities. The first of
 *  equals, so the stronger one, wins. */
export async function chooseStrength(
  data: LinearExamples,
  strengths: readonly number[],
  report: (phase: string, fit: number) => (iteration: number) => Promise<void>,
): Promise<{ candidates: Candidate[]; chosen: ChosenFit }> {
  const vocabularies = data.tables.map((table) => fitVocabulary(table, data.fittingRows, data.knownAtMost));
  const features = weigh(data.tables, vocabularies, data.fittingRows);
  const targets = rowMajor(data.targets, data.fittingRows);
  const validation = weigh(data.tables, vocabularies, data.validationRows);
  const candidates: Candidate[] = [];
  let chosen: ChosenFit | null = null;
  let warmStart: LogisticModel | null = null;
  for (const [index, C] of [...strengths].sort((a, b) => a - b).entries()) {
    const fit = await fitLogisticRegression(features, targets, data.labels, {
      strength: C,
      tolerance: CHOICE_TOLERANCE,
      warmStart,
      onIteration: report(`C = ${C}`, index),
    });
    const { model, iterations, gap } = fit;
    const { predicted, logLoss, agreement } = score(predictProbabilities(model, validation), data);
    candidates.push({ C, logLoss, agreement, iterations, gap });
    if (chosen === null || logLoss < chosen.logLoss) {
      chosen = { C, predicted, logLoss, agreement, model, vocabularies };
    }
    warmStart = model;
  }
  return { candidates, chosen: chosen! };
}

/** Nats; strengths that matter differ by more. */
const CHOICE_TOLERANCE = 1e-3;
/** Keeps the loss of a row finite, which its exact probability of 0 would not. */
const LEAST_PROBABILITY = 1e-15;

function score(probabilities: Float64Array, data: LinearExamples): Score {
  const predicted: number[] = [];
  let [loss, agreeing] = [0, 0];
  for (const [index, row] of data.validationRows.entries()) {
    const answer = probabilities.subarray(index * data.labels, (index + 1) * data.labels);
    const target = data.targets[row]!;
    for (const [label, share] of target.entries())
      loss -= share * Math.log(Math.max(answer[label]!, LEAST_PROBABILITY));
    predicted.push(likeliest(answer));
    if (likeliest(answer) === likeliest(target)) agreeing++;
  }
  const rows = data.validationRows.length;
  return { logLoss: loss / rows, agreement: agreeing / rows, predicted };
}
