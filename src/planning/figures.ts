/** A run in figures before it is paid for: each as a range, and with how it was got. Pure. */
import { type BatchSettings, counted, hoursOfWindow, type Task, type TeacherSettings } from '../contracts/index.js';
import { wilsonInterval } from '../evaluation/index.js';
import type { Price } from '../teachers/index.js';
import { replyEnergyKwh } from './energy.js';
import { exact, inRange, meanRange, product, type Range, sum, times } from './range.js';
import type { OpenQuestions, Survey, TeacherSurvey } from './survey.js';
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
  /** In the order of survey.teachers. */
  readonly teachers: readonly TeacherBasis[];
  /** Seconds of training a text, of earlier runs with the same kind of student in this store; null: there was none. */
  readonly trainSecondsPerText: number | null;
}

export interface TeacherBasis {
  readonly settings: TeacherSettings;
  readonly survey: TeacherSurvey;
  readonly tokenRate: TokenRate;
  readonly price: Price | null;
  /** Billions; null: not known. */
  readonly activeParameters: number | null;
}

type Told = Pick<Figure, 'low' | 'high' | 'how'>;

const MEASURE = 'measure it on twenty texts: --pilot 20';

export function planFigures(basis: PlanBasis): Figure[] {
  const { survey, task } = basis;
  const { counts, texts } = survey;
  const asked = basis.teachers.map((teacher) => new AskedFigures(basis, teacher));
  const together = (figureOf: (teacher: AskedFigures) => Told, join = addTold) =>
    join(asked.map((each) => [each.name, figureOf(each)]));
  const known = survey.teachers.reduce((sum, teacher) => sum + teacher.known.replies, 0);
  const figures: Figure[] = [
    exactly(
      'texts to label',
      'texts',
      counts.texts,
      `${counted(counts.rows, 'row')}, ${counts.duplicates} of them duplicates`,
    ),
    exactly('gold texts', 'texts', counts.goldRows, 'labelled too, to compare with the experts'),
    ...(known > 0 ? [exactly('replies of earlier runs', 'calls', known, 'used again, free of charge')] : []),
    { name: 'calls without early stopping', unit: 'calls', ...callsInAll(basis, asked) },
    { name: 'calls with votes.stop: majority', unit: 'calls', ...callsUnderMajority(basis, asked) },
  ];
  if (basis.teachers.every(({ settings }) => settings.provider === 'recorded')) return figures;
  const asking = together((each) => each.hours(), addHours);
  const training = trainingSeconds(basis, texts);
  return [
    ...figures,
    { name: 'tokens of the prompts', unit: 'tokens', ...together((each) => each.promptTokens()) },
    { name: 'tokens of the replies', unit: 'tokens', ...together((each) => each.replyTokens()) },
    {
      name: 'cost',
      unit: 'dollars',
      ...withBudget(
        together((each) => each.cost()),
        task,
        survey,
      ),
    },
    ...(asked.length === 1 ? [] : asked.flatMap((each) => each.alone())),
    { name: 'asking', unit: 'hours', ...asking },
    { name: 'energy of the teacher', unit: 'kWh', ...together((each) => each.energy()) },
    { name: 'training the student', unit: 'seconds', ...training },
    { name: 'the whole run to the student', unit: 'hours', ...wholeRun(asking, training) },
  ];
}

/** What is asked of one teacher, by the task's own rule of stopping. */
class AskedFigures {
  readonly name: string;
  /** If it stops at nothing. */
  readonly callsOfAll: Range;
  private readonly calls: Range;
  private readonly perCall: { readonly promptBytes: number; readonly mostOutputTokens: number };

  constructor(
    private readonly plan: PlanBasis,
    private readonly teacher: TeacherBasis,
  ) {
    const { always, ifDisputed, name } = teacher.survey;
    this.name = name;
    const disputed = times(ifDisputed.count, disputedShare(plan, teacher.survey));
    this.callsOfAll = sum([exact(always.count), disputed]);
    const stopping = plan.task.votes.stop === 'majority' ? majorityShare(plan) : exact(1);
    this.calls = sum([times(always.count, stopping), disputed]);
    this.perCall = {
      promptBytes: meanOf('promptBytes', always, ifDisputed),
      mostOutputTokens: meanOf('mostOutputTokens', always, ifDisputed),
    };
  }

  /** What costs nothing and takes no time, at any price and latency; null: there are calls to pay. */
  private get free(): Told | null {
    if (this.teacher.settings.provider === 'recorded') return { ...exact(0), how: 'a recording' };
    return this.callsOfAll.high === 0 ? { ...exact(0), how: 'no call is left to make' } : null;
  }

  /** Figures of its own, where there are others. */
  alone(): Figure[] {
    return [
      { name: `calls to ${this.name}`, unit: 'calls', ...this.calls, how: 'by the votes that votes.plan gives it' },
      { name: `cost of ${this.name}`, unit: 'dollars', ...this.cost() },
    ];
  }

  promptTokens(): Told {
    const { tokenRate } = this.teacher;
    return { ...product(times(this.perCall.promptBytes, tokenRate), this.calls), how: tokenRate.how };
  }

  replyTokens(): Told {
    const { outputTokens } = this.teacher.survey.known;
    if (outputTokens.count === 0) {
      return {
        ...product({ low: 1, high: this.perCall.mostOutputTokens }, this.calls),
        how: `at most maxTokens; ${MEASURE}`,
      };
    }
    const mean = meanRange(outputTokens, this.plan.task);
    return {
      ...product(mean, this.calls),
      how: `${inRange(mean, 0)} a reply in ${counted(outputTokens.count, 'reply', 'replies')}`,
    };
  }

  cost(): Told {
    const { price, settings } = this.teacher;
    if (this.free !== null) return this.free;
    if (price === null) return { low: null, high: null, how: 'the price is not known: set teacher.price' };
    const [input, output] = [this.promptTokens() as Range, this.replyTokens() as Range];
    const dollars = (tokensIn: number, tokensOut: number) =>
      (tokensIn * price.inputPerMillion + tokensOut * price.outputPerMillion) / 1e6;
    return {
      low: dollars(input.low, output.low),
      high: dollars(input.high, output.high),
      how: `$${price.inputPerMillion} and $${price.outputPerMillion} for a million tokens${inBatches(settings)}`,
    };
  }

  hours(): Told {
    const { settings, survey } = this.teacher;
    const { latency } = survey.known;
    if (this.free !== null) return this.free;
    if (settings.batch !== null) return hoursOfBatches(this.plan, settings.batch);
    if (latency.count === 0) return { low: null, high: null, how: `the teacher's latency is not known; ${MEASURE}` };
    const mean = meanRange(latency, this.plan.task);
    const { concurrency } = settings;
    const seconds = inRange({ low: mean.low / 1000, high: mean.high / 1000 }, 2);
    return {
      ...times(1 / concurrency / 3_600_000, product(mean, this.calls)),
      how: `${seconds} s a reply in ${counted(latency.count, 'reply', 'replies')}, ${concurrency} at once, one worker`,
    };
  }

  energy(): Told {
    const { activeParameters } = this.teacher;
    if (this.free !== null) return this.free;
    if (activeParameters === null) {
      const how = "the size of the model is not known (config/teachers.yaml's activeParameters)";
      return { low: null, high: null, how };
    }
    const output = this.replyTokens() as Range;
    return {
      low: replyEnergyKwh(output.low, activeParameters).low,
      high: replyEnergyKwh(output.high, activeParameters).high,
      how: `two fits of EcoLogits for ${activeParameters} billion active parameters, with and without batching; replies only`,
    };
  }
}

function inBatches({ batch }: TeacherSettings): string {
  return batch === null ? '' : `, in batches (${batch.priceFactor} of the price)`;
}

/** One shard is asked after the other. */
function hoursOfBatches({ survey, task }: PlanBasis, { completionWindow }: BatchSettings): Told {
  const windows = Math.ceil(survey.texts / task.annotation.shardTexts);
  const rounds = task.votes.stop === 'majority' ? 'each wave of votes is a round of its own; ' : '';
  return {
    low: 0,
    high: windows * hoursOfWindow(completionWindow),
    how: `${counted(windows, 'time')} the completion window (${completionWindow}) at most, most batches end sooner; ${rounds}what fails takes another round`,
  };
}

function callsInAll({ survey, teachers }: PlanBasis, asked: readonly AskedFigures[]): Told {
  const { alwaysOfText, texts, wholeTexts } = survey;
  const known = survey.teachers.reduce((total, teacher) => total + teacher.known.replies, 0);
  const reused = known === 0 ? '' : `, less ${counted(known, 'reply', 'replies')} known already`;
  const dispute = teachers.some((each) => each.survey.ifDisputed.count > 0)
    ? `; more where votes disagree: ${wholeTexts === 0 ? `of no text to all texts; ${MEASURE}` : `as the votes of ${counted(wholeTexts, 'text')} did`}`
    : '';
  const votes = `${counted(alwaysOfText, 'vote')} each`;
  return {
    ...sum(asked.map((each) => each.callsOfAll)),
    how: `${counted(texts, 'text')}, ${votes}${reused}${dispute}; failed calls are repeated`,
  };
}

function callsUnderMajority(basis: PlanBasis, asked: readonly AskedFigures[]): Told {
  const { wholeTexts } = basis.survey;
  const always = basis.teachers.reduce((total, { survey }) => total + survey.always.count, 0);
  const disputed = asked.map((each, index) =>
    sum([each.callsOfAll, exact(-basis.teachers[index]!.survey.always.count)]),
  );
  const { low, high } = sum([times(always, majorityShare(basis)), ...disputed]);
  return {
    low: Math.round(low),
    high: Math.round(high),
    how:
      wholeTexts === 0
        ? `if all votes agree, to if none does; measure it: --pilot 20`
        : `as the votes of ${counted(wholeTexts, 'text')} agreed`,
  };
}

/** Of the votes that every text gets, how many are asked for when it stops at the majority. */
function majorityShare({ survey, task }: PlanBasis): Range {
  const { alwaysOfText, fewestOfText, underMajority, wholeTexts } = survey;
  if (wholeTexts === 0) return { low: fewestOfText / alwaysOfText, high: 1 };
  const mean = meanRange(underMajority, task);
  return {
    low: Math.max(fewestOfText, mean.low) / alwaysOfText,
    high: Math.min(alwaysOfText, mean.high) / alwaysOfText,
  };
}

/** Texts that the teacher is asked about because their votes disagree: Wilson's interval of those that are known. */
function disputedShare({ survey, task }: PlanBasis, { disputedTexts }: TeacherSurvey): Range {
  if (survey.wholeTexts === 0) return { low: 0, high: 1 };
  return wilsonInterval(disputedTexts, survey.wholeTexts, task.evaluation.confidence);
}

function withBudget(cost: Told, { budget }: Task, { worstMicros }: Survey): Told {
  if (cost.low === null || worstMicros === null) return cost;
  const limit = budget.usd === null ? 'no limit is set (budget.usd)' : `budget.usd: ${budget.usd}`;
  return { ...cost, how: `${cost.how}; reserved at most: $${(worstMicros / 1e6).toFixed(2)}; ${limit}` };
}

function trainingSeconds({ task, trainSecondsPerText }: PlanBasis, texts: number): Told {
  if (trainSecondsPerText === null) {
    const how = `no run with a student of the kind ${task.student.kind} has ended in this store yet`;
    return { low: null, high: null, how };
  }
  const seconds = trainSecondsPerText * texts;
  return { ...exact(seconds), how: `as earlier runs with a student of the kind ${task.student.kind} in this store` };
}

function wholeRun(asking: Told, training: Told): Told {
  const missing = [...(asking.low === null ? ['asking'] : []), ...(training.low === null ? ['training'] : [])];
  if (missing.length > 0) return { low: null, high: null, how: `not known yet: ${missing.join(' and ')}` };
  const hours = sum([asking as Range, times(1 / 3600, training as Range)]);
  return { ...hours, how: 'asking and training; what people take at the gates comes on top' };
}

/** Not known as soon as one is not. */
function addTold(parts: readonly [string, Told][]): Told {
  return combine(parts, sum);
}

/** Teachers are asked side by side, or one after another. */
function addHours(parts: readonly [string, Told][]): Told {
  return combine(parts, (ranges) => ({ low: Math.max(...ranges.map(({ low }) => low)), high: sum(ranges).high }));
}

function combine(parts: readonly [string, Told][], together: (ranges: readonly Range[]) => Range): Told {
  const ranges = parts.flatMap(([, { low, high }]) => (low === null || high === null ? [] : [{ low, high }]));
  const hows = new Set(parts.map(([, { how }]) => how));
  const how = hows.size === 1 ? [...hows][0]! : parts.map(([name, told]) => `${name}: ${told.how}`).join('; ');
  return ranges.length < parts.length ? { low: null, high: null, how } : { ...together(ranges), how };
}

function meanOf(what: 'promptBytes' | 'mostOutputTokens', ...questions: readonly OpenQuestions[]): number {
  const count = questions.reduce((total, each) => total + each.count, 0);
  return count === 0 ? 0 : questions.reduce((total, each) => total + each[what], 0) / count;
}

function exactly(name: string, unit: Figure['unit'], value: number, how: string): Figure {
  return { name, unit, ...exact(value), how };
}
