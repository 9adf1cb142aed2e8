/** The stage distill as the root sees it: one student, or the steps of a ladder, each an activity, and the choice among them. */
import { log } from '@temporalio/workflow';
import {
  type ArtifactRef,
  FailureType,
  type PreparedRun,
  type TrainedCandidate,
  type TrainingSummary,
  type VoteSummary,
} from '../contracts/index.js';
import { failureTypeOf, messageOf } from './failures.js';
import { studentStage } from './stages.js';

export interface TrainedStudent {
  readonly student: TrainingSummary;
  /** Why it was taken, as Markdown; empty where there was nothing to choose. */
  readonly evidence: string;
}

/** Folds that the steps are compared on where labelled texts are few; the activities draw them. */
const FOLDS = 5;
/** Of fewer, a fold could have no text of some label, or none at all. */
const LEAST_FOR_FOLDS = 50;

export async function trainStudent(prepared: PreparedRun, { labels, perLabel }: VoteSummary): Promise<TrainedStudent> {
  const { ladder } = prepared;
  if (!ladder) return { student: await studentStage.distill({ prepared, labels }), evidence: '' };
  const labelled = Object.values(perLabel).reduce((sum, texts) => sum + texts, 0);
  const folds = labelled < ladder.foldsBelow && labelled >= LEAST_FOR_FOLDS ? FOLDS : 0;
  const begun = Date.now();
  const trained: TrainedCandidate[] = [];
  const refused: { candidate: number; reason: string }[] = [];
  let first: unknown = null;
  for (const [candidate, { name, step }] of ladder.candidates.entries()) {
    const isVariant = ladder.candidates[candidate - 1]?.step === step;
    if (isVariant && ladder.searchMs !== null && Date.now() - begun >= ladder.searchMs) {
      refused.push({ candidate, reason: 'the time for the search was up' });
      continue;
    }
    try {
      trained.push(await trainCandidate({ prepared, labels, candidate }, name, folds));
    } catch (error) {
      // A step that can't be trained here, for lack of memory or of its encoder, leaves the others.
      if (failureTypeOf(error) !== FailureType.TrainingRefused) throw error;
      log.warn('a step of the ladder was not trained', { step: name, problem: messageOf(error) });
      refused.push({ candidate, reason: messageOf(error) });
      first ??= error;
    }
  }
  if (trained.length === 0) throw first;
  return studentStage.chooseStudent({ prepared, labels, trained, refused });
}

async function trainCandidate(
  input: { prepared: PreparedRun; labels: ArtifactRef; candidate: number },
  name: string,
  folds: number,
): Promise<TrainedCandidate> {
  const student = await studentStage.distill.executeWithOptions({ summary: name }, [input]);
  const compared: TrainingSummary[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const summary = `${name}, without fold ${fold + 1} of ${folds}`;
    compared.push(await studentStage.distill.executeWithOptions({ summary }, [{ ...input, fold }]));
  }
  return { candidate: input.candidate, student, folds: compared };
}
