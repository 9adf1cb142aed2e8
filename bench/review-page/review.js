/** A review of as many texts as are asked for, in a store: the demo's sentences, numbered, with three votes and their reasons. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ReviewFolder } from '../../dist/review/index.js';
import { openStore, workflowFolder } from '../../dist/store/index.js';

export const RUN = 'news';
const LABELS = ['negative', 'neutral', 'positive'].map((name) => ({
  name,
  description: `The news is ${name} for the company's share.`,
  aliases: [],
}));
const corpus = fileURLToPath(new URL('../../examples/demo/corpus.jsonl', import.meta.url));

export async function writeReview(path, { texts }) {
  const store = await openStore(path);
  const sentences = readFileSync(corpus, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const review = new ReviewFolder(store, `${workflowFolder(RUN)}/first`);
  const writer = await store.writer(review.rowsPath());
  for (let index = 0; index < texts; index++) {
    await writer.write(`${JSON.stringify(reviewRow(sentences[index % sentences.length], index, texts))}\n`);
  }
  await review.writeQueue({
    workflowId: RUN,
    task: 'financial-sentiment',
    rows: await writer.finish(),
    texts,
    labels: LABELS,
    guideline: 'Judge the news as an investor in the company would.',
    seed: 1,
    confidence: 0.95,
    rankedAt: '2026-01-01T00:00:00.000Z',
  });
}

function reviewRow({ reference, text }, index, texts) {
  const doubt = 1 - (index + 1) / (texts + 1);
  const names = LABELS.map(({ name }) => name);
  const other = names[(names.indexOf(reference) + 1) % names.length];
  const votes = [reference, reference, doubt > 0.5 ? other : reference].map((label, sample) => ({
    prompt: 'reasoned',
    sample,
    label,
    reason: `The sentence tells of what is ${label} for the company, and nothing in it says otherwise.`,
    unreadable: null,
  }));
  return {
    key: createHash('sha256').update(`${index}`).digest('hex'),
    id: `news-${index}`,
    text: `${text} (${index})`,
    label: reference,
    votes,
    doubt,
    why: [doubt > 0.5 ? `1 of 3 votes says ${other}` : 'all votes agree'],
    student: names.map((name) => (name === reference ? 1 - doubt / 2 : doubt / 4)),
  };
}
