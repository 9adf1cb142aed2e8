/** Measures on the recorded data what it does to let gold rows choose how votes become labels: how much the chosen method's share of
 *  right labels on these rows flatters it, and how much more often than the majority it is right on all others.
 *  Run: node scripts/measure-weighing.js DATA.jsonl (../shared/data). Prints one JSON object; needs a built dist. */
import { readFileSync } from 'node:fs';
import { chooseMethod, seededFraction, VoteCombinations } from '../dist/voting/index.js';

const LABELS = ['negative', 'neutral', 'positive'];
const GOLD_ROWS = [50, 100, 200];
const DRAWS = 1000;
const noPause = async () => {};

/** Votes about a row, by vote plan. */
const PLANS = {
  'three reasoned votes and the direct one': (row) => [...reasoned(row), known(row.simple)],
  'three reasoned votes': reasoned,
};

const [dataFile] = process.argv.slice(2);
if (dataFile === undefined) throw new Error('name the file of recorded votes');
const rows = readFileSync(dataFile, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

const results = {};
for (const [name, votesOf] of Object.entries(PLANS)) {
  const right = await rightRows(rows.map(votesOf));
  results[name] = {
    right: Object.fromEntries(Object.entries(right).map(([method, each]) => [method, points(mean(each))])),
    chosenOn: GOLD_ROWS.map((gold) => ({ gold, ...choosing(right, gold) })),
  };
}
process.stdout.write(`${JSON.stringify({ rows: rows.length, results })}\n`);

function known(label) {
  return LABELS.includes(label) ? label : null;
}

function reasoned(row) {
  return row.cot.map(({ label }) => known(label));
}

/** By method, for each row whether its label is the experts'. */
async function rightRows(votes) {
  const combinations = new VoteCombinations();
  const own = votes.map((each) => combinations.add(each).votes);
  const all = combinations.all;
  const table = { votes: all.map((each) => each.votes), times: all.map(({ times }) => times), labels: LABELS };
  const right = {};
  for (const [index, row] of rows.entries()) {
    const key = `${row.expert} ${JSON.stringify(own[index])}`;
    right[key] ??= (await chooseMethod(table, [{ votes: own[index], label: row.expert }], noPause)).right;
  }
  const of = (index, method) =>
    right[`${rows[index].expert} ${JSON.stringify(own[index])}`].find((each) => each.method === method).texts;
  const methods = Object.values(right)[0].map(({ method }) => method);
  return Object.fromEntries(methods.map((method) => [method, rows.map((_, index) => of(index, method))]));
}

/** Means over draws of the gold rows, in points; and how often each method was taken. */
function choosing(right, gold) {
  const [flattered, gained] = [[], []];
  const taken = Object.fromEntries(Object.keys(right).map((method) => [method, 0]));
  for (let draw = 0; draw < DRAWS; draw++) {
    const places = rows.map((_, index) => seededFraction(draw, 'gold rows', String(index)));
    const order = rows.map((_, index) => index).toSorted((a, b) => places[a] - places[b]);
    const shareOf = (method, indices) => mean(indices.map((index) => right[method][index]));
    const [chosenOn, others] = [order.slice(0, gold), order.slice(gold)];
    const method = Object.keys(right).reduce((one, other) =>
      shareOf(other, chosenOn) > shareOf(one, chosenOn) ? other : one,
    );
    taken[method]++;
    flattered.push(shareOf(method, chosenOn) - shareOf(method, others));
    gained.push(shareOf(method, others) - shareOf('majority', others));
  }
  return { flattered: points(mean(flattered)), gained: points(mean(gained)), taken };
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function points(share) {
  return Math.round(1000 * share) / 10;
}
