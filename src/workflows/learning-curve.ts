/** Trains on growing shares of a run's labels, each an activity, and says whether more labels would help. */
import { setCurrentDetails, TemporalFailure } from '@temporalio/workflow';
import type { CurveInput, CurveOutcome, DrawCurveInput } from '../contracts/index.js';
import { finalFailure } from './failures.js';
import { studentStage } from './stages.js';

export async function learningCurve(input: CurveInput): Promise<CurveOutcome> {
  const { candidate, labels, prepared, repeats, shares } = input;
  const parts = shares.flatMap((share) =>
    // All of the labels are the same labels every time.
    Array.from({ length: share === 1 ? 1 : repeats }, (_, repeat) => ({ share, repeat })),
  );
  const trained: DrawCurveInput['trained'] = [];
  try {
    for (const part of parts) {
      setCurrentDetails(`# Learning curve\n\n${trained.length} of ${parts.length} trainings done.`);
      const summary = `${Math.round(100 * part.share)} % of the labels, draw ${part.repeat + 1}`;
      const job = { prepared, labels, candidate, part };
      trained.push({ ...part, student: await studentStage.distill.executeWithOptions({ summary }, [job]) });
    }
    const outcome = await studentStage.drawCurve({ ...input, trained });
    setCurrentDetails(`# Learning curve\n\n${outcome.evidence}`);
    return outcome;
  } catch (error) {
    if (!(error instanceof TemporalFailure)) throw error;
    throw finalFailure(error, null);
  }
}
