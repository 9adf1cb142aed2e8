import type { AnnotationCounts, Progress, ReviewNews } from '../../src/contracts/index.js';
import { emptyCounts } from '../../src/voting/index.js';
import { annotationBoard, reviewBoard, runBoard } from '../../src/workflows/board.js';
import { RunReport } from '../../src/workflows/run-report.js';
import { check, NOT_PROBED, preparedRun } from './prepared-run.js';

const HOSTILE = 'a|b\n\n# <script>x</script> `c` **d** [e](f) | --- |\r\n| g |';
const MOST_BYTES = 20_000;

function progress(changes: Partial<Progress> = {}): Progress {
  return { ...new RunReport('run-1', () => {}).progress, task: 'complaints', ...changes };
}

function boardOf(
  changes: Partial<Progress>,
  findings: Record<string, string> = {},
  endedEarly: string | null = null,
): string {
  return runBoard({ progress: progress(changes), findings, endedEarly });
}

function waiting(evidence: string): NonNullable<Progress['waitingFor']> {
  return {
    gate: 'labels',
    checks: [check('alpha', true), check('gold accuracy', false)],
    evidence,
    deadline: '2026-01-02T03:04:05.000Z',
    afterDeadline: 'reject',
    remindersSent: 2,
    approveCommand: 'temporal workflow update execute -w run-1 --name decide',
    rejectCommand: '',
  };
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}

/** Rows of all tables with the number of their cells; a "|" after a backslash is text. */
function tables(markdown: string): number[][] {
  const found: number[][] = [];
  let rows: number[] | null = null;
  for (const line of markdown.split('\n')) {
    if (!line.startsWith('|')) {
      rows = null;
      continue;
    }
    if (rows === null) {
      rows = [];
      found.push(rows);
    }
    rows.push(line.replaceAll('\\|', '').split('|').length - 2);
  }
  return found;
}

function stageRow(board: string, about: string): string {
  return board.split('\n').find((line) => line.includes(`| ${about} |`)) ?? '';
}

describe('the board of a run', () => {
  it('shows what is done, what is at work and what is to come', () => {
    const board = boardOf({ stage: 'vote' }, { annotate: '90 calls' });
    expect(board).toContain('# complaints');
    expect(stageRow(board, 'Ask the teacher')).toBe('| ✅ | Ask the teacher | 90 calls |');
    expect(stageRow(board, 'Count the votes')).toBe('| ▶️ | Count the votes |  |');
    expect(stageRow(board, 'Deploy it')).toBe('| · | Deploy it |  |');
  });

  it('shows every stage done at the end', () => {
    const board = boardOf({ stage: 'done' });
    expect(board.match(/✅/g)).toHaveLength(8);
  });

  it('shows the numbers of the teacher at work, with thousands apart', () => {
    const annotation: AnnotationCounts = { ...emptyCounts(), texts: 1000, calls: 3210, spentMicros: 1_230_000 };
    const board = boardOf({
      stage: 'annotate',
      annotation,
      texts: { done: 1000, total: 12_345 },
      callsPerSecond: 10.04,
      secondsLeft: 3600,
    });
    expect(stageRow(board, 'Ask the teacher')).toContain(
      '1 000 of 12 345 texts, 3 210 calls, 0 unreadable, 0 uncertain, $1.23, 10.0 calls a second, about 60 min left',
    );
  });

  it('shows the training at work, with its phase where there are no steps', () => {
    const training = { student: 'linear', phase: 'C = 10', done: 0.4 };
    const board = boardOf({ stage: 'distill', training });
    expect(stageRow(board, 'Train the student')).toBe('| ▶️ | Train the student | linear: C = 10, 40 % |');
    expect(boardOf({ stage: 'evaluate', training })).not.toContain('C = 10');
  });

  it('says that and why it is paused, and how to go on', () => {
    const board = boardOf({ stage: 'annotate', paused: true, pauseReason: 'no answer for 5 min' });
    expect(board).toContain('**Paused**: no answer for 5 min. Send the signal `resume`');
    expect(stageRow(board, 'Ask the teacher')).toContain('⏸️');
  });

  it('says why the run ended early, and where', () => {
    const board = boardOf({ stage: 'vote', paused: true }, {}, `no labels: ${HOSTILE}`);
    expect(board).toContain('**Ended**: no labels: a\\|b \\# &lt;script>');
    expect(board).not.toContain('**Paused**');
    expect(stageRow(board, 'Count the votes')).toContain('⛔');
  });

  it('shows at a gate the evidence, the checks, the command and the deadline', () => {
    const board = boardOf({ stage: 'labels gate', waitingFor: waiting('40 texts.') });
    expect(board).toContain('## Waiting for you: gate `labels`\n\n40 texts.\n\n|');
    expect(board).toContain('| ❌ | gold accuracy | 0.100 | ≥ 0.500 | About gold accuracy. |');
    expect(board).toContain('```sh\ntemporal workflow update execute -w run-1 --name decide\n```');
    expect(board).toContain('Without a decision by 2026-01-02T03:04:05.000Z the run is rejected. **Reminder 2.**');
  });

  it('has whole tables, with what people wrote in one line of plain text', () => {
    const board = boardOf(
      { task: HOSTILE, paused: true, pauseReason: HOSTILE, waitingFor: waiting('fine'), ignored: [HOSTILE] },
      { 'labels gate': `rejected by ana: ${HOSTILE}`, vote: HOSTILE },
    );
    expect(tables(board)).toEqual([
      [5, 5, 5, 5],
      [3, 3, 3, 3, 3, 3, 3, 3, 3, 3],
    ]);
    expect(board).not.toContain('<script>');
    expect(board.split('\n').filter((line) => line.startsWith('#'))).toHaveLength(2);
    expect(board.split('\n').filter((line) => line.startsWith('> Ignored: '))).toHaveLength(1);
  });

  it.each([
    ['long lines', 'x'.repeat(100_000)],
    ['many lines', '| é | 1 |\n'.repeat(10_000)],
    ['wide characters', '🙂'.repeat(50_000)],
  ])('is at most 20,000 bytes and keeps its commands when the evidence has %s', (_, evidence) => {
    const stages = ['prepare', 'annotate', 'vote', 'labels gate', 'distill', 'evaluate', 'deployment gate', 'deploy'];
    const board = boardOf(
      {
        stage: 'labels gate',
        waitingFor: waiting(evidence),
        ignored: Array.from({ length: 10 }, () => `${HOSTILE}${'<|'.repeat(1000)}`),
      },
      Object.fromEntries(stages.map((stage) => [stage, 'é|'.repeat(2000)])),
      'x'.repeat(2000),
    );
    expect(bytes(board)).toBeLessThanOrEqual(MOST_BYTES);
    expect(board).toContain('(cut');
    expect(board).toContain('temporal workflow update execute');
    expect(board).toContain('| Deploy it |');
    for (const table of tables(board)) expect(new Set(table).size).toBe(1);
  });

  it('shows all of the evidence when there is room for it', () => {
    const evidence = 'x'.repeat(15_000);
    const board = boardOf({ stage: 'labels gate', waitingFor: waiting(evidence) });
    expect(board).toContain(evidence);
    expect(board).not.toContain('(cut');
  });
});

describe('the board of a shard', () => {
  const shard = {
    usedUp: false,
    prepared: preparedRun('run-1'),
    corpus: emptyCounts(),
    gold: emptyCounts(),
    failedChunks: 0,
  };

  it('shows chunks and counts of corpus and gold rows together', () => {
    const corpus = { ...emptyCounts(), texts: 20, calls: 60, retried: 3, spentMicros: 1234 };
    const gold = { ...emptyCounts(), texts: 1, calls: 3, spentMicros: 6 };
    const board = annotationBoard({
      pace: null,
      batches: null,
      ...shard,
      corpus,
      gold,
      failedChunks: 1,
      done: 3,
      chunks: 4,
      pauseReason: null,
    });
    expect(board).toContain('# Asking large-model at teacher.example');
    expect(board).toContain('| chunks | 3 of 4, 1 failed |');
    expect(board).toContain('| calls | 63 (3 answered by an error and asked again) |');
    expect(board).toContain('| cost | $0.0012 |');
    expect(tables(board)).toEqual([[2, 2, 2, 2, 2, 2, 2, 2, 2, 2]]);
  });

  it('of several teachers shows what each is asked, and what the disagreements cost', () => {
    const teachers = [
      { name: 'teacher', host: 'cheap.example', model: 'small', probe: NOT_PROBED },
      { name: 'dear', host: 'dear.example', model: 'large', probe: NOT_PROBED },
    ];
    const of = (calls: number, spentMicros: number) => ({ calls, replies: calls, spentMicros });
    const corpus = {
      ...{ ...emptyCounts(), calls: 45, spentMicros: 90_000, escalated: 5, escalationMicros: 50_000 },
      teachers: { teacher: of(40, 40_000), dear: of(5, 50_000) },
    };
    const run = { ...shard, prepared: preparedRun('run-1', { teachers }), pace: null, batches: null };
    const board = annotationBoard({ ...run, corpus, done: 1, chunks: 4, pauseReason: null });
    expect(board).toContain('# Asking small, large at cheap.example, dear.example');
    expect(board).toContain('| teacher | 40 calls, $0.04 |');
    expect(board).toContain('| dear | 5 calls, $0.05 |');
    expect(board).toContain('| votes disagreed | 5 texts asked about again, $0.05 |');
  });

  it('says that the price is not known, and why it is paused', () => {
    const corpus = { ...emptyCounts(), calls: 1, spentMicros: null };
    const board = annotationBoard({
      pace: null,
      batches: null,
      ...shard,
      corpus,
      done: 0,
      chunks: 4,
      pauseReason: HOSTILE,
    });
    expect(board).toContain('| cost | price not known |');
    expect(board).toContain('**Paused**: a\\|b');
  });
});

describe('the board of a review', () => {
  const input = {
    gate: 'labels',
    task: HOSTILE,
    evidence: '| a |\n'.repeat(10_000),
    deadlineMs: 1,
    reminderMs: 1,
    webhookEnv: null,
    escalateMs: null,
    escalateWebhookEnv: null,
    approveCommand: 'approve',
  };

  it('names the workflow to decide on, and is at most 20,000 bytes', () => {
    const board = reviewBoard({
      input,
      root: 'run-1',
      deadline: '2026-01-02T03:04:05.000Z',
      reminders: 1,
      escalated: false,
      untold: [],
      news: null,
      ignored: null,
    });
    expect(board).toContain(
      'Decide on the parent workflow run-1, until 2026-01-02T03:04:05.000Z. Reminders so far: 1.',
    );
    expect(bytes(board)).toBeLessThanOrEqual(MOST_BYTES);
    expect(board).toContain('(cut');
  });

  it('shows, as the board of the run does, where the page is and how far people are', () => {
    const certificate = {
      ...{ labels: 300, population: 270, sampled: 60, wrong: 1, mostWrong: 20, mostWrongShare: 20 / 300 },
      confidence: 0.95,
    };
    const news: ReviewNews = {
      page: 'http://127.0.0.1:7400/runs/run-1',
      gone: null,
      ...{ suggested: 30, decided: 17, changed: 9, audited: 60, certificate, at: '2026-01-02T03:04:05.000Z' },
    };
    const wait = {
      root: 'run-1',
      deadline: '2026-01-03T00:00:00.000Z',
      reminders: 0,
      escalated: false,
      untold: [],
      ignored: null,
    };
    const onReview = (told: ReviewNews) => reviewBoard({ ...wait, input: { ...input, evidence: '' }, news: told });
    const onRun = (told: ReviewNews) => boardOf({ waitingFor: { ...waiting(''), review: told } });
    for (const board of [onReview, onRun]) {
      expect(board(news)).toContain('**Review page:** <http://127.0.0.1:7400/runs/run-1>, for whoever has a link.');
      expect(board(news)).toContain(
        '**Reviewed by 2026-01-02 03:04 UTC:** 17 decided in the fix queue (30 are suggested), 9 labels were changed; 60 audited. At most 6.7 % of the labels are wrong (20 of 300), at 95 % confidence',
      );
      expect(board({ ...news, page: null })).toContain('**Review page:** it is not served now.');
      expect(board({ ...news, audited: null, certificate: null })).toMatch(/9 labels were changed\.(\n|$)/);
    }
  });
});
