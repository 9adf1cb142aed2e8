/** The end of the workflow learningCurve: the curve through its trainings. */
import { CurveOutcome, DrawCurveInput } from '../contracts/index.js';
import { type CurveTraining, curveChart, curveMarkdown, learningCurve } from '../evaluation/index.js';
import { openRunStore, type Store } from '../store/index.js';
import { readLabels, readTask } from './artifacts.js';
import { withHeartbeat } from './dependencies.js';
import { isInPart, isTrainedOn, isValidation } from './distill.js';
import { validationPredictions } from './evaluate.js';
import { InvalidInputError } from './failures.js';
import { sealedResult } from './sealed-result.js';

export function createCurveActivities() {
  return {
    /** Leaves curve.json, curve.md and curve.svg beside the students of the run. */
    async drawCurve(raw: DrawCurveInput): Promise<CurveOutcome> {
      const input = DrawCurveInput.parse(raw);
      const { run } = input.prepared;
      const store = await openRunStore(run.store);
      return withHeartbeat(
        () => null,
        () =>
          sealedResult(store, { runFolder: run.folder, stage: 'curve', input, schema: CurveOutcome }, () =>
            draw(store, input),
          ),
      );
    },
  };
}

async function draw(store: Store, { labels, more, prepared, trained }: DrawCurveInput): Promise<CurveOutcome> {
  const task = await readTask(store, prepared);
  const truth: (string | null)[] = [];
  const examples = trained.map(() => 0);
  for await (const row of readLabels(store, labels)) {
    if (!isTrainedOn(row)) continue;
    if (isValidation(row, task)) truth.push(row.label);
    else for (const [index, part] of trained.entries()) if (isInPart(row, task, part)) examples[index]!++;
  }
  const trainings: CurveTraining[] = [];
  for (const [index, { student }] of trained.entries()) {
    const predicted = await validationPredictions(store, student, prepared.labels);
    trainings.push({ examples: examples[index]!, right: truth.map((label, row) => predicted[row] === label) });
  }
  if (new Set(trainings.map((training) => training.examples)).size < 2) {
    throw new InvalidInputError('the labels are too few for a curve: no smaller share of them could be trained on');
  }
  const { confidence } = task.evaluation;
  const curve = learningCurve({ trainings, more, confidence, seed: task.seed });
  const folder = `${prepared.run.folder}/student/${labels.sha256.slice(0, 16)}`;
  const evidence = curveMarkdown(curve);
  await store.write(`${folder}/curve.json`, `${JSON.stringify(curve, null, 2)}\n`);
  await store.write(`${folder}/curve.md`, `${evidence}\n`);
  return { curve, picture: await store.write(`${folder}/curve.svg`, curveChart(curve)), evidence };
}
