/** Reading a task's YAML (JSON is YAML too), with the line of what can't be read. */
import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument, type YAMLError } from 'yaml';
import { TaskError } from './task-error.js';

/** The file's value, unchecked. Throws TaskError when it can't be read or is not YAML. */
export async function readTaskFile(path: string): Promise<unknown> {
  const yaml = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new TaskError(`task ${path}: the file can't be read (${error.code ?? 'unknown reason'})`, { cause: error });
  });
  return parseTaskYaml(yaml, path);
}

/** source: what messages call it. */
export function parseTaskYaml(yaml: string, source: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => `  line ${lines.linePos(error.pos[0]).line}: ${sayWhy(error)}`);
    throw new TaskError(`task ${source} is not readable YAML:\n${problems.join('\n')}`);
  }
  if (document.contents === null) throw new TaskError(`task ${source} is empty`);
  try {
    return document.toJS();
  } catch (error) {
    // An alias without its anchor, or one that unfolds into too much.
    throw new TaskError(`task ${source} is not readable YAML: ${(error as Error).message}`, { cause: error });
  }
}

function sayWhy({ code, message }: YAMLError): string {
  if (code === 'DUPLICATE_KEY') return 'this key stands twice in the same place; leave one';
  if (code === 'MULTIPLE_DOCS') return 'a second document begins ("---"); leave one';
  return message;
}
