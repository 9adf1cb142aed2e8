/** The forms in which a review leaves and comes back. */
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { CorpusError } from '../corpus/index.js';
import { argillaFiles, readArgilla } from './argilla.js';
import { writeCleanlab } from './cleanlab.js';
import { labelStudioProject, readLabelStudio } from './label-studio.js';
import { readSheet } from './read-sheet.js';
import type { Handout, Sheet } from './sheet.js';
import { writeSheet } from './write-sheet.js';

/** Tables are files; the others are folders, as they have several. */
const TABLES = ['xlsx', 'csv', 'tsv', 'jsonl', 'parquet'] as const;
export const REVIEW_FORMATS = [...TABLES, 'label-studio', 'argilla', 'cleanlab'] as const;
export type ReviewFormat = (typeof REVIEW_FORMATS)[number];

/** format: null goes by the extension. Throws CorpusError for an extension that means none, or another format. */
export async function writeReviewFile(path: string, format: ReviewFormat | null, handout: Handout): Promise<void> {
  if (format === 'cleanlab') return writeCleanlab(path, handout);
  if (format === 'argilla') return writeFolder(path, argillaFiles(handout, basename(path)));
  if (format === 'label-studio') {
    const { expert_instruction, label_config, tasks } = labelStudioProject(handout);
    return writeFolder(path, {
      'label-config.xml': label_config,
      'instruction.html': expert_instruction,
      'tasks.json': tasks,
    });
  }
  checkExtension(path, format);
  return writeSheet(path, handout);
}

/** Throws CorpusError, or ReviewFileError for a file that another tool can't have written. */
export async function readReviewFile(path: string, format: Exclude<ReviewFormat, 'cleanlab'> | null): Promise<Sheet> {
  if (format === 'argilla') return readArgilla(path);
  if (format === 'label-studio') return readLabelStudio(path);
  checkExtension(path, format);
  return readSheet(path);
}

function checkExtension(path: string, format: ReviewFormat | null): void {
  const extension = extname(path).toLowerCase();
  if (format === null || extension === `.${format}`) return;
  throw new CorpusError({
    field: 'format',
    path,
    problem: `${format} is asked for, and the file's name ends in ${extension === '' ? 'none' : extension}`,
    mend: `Name it FILE.${format}, or leave out --format`,
  });
}

/** Texts as they are, anything else as JSON. */
async function writeFolder(folder: string, files: Readonly<Record<string, unknown>>): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof content === 'string' ? `${content}\n` : `${JSON.stringify(content, null, 1)}\n`);
  }
}
