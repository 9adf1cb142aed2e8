/** (d)'s bare loop, in a process whose heap is looked at: asks its questions, prints the seconds, and keeps the labels until its
 *  stdin ends. Options come as one JSON argument: url and texts. */
import { bareLoop } from './bare-loop.js';
import { bodiesOf, CONCURRENCY, growingTask, growingText } from './questions.js';

const { url, texts } = JSON.parse(process.argv[2]);
const bodies = bodiesOf(growingTask(), { count: texts, textOf: growingText });
const { labels, seconds } = await bareLoop({ url, bodies, concurrency: CONCURRENCY });
console.log(JSON.stringify({ seconds }));
process.stdin.on('end', () => process.exit(labels.length === texts ? 0 : 1)).resume();
