import { StudentSettings } from '../../src/contracts/index.js';
import { candidatesOf } from '../../src/students/index.js';

const named = (settings: Record<string, unknown>) =>
  candidatesOf(StudentSettings.parse(settings)).map(({ name, step }) => [step, name]);

describe('candidatesOf', () => {
  it('a single student is that student', () => {
    expect(named({ kind: 'linear' })).toEqual([[0, 'linear']]);
    expect(named({ kind: 'frozen', encoder: './models/tiny/' })).toEqual([[0, 'frozen tiny']]);
  });

  it('a ladder is its steps in their order, by default from linear to fine-tuned', () => {
    expect(named({ kind: 'ladder' })).toEqual([
      [0, 'linear'],
      [1, 'frozen all-MiniLM-L6-v2'],
      [2, 'fine-tuned all-MiniLM-L6-v2'],
    ]);
  });

  it('a search tries each learning rate with each number of epochs, for what is fine-tuned', () => {
    const steps = [{ kind: 'linear' }, { kind: 'encoder', encoder: './tiny', batchSize: 4 }];
    const open = named({ kind: 'ladder', steps, search: { learningRates: [0.001] } });
    expect(open.at(-1)).toEqual([1, 'fine-tuned tiny, learning rate 0.001']);
    const search = { learningRates: [0.001, 0.01], epochs: [2, 3] };
    const candidates = candidatesOf(StudentSettings.parse({ kind: 'ladder', steps, search }));
    expect(candidates.map(({ name }) => name)).toEqual([
      'linear',
      'fine-tuned tiny, learning rate 0.001, 2 epochs',
      'fine-tuned tiny, learning rate 0.001, 3 epochs',
      'fine-tuned tiny, learning rate 0.01, 2 epochs',
      'fine-tuned tiny, learning rate 0.01, 3 epochs',
    ]);
    expect(candidates.slice(1).map(({ step }) => step)).toEqual([1, 1, 1, 1]);
    expect(candidates.at(-1)?.settings).toMatchObject({ learningRate: 0.01, epochs: 3, batchSize: 4 });
  });

  it('steps that would be called the same are told apart', () => {
    const steps = [{ kind: 'linear' }, { kind: 'linear', buckets: 4096 }];
    expect(named({ kind: 'ladder', steps })).toEqual([
      [0, 'linear (step 1)'],
      [1, 'linear (step 2)'],
    ]);
  });
});
