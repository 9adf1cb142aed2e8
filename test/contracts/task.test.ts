/** Rules of the task file that hold between its keys. */
import { Task } from '../../src/contracts/index.js';

const task = (votes: object) =>
  Task.safeParse({ name: 'tone', kind: 'text-classification', labels: [{ name: 'a' }, { name: 'b' }], votes });

describe('votes', () => {
  it('may not stop early where they are weighed', () => {
    const refused = task({ aggregation: 'dawid-skene', stop: 'majority' });
    expect(refused.error?.issues).toMatchObject([
      { path: ['votes', 'stop'], message: 'votes.aggregation "dawid-skene" needs every vote: use "all"' },
    ]);
    expect(task({ aggregation: 'weighted', stop: 'all' }).success).toBe(true);
    expect(task({ aggregation: 'majority', stop: 'majority' }).success).toBe(true);
  });

  it('are weighed by the gold rows only where some are set apart: the others measure', () => {
    expect(task({ aggregation: 'auto' }).error?.issues).toMatchObject([
      {
        path: ['evaluation', 'goldShareForGate'],
        message: 'votes.aggregation "auto" needs gold rows of its own: set a share above 0',
      },
    ]);
  });
});
