/** tutelage plan: it spends nothing, and what its pilot paid for the run does not pay again. */
import { newFolder } from '../cli/tutelage-process.js';
import { type DemoFiles, demoFiles, demoReplies } from '../support/demo-data.js';
import { type Finished, startUp, tutelage } from '../support/local-run.js';
import { type ReplayTeacher, startTeacher } from '../support/replay-teacher.js';

const VOTES = 3;
const PRICE = 'teacher.price={inputPerMillion: 1, outputPerMillion: 2}';
const folder = newFolder();
let teacher: ReplayTeacher;
let files: DemoFiles;

beforeAll(async () => {
  [, teacher] = await Promise.all([startUp(folder), startTeacher({ replies: demoReplies, latencyMs: 20 })]);
  files = demoFiles(folder, { rows: 60, gold: 40 });
});

function run(command: string, ...more: string[]): Promise<Finished> {
  const args = [command, 'financial-sentiment', '--corpus', files.corpus, '--gold', files.gold, '--set', PRICE];
  return tutelage([...args, '--teacher-url', teacher.url, '--json', ...more], { cwd: folder });
}

function figures({ json }: Finished): Record<string, { low: number | null; high: number | null }> {
  const { figures: list } = json as { figures: Array<{ name: string; low: number | null; high: number | null }> };
  return Object.fromEntries(list.map(({ name, low, high }) => [name, { low, high }]));
}

const requests = async () => (await teacher.stats()).requests;

describe('tutelage plan', () => {
  it('counts texts, calls and dollars, names who would get the texts, and asks nobody', async () => {
    const planned = await run('plan');
    expect(planned.code).toBe(0);
    expect(planned.json).toMatchObject({
      task: 'financial-sentiment',
      hosts: [new URL(teacher.url).host],
      redactedTexts: 0,
    });
    expect(figures(planned)).toMatchObject({
      'texts to label': { low: 60, high: 60 },
      'gold texts': { low: 40, high: 40 },
      'calls without early stopping': { low: 100 * VOTES, high: 100 * VOTES },
      'calls with votes.stop: majority': { low: 200, high: 300 },
      asking: { low: null, high: null },
    });
    expect(await requests()).toBe(0);
  });

  it('refuses an encoder that a run would refuse, in its words, before the pilot', async () => {
    const student = 'student={kind: frozen, encoder: ./nowhere}';
    const refused = await run('plan', '--pilot', '10', '--yes', '--set', student);
    expect(refused.stderr).toContain(
      "student.encoder ./nowhere can't be used: there is no such folder on this machine",
    );
    expect(refused.code).toBe(2);
    expect(await requests()).toBe(0);
  });

  it('measures on a pilot, whose replies the plan and the run take for nothing', async () => {
    const planned = await run('plan', '--pilot', '10', '--yes');
    expect(planned.code).toBe(0);
    const paid = await requests();
    expect(paid).toBe(10 * VOTES);
    const told = figures(planned);
    expect(told).toMatchObject({
      'replies of earlier runs': { low: paid, high: paid },
      'calls without early stopping': { low: 300 - paid, high: 300 - paid },
    });
    expect(told.asking?.high).toBeGreaterThan(0);

    const ended = await run('distill', '--until', 'vote');
    expect(ended.code).toBe(0);
    expect(ended.json).toMatchObject({
      annotation: { calls: expect.any(Number) },
      student: null,
      gates: { labels: null },
    });
    expect(await requests()).toBe(300);
    // The pilot counted tokens and latency: the run's price lies by the plan's.
    const { annotation } = ended.json as { annotation: { costUsd: number } };
    expect(annotation.costUsd).toBeGreaterThan(0.5 * (told.cost?.low ?? 0) * (60 / 100));
    expect(annotation.costUsd).toBeLessThan(2 * (told.cost?.high ?? 0));
  });
});
