/** Entry of a process that computes a step's gradients, for onnxruntime refuses Jest's typed arrays. The encoder's folder, the
 *  vocabulary and, for each step, its parts come over IPC; loss and gradients of each step, or its error, go back. */
import { once } from 'node:events';
import { sizeOf } from '../../../dist/students/encoder/encoder-parameters.js';
import { startingClassifier } from '../../../dist/students/encoder/starting-classifier.js';
import { TrainingSession } from '../../../dist/students/encoder/training-session.js';

const [{ encoder, vocabulary, steps, texts, tokens }] = await once(process, 'message');
const classifier = await startingClassifier(encoder, vocabulary, { labels: 3, seed: 1 });
const gradients = new Map(
  classifier.parameters.map((parameter) => [parameter.name, new Float32Array(sizeOf(parameter))]),
);
// One session for all of them: nothing may be left of the step before.
const session = await TrainingSession.create(classifier, gradients, { seed: 1, texts, tokens });
const answers = [];
for (const parts of steps) {
  try {
    const loss = await session.run(parts, Math.random);
    answers.push({ loss, gradients: [...gradients].map(([name, slopes]) => [name, [...slopes]]) });
  } catch ({ message }) {
    answers.push({ error: message });
  }
}
await session.release();
process.send(answers, () => process.exit(0));
