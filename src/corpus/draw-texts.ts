/** Draws the sample of the corpus and the gold texts of the labels gate. */
import type { CorpusInput, Task } from '../contracts/index.js';
import type { JoinedText, JoinTally } from './join-rows.js';
import { readRecords } from './record-file.js';
import { allocate, drawLimits, seededHash } from './sample.js';
import type { Watch } from './watch.js';

export interface Draw {
  /** Whether a text without a gold label is in the sample. */
  sampled(text: JoinedText): boolean;
  /** Whether a text with one is for the labels gate. */
  forGate(text: JoinedText): boolean;
}

/** texts: local file of JoinedText. The sample takes the smallest seeded hashes of each stratum, the gate those of all gold texts. */
export async function drawTexts(
  texts: string,
  tally: JoinTally,
  { task, corpus, tempFolder, watch }: { task: Task; corpus: CorpusInput; tempFolder: string; watch: Watch },
): Promise<Draw> {
  const sizes = [...tally.strata.values()].map((stratum) => stratum.texts);
  const quotas = corpus.sample === null ? sizes : allocateByName(corpus.sample.size, tally);
  const gateRows = Math.round(task.evaluation.goldShareForGate * tally.goldRows);
  const drawsAll = quotas.every((quota, group) => quota === sizes[group]);
  const hashed = async function* (purpose: 'sample' | 'gate') {
    for await (const text of watch.each(readRecords<JoinedText>(texts), 'draw')) {
      if ((text.gold === null) !== (purpose === 'sample')) continue;
      yield { group: text.stratum, hash: seededHash(task.seed, purpose, text.key) };
    }
  };
  const sample = drawsAll ? [] : await drawLimits(hashed('sample'), quotas, { tempFolder });
  const [gate = ''] = gateRows === 0 ? [] : await drawLimits(hashed('gate'), [gateRows], { tempFolder });
  return {
    sampled: ({ key, stratum }) => drawsAll || seededHash(task.seed, 'sample', key) <= sample[stratum]!,
    forGate: ({ key }) => gateRows > 0 && seededHash(task.seed, 'gate', key) <= gate,
  };
}

/** Quotas by the index of the stratum. Ties go by name: indices follow the keys, which say nothing. */
function allocateByName(size: number, { strata }: JoinTally): number[] {
  const byName = [...strata].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, stratum]) => stratum);
  const sizes = byName.map(({ texts }) => texts);
  const quotas: number[] = [];
  for (const [rank, quota] of allocate(size, sizes).entries()) quotas[byName[rank]!.index] = quota;
  return quotas;
}
