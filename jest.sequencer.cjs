/** Suites that start servers and many processes take a minute or two each: they begin first, so that none is left to run alone in the
 *  end. Without a cache of earlier times Jest begins with the longest files. */
const { sep } = require('node:path');
const Sequencer = require('@jest/test-sequencer').default;

const LONG = ['e2e', 'faults', 'bench'].map((folder) => `${sep}test${sep}${folder}${sep}`);

module.exports = class extends Sequencer {
  sort(tests) {
    const isLong = ({ path }) => LONG.some((folder) => path.includes(folder));
    const inOrder = super.sort(tests);
    return [...inOrder.filter(isLong), ...inOrder.filter((test) => !isLong(test))];
  }
};
