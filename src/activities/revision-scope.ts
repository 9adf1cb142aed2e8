/** Which texts a changed guideline concerns, and which corrected labels its prompts may show. */
import {
  counted,
  inNumber,
  type LabelRow,
  type ReviewDecision,
  type Revision,
  type Task,
  type TextRow,
} from '../contracts/index.js';
import type { ReviewFolder, ReviewLog } from '../review/index.js';
import { askedText } from '../teachers/index.js';
import { seededFraction } from '../voting/index.js';
import { isTrainedOn } from './distill.js';
import { InvalidInputError } from './failures.js';

/** Goes through the labels of a run and finds the texts that a revision concerns. People's decisions stay whatever the teacher
 *  says, so the texts that they are about are not asked about; those that are shown as examples are among them. */
export class RevisionScope {
  private readonly counted = { texts: 0, goldTexts: 0, decided: 0, sameGuideline: 0 };
  private readonly corrected: CorrectedLabel[] = [];

  private constructor(
    private readonly revision: Revision,
    private readonly task: Task,
    private readonly log: Pick<ReviewLog, 'decisions' | 'disputed'>,
    /** Numbers of the revisions, null for the task itself, whose prompts say the same. */
    private readonly same: ReadonlySet<number | null>,
  ) {}

  static async open(review: ReviewFolder, revision: Revision, task: Task): Promise<RevisionScope> {
    const wordings = [
      { number: null, guideline: task.guideline, examples: 0 },
      ...(await review.revisions()).map((each) => ({ ...each, guideline: each.revision.guideline })),
    ];
    const same = wordings.filter(
      ({ examples, guideline }) => examples === 0 && guideline.trim() === revision.guideline,
    );
    const numbers = revision.examples > 0 ? [] : same.map(({ number }) => number);
    return new RevisionScope(revision, task, await review.log(), new Set(numbers));
  }

  /** Whether the teacher is asked about the text again. */
  takes(label: LabelRow, row: TextRow): boolean {
    const { counted, log, revision, same } = this;
    const decision = label.set === 'corpus' ? log.decisions().get(label.key) : undefined;
    const decided = decision !== undefined || label.source === 'person';
    if (decided) this.noteCorrected(label, row, decision);
    if (!isConcerned(label, revision)) return false;
    if (decided) counted.decided++;
    else if (same.has(label.revision ?? null)) counted.sameGuideline++;
    else {
      counted.texts++;
      if (label.gold !== null) counted.goldTexts++;
      return true;
    }
    return false;
  }

  /** Of the texts that were taken. Throws InvalidInputError where there is none. */
  get counts(): { readonly texts: number; readonly goldTexts: number; readonly decided: number } {
    const { decided, sameGuideline, texts } = this.counted;
    if (texts > 0) return this.counted;
    if (sameGuideline > 0) {
      throw new InvalidInputError(
        `revision.guideline: the ${counted(sameGuideline, 'text')} that it concerns ${inNumber(sameGuideline, 'was', 'were')} labelled under this very guideline; change it, or the texts that are asked about again`,
      );
    }
    const { doubted, labels } = this.revision;
    const asked = [
      ...(doubted ? ['votes that disagree'] : []),
      ...(labels.length > 0 ? [`the label ${labels.join(' or ')}`] : []),
    ].join(', or ');
    throw new InvalidInputError(
      `revision: it concerns no text: ${decided > 0 ? `people have decided on ${decided === 1 ? 'the one text' : `all ${decided} texts`} with ${asked}, and what they said stays` : `no text has ${asked}`}. Name other labels.`,
    );
  }

  /** Corrected labels for the prompts. Throws InvalidInputError where some are wanted and there is none. */
  examples(): CorrectedLabel[] {
    const { labels, seed } = this.task;
    const names = labels.map(({ name }) => name);
    const count = this.revision.examples;
    const picked = pickExamples(this.corrected, { count, labels: names, seed });
    if (count === 0 || picked.length > 0) return picked;
    throw new InvalidInputError(
      'revision.examples: nobody has corrected a label in the fix queue yet (those of the audit and gold rows are never shown); correct some, or leave it out',
    );
  }

  private noteCorrected(label: LabelRow, row: TextRow, decision: ReviewDecision | undefined): void {
    const { examples } = this.task;
    const given = decision?.label ?? label.label;
    if (given === null || given === label.teacherLabel || !isTrainedOn({ ...label, label: given })) return;
    if (decision?.purpose === 'audit' || this.log.disputed().has(label.key)) return;
    const text = askedText(row);
    if (examples.some((example) => example.text === text)) return;
    // The teacher's own words, where one of its votes was right.
    const reason = label.votes.find((vote) => vote.label === given)?.reason ?? '';
    this.corrected.push({ key: label.key, id: label.id, text, label: given, reason });
  }
}

/** Follows from the text's own votes alone: so gold rows are asked about again by the same rule as the others, and measure
 *  the teacher as it labels. */
export function isConcerned(
  { teacherLabel, votes }: Pick<LabelRow, 'teacherLabel' | 'votes'>,
  { doubted, labels }: Pick<Revision, 'doubted' | 'labels'>,
): boolean {
  if (teacherLabel !== null && labels.includes(teacherLabel)) return true;
  return doubted && (teacherLabel === null || new Set(votes.flatMap(({ label }) => label ?? [])).size > 1);
}

/** A label that a person corrected. */
export interface CorrectedLabel {
  readonly key: string;
  readonly id: string;
  /** As the teacher may see it. */
  readonly text: string;
  readonly label: string;
  readonly reason: string;
}

/** As many of each label as there are, in an order that the seed draws, whatever order they come in. */
export function pickExamples(
  corrected: readonly CorrectedLabel[],
  { count, labels, seed }: { readonly count: number; readonly labels: readonly string[]; readonly seed: number },
): CorrectedLabel[] {
  const place = new Map(corrected.map(({ key }) => [key, seededFraction(seed, 'example', key)]));
  const drawn = corrected.toSorted((a, b) => place.get(a.key)! - place.get(b.key)!);
  const ofLabels = labels.map((name) => drawn.filter(({ label }) => label === name));
  const turns = Math.max(0, ...ofLabels.map(({ length }) => length));
  const inTurn = Array.from({ length: turns }, (_, turn) => ofLabels.flatMap((ofLabel) => ofLabel[turn] ?? []));
  return inTurn.flat().slice(0, count);
}
