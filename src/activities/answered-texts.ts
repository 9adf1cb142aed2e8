/** The texts of a run with the replies that count: those of the last revision that was answered about them. */
import type { ChunkSet, LabelRow, PreparedRun, RevisedRun, StoredReply, TextRow } from '../contracts/index.js';
import type { Store } from '../store/index.js';
import {
  chunkFolder,
  chunkReplies,
  chunkRows,
  questionName,
  type TakenReplies,
  type VotePlan,
} from '../teachers/index.js';
import { readManifest } from './artifacts.js';

export interface AnsweredText {
  readonly row: TextRow;
  readonly set: ChunkSet;
  readonly taken: TakenReplies<StoredReply>;
  /** Number of the revision that the replies are of; null: of the run itself. */
  readonly revision: number | null;
  /** The last of the revisions asked about it. */
  readonly askedLast: boolean;
}

/** In the order of the run's chunks, which the revisions' keep to: one list a chunk, as waiting for each text alone takes longer than
 *  counting its votes. A revision that was not answered in full counts nowhere. */
export async function* answeredTexts(
  store: Store,
  { plan, prepared, revised }: { prepared: PreparedRun; plan: VotePlan; revised: readonly RevisedRun[] },
): AsyncGenerator<AnsweredText[]> {
  const revisions = revised.map((run) => ({
    number: run.number,
    texts: new InStep(textsOf(store, run.prepared, plan)),
  }));
  for await (const chunk of textsOf(store, prepared, plan)) {
    const texts: AnsweredText[] = [];
    for (const own of chunk) {
      let counts: AnsweredText = { ...own, revision: null, askedLast: false };
      for (const [index, { number, texts }] of revisions.entries()) {
        const again = await texts.about(own.row.key);
        if (again === null) continue;
        const askedLast = index === revisions.length - 1;
        counts = again.taken.finished ? { ...again, revision: number, askedLast } : { ...counts, askedLast };
      }
      texts.push(counts);
    }
    yield texts;
  }
}

/** Votes by question for each of these texts, chunk by chunk. */
export type AnsweredTexts = () => AsyncIterable<readonly AnsweredText[]>;

/** Texts of a run together with their labels, which lie in the same order: as many labels are taken as there are texts. */
export async function withLabels<Text extends { readonly row: Pick<TextRow, 'key'> }>(
  texts: readonly Text[],
  labels: AsyncIterator<LabelRow>,
): Promise<(Text & { readonly label: LabelRow })[]> {
  const found: (Text & { readonly label: LabelRow })[] = [];
  for (const text of texts) {
    const next = await labels.next();
    if (next.done || next.value.key !== text.row.key) throw new RangeError('texts and labels are of different runs');
    found.push({ ...text, label: next.value });
  }
  return found;
}

type OwnText = Pick<AnsweredText, 'row' | 'set' | 'taken'>;

async function* textsOf(store: Store, prepared: PreparedRun, plan: VotePlan): AsyncGenerator<OwnText[]> {
  for (const chunk of (await readManifest(store, prepared)).chunks) {
    const replies = new Map<string, StoredReply>();
    for (const reply of (await chunkReplies(store, chunkFolder(prepared.run.folder, chunk))).values()) {
      replies.set(`${reply.textKey} ${questionName(reply)}`, reply);
    }
    yield (await chunkRows(store, chunk)).map((row) => {
      const taken = plan.take((question) => replies.get(`${row.key} ${questionName(question)}`));
      return { row, set: chunk.set, taken };
    });
  }
}

/** Some of the texts, read along with all of them. */
class InStep {
  private chunk: readonly OwnText[] = [];
  private next = 0;

  constructor(private readonly chunks: AsyncGenerator<OwnText[]>) {}

  /** null: it is not among them. */
  async about(key: string): Promise<OwnText | null> {
    while (this.next === this.chunk.length) {
      const { done, value } = await this.chunks.next();
      if (done) return null;
      this.chunk = value;
      this.next = 0;
    }
    const text = this.chunk[this.next]!;
    if (text.row.key !== key) return null;
    this.next++;
    return text;
  }
}
