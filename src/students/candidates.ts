/** The students that a task trains: one, or the steps of a ladder with the learning rates and epochs to try. */
import type { LadderSettings, OneStudentSettings, StudentSettings } from '../contracts/index.js';

export interface Candidate {
  /** For people: "encoder, learning rate 5e-5". */
  readonly name: string;
  /** Of the ladder, from 0: candidates of one step cost the same to run. */
  readonly step: number;
  readonly settings: OneStudentSettings;
}

/** In the order in which they are trained: steps from the cheapest to the dearest. */
export function candidatesOf(settings: StudentSettings): Candidate[] {
  if (settings.kind !== 'ladder') return [{ name: nameOf(settings), step: 0, settings }];
  const all = settings.steps.flatMap((step, index) =>
    variants(step, settings.search).map((each) => ({ ...each, step: index })),
  );
  const isTwin = (each: Candidate) => all.some((other) => other !== each && other.name === each.name);
  return all.map((each) => (isTwin(each) ? { ...each, name: `${each.name} (step ${each.step + 1})` } : each));
}

function variants(settings: OneStudentSettings, search: LadderSettings['search']): Omit<Candidate, 'step'>[] {
  if (settings.kind !== 'encoder' || search === null) return [{ name: nameOf(settings), settings }];
  return search.learningRates.flatMap((learningRate) =>
    search.epochs.map((epochs) => ({
      name: `${nameOf(settings)}, learning rate ${learningRate}${epochs === null ? '' : `, ${epochs} epochs`}`,
      settings: { ...settings, learningRate, epochs },
    })),
  );
}

function nameOf(settings: OneStudentSettings): string {
  if (settings.kind === 'linear') return 'linear';
  const encoder = settings.encoder.replace(/\/+$/, '').split('/').at(-1);
  return `${settings.kind === 'frozen' ? 'frozen' : 'fine-tuned'} ${encoder}`;
}
