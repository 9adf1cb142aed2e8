/** Accuracies of two trainers on the same pairs of fold and seed. */
import { randomNumbers } from '../../dist/students/encoder/random.js';
import { rounded } from '../machine.js';

const RESAMPLES = 10_000;

/** Mean difference over the pairs that both have, and its 95 % interval by resampling those pairs. Lines hold {fold, seed,
 *  accuracy}, and of the peer perhaps one an epoch: the last counts. */
export function meanDifference(own, peer) {
  const last = new Map(peer.map((line) => [`${line.fold} ${line.seed}`, line.accuracy]));
  const both = own.filter(({ fold, seed }) => last.has(`${fold} ${seed}`));
  const differences = both.map(({ accuracy, fold, seed }) => accuracy - last.get(`${fold} ${seed}`));
  if (differences.length === 0) return { pairs: 0 };
  const random = randomNumbers(1, 'resampling');
  const draw = () => differences[Math.floor(random() * differences.length)];
  const means = Array.from({ length: RESAMPLES }, () => mean(differences.map(draw))).sort((a, b) => a - b);
  return {
    pairs: differences.length,
    accuracy: rounded(mean(both.map(({ fold, seed }) => last.get(`${fold} ${seed}`))), 4),
    difference: rounded(mean(differences), 4),
    from: rounded(means[Math.floor(0.025 * RESAMPLES)], 4),
    to: rounded(means[Math.ceil(0.975 * RESAMPLES) - 1], 4),
  };
}

function mean(numbers) {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
