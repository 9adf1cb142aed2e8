/** How far people agree on the texts that several of them decided on. */
import type { NamedAgreement, ReviewQueue } from '../contracts/index.js';
import { AgreementTally, namedAgreement } from '../voting/index.js';
import type { SharedText } from './review-log.js';

/** null: there are no such texts. */
export async function agreementOfPeople(
  shared: readonly SharedText[],
  { confidence, labels, seed }: Pick<ReviewQueue, 'confidence' | 'labels' | 'seed'>,
): Promise<NamedAgreement | null> {
  const people = [...new Set(shared.flatMap((text) => Object.keys(text.labels)))].sort();
  const tally = new AgreementTally(labels.map(({ name }) => name));
  for (const text of shared) tally.add(people.map((name) => text.labels[name] ?? null));
  return namedAgreement(await tally.agreement(seed, confidence, async () => {}), people, confidence);
}
