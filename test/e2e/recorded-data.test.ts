/** The whole pipeline over HTTP with a stand-in that replays a real teacher's votes on 1,811 sentences of financial news;
 *  the figures stand in docs/recorded-data.md. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ClassificationReport, EvaluationReport, type Progress } from '../../src/contracts/index.js';
import { newFolder } from '../cli/tutelage-process.js';
import { readJsonl } from '../support/demo-data.js';
import {
  type Finished,
  type LocalUp,
  resultOf,
  startTutelage,
  startUp,
  temporalCli,
  tutelage,
} from '../support/local-run.js';
import {
  type PhrasebankFiles,
  type PhrasebankText,
  phrasebankFiles,
  phrasebankSkipped,
} from '../support/phrasebank.js';
import { type ReplayTeacher, startTeacher } from '../support/replay-teacher.js';

if (phrasebankSkipped !== null) console.log(`skipped: ${phrasebankSkipped}`);

const VOTES = 3;
const FOLD = 0;

(phrasebankSkipped === null ? describe : describe.skip)('the recorded votes on the Financial PhraseBank', () => {
  const folder = newFolder();
  let up: LocalUp;
  let teacher: ReplayTeacher;
  let files: PhrasebankFiles;
  let all: Finished;

  beforeAll(async () => {
    files = phrasebankFiles(folder, FOLD);
    [up, teacher] = await Promise.all([startUp(folder), startTeacher({ replies: files.replies })]);
  });

  const distillArguments = (name: string, ...more: string[]) => [
    ...['distill', 'financial-sentiment', '--corpus', files.corpus, '--gold', files.gold],
    ...['--teacher-url', teacher.url, '--id', name, '--store', join(folder, name), '--labels-out', `${name}.jsonl`],
    ...['--json', ...more],
  ];

  const labelsOf = (name: string) =>
    new Map(
      readJsonl<{ text: string; label: string | null }>(join(folder, `${name}.jsonl`)).map((row) => [
        row.text,
        row.label,
      ]),
    );

  it('become the labels wherever they have a majority, and are approved by a signal', async () => {
    const startedAt = Date.now();
    const running = await startTutelage(distillArguments('all'), { cwd: folder });
    await running.says(/Waiting for you at the gate "labels"/);
    const labelledMs = Date.now() - startedAt;
    await approve('all', 'labels');
    await running.says(/Waiting for you at the gate "deployment"/);
    await approve('all', 'deployment');
    const ended = await running.ended;
    all = { ...ended, json: JSON.parse(ended.stdout.trim().split('\n').at(-1) ?? '') };

    expect(all.code).toBe(0);
    const result = resultOf(all);
    expect(result).toMatchObject({
      annotation: { texts: 1444, calls: 1444 * VOTES, uncertain: 0 },
      gates: { labels: { reviewer: 'ana', automatic: false }, deployment: { reviewer: 'ana', automatic: false } },
      evaluation: { basis: 'gold', rows: 362 },
      deployment: { version: 1 },
    });
    const labels = labelsOf('all');
    const told = files.corpusTexts.filter(({ majority }) => majority !== null);
    expect(files.corpusTexts.map(({ text }) => labels.get(text))).toEqual(
      files.corpusTexts.map(({ majority }) => majority),
    );
    expect(told.map(({ text }) => labels.get(text))).toEqual(told.map(({ recordedMajority }) => recordedMajority));
    expect(files.corpusTexts.length - told.length).toBeLessThan(10);
    expect(result.evaluation?.teacher?.accuracy).toBeCloseTo(teachersAccuracy(files.goldTexts), 9);
    expect(result.evaluation?.student.accuracy).toBeGreaterThan(0.84);
    const { requests } = await teacher.stats();
    expect(requests).toBe((files.corpusTexts.length + files.goldTexts.length) * VOTES);
    console.log(figures('all', all, { requests, labelledMs, allMs: Date.now() - startedAt }));
  });

  it('are asked for 30 % less often with votes.stop = majority, and the labels stay the same', async () => {
    const before = (await teacher.stats()).requests;
    const startedAt = Date.now();
    const ended = await tutelage(distillArguments('majority', '--approve-as', 'ci', '--set', 'votes.stop=majority'), {
      cwd: folder,
    });
    const allMs = Date.now() - startedAt;
    const requests = (await teacher.stats()).requests - before;

    expect(ended.code).toBe(0);
    expect([...labelsOf('majority')]).toEqual([...labelsOf('all')]);
    const texts = [...files.corpusTexts, ...files.goldTexts];
    const saved = texts.filter(({ votes: [first, second] }) => first !== null && first === second).length;
    expect(before - requests).toBe(saved);
    expect(saved / (texts.length * VOTES)).toBeCloseTo(0.305, 2);
    // The first run said so.
    const progress = await progressOf('all');
    expect(progress.annotation.callsMajorityWouldSave + progress.gold.callsMajorityWouldSave).toBe(saved);
    console.log(figures('majority', ended, { requests, allMs }));
  });

  async function approve(workflowId: string, gate: string): Promise<void> {
    const payload = JSON.stringify({ gate, reviewer: 'ana' });
    const args = ['workflow', 'signal', '-w', workflowId, '--name', 'approve', '--input', payload];
    const { code, stderr } = await temporalCli(args, { address: up.address, cwd: folder });
    if (code !== 0) throw new Error(stderr);
  }

  async function progressOf(workflowId: string): Promise<Progress> {
    const args = ['workflow', 'query', '-w', workflowId, '--type', 'progress', '--output', 'json'];
    const { json } = await temporalCli(args, { address: up.address, cwd: folder });
    return (json as { queryResult: [Progress] }).queryResult[0];
  }
});

function teachersAccuracy(texts: readonly PhrasebankText[]): number {
  return texts.filter(({ expert, majority }) => expert === majority).length / texts.length;
}

/** What docs/recorded-data.md shows. */
function figures(
  name: string,
  ended: Finished,
  measured: { requests: number; labelledMs?: number; allMs: number },
): string {
  const { evaluation, labels, student } = resultOf(ended);
  const path = new URL(evaluation?.report.replace(/\.md$/, '.json') ?? '').pathname;
  const report = EvaluationReport.parse(JSON.parse(readFileSync(path, 'utf8')));
  const inWords = (about: ClassificationReport | null) => {
    const { low = 0, high = 0 } = about?.accuracyInterval ?? {};
    return `${percent(about?.accuracy ?? 0)} (${percent(low)} to ${percent(high)}), macro F1 ${about?.macroF1.toFixed(3)}`;
  };
  return [
    `votes.stop = ${name}: ${measured.requests} requests, alpha ${labels?.alpha?.toFixed(3)}`,
    `teacher: ${inWords(report.teacher)}, ${report.teacher?.unanswered} without a label`,
    `student: ${inWords(report.student)}, trained in ${student?.trainSeconds.toFixed(1)} s`,
    `student and teacher: ${JSON.stringify(report.comparisons[0])}`,
    `${seconds(measured.labelledMs)} to the labels, ${seconds(measured.allMs)} in all`,
  ].join('\n');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function seconds(ms: number | undefined): string {
  return ms === undefined ? '?' : `${(ms / 1000).toFixed(1)} s`;
}
