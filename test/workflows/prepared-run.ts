/** A prepared run as the activity `prepare` returns one: four chunks of ten texts with three votes each, no limits. */
import {
  DeploymentGateSettings,
  type GateCheck,
  LabelsGateSettings,
  OWN_TEACHER,
  type PreparedRun,
} from '../../src/contracts/index.js';
import { NO_LIMIT } from '../../src/voting/index.js';

export const CHUNKS = 4;
export const TEXTS_A_CHUNK = 10;
export const VOTES = 3;
export const CALLS_A_CHUNK = TEXTS_A_CHUNK * VOTES;

export const NOT_PROBED = {
  skipped: true,
  model: 'large-model',
  jsonSchema: false,
  latencyMs: null,
  inputTokens: null,
};

export function preparedRun(workflowId: string, changes: Partial<PreparedRun> = {}): PreparedRun {
  const chunks = changes.chunks ?? CHUNKS;
  return {
    run: { workflowId, folder: `runs/${workflowId}/first`, store: { uri: 'file:///store', id: 'store-1' } },
    taskName: 'complaints',
    taskHash: 'a'.repeat(64),
    labels: ['praise', 'complaint'],
    corpusHash: 'b'.repeat(64),
    counts: {
      rows: chunks * TEXTS_A_CHUNK,
      texts: chunks * TEXTS_A_CHUNK,
      duplicates: 0,
      refused: 0,
      rest: 0,
      goldRows: 0,
      goldInCorpus: 0,
      goldConflicts: 0,
      redacted: 0,
    },
    chunks,
    chunksPerShard: chunks,
    window: 2,
    maxFailedChunks: 1,
    votesPerText: VOTES,
    textsPerChunk: TEXTS_A_CHUNK,
    textsAsked: chunks * TEXTS_A_CHUNK,
    callsAtMost: chunks * CALLS_A_CHUNK,
    worstCall: { calls: 1, tokens: 1000, micros: 100 },
    budget: NO_LIMIT,
    gates: { labels: LabelsGateSettings.parse({}), deployment: DeploymentGateSettings.parse({}) },
    teachers: [{ name: OWN_TEACHER, host: 'teacher.example', model: 'large-model', probe: NOT_PROBED }],
    searchAttributes: false,
    localServer: null,
    ...changes,
  };
}

export function check(name: string, passed: boolean): GateCheck {
  return { name, about: `About ${name}.`, value: passed ? 0.9 : 0.1, limit: 0.5, atLeast: true, passed };
}
