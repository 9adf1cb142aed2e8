/** Workflow classification: rows are put into blocks, each block is answered by a worker, and the answers become one file. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import {
  ArtifactRef,
  BlockInput,
  ClassificationPlan,
  ClassificationResult,
  ClassifiedBlock,
  JoinInput,
  type ModelVersion,
  SplitInput,
} from '../contracts/index.js';
import { openRowWriter, type RowToAnswer, rowsToAnswer } from '../corpus/index.js';
import { answeredRows, fetchModel, findVersion, modelCache, versionToAnswer } from '../deployment/index.js';
import { classificationFolder, openRunStore, openStore, type Store } from '../store/index.js';
import { type Student, studentKind } from '../students/index.js';
import { type Dependencies, withHeartbeat } from './dependencies.js';
import { sealedResult } from './sealed-result.js';

/** Rows between which a block tells how far it is, and sees that it was cancelled. */
const BATCH_ROWS = 256;
/** A block ends before it has so many characters: it is read as a whole. */
const BLOCK_CHARACTERS = 16 * 2 ** 20;
const FIELDS = { input: 'input', output: 'output', textColumn: 'textColumn' } as const;

export function createClassifyActivities({ env, store: workersStore }: Dependencies) {
  return {
    /** Copies the rows into the store: whatever becomes of the input, and on whatever machine, the same rows are answered. */
    async splitRows(raw: SplitInput): Promise<ClassificationPlan> {
      const { input, runId, workflowId } = SplitInput.parse(raw);
      const store = input.store === null ? workersStore : await openStore(input.store);
      const folder = `${classificationFolder(workflowId)}/${runId}`;
      const model = await versionToAnswer(store, input.task, input.version);
      let rows = 0;
      return withHeartbeat(
        () => ({ rows }),
        (signal) =>
          sealedResult(store, { runFolder: folder, stage: 'split', input: raw, schema: ClassificationPlan }, () =>
            split({ input, model, store, folder, env, signal }, (read) => {
              rows = read;
            }),
          ),
      );
    },

    async classifyBlock(raw: BlockInput): Promise<ClassifiedBlock> {
      const { block, plan } = BlockInput.parse(raw);
      const store = await openRunStore(plan.store);
      let rows = 0;
      return withHeartbeat(
        () => ({ rows }),
        (signal) =>
          sealedBlock(store, plan, block, async () => {
            const model = await findVersion(store, plan.task, plan.version);
            const student = await studentKind(model.kind).load(await fetchModel(store, model, modelCache(env)));
            try {
              return await answerBlock(store, { plan, block, student, signal }, (answered) => {
                rows = answered;
              });
            } finally {
              await student.close();
            }
          }),
      );
    },

    /** Writes the output, which appears whole, and removes what was kept for it. */
    async joinRows(raw: JoinInput): Promise<ClassificationResult> {
      const { plan } = JoinInput.parse(raw);
      const store = await openRunStore(plan.store);
      let rows = 0;
      return withHeartbeat(
        () => ({ rows }),
        async (signal) => {
          const place = { runFolder: plan.folder, stage: 'join', input: raw, schema: ClassificationResult };
          const result = await sealedResult(store, place, () =>
            join({ plan, store, env, signal }, () => {
              rows++;
            }),
          );
          for (const kept of ['blocks', 'answers']) {
            for (const path of await store.list(`${plan.folder}/${kept}`)) await store.remove(path);
          }
          return result;
        },
      );
    },
  };
}

interface Splitting {
  readonly input: SplitInput['input'];
  readonly model: ModelVersion;
  readonly store: Store;
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

async function split(
  { env, folder, input, model, signal, store }: Splitting,
  onRows: (rows: number) => void,
): Promise<ClassificationPlan> {
  const { output, rowsPerBlock, textColumn, top } = input;
  const asked = await rowsToAnswer({
    ...{ input: input.input, output, textColumn, env, signal },
    template: model.textTemplate,
    names: FIELDS,
  });
  // An output that can't be written to is told now.
  await (await openRowWriter(output, [], { field: FIELDS.output, env })).abort();
  const reading = asked.read();
  const blocks: ArtifactRef[] = [];
  let rows = 0;
  let [lines, characters]: [string[], number] = [[], 0];
  const endBlock = async () => {
    if (lines.length === 0) return;
    blocks.push(await store.write(`${folder}/blocks/${nameOf(blocks.length)}.jsonl`, lines.join('')));
    [lines, characters] = [[], 0];
    onRows(rows + reading.refused);
  };
  for await (const row of reading.rows()) {
    const line = `${JSON.stringify(row)}\n`;
    if (lines.length === rowsPerBlock || characters + line.length > BLOCK_CHARACTERS) await endBlock();
    lines.push(line);
    characters += line.length;
    rows++;
  }
  await endBlock();
  const { added, columns } = reading.columns();
  return {
    ...{ folder, output, top, rows, refused: reading.refused, problems: reading.problems },
    ...{ task: model.task, version: model.version, store: store.ref },
    ...{ columns, added, blocks: blocks.length },
    manifest: await store.write(`${folder}/blocks.json`, JSON.stringify(blocks)),
  };
}

interface Answering {
  readonly plan: ClassificationPlan;
  readonly block: number;
  readonly student: Student;
  readonly signal: AbortSignal;
}

async function answerBlock(
  store: Store,
  { block, plan, signal, student }: Answering,
  onRows: (rows: number) => void,
): Promise<ClassifiedBlock> {
  const blocks = z.array(ArtifactRef).parse(JSON.parse(textOf(await store.readRef(plan.manifest))));
  const rows = await readRowsOf<RowToAnswer>(store, blocks[block]!);
  const answered: string[] = [];
  for (let start = 0; start < rows.length; start += BATCH_ROWS) {
    signal.throwIfAborted();
    const batch = rows.slice(start, start + BATCH_ROWS);
    for (const row of await answeredRows(student, batch, plan)) answered.push(`${JSON.stringify(row)}\n`);
    onRows(answered.length);
  }
  // Two attempts may be at work; the seal says whose file counts.
  const path = `${plan.folder}/answers/${nameOf(block)}-${randomUUID().slice(0, 8)}.jsonl`;
  return { rows: answered.length, answers: await store.write(path, answered.join('')) };
}

interface Joining {
  readonly plan: ClassificationPlan;
  readonly store: Store;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

async function join({ env, plan, signal, store }: Joining, onRow: () => void): Promise<ClassificationResult> {
  const { columns, output, problems, refused, rows, task, version } = plan;
  const added = Object.values(plan.added).filter((name) => name !== null);
  const writer = await openRowWriter(output, [...columns, ...added], { field: FIELDS.output, env });
  try {
    for (let block = 0; block < plan.blocks; block++) {
      signal.throwIfAborted();
      const { answers } = await sealedBlock(store, plan, block, () => {
        throw new Error(`block ${block} of ${plan.folder} has no answers`);
      });
      for (const row of await readRowsOf<Record<string, unknown>>(store, answers)) {
        await writer.write(row);
        onRow();
      }
    }
    await writer.finish();
  } finally {
    await writer.abort();
  }
  return { task, version, rows, refused, problems, output, added };
}

function sealedBlock(
  store: Store,
  { folder }: ClassificationPlan,
  block: number,
  work: () => Promise<ClassifiedBlock>,
): Promise<ClassifiedBlock> {
  return sealedResult(store, { runFolder: folder, stage: 'block', input: { block }, schema: ClassifiedBlock }, work);
}

async function readRowsOf<Row>(store: Store, ref: ArtifactRef): Promise<Row[]> {
  const lines = textOf(await store.readRef(ref)).split('\n');
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Row);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function nameOf(block: number): string {
  return String(block).padStart(5, '0');
}
