/** features.py, which lies beside a linear student, counts n-grams as the student itself does. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { trainInProcess } from '../../src/students/index.js';
import { openLinearFeaturiser } from '../../src/students/linear-featuriser.js';
import { toyExamples, toyLabels, trainingJob } from './training-job.js';

const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) console.log('skipped: there is no python3 on PATH');

const TEXTS = [
  'Snow and ICE in the morning!',
  'a gentle spring breeze; scorching\u00a0desert again, again',
  'ﬁnal Ｆｕｌｌｗｉｄｔｈ ＩＣＥ, \u2028new line\u0085next\u3000wide',
  'हिन्दी में मौसम रिपोर्ट, 冰雪 and emoji 🧊🧊 snow',
  'under_score x1 a 22 é\u0301cole İstanbul ΟΔΟΣ',
  '',
  '   ',
  '.',
];

(hasPython ? describe : describe.skip)('features.py', () => {
  it('gives the places and counts that the model gets in this process', async () => {
    const job = trainingJob(toyLabels, toyExamples(120), { kind: 'linear' });
    await trainInProcess(job, { onProgress: () => undefined });
    expect(readdirSync(job.outputFolder)).toContain('features.py');
    const [run] = (await openLinearFeaturiser(job.outputFolder)).featurise(TEXTS);
    const expected: Record<string, Record<string, number>[]> = {};
    for (const unit of ['word', 'char']) {
      const [indices, counts] = [run?.inputs[`${unit}_indices`], run?.inputs[`${unit}_counts`]];
      const width = indices?.dims[1] ?? 0;
      expected[unit] = TEXTS.map((_, row) => {
        const entries: [string, number][] = [];
        for (let i = row * width; i < (row + 1) * width; i++) {
          if (indices?.data[i] !== 0) entries.push([String(indices?.data[i]), Number(counts?.data[i])]);
        }
        return Object.fromEntries(entries);
      });
    }
    const script = 'import features, json, sys; print(json.dumps(features.counts(json.loads(sys.stdin.read()))))';
    const answer = execFileSync('python3', ['-c', script], { cwd: job.outputFolder, input: JSON.stringify(TEXTS) });
    expect(JSON.parse(answer.toString())).toEqual(expected);
    expect(Object.keys(expected.word?.[0] ?? {}).length).toBeGreaterThan(3);
  });
});
