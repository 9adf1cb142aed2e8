import { emptyCounts } from '../../src/voting/index.js';
import {
  annotationFinding,
  decisionInWords,
  evaluationFinding,
  preparedFinding,
  trainingFinding,
  votesFinding,
} from '../../src/workflows/findings.js';
import { dollars, duration, grouped } from '../../src/workflows/numbers.js';
import { preparedRun } from './prepared-run.js';
import { countsOf, EVALUATED, TRAINED, VOTED } from './stand-in-activities.js';

describe('the finding', () => {
  it('of prepare names what was left out, where something was', () => {
    const prepared = preparedRun('run-1');
    expect(preparedFinding(prepared)).toBe('40 texts, 0 gold rows');
    const counts = { ...prepared.counts, texts: 1234, duplicates: 5, refused: 6, rest: 7000, goldRows: 8 };
    expect(preparedFinding({ ...prepared, counts })).toBe(
      '1 234 texts, 5 duplicate rows, 6 rows refused, 7 000 texts left for the student, 8 gold rows',
    );
  });

  it('of prepare tells the worked examples, and those that would have shown gold texts', () => {
    const examples = { shown: 12, inGold: 3 };
    expect(preparedFinding(preparedRun('run-1', { examples }))).toBe(
      '40 texts, 0 gold rows, 12 worked examples, 3 examples left out because they are gold texts',
    );
  });

  it('of a training tells the texts that were cut, and an INT8 model that was left out', () => {
    const trained = { ...TRAINED, kind: 'encoder', examples: 1200, trainSeconds: 61.26 };
    expect(trainingFinding(trained)).toBe('encoder from 1 200 texts in 61.3 s');
    expect(trainingFinding({ ...trained, chosen: { cutShare: 0.021, maxLength: 128, int8: 0 } })).toBe(
      'encoder from 1 200 texts in 61.3 s, 2.1 % of the texts cut after 128 tokens, in float32, since INT8 changed too many labels',
    );
  });

  it('of annotate counts corpus and gold rows together', () => {
    const corpus = { ...countsOf({ calls: 90 }), reused: 12, uncertain: 1 };
    expect(annotationFinding({ corpus, gold: countsOf({ calls: 30 }) })).toBe(
      '120 calls, 12 replies reused, 0 unreadable, 1 uncertain, $0.0012',
    );
    const saving = { ...corpus, callsMajorityWouldSave: 25 };
    expect(annotationFinding({ corpus: saving, gold: emptyCounts() })).toContain(
      'stopping at the majority saves 25 calls',
    );
    const escalated = { ...corpus, escalated: 4, escalationMicros: 120_000 };
    expect(annotationFinding({ corpus: escalated, gold: emptyCounts() })).toContain(
      '4 texts asked about again because their votes disagreed ($0.12)',
    );
  });

  it('of annotate warns when the samples of more than 9 in 10 texts are the same, of 20 texts on', () => {
    const finding = (texts: number, identical: number) =>
      annotationFinding({ corpus: { ...countsOf({ texts, calls: 3 * texts }), identical }, gold: emptyCounts() });
    expect(finding(20, 19)).toContain('⚠️ the samples of most texts are word for word the same');
    expect(finding(20, 18)).not.toContain('⚠️');
    expect(finding(19, 19)).not.toContain('⚠️');
  });

  it('of vote tells what people changed', () => {
    expect(votesFinding(VOTED.summary, '')).toBe('39 of 40 texts labelled, alpha 0.900');
    const gold = { rows: 50, right: [] };
    expect(votesFinding({ ...VOTED.summary, weighing: { method: 'weighted', why: 'gold rows', gold } }, '')).toBe(
      '39 of 40 texts labelled, aggregation weighted, chosen on 50 gold rows, alpha 0.900',
    );
    expect(votesFinding({ ...VOTED.summary, alpha: null }, '3 corrected by ana')).toBe(
      '39 of 40 texts labelled, 3 corrected by ana',
    );
  });

  it('of a gate names who, and whether a person decided', () => {
    const outcome = { reviewer: 'ana', note: '', at: '', corrections: null, checks: [] };
    expect(decisionInWords({ ...outcome, decision: 'approve', automatic: false })).toBe('approved by ana');
    expect(decisionInWords({ ...outcome, decision: 'reject', automatic: true, note: 'failed: alpha' })).toBe(
      'rejected automatically by ana: failed: alpha',
    );
  });

  it('of evaluate does not call agreement with the teacher accuracy', () => {
    expect(evaluationFinding(EVALUATED.summary)).toBe('student 90.0 %, teacher 95.0 % on 20 gold rows');
    expect(evaluationFinding({ ...EVALUATED.summary, basis: 'validation' })).toBe(
      'student agrees with the teacher on 90.0 % of 20 held-out texts',
    );
  });
});

describe('numbers', () => {
  it('have their thousands apart', () => {
    expect([0, 999, 1000, 1234567].map(grouped)).toEqual(['0', '999', '1 000', '1 234 567']);
  });

  it('of money have four decimals below a cent', () => {
    expect([null, 0, 1234, 9_999, 10_000, 12_345_678].map(dollars)).toEqual([
      'price not known',
      '$0.00',
      '$0.0012',
      '$0.0100',
      '$0.01',
      '$12.35',
    ]);
  });

  it('of time have the unit that people would use', () => {
    expect([0.2, 89, 90, 5399, 5400].map(duration)).toEqual(['1 s', '89 s', '2 min', '90 min', '1.5 h']);
  });
});
