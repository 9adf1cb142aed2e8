/** Part of stage distill: which step of the student ladder is taken. */
import {
  ChooseInput,
  ChooseOutcome,
  type LabelRow,
  type LadderReport,
  type LadderSettings,
  type Task,
  type TrainedCandidate,
  type TrainingSummary,
} from '../contracts/index.js';
import { chooseStep, ladderChart, ladderMarkdown, type TrainedStep } from '../evaluation/index.js';
import { openRunStore, type Store } from '../store/index.js';
import { type Candidate, candidatesOf } from '../students/index.js';
import { readLabels, readTask } from './artifacts.js';
import { withHeartbeat } from './dependencies.js';
import { foldOf, isTrainedOn, isValidation, LADDER_FOLDS } from './distill.js';
import { predictedLabels, validationPredictions } from './evaluate.js';
import { sealedResult } from './sealed-result.js';

/** Texts that the speed of a student is measured on. */
const TIMED_TEXTS = 500;

type ComparedRow = Pick<LabelRow, 'key' | 'label'>;

export function createChooseActivities() {
  return {
    /** Compares all trained students on the same held-out rows and takes the cheapest that is good enough. */
    async chooseStudent(raw: ChooseInput): Promise<ChooseOutcome> {
      const input = ChooseInput.parse(raw);
      const { run } = input.prepared;
      const store = await openRunStore(run.store);
      return withHeartbeat(
        () => null,
        () =>
          sealedResult(store, { runFolder: run.folder, stage: 'choose', input, schema: ChooseOutcome }, () =>
            choose(store, input),
          ),
      );
    },
  };
}

async function choose(store: Store, { labels, prepared, refused, trained }: ChooseInput): Promise<ChooseOutcome> {
  const task = await readTask(store, prepared);
  const candidates = candidatesOf(task.student);
  const folds = trained.some((each) => each.folds.length > 0) ? LADDER_FOLDS : 0;
  const rows: ComparedRow[] = [];
  const timed: string[] = [];
  for await (const row of readLabels(store, labels)) {
    if (!isTrainedOn(row)) continue;
    if (timed.length < TIMED_TEXTS) timed.push(row.text);
    // Of a million rows no more is kept than what is compared.
    if (folds > 0 || isValidation(row, task)) rows.push({ key: row.key, label: row.label });
  }
  const order = folds === 0 ? rows : byFold(rows, task);
  const steps: TrainedStep[] = [];
  for (const each of trained) {
    const { name, step } = candidates[each.candidate] as Candidate;
    const { textsPerSecond } = await predictedLabels(store, each.student, timed);
    steps.push({
      name,
      step,
      predicted: await heldOutAnswers(store, each, prepared.labels),
      modelBytes: modelBytes(each.student),
      textsPerSecond,
      trainSeconds: each.student.trainSeconds,
      encoderLicence: each.student.encoderLicence,
    });
  }
  const report = chooseStep({
    steps,
    truth: order.map(({ label }) => label as string),
    labels: prepared.labels,
    margin: (task.student as LadderSettings).margin,
    confidence: task.evaluation.confidence,
    folds,
    refused: refused.map(({ candidate, reason }) => ({ name: candidates[candidate]?.name ?? '', reason })),
  });
  const chosen = trained[report.steps.findIndex(({ name }) => name === report.chosen)] as TrainedCandidate;
  const folder = `${prepared.run.folder}/student/${labels.sha256.slice(0, 16)}`;
  const evidence = ladderMarkdown(report);
  await store.write(`${folder}/ladder.md`, `${evidence}\n`);
  await store.write(`${folder}/ladder.svg`, ladderChart(report));
  const student = { ...chosen.student, ...secondsOf(trained) };
  return { student, report: await writeReport(store, folder, report), evidence };
}

/** Of all trainings. */
function secondsOf(trained: readonly TrainedCandidate[]): Pick<TrainingSummary, 'choiceSeconds' | 'choiceCpuSeconds'> {
  const trainings = trained.flatMap(({ folds, student }) => [student, ...folds]);
  const cpu = trainings.map(({ cpuSeconds }) => cpuSeconds ?? null);
  return {
    choiceSeconds: trainings.reduce((sum, { trainSeconds }) => sum + trainSeconds, 0),
    choiceCpuSeconds: cpu.reduce((sum, seconds) => (sum === null || seconds === null ? null : sum + seconds), 0),
  };
}

function writeReport(store: Store, folder: string, report: LadderReport) {
  return store.write(`${folder}/ladder.json`, `${JSON.stringify(report, null, 2)}\n`);
}

/** Fold after fold, as their answers come. */
function byFold(rows: readonly ComparedRow[], task: Task): ComparedRow[] {
  return Array.from({ length: LADDER_FOLDS }, (_, fold) => rows.filter((row) => foldOf(row, task) === fold)).flat();
}

async function heldOutAnswers(
  store: Store,
  { folds, student }: TrainedCandidate,
  labels: readonly string[],
): Promise<string[]> {
  if (folds.length === 0) return validationPredictions(store, student, labels);
  const answers: string[][] = [];
  for (const fold of folds) answers.push(await validationPredictions(store, fold, labels));
  return answers.flat();
}

/** The INT8 model answers where there is one. */
function modelBytes({ files }: TrainingSummary): number {
  const named = (name: string) => files.find(({ path }) => path.endsWith(`/${name}`));
  return (named('model_quantized.onnx') ?? named('model.onnx'))?.bytes ?? 0;
}
