/** A run in figures before it is paid for: each as a range, and with how it was got. Pure. */
import { type BatchSettings, hoursOfWindow, type Task } from '../contracts/index.js';
import type { Price } from '../teachers/index.js';
import { replyEnergyKwh } from './energy.js';
import type { Survey } from './survey.js';
import type { TokenRate } from './token-rate.js';

export interface Figure {
  readonly name: string;
  readonly unit: 'texts' | 'calls' | 'tokens' | 'dollars' | 'hours' | 'kWh' | 'seconds';
  /** Both null: it can't be told; `how` says why, and what would. */
  readonly low: number | null;
  readonly high: number | null;
  /** How it was got. */
  readonly how: string;
}

export interface PlanBasis {
  readonly task: Task;
  readonly survey: Survey;
  readonly tokenRate: TokenRate;
  readonly price: Price | null;
  /** Billions; null: not known. */
  readonly activeParameters: number | null;
  /** Seconds of training a text, of earlier runs with the same kind of student in this store; null: there was none. */
  readonly trainSecondsPerText: number | null;
}

type Range = Pick<Figure, 'low' | 'high'>;

const MEASURE = 'measure it on twenty texts: --pilot 20';

export function planFigures(basis: PlanBasis): Figure[] {
  const { survey, task } = basis;
  const { counts, known, open, texts } = survey;
  const calls = callsOf(basis);
  const input = scaled(
    calls,
    meanPromptBytes(survey) * basis.tokenRate.low,
    meanPromptBytes(survey) * basis.tokenRate.high,
  );
  const output = outputTokens(basis, calls);
  const figures: Figure[] = [
    exactly('texts to label', 'texts', counts.texts, `${counts.rows} rows, ${counts.duplicates} of them duplicates`),
    exactly('gold texts', 'texts', counts.goldRows, 'labelled too, to compare with the experts'),
    exactly('calls without early stopping', 'calls', open, callsInWords(survey)),
    { name: 'calls with votes.stop: majority', unit: 'calls', ...underMajority(basis), how: majorityInWords(survey) },
    { name: 'tokens of the prompts', unit: 'tokens', ...input, how: basis.tokenRate.how },
    { name: 'tokens of the replies', unit: 'tokens', ...output.range, how: output.how },
    { name: 'cost', unit: 'dollars', ...cost(basis, input, output.range) },
    { name: 'asking', unit: 'hours', ...hours(basis, calls) },
    { name: 'energy of the teacher', unit: 'kWh', ...energy(basis, output.range) },
    { name: 'training the student', unit: 'seconds', ...training(basis, texts) },
  ];
  if (known.replies > 0) {
    figures.splice(2, 0, exactly('replies of earlier runs', 'calls', known.replies, 'used again, free of charge'));
  }
  if (task.teacher.provider === 'recorded') return figures.filter(({ unit }) => unit === 'texts' || unit === 'calls');
  return figures;
}

function exactly(name: string, unit: Figure['unit'], value: number, how: string): Figure {
  return { name, unit, low: value, high: value, how };
}

/** Under the task's own rule of stopping. */
function callsOf(basis: PlanBasis): { low: number; high: number } {
  const { open } = basis.survey;
  return basis.task.votes.stop === 'all' ? { low: open, high: open } : underMajority(basis);
}

function callsInWords({ known, questions, texts }: Survey): string {
  const votes = texts === 0 ? 0 : questions / texts;
  const reused = known.replies === 0 ? '' : `, less ${known.replies} replies that are known`;
  return `${texts} texts, ${votes} votes each${reused}; failed calls are repeated`;
}

function underMajority({ survey }: PlanBasis): { low: number; high: number } {
  const { fewestOfText, known, open, questions, texts } = survey;
  if (questions === 0) return { low: 0, high: 0 };
  const share = (ofText: number) => Math.round((open * ofText * texts) / questions);
  if (known.wholeTexts === 0) return { low: share(fewestOfText), high: open };
  const measured = share(known.questionsUnderMajority / known.wholeTexts);
  return { low: measured, high: measured };
}

function majorityInWords({ known }: Survey): string {
  if (known.wholeTexts === 0) return 'if all votes agree, to if none does; measure it: --pilot 20';
  return `as the votes of ${known.wholeTexts} texts agreed`;
}

function meanPromptBytes({ open, promptBytes }: Survey): number {
  return open === 0 ? 0 : promptBytes / open;
}

function outputTokens({ survey }: PlanBasis, calls: { low: number; high: number }): { range: Range; how: string } {
  const { known, mostOutputTokens, open } = survey;
  if (known.counted > 0) {
    const mean = known.outputTokens / known.counted;
    return { range: scaled(calls, mean, mean), how: `${mean.toFixed(0)} a reply in ${known.counted} replies` };
  }
  const most = open === 0 ? 0 : mostOutputTokens / open;
  return { range: scaled(calls, 1, most), how: `at most maxTokens; ${MEASURE}` };
}

function cost({ price, survey, task }: PlanBasis, input: Range, output: Range): Range & { how: string } {
  if (price === null) return { low: null, high: null, how: 'the price is not known: set teacher.price' };
  const dollars = (tokensIn: number | null, tokensOut: number | null) =>
    ((tokensIn ?? 0) * price.inputPerMillion + (tokensOut ?? 0) * price.outputPerMillion) / 1e6;
  const worst = `reserved at most: $${((survey.worstMicros ?? 0) / 1e6).toFixed(2)}`;
  const budget = task.budget.usd === null ? 'no limit is set (budget.usd)' : `budget.usd: ${task.budget.usd}`;
  const { batch } = task.teacher;
  const share = batch === null ? '' : `, in batches (${batch.priceFactor} of the price)`;
  const rates = `$${price.inputPerMillion} and $${price.outputPerMillion} for a million tokens${share}`;
  return {
    low: dollars(input.low, output.low),
    high: dollars(input.high, output.high),
    how: `${rates}; ${worst}; ${budget}`,
  };
}

function hours({ survey, task }: PlanBasis, calls: { low: number; high: number }): Range & { how: string } {
  if (task.teacher.batch !== null) return hoursOfBatches(survey, task, task.teacher.batch);
  const { latencies } = survey.known;
  if (latencies.length === 0) return { low: null, high: null, how: `the teacher's latency is not known; ${MEASURE}` };
  const mean = latencies.reduce((sum, each) => sum + each, 0) / latencies.length;
  const { concurrency } = task.teacher;
  const how = `${(mean / 1000).toFixed(2)} s a reply in ${latencies.length} replies, ${concurrency} at once, one worker`;
  return { ...scaled(calls, mean / concurrency / 3_600_000, mean / concurrency / 3_600_000), how };
}

/** One shard is asked after the other. */
function hoursOfBatches({ open, texts }: Survey, { annotation, votes }: Task, batch: BatchSettings) {
  const windows = open === 0 ? 0 : Math.ceil(texts / annotation.shardTexts);
  const how = [
    `batches: ${windows} times the completion window (${batch.completionWindow}) at most, most end sooner`,
    votes.stop === 'majority' ? 'votes.stop: majority takes a round of them for each wave of votes' : null,
    'what fails is asked in another round',
  ];
  return { low: 0, high: windows * hoursOfWindow(batch.completionWindow), how: how.filter(Boolean).join('; ') };
}

function energy({ activeParameters }: PlanBasis, output: Range): Range & { how: string } {
  if (activeParameters === null) {
    return {
      low: null,
      high: null,
      how: "the size of the model is not known (config/teachers.yaml's activeParameters)",
    };
  }
  return {
    low: replyEnergyKwh(output.low ?? 0, activeParameters).low,
    high: replyEnergyKwh(output.high ?? 0, activeParameters).high,
    how: `two fits of EcoLogits for ${activeParameters} billion active parameters, with and without batching; replies only`,
  };
}

function training({ task, trainSecondsPerText }: PlanBasis, texts: number): Range & { how: string } {
  if (trainSecondsPerText === null) {
    return { low: null, high: null, how: `no run with a ${task.student.kind} student has ended in this store yet` };
  }
  const seconds = trainSecondsPerText * texts;
  return { low: seconds, high: seconds, how: `as earlier runs with a ${task.student.kind} student in this store` };
}

function scaled(
  { low, high }: { low: number; high: number },
  byLow: number,
  byHigh: number,
): { low: number; high: number } {
  return { low: low * byLow, high: high * byHigh };
}
