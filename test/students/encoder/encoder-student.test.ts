/** The fine-tuned encoder keeps the port's promises, with a tiny random BERT. */
import { join } from 'node:path';
import { StudentSettings } from '../../../src/contracts/index.js';
import { describeStudentKind } from '../student-conformance.js';
import { makeTinyEncoder } from './tiny-encoder.js';

describeStudentKind('encoder', async (folder) =>
  StudentSettings.parse({
    kind: 'encoder',
    encoder: await makeTinyEncoder(join(folder, 'encoder')),
    epochs: 12,
    patience: 12,
    learningRate: 0.01,
    batchSize: 4,
  }),
);
