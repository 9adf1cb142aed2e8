import { namesOf, personName } from '../../src/cli/option-values.js';

describe('names with commas between', () => {
  it.each([
    ['neutral', ['neutral']],
    ['neutral, positive', ['neutral', 'positive']],
    ['"mixed, unclear",neutral', ['mixed, unclear', 'neutral']],
    ['"the ""hard"" ones, all", it\'s', ['the "hard" ones, all', "it's"]],
    ['', []],
  ])('%s', async (line, names) => {
    expect(await namesOf('--labels', line)).toEqual(names);
  });

  it('that are no line of CSV are refused with what would do', async () => {
    await expect(namesOf('--labels', '"mixed, unclear')).rejects.toMatchObject({
      message: expect.stringContaining('--labels "mixed, unclear: '),
      mend: expect.stringContaining('\'"mixed, unclear",neutral\''),
    });
  });
});

describe('the name of who decides', () => {
  it('is taken without the space around it, and may not be empty', () => {
    expect(personName(' ana ')).toBe('ana');
    expect(() => personName(' ')).toThrow('It must be the name of who decides.');
  });
});
