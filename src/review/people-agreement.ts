/** How far people agree on the texts that several of them decided on. */
import type { NamedAgreement, ReviewQueue } from '../contracts/index.js';
import { AgreementTally, namedAgreement } from '../voting/index.js';
import type { SharedText } from './review-log.js';

/** null: there are no such texts. */
export async function agreementOfPeople(
  shared: readonly SharedText[],
  { confidence, labels, seed }: Pick<ReviewQueue, 'confidence' | 'labels' | 'seed'>,
): Promise<NamedAgreement | null> {
  const { people, tally } = tallyOf(
    shared,
    labels.map(({ name }) => name),
  );
  return namedAgreement(await tally.agreement(seed, confidence, async () => {}), people, confidence);
}

/** Each two people, and on how many of the texts that both decided on they agree; those with the most texts first. */
export function pairsOfPeople(shared: readonly SharedText[], labels: readonly string[]) {
  const { people, tally } = tallyOf(shared, labels);
  const pairs = tally.perPair().map(({ first, second, share, texts }) => ({
    ...{ first: people[first]!, second: people[second]!, texts },
    alike: Math.round(share * texts),
  }));
  return pairs.sort((a, b) => b.texts - a.texts);
}

function tallyOf(shared: readonly SharedText[], labels: readonly string[]) {
  const people = [...new Set(shared.flatMap((text) => Object.keys(text.labels)))].sort();
  const tally = new AgreementTally(labels);
  for (const text of shared) tally.add(people.map((name) => text.labels[name] ?? null));
  return { people, tally };
}
