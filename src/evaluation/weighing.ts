/** How votes became labels, as people read it. */
import { counted, type Weighing } from '../contracts/index.js';

const METHODS: Readonly<Record<Weighing['method'], string>> = {
  majority: 'Votes count alike (majority)',
  weighted: 'Votes are weighed (weighted)',
  'dawid-skene': 'Votes are weighed (dawid-skene)',
};

const WHY: Readonly<Record<Exclude<Weighing['why'], 'gold rows'>, string>> = {
  task: 'as the task says',
  'no gold rows': 'for no gold rows are set apart for the labels gate',
  'not every vote': 'for not every vote is asked of every text, so gold rows can not choose',
  'unreadable votes': 'for unreadable votes count (votes.unreadable), so gold rows can not choose',
};

/** One sentence: the method, and why it. */
export function weighingInWords({ gold, method, why }: Weighing): string {
  if (why !== 'gold rows') return `${METHODS[method]}, ${WHY[why]}.`;
  if (gold === null) throw new RangeError('gold rows chose the method, and are not told');
  const counts = gold.right.map((each) => `${each.method} ${each.texts}`).join(', ');
  return `${METHODS[method]}, for no other way is right more often on the ${counted(gold.rows, 'gold row')} set apart for the labels gate: ${counts}.`;
}
