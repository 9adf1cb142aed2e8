/** Whether the teacher may label in the place of people, by how far each person's colleagues agree with the one and the other. */
import { studentT } from './student-t.js';

export interface AlternativeAnnotatorTest {
  /** Share of the people than whom the teacher is no worse: from 0.5 on it may stand in for them. */
  readonly winningRate: number;
  /** How often the teacher agrees with the others at least as well as the person left out does, the mean over people. */
  readonly advantage: number;
  /** What people may be better by, since the teacher is so much cheaper. */
  readonly epsilon: number;
  readonly people: readonly {
    readonly reviewer: string;
    /** Texts that the person and at least one other labelled. */
    readonly texts: number;
    readonly advantage: number;
    /** Of the hypothesis that the person is better by epsilon or more. */
    readonly pValue: number;
    readonly teacherIsNoWorse: boolean;
  }[];
}

/** A label by the text's key. */
export type Labels = ReadonlyMap<string, string>;

/** As in the authors' implementation: what experts' time is worth. 0.1 suits people who are paid by the label. */
export const EPSILON = 0.2;
/** Texts of a person below which nothing is tested. */
export const LEAST_TEXTS = 30;
/** Share of wrong rejections among the rejections, at most. */
const FALSE_DISCOVERIES = 0.05;

/**
 * The alternative annotator test (Calderon, Reichart and Dror 2025, arXiv:2501.10970) with accuracy as the score. Each person is
 * left out in turn; on each text the person and the teacher are scored by the share of the others who gave their label; a
 * one-sided t-test compares how often the one scores at least as high as the other; Benjamini and Yekutieli's procedure bounds
 * the false discoveries. null: not two people labelled LEAST_TEXTS of the same texts.
 */
export function alternativeAnnotatorTest(
  teacher: Labels,
  people: ReadonlyMap<string, Labels>,
  epsilon = EPSILON,
): AlternativeAnnotatorTest | null {
  const tested = [...people].flatMap(([reviewer, own]) => {
    const others = [...people].filter(([name]) => name !== reviewer).map(([, labels]) => labels);
    const differences: number[] = [];
    let teacherScores = 0;
    for (const [key, label] of own) {
      const given = others.flatMap((labels) => labels.get(key) ?? []);
      const byTeacher = teacher.get(key);
      if (given.length === 0 || byTeacher === undefined) continue;
      const agreeing = (name: string) => given.filter((each) => each === name).length;
      const [person, machine] = [agreeing(label), agreeing(byTeacher)];
      if (machine >= person) teacherScores++;
      differences.push(Number(person >= machine) - Number(machine >= person));
    }
    if (differences.length < LEAST_TEXTS) return [];
    const [texts, pValue] = [differences.length, meanIsBelow(differences, epsilon)];
    return [{ reviewer, texts, advantage: teacherScores / texts, pValue }];
  });
  if (tested.length < 2) return null;
  const bar = largestRejected(tested.map(({ pValue }) => pValue));
  const judged = tested.map((person) => ({ ...person, teacherIsNoWorse: person.pValue <= bar }));
  return {
    winningRate: judged.filter(({ teacherIsNoWorse }) => teacherIsNoWorse).length / judged.length,
    advantage: judged.reduce((sum, { advantage }) => sum + advantage, 0) / judged.length,
    epsilon,
    people: judged,
  };
}

/** p-value of Student's t-test that the mean is not below the limit. */
function meanIsBelow(values: readonly number[], limit: number): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return studentT((mean - limit) / Math.sqrt(variance / values.length), values.length - 1);
}

/** The largest p-value that Benjamini and Yekutieli (2001, Annals of Statistics 29:1165) reject; below 0: none. */
function largestRejected(pValues: readonly number[]): number {
  const sorted = pValues.toSorted((a, b) => a - b);
  const harmonic = sorted.reduce((sum, _, rank) => sum + 1 / (rank + 1), 0);
  return (
    sorted.findLast((p, rank) => p <= (((rank + 1) / sorted.length) * FALSE_DISCOVERIES) / harmonic) ??
    Number.NEGATIVE_INFINITY
  );
}
