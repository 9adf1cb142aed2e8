/** Trains on growing shares of a run's labels, each an activity, and says whether more labels would help. */
import { log, setCurrentDetails, setHandler, TemporalFailure } from '@temporalio/workflow';
import {
  type CurveInput,
  type CurveOutcome,
  type DrawCurveInput,
  FailureType,
  TrainingNews,
} from '../contracts/index.js';
import { trainingLine } from './board.js';
import { failureTypeOf, finalFailure, messageOf } from './failures.js';
import { trainingNewsSignal } from './messages.js';
import { studentStage } from './stages.js';

export async function learningCurve(input: CurveInput): Promise<CurveOutcome> {
  const { candidate, labels, prepared, repeats, shares } = input;
  const parts = shares.flatMap((share) =>
    // All of the labels are the same labels every time.
    Array.from({ length: share === 1 ? 1 : repeats }, (_, repeat) => ({ share, repeat })),
  );
  const trained: DrawCurveInput['trained'] = [];
  const showTraining = (now: string) =>
    setCurrentDetails(`# Learning curve\n\n${trained.length} of ${parts.length} trainings done.${now}`);
  setHandler(trainingNewsSignal, (news) => {
    const { data } = TrainingNews.safeParse(news);
    if (data !== undefined && trained.length < parts.length) showTraining(`\n\n${trainingLine(data)}`);
  });
  try {
    for (const part of parts) {
      showTraining('');
      const summary = `${Math.round(100 * part.share)} % of the labels, draw ${part.repeat + 1}`;
      const job = { prepared, labels, candidate, part };
      try {
        trained.push({ ...part, student: await studentStage.distill.executeWithOptions({ summary }, [job]) });
      } catch (error) {
        // A draw of few labels may have none to learn from; the larger ones tell the curve without it.
        if (part.share === 1 || failureTypeOf(error) !== FailureType.TrainingRefused) throw error;
        log.warn('a draw of the labels was left out of the curve', { draw: summary, problem: messageOf(error) });
      }
    }
    const outcome = await studentStage.drawCurve({ ...input, trained });
    setCurrentDetails(`# Learning curve\n\n${outcome.evidence}`);
    return outcome;
  } catch (error) {
    if (!(error instanceof TemporalFailure)) throw error;
    throw finalFailure(error, null);
  }
}
