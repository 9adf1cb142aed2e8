import type { FinishReason, PromptStyle, Unreadable } from '../../src/contracts/index.js';
import { readReply } from '../../src/teachers/index.js';
import { sentiment } from './sentiment-task.js';

const { labels } = sentiment;
const read = (content: string, style: PromptStyle = 'reasoned', finishReason: FinishReason = 'stop') =>
  readReply({ content, finishReason }, labels, style);

/** content, style, finish reason, the label or why there is none */
type Case = [string, PromptStyle, FinishReason, string];

const READABLE: Case[] = [
  ['{"reason": "Sales grew.", "label": "positive"}', 'reasoned', 'stop', 'positive'],
  ['```json\n{"reason": "r", "label": "negative"}\n```', 'reasoned', 'stop', 'negative'],
  ['Let me think.\n{"reason": "r", "label": "neutral"}\nDone.', 'reasoned', 'stop', 'neutral'],
  ['{"label": "POSITIVE"}', 'reasoned', 'stop', 'positive'],
  ['{"Label": " Positive. "}', 'reasoned', 'stop', 'positive'],
  ['{"label": "**positive**"}', 'reasoned', 'stop', 'positive'],
  ['{"label": "bullish"}', 'reasoned', 'stop', 'positive'],
  ['{"label": "2"}', 'reasoned', 'stop', 'positive'],
  ['{"label": 2}', 'reasoned', 'stop', 'positive'],
  ['{"label": 0}', 'reasoned', 'stop', 'negative'],
  ['{"reason": "it is not {negative}", "label": "positive"}', 'reasoned', 'stop', 'positive'],
  ['{"reason": "a } and a \\" in a string", "label": "neutral"}', 'reasoned', 'stop', 'neutral'],
  ['{"reason": "r", "label": "positive",}', 'reasoned', 'stop', 'positive'],
  ["{'reason': 'r', 'label': 'positive'}", 'reasoned', 'stop', 'positive'],
  ['{reason: "r", label: "positive"}', 'reasoned', 'stop', 'positive'],
  ['{"reason": "r" "label": "positive"}', 'reasoned', 'stop', 'positive'],
  ['{"reason": "r", "label": "positive"', 'reasoned', 'stop', 'positive'],
  ['{"reason": "r\nin two lines", "label": "positive"}', 'reasoned', 'stop', 'positive'],
  ['{"reason": "r", "label": "positive"} and so on and', 'reasoned', 'length', 'positive'],
  ['<think>negative? no.</think>{"label": "positive"}', 'reasoned', 'stop', 'positive'],
  ['<think>{"label": "negative"}</think>\n{"label": "positive"}', 'reasoned', 'stop', 'positive'],
  ['thoughts whose head was in the template: negative</think>positive', 'direct', 'stop', 'positive'],
  ['<think>a</think><think>b</think>neutral', 'direct', 'stop', 'neutral'],
  ['{"reason": "the text says <think>", "label": "neutral"}', 'reasoned', 'stop', 'neutral'],
  ['{"label": "positive"} {"label": "positive"}', 'reasoned', 'stop', 'positive'],
  ['{"text": "x"}\n{"reason": "r", "label": "neutral"}', 'reasoned', 'stop', 'neutral'],
  ['{"label": "positive"}', 'direct', 'stop', 'positive'],
  ['positive', 'direct', 'stop', 'positive'],
  [' "Positive." ', 'direct', 'stop', 'positive'],
  ['2', 'direct', 'stop', 'positive'],
  ['2.', 'direct', 'stop', 'positive'],
  ['Label: neutral', 'direct', 'stop', 'neutral'],
  ['The text is bearish.', 'direct', 'stop', 'negative'],
  ['positive, I say: positive!', 'direct', 'stop', 'positive'],
  ['positive (bullish)', 'direct', 'stop', 'positive'],
  ['not negative', 'direct', 'stop', 'negative'],
  ['The answer is neutral.', 'reasoned', 'stop', 'neutral'],
  ['negative', 'direct', 'unknown', 'negative'],
];

const UNREADABLE: Case[] = [
  ['', 'direct', 'stop', 'empty'],
  [' \n\t', 'reasoned', 'stop', 'empty'],
  ['', 'reasoned', 'length', 'truncated'],
  ['positive', 'direct', 'filtered', 'filtered'],
  ['<think>It is positive', 'reasoned', 'length', 'truncated'],
  ['<think>It is positive', 'reasoned', 'stop', 'empty'],
  ['<think>done</think>', 'reasoned', 'stop', 'empty'],
  ['{"reason": "Sales grew, so it is positive', 'reasoned', 'length', 'truncated'],
  ['{"reason": "r", "label": "pos', 'reasoned', 'length', 'truncated'],
  ['{"reason": "r", "label": "positive"', 'reasoned', 'length', 'truncated'],
  ['{"reason": "ends at the limit"}', 'reasoned', 'length', 'truncated'],
  ['positive', 'direct', 'length', 'truncated'],
  ['{"reason": "r", "label": "positive"', 'reasoned', 'unknown', 'no-label'],
  ['{"reason": "Sales are positive, but', 'reasoned', 'stop', 'no-label'],
  ['{"reason": "r", "label": "mixed"}', 'reasoned', 'stop', 'no-label'],
  ['{"reason": "positive", "label": "mixed"}', 'direct', 'stop', 'no-label'],
  ['{"reason": "r", "label": "negative|positive"}', 'reasoned', 'stop', 'no-label'],
  ['{"reason": "r", "label": null}', 'reasoned', 'stop', 'no-label'],
  ['{"reason": "r", "label": ["positive"]}', 'reasoned', 'stop', 'no-label'],
  ['{"reason": "r", "label": ""}', 'reasoned', 'stop', 'no-label'],
  ['{"reason": "it is positive"}', 'reasoned', 'stop', 'no-label'],
  ['{"label": "positive"} {"label": "negative"}', 'reasoned', 'stop', 'several-labels'],
  ['positive or negative', 'direct', 'stop', 'several-labels'],
  ['bullish, not bearish', 'direct', 'stop', 'several-labels'],
  ['I give this a 2', 'direct', 'stop', 'no-label'],
  ['unpositive positively nonneutral', 'direct', 'stop', 'no-label'],
  ['positivé', 'direct', 'stop', 'no-label'],
  ['positive\u0301', 'direct', 'stop', 'no-label'],
  ['très_positive', 'direct', 'stop', 'no-label'],
  ["I can't help with that.", 'reasoned', 'stop', 'no-label'],
  ['...', 'direct', 'stop', 'no-label'],
];

describe('readReply', () => {
  it.each(READABLE)('reads %j (%s, %s) as %s', (content, style, finishReason, label) => {
    expect(read(content, style, finishReason)).toMatchObject({ label, unreadable: null });
  });

  it.each(UNREADABLE)('finds no label in %j (%s, %s): %s', (content, style, finishReason, why) => {
    expect(read(content, style, finishReason)).toEqual({ label: null, reason: null, unreadable: why as Unreadable });
  });

  it('keeps the reason, and none where there is none', () => {
    expect(read('{"reason": " Sales grew. ", "label": "positive"}').reason).toBe('Sales grew.');
    expect(read('{"reason": "", "label": "positive"}').reason).toBeNull();
    expect(read('{"reason": 7, "label": "positive"}').reason).toBeNull();
    expect(read('positive', 'direct').reason).toBeNull();
  });

  it('takes the longer label where one holds another', () => {
    const cards = [
      { name: 'card', description: '', aliases: [] },
      { name: 'card payment', description: '', aliases: ['C++'] },
      { name: 'c', description: '', aliases: [] },
    ];
    const label = (content: string) => readReply({ content, finishReason: 'stop' }, cards, 'direct').label;
    expect(label('This is about a card payment.')).toBe('card payment');
    expect(label('This is about a card.')).toBe('card');
    expect(label('C++')).toBe('card payment');
    expect(label('c')).toBe('c');
    expect(label('vitamin c')).toBeNull();
  });

  it('never throws and never invents a label: 10,000 generated replies', () => {
    const pieces = [
      '{', '}', '[', ']', '"', "'", ':', ',', '\\', '\n', '```json', '```', '<think>', '</think>', '"label"', '"reason"',
      'label', 'positive', 'negative', 'neutral', 'bullish', '2', '0', 'null', 'NaN', '-', '\ud800', 'é', '😀', '\u0000',
      '{"label": "positive"}', '{"label":', '$&', '{{{{', '(*', '/*', '//', '...', ' ', 'x'.repeat(300),
    ]; // biome-ignore format: a list of pieces
    let state = 12345;
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const names = [...labels.map(({ name }) => name), null];
    let labelled = 0;
    for (let round = 0; round < 10_000; round++) {
      const content = Array.from({ length: random(25) }, () => pieces[random(pieces.length)]).join('');
      const finishReason = (['stop', 'length', 'filtered', 'unknown'] as const)[random(4)] ?? 'stop';
      const vote = read(content, random(2) === 0 ? 'direct' : 'reasoned', finishReason);
      expect(names).toContain(vote.label);
      expect(vote.label === null).toBe(vote.unreadable !== null);
      if (vote.label !== null) {
        labelled++;
        const { aliases, name } = labels.find((each) => each.name === vote.label) ?? { aliases: [], name: '' };
        expect([name, ...aliases].some((spelling) => content.toLowerCase().includes(spelling))).toBe(true);
      }
    }
    expect(labelled).toBeGreaterThan(100);
  });

  it.each(['{', '}', '"', '[', '.', '<think>', '</think>', '{"a":', '{"label":', '\\', '[{', "{'"])(
    'reads 100,000 times %j in reasonable time',
    (piece) => {
      const startedAt = performance.now();
      for (const tail of ['', 'positive', '"}']) {
        for (const style of ['direct', 'reasoned'] as const) read(piece.repeat(100_000) + tail, style);
      }
      expect(performance.now() - startedAt).toBeLessThan(10_000);
    },
  );
});
