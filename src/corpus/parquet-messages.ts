/** What the thread that decodes a Parquet file and the one that reads its rows say to each other. */
import type { Row } from './read-rows.js';

export interface ParquetSetup {
  /** Of the file. */
  readonly bytes: number;
  /** Of those that there are; null: all. */
  readonly columns: readonly string[] | null;
}

export type ParquetRequest =
  /** The next rows: nothing is decoded ahead of the reader. */
  | { readonly type: 'next' }
  /** What a 'range' asked for. */
  | { readonly type: 'bytes'; readonly id: number; readonly bytes: ArrayBuffer };

export type ParquetReply =
  /** Comes first, without having been asked for. */
  | { readonly type: 'columns'; readonly names: readonly string[]; readonly hubSchema: string | null }
  | { readonly type: 'range'; readonly id: number; readonly start: number; readonly end: number }
  /** null: there are no more. */
  | { readonly type: 'rows'; readonly rows: readonly Row[] | null }
  /** It decodes: another page is done. */
  | { readonly type: 'alive' }
  | { readonly type: 'unreadable'; readonly problem: string; readonly cause: string };
