/** Entry of a process that loads the student of a folder and tells how many threads it has once it answered several texts, then one
 *  alone, and how often its event loop turned while it answered many. */
import { readdirSync } from 'node:fs';
import { loadStudent } from '../../../dist/students/index.js';

process.on('message', async ({ folder, texts }) => {
  const student = await loadStudent(folder);
  const threads = () => (process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0);
  await student.predict(['Snow', 'a gentle breeze']);
  const afterSeveral = threads();
  await student.predict(['Snow']);
  const afterOne = threads();
  let [turns, answered] = [0, false];
  const spin = () => {
    turns++;
    if (!answered) setImmediate(spin);
  };
  spin();
  await student.predict(texts);
  answered = true;
  await student.close();
  process.send({ afterSeveral, afterOne, turns }, () => process.exit(0));
});
