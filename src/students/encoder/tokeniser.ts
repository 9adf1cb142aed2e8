/** Texts to token ids, cut to a length: the tokenizers package itself neither cuts nor pads. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';

export const TOKENISER_FILE = 'tokenizer.json';

export interface Tokens {
  readonly ids: readonly number[];
  /** The text had more tokens than it may have. */
  readonly cut: boolean;
}

export class Tokeniser {
  /** Special tokens at the end of each text. */
  private readonly suffix: readonly number[];

  constructor(
    private readonly tokenizer: Tokenizer,
    /** Most tokens of a text, the special ones included. */
    private readonly maxLength: number,
  ) {
    const bare: number[] = tokenizer.encode(PROBE, { add_special_tokens: false }).ids;
    const ids: number[] = tokenizer.encode(PROBE).ids;
    const prefix = ids.findIndex((_, start) => bare.every((id, offset) => ids[start + offset] === id));
    this.suffix = ids.slice(prefix + bare.length);
  }

  encode(text: string): Tokens {
    const ids: number[] = this.tokenizer.encode(text).ids;
    if (ids.length <= this.maxLength) return { ids, cut: false };
    return { ids: [...ids.slice(0, this.maxLength - this.suffix.length), ...this.suffix], cut: true };
  }
}

/** What tokenizer.json holds, as far as it is of use here. */
interface TokenizerFile {
  readonly normalizer?: object | null;
}

/** Reads tokenizer.json, and tokenizer_config.json where there is one. The prefix stands before each text. */
export async function openTokeniser(folder: string, maxLength: number, prefix = ''): Promise<Tokeniser> {
  const tokenizer = withPrefix(await readTokenizer(folder), prefix);
  return new Tokeniser(new Tokenizer(tokenizer, await readTokenizerConfig(folder)), maxLength);
}

export async function readTokenizer(folder: string): Promise<TokenizerFile> {
  return JSON.parse(await readFile(join(folder, TOKENISER_FILE), 'utf8'));
}

/** The tokeniser that puts the prefix before each text by itself, so that nobody who loads a student's folder has to know of it.
 *  A text that itself holds a special token gets it on both sides of that. */
export function withPrefix(tokenizer: TokenizerFile, prefix: string): TokenizerFile {
  if (prefix === '') return tokenizer;
  const normalizers = [{ type: 'Prepend', prepend: prefix }, ...(tokenizer.normalizer ? [tokenizer.normalizer] : [])];
  return { ...tokenizer, normalizer: { type: 'Sequence', normalizers } };
}

/** What tells the special tokens from the text's own. */
const PROBE = 'a';

export async function readTokenizerConfig(folder: string): Promise<object> {
  try {
    return JSON.parse(await readFile(join(folder, 'tokenizer_config.json'), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
