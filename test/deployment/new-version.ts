/** Versions to register in tests. */
import type { ArtifactRef, EvaluationSummary } from '../../src/contracts/index.js';
import type { NewVersion } from '../../src/deployment/index.js';

const REF = { path: 'runs/r/1/file', sha256: '0'.repeat(64), bytes: 1 };

export function newVersion(
  files: readonly ArtifactRef[],
  { task = 'tone', workflowId = 'run-1', kind = 'linear', textTemplate = '{text}', labels = ['bad', 'good'] } = {},
): NewVersion {
  const score = { accuracy: 0.9, macroF1: 0.8, interval: { low: 0.85, high: 0.94 } };
  const evaluation: EvaluationSummary = {
    report: REF,
    markdown: REF,
    basis: 'gold',
    rows: 200,
    teacher: null,
    student: score,
    champion: null,
  };
  return {
    task,
    kind,
    labels,
    textTemplate,
    files,
    evaluation,
    provenance: {
      workflowId,
      task,
      taskHash: 'a'.repeat(64),
      teachers: [{ name: 'teacher', provider: 'recorded', model: null, host: 'a recording' }],
      guidelines: [],
      corpusHash: 'b'.repeat(64),
      datasets: [],
      labels: REF,
      seed: 42,
      software: { tutelage: '0.1.0' },
      approvedBy: 'Ada',
    },
  };
}
