/** npm run bench -- votes: what it takes to weigh the votes of many texts, and what the ranking of as many keeps in memory. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ConfidentThresholds, NearDuplicates } from '../../dist/review/index.js';
import { dawidSkene, seededFraction, VoteCombinations } from '../../dist/voting/index.js';
import { machine, rounded } from '../machine.js';

const MIB = 2 ** 20;
const WEIGHED = [
  { texts: 1_000_000, votes: 3, labels: 3 },
  { texts: 100_000, votes: 5, labels: 20 },
];
const RANKED = { texts: 50_000, words: 20, labels: 3 };
/** Made-up words. */
const VOCABULARY = 20_000;
/** A vote names the text's own label with this chance, another of all labels with the next, and can't be read else. */
const OWN = 0.9;
const OTHER = 0.09;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
/** So that it is not collected before it is measured. */
const held = [];

export async function bench() {
  const weighed = [];
  for (const size of WEIGHED) weighed.push({ ...size, ...(await weigh(size)) });
  const ranked = { ...RANKED, bytesPerText: Math.round(rank(RANKED)) };
  for (const { texts, votes, labels, combinations, mib, gatherSeconds, weighSeconds } of weighed) {
    console.log(
      `${texts} texts, ${votes} votes for ${labels} labels: ${combinations} combinations, ${mib} MiB, ${gatherSeconds} s to gather, ${weighSeconds} s by dawid-skene`,
    );
  }
  console.log(`ranking ${ranked.texts} texts of ${ranked.words} words: ${ranked.bytesPerText} bytes a text`);
  console.log(JSON.stringify({ ...machine(), weighed, ranked }));
}

async function weigh({ texts, votes, labels }) {
  const names = Array.from({ length: labels }, (_, label) => `label ${label}`);
  const before = heap();
  const combinations = new VoteCombinations();
  const start = performance.now();
  for (let text = 0; text < texts; text++) {
    const own = names[Math.floor(labels * seededFraction(1, 'label', String(text)))];
    const one = (vote) => {
      const chance = seededFraction(1, 'vote', `${text} ${vote}`);
      if (chance < OWN) return own;
      return chance < OWN + OTHER ? names[Math.floor((labels * (chance - OWN)) / OTHER)] : null;
    };
    combinations.add(Array.from({ length: votes }, (_, vote) => one(vote)));
  }
  const gathered = performance.now();
  const mib = rounded((heap() - before) / MIB, 1);
  const all = combinations.all;
  const table = { votes: all.map((each) => each.votes), times: all.map(({ times }) => times), labels: names };
  const weighing = performance.now();
  await dawidSkene(table, async () => {});
  const seconds = (from, to) => rounded((to - from) / 1000, 2);
  const weighSeconds = seconds(weighing, performance.now());
  return { combinations: all.length, mib, gatherSeconds: seconds(start, gathered), weighSeconds };
}

/** What src/activities/review.ts holds of each text while it ranks. Returns bytes a text. */
function rank({ texts, words, labels }) {
  const before = heap();
  const duplicates = new NearDuplicates();
  const thresholds = new ConfidentThresholds(labels);
  const probabilities = [];
  for (let text = 0; text < texts; text++) {
    const word = (place) => wordOf(Math.floor(VOCABULARY * seededFraction(1, 'word', `${text} ${place}`)));
    duplicates.add(Array.from({ length: words }, (_, place) => word(place)).join(' '), `label ${text % labels}`);
    const opinion = Array.from({ length: labels }, (_, label) => seededFraction(1, 'opinion', `${text} ${label}`));
    thresholds.add(text % labels, opinion);
    probabilities.push(opinion);
  }
  held.push(duplicates, thresholds, probabilities);
  return (heap() - before) / texts;
}

/** Six letters and more. */
function wordOf(number) {
  return [...number.toString(26).padStart(6, '0')]
    .map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 26)))
    .join('');
}

function heap() {
  collect();
  return process.memoryUsage().heapUsed;
}
