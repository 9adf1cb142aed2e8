/** Stage evaluate: student, teacher and deployed version on the same rows. */
import { join } from 'node:path';
import {
  EvaluateInput,
  EvaluateOutcome,
  type EvaluationReport,
  type EvaluationSummary,
  type LabelRow,
  type ModelVersion,
  type Task,
  type TrainingSummary,
} from '../contracts/index.js';
import { deployedPointer, findVersion } from '../deployment/index.js';
import { buildReport, deploymentGateChecks, reportMarkdown } from '../evaluation/index.js';
import { countNearDuplicates, ReviewFolder } from '../review/index.js';
import { MissingArtifactError, openRunStore, type Store } from '../store/index.js';
import { studentKind } from '../students/index.js';
import { readLabels, readManifest, readTask } from './artifacts.js';
import { withHeartbeat, withTempFolder } from './dependencies.js';
import { isTrainedOn, isValidation, VALIDATION_FILE } from './distill.js';
import { InvalidInputError } from './failures.js';
import { sealedResult } from './sealed-result.js';

export function createEvaluateActivities() {
  return {
    async evaluate(raw: EvaluateInput): Promise<EvaluateOutcome> {
      const input = EvaluateInput.parse(raw);
      const { run } = input.prepared;
      const store = await openRunStore(run.store);
      return withHeartbeat(
        () => null,
        () =>
          sealedResult(store, { runFolder: run.folder, stage: 'evaluate', input, schema: EvaluateOutcome }, () =>
            evaluateStudent(store, input),
          ),
      );
    },
  };
}

async function evaluateStudent(store: Store, input: EvaluateInput): Promise<EvaluateOutcome> {
  const { labels, prepared, student } = input;
  const task = await readTask(store, prepared);
  const rows: LabelRow[] = [];
  const validation: LabelRow[] = [];
  for await (const row of readLabels(store, labels)) {
    if (row.gold !== null && !row.gateGold) rows.push(row);
    else if (isTrainedOn(row) && isValidation(row, task)) validation.push(row);
  }
  const onGold = rows.length > 0;
  const evaluated = onGold ? rows : validation;
  if (evaluated.length === 0) {
    throw new InvalidInputError(
      'there is nothing to measure on: no gold rows, and the validation split is empty. Give gold rows (gold), more texts, or a larger evaluation.validationShare.',
    );
  }
  const texts = evaluated.map((row) => row.text);
  // The deployed student has learned the validation rows, too; the one before the final fit has not.
  const answered = onGold
    ? await predictedLabels(store, student, texts)
    : { labels: await validationPredictions(store, student, prepared.labels), textsPerSecond: null };
  const disputes = await new ReviewFolder(store, prepared.run.folder).disputes();
  const deployed = (await deployedPointer(store, task.name))?.version ?? null;
  const champion = onGold && deployed !== null ? await findVersion(store, task.name, deployed) : null;
  const report = buildReport({
    basis: onGold ? 'gold' : 'validation',
    truth: evaluated.map((row) => (onGold ? row.gold : row.label) as string),
    teacher: onGold ? evaluated.map((row) => row.teacherLabel) : null,
    student: answered.labels,
    champion: champion && {
      version: champion.version,
      predicted: (await predictedLabels(store, champion, texts)).labels,
      learned: await learnedBy(store, champion, rows),
    },
    labels: prepared.labels,
    confidence: task.evaluation.confidence,
    overlap: {
      texts: (await readManifest(store, prepared)).counts.goldInCorpus,
      alike: await countNearDuplicates(texts, learnedTexts(readLabels(store, labels), task, onGold)),
    },
    weighing: input.weighing,
    certificate: input.certificate,
    disputed: new Set(onGold ? [...rows.keys()].filter((row) => disputes.has(rows[row]!.key)) : []),
    cost: {
      teacherMicrosPerThousand:
        input.spentMicros === null || input.textsAnnotated === 0
          ? null
          : Math.round((1000 * input.spentMicros) / input.textsAnnotated),
      studentTextsPerSecond: answered.textsPerSecond,
    },
  });
  const models = prepared.teachers.flatMap(({ model }) => model ?? []);
  const teacherModel = models.length === 0 ? null : models.join(', ');
  const names = { task: task.name, studentKind: student.kind, teacherModel };
  const markdown = reportMarkdown(report, names);
  const folder = `${prepared.run.folder}/evaluation/${labels.sha256.slice(0, 16)}`;
  const summary: EvaluationSummary = {
    report: await store.write(`${folder}/report.json`, `${JSON.stringify(report, null, 2)}\n`),
    markdown: await store.write(`${folder}/report.md`, markdown),
    basis: report.basis,
    rows: report.rows,
    teacher: report.teacher && figures(report.teacher),
    student: figures(report.student),
    champion: report.champion && {
      version: report.champion.version,
      accuracy: report.champion.report.accuracy,
      learned: report.champion.learned,
    },
  };
  const checks = deploymentGateChecks({
    report,
    settings: task.gates.deployment,
    deployed,
  });
  return { summary, checks, evidence: evidenceOf(markdown) };
}

/** Whether the version was trained on each row's text, by the labels that its run left; null: they are no longer in the store. */
export async function learnedBy(
  store: Store,
  { provenance }: ModelVersion,
  rows: readonly Pick<LabelRow, 'key'>[],
): Promise<boolean[] | null> {
  const asked = new Set(rows.map(({ key }) => key));
  const learned = new Set<string>();
  try {
    for await (const row of readLabels(store, provenance.labels)) {
      if (asked.has(row.key) && isTrainedOn(row)) learned.add(row.key);
    }
  } catch (error) {
    if (error instanceof MissingArtifactError) return null;
    throw error;
  }
  return rows.map(({ key }) => learned.has(key));
}

/** What was trained on; of a student that is measured on validation rows, all others. */
async function* learnedTexts(rows: AsyncIterable<LabelRow>, task: Task, onGold: boolean): AsyncGenerator<LabelRow> {
  for await (const row of rows) if (isTrainedOn(row) && (onGold || !isValidation(row, task))) yield row;
}

const WARM_UP_TEXTS = 128;

/** A student's answers, and how many a second. */
export async function predictedLabels(
  store: Store,
  { kind, files }: Pick<TrainingSummary, 'kind' | 'files'>,
  texts: readonly string[],
): Promise<{ labels: string[]; textsPerSecond: number }> {
  return withTempFolder(async (folder) => {
    for (const file of files) await store.download(file, join(folder, file.path.split('/').at(-1) as string));
    const student = await studentKind(kind).load(folder);
    try {
      // The threads that answer start when the first texts come.
      await student.predict(texts.slice(0, WARM_UP_TEXTS));
      const start = performance.now();
      const probabilities = await student.predict(texts);
      const textsPerSecond = texts.length / ((performance.now() - start) / 1000);
      const labels = probabilities.map((each) => student.labels[each.indexOf(Math.max(...each))] as string);
      return { labels, textsPerSecond };
    } finally {
      await student.close();
    }
  });
}

/** What the candidate that had not seen the held-out rows answered about them, in the order of the examples. */
export async function validationPredictions(
  store: Store,
  student: TrainingSummary,
  labels: readonly string[],
): Promise<string[]> {
  const file = student.files.find((each) => each.path.endsWith(`/${VALIDATION_FILE}`));
  if (file === undefined) throw new Error(`the student in ${student.folder} has no ${VALIDATION_FILE}`);
  const { predicted }: { predicted: number[] } = JSON.parse(Buffer.from(await store.readRef(file)).toString('utf8'));
  return predicted.map((index) => labels[index] as string);
}

function figures(report: EvaluationReport['student']) {
  return { accuracy: report.accuracy, macroF1: report.macroF1, interval: report.accuracyInterval };
}

/** The report's headline and overview: what a person needs to decide. */
function evidenceOf(markdown: string): string {
  const [overview = ''] = markdown.split('\n## ');
  return overview.split('\n').slice(1).join('\n').trim();
}
