/** A student's answers for the rows of files: durable, and shared by as many workers as there are. */
import {
  continueAsNew,
  defineQuery,
  setCurrentDetails,
  setHandler,
  TemporalFailure,
  workflowInfo,
} from '@temporalio/workflow';
import {
  ClassificationInput,
  type ClassificationPlan,
  type ClassificationResult,
  ClassificationState,
  type Classified,
  inNumber,
} from '../contracts/index.js';
import { plainText } from '../evaluation/index.js';
import { checkCarried, checkInput, finalFailure } from './failures.js';
import { grouped, groupedCount } from './numbers.js';
import { studentStage } from './stages.js';

export const classifiedQuery = defineQuery<Classified>('classified');

const EXAMPLE = '{"task": "financial-sentiment", "input": "/data/texts.csv", "output": "/data/labelled.csv"}';
/** Blocks that are open at once: so many workers can share the work. */
const WINDOW = 32;

/** state: what it carries over to itself. */
export async function classification(rawInput?: unknown, rawState?: unknown): Promise<ClassificationResult> {
  const input = checkInput(ClassificationInput, rawInput, EXAMPLE);
  const state = checkCarried(ClassificationState, rawState);
  const { firstExecutionRunId, workflowId } = workflowInfo();
  let plan: ClassificationPlan | null = state?.plan ?? null;
  let [next, rows] = [state?.blocks ?? 0, state?.rows ?? 0];
  setHandler(classifiedQuery, () => ({ rows, total: plan?.rows ?? null }));
  const show = (now: string) => setCurrentDetails(board(input, { plan, rows, now }));
  try {
    show('reading the rows');
    plan ??= await studentStage.splitRows({ input, workflowId, runId: firstExecutionRunId });
    const job = { plan };
    const { blocks } = plan;
    show('answering');
    const work = async () => {
      while (next < blocks && !workflowInfo().continueAsNewSuggested) {
        const block = next++;
        const summary = `block ${block + 1} of ${blocks}`;
        const answered = await studentStage.classifyBlock.executeWithOptions({ summary }, [{ ...job, block }]);
        rows += answered.rows;
        show('answering');
      }
    };
    await Promise.all(Array.from({ length: WINDOW }, work));
    if (next < blocks) await continueAsNew<typeof classification>(rawInput, { plan, blocks: next, rows });
    show('writing the output');
    const result = await studentStage.joinRows(job);
    show('done');
    return result;
  } catch (error) {
    if (!(error instanceof TemporalFailure)) throw error;
    throw finalFailure(error, null);
  }
}

function board(
  { input, output, task }: ClassificationInput,
  { now, plan, rows }: { now: string; plan: ClassificationPlan | null; rows: number },
): string {
  const lines = [`# Classification by ${task}`, '', `${plainText(input)} → ${plainText(output)}`, '', `**${now}**`];
  if (plan !== null) {
    lines.push('', `${grouped(rows)} of ${groupedCount(plan.rows, 'row')} answered by version ${plan.version}.`);
    if (plan.refused > 0)
      lines.push(
        '',
        `${groupedCount(plan.refused, 'row')} can't be used and ${inNumber(plan.refused, 'is', 'are')} left out:`,
        '',
      );
    for (const { file, line, problem } of plan.problems)
      lines.push(`- ${plainText(`${file === undefined ? '' : `${file} `}line ${line}: ${problem}`)}`);
  }
  return lines.join('\n');
}
