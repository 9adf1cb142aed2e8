/** How likely the teacher held the label that it wrote, from the log-probabilities of its tokens. */
import type { Label, PromptStyle, TeacherReply, Vote } from '../contracts/index.js';
import { readReply } from './read-reply.js';

type Reply = Pick<TeacherReply, 'content' | 'finishReason' | 'tokens'>;

/** The value of the last "label" of a JSON object. */
const LABEL_VALUE = /"label"\s*:\s*"((?:[^"\\]|\\.)*)"/gi;

/** readReply, and the label's probability where the reply has the tokens that spell it. */
export function readVote(reply: Reply, labels: Label[], style: PromptStyle): Vote {
  const vote = readReply(reply, labels, style);
  if (!reply.tokens || vote.label === null) return vote;
  const label = labels.find(({ name }) => name === vote.label);
  const probability = label && labelProbability(reply.content, reply.tokens, label);
  return probability === undefined || probability === null ? vote : { ...vote, probability };
}

/** Product of the probabilities of the tokens that spell the label, each given all before it: how likely this spelling was once
 *  the teacher had written its reason, 0 to 1. tokens: [token, natural logarithm of its probability]. null: the tokens do not
 *  spell the content, or the label is not found in it. */
export function labelProbability(
  content: string,
  tokens: NonNullable<TeacherReply['tokens']>,
  { aliases, name }: Pick<Label, 'aliases' | 'name'>,
): number | null {
  const whole = tokens.map(([token]) => token).join('');
  // Providers cut white space, or what was thought before, off the content.
  const offset = whole.lastIndexOf(content);
  const span = offset < 0 ? null : spanOfLabel(content, [name, ...aliases]);
  if (span === null) return null;
  const [start, end] = [offset + span.start, offset + span.end];
  let at = 0;
  let sum = 0;
  for (const [token, logarithm] of tokens) {
    if (at < end && at + token.length > start) sum += logarithm;
    at += token.length;
  }
  return Math.min(1, Math.exp(sum));
}

function spanOfLabel(content: string, spellings: readonly string[]): { start: number; end: number } | null {
  const value = [...content.matchAll(LABEL_VALUE)].at(-1)?.[1];
  if (value) {
    const start = content.lastIndexOf(`"${value}"`) + 1;
    return { start, end: start + value.length };
  }
  const folded = content.toLowerCase();
  // Case can change the length of a letter; then nothing could be said of the places.
  if (folded.length !== content.length) return null;
  const longestFirst = [...spellings].sort((a, b) => b.length - a.length);
  for (const spelling of longestFirst) {
    const start = folded.indexOf(spelling.trim().toLowerCase());
    if (start >= 0) return { start, end: start + spelling.trim().length };
  }
  return null;
}
