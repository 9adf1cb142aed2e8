/** The texts of a run with the replies that count: those of the last revision that was answered about them. */
import {
  type ChunkSet,
  type LabelRow,
  type PreparedRun,
  type RevisedRun,
  type StoredReply,
  TextRow,
} from '../contracts/index.js';
import type { Store } from '../store/index.js';
import { chunkFolder, chunkReplies, questionName, type TakenReplies, type VotePlan } from '../teachers/index.js';
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

/** In the order of the run's chunks, which the revisions' keep to. A revision that was not answered in full counts nowhere. */
export async function* answeredTexts(
  store: Store,
  { plan, prepared, revised }: { prepared: PreparedRun; plan: VotePlan; revised: readonly RevisedRun[] },
): AsyncGenerator<AnsweredText> {
  const revisions = revised.map((run) => ({
    number: run.number,
    texts: new InStep(textsOf(store, run.prepared, plan)),
  }));
  for await (const own of textsOf(store, prepared, plan)) {
    let counts: AnsweredText = { ...own, revision: null, askedLast: false };
    for (const [index, { number, texts }] of revisions.entries()) {
      const again = await texts.about(own.row.key);
      if (again === null) continue;
      const askedLast = index === revisions.length - 1;
      counts = again.taken.finished ? { ...again, revision: number, askedLast } : { ...counts, askedLast };
    }
    yield counts;
  }
}

/** Votes by question for each of these texts. */
export type AnsweredTexts = () => AsyncIterable<AnsweredText>;

/** The texts of a run together with their labels, which lie in the same order. */
export async function* withLabels<Text extends { readonly row: Pick<TextRow, 'key'> }>(
  texts: AsyncIterable<Text>,
  labels: AsyncIterable<LabelRow>,
): AsyncGenerator<Text & { readonly label: LabelRow }> {
  const rows = labels[Symbol.asyncIterator]();
  for await (const text of texts) {
    const next = await rows.next();
    if (next.done || next.value.key !== text.row.key) throw new RangeError('texts and labels are of different runs');
    yield { ...text, label: next.value };
  }
}

type OwnText = Pick<AnsweredText, 'row' | 'set' | 'taken'>;

async function* textsOf(store: Store, prepared: PreparedRun, plan: VotePlan): AsyncGenerator<OwnText> {
  for (const chunk of (await readManifest(store, prepared)).chunks) {
    const replies = new Map<string, StoredReply>();
    for (const reply of (await chunkReplies(store, chunkFolder(prepared.run.folder, chunk))).values()) {
      replies.set(`${reply.textKey} ${questionName(reply)}`, reply);
    }
    for await (const line of store.lines(chunk.file.path)) {
      const row = TextRow.parse(JSON.parse(line));
      const taken = plan.take((question) => replies.get(`${row.key} ${questionName(question)}`));
      yield { row, set: chunk.set, taken };
    }
  }
}

/** Some of the texts, read along with all of them. */
class InStep {
  private next: Promise<IteratorResult<OwnText>> | null = null;

  constructor(private readonly texts: AsyncGenerator<OwnText>) {}

  /** null: it is not among them. */
  async about(key: string): Promise<OwnText | null> {
    this.next ??= this.texts.next();
    const { done, value } = await this.next;
    if (done || value.row.key !== key) return null;
    this.next = null;
    return value;
  }
}
