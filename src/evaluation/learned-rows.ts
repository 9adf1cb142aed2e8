/** Gold rows that the deployed version was trained on, as people read of them. */
import { counted, type EvaluationReport, inNumber } from '../contracts/index.js';

/** One sentence; null: there is nothing to say of it. */
export function learnedInWords({ champion, rows }: Pick<EvaluationReport, 'champion' | 'rows'>): string | null {
  if (champion === null || champion.learned === undefined || champion.learned === 0) return null;
  const { learned, version } = champion;
  if (learned === null)
    return `Whether the deployed version ${version} was trained on texts that are gold rows now is not known: its labels are no longer in the store.`;
  return `The deployed version ${version} was trained on the text of ${learned} of ${counted(rows, 'gold row')}: ${inNumber(learned, 'it is', 'they are')} left out of the comparison with it.`;
}
