import { Task } from '../../src/contracts/index.js';
import { readCatalogue, requireUsableTeachers, UnusableTeachersError } from '../../src/teachers/index.js';

const catalogue = readCatalogue(`
teachers:
  - { model: "a/open:x", price: { inputPerMillion: 1, outputPerMillion: 2 }, licence: Apache-2.0, trainingOnOutputs: allowed, source: null, asOf: null }
providers:
  - { name: Owner, hosts: [api.owner.com], models: [gpt-], terms: "https://owner.com/terms", asOf: 2026-01-01, forbids: forbid this }
`);

const url = 'http://localhost:8000/v1';
const other = 'http://localhost:9000/v1';

function check(written: object): Promise<void> {
  const labels = [{ name: 'good' }, { name: 'bad' }];
  const task = Task.parse({ name: 'tone', kind: 'text-classification', labels, ...written });
  return requireUsableTeachers(task, catalogue);
}

/** Both teachers are asked. */
const two = (teacher: object, second: object) => ({
  teacher,
  teachers: { second },
  votes: { plan: [{ prompt: 'direct' }, { prompt: 'direct', teacher: 'second' }] },
});

describe('requireUsableTeachers', () => {
  it.each([
    ['the router at a known price', { teacher: { model: 'a/open:x' }, budget: { usd: 1 } }],
    ['an endpoint that tells its model later', { teacher: { url } }],
    ['two endpoints that tell their models later', two({ url }, { url: other })],
    ['two models', two({ url, model: 'one' }, { url, model: 'two' })],
    [
      'one model that thinks in one of them',
      two({ url, model: 'one' }, { url, model: 'one', extraBody: { think: 1 } }),
    ],
    [
      'dollars at a stated price',
      { teacher: { url, price: { inputPerMillion: 0, outputPerMillion: 0 } }, budget: { usd: 1 } },
    ],
    ['recordings of two teachers', two({ provider: 'recorded', replies: 'a' }, { provider: 'recorded', replies: 'a' })],
  ])('takes %s', (_what, task) => check(task));

  it.each([
    [
      'the same model twice',
      two({ url, model: 'one' }, { url: other, model: 'one' }),
      /^teachers\.second\.model: one is also the model of teacher,/,
    ],
    [
      'dollars without a price',
      { teacher: { url, model: 'one' }, budget: { usd: 5 } },
      /^budget\.usd: 5 dollars can't be kept, since the price of one at localhost:8000 is not known\. Set teacher\.price/,
    ],
    [
      'dollars with a second teacher without a price',
      { ...two({ model: 'a/open:x' }, { url }), budget: { usd: 5 } },
      /price of the model at localhost:8000 .* Set teachers\.second\.price/,
    ],
  ])('refuses %s', async (_what, task, message) => {
    const refused = check(task);
    await expect(refused).rejects.toThrow(UnusableTeachersError);
    await expect(refused).rejects.toThrow(message);
  });

  it.each([
    [
      'a field of the body that the task has a key for',
      two({ url }, { url: other, extraBody: { n: 2 } }),
      'teachers.second.extraBody.n',
    ],
    ['a model that is an address', { teacher: { model: url } }, 'teacher.model is a URL'],
    [
      'a password in the address',
      { teacher: { url: 'http://ana:secret@localhost/v1' } },
      'teacher.url (localhost) holds a name, a password',
    ],
    ['the router without a model', { teacher: {} }, 'teacher.model is missing'],
    ['text generation without an address', { teacher: { provider: 'text-generation' } }, 'teacher.url is missing'],
    ['a recording without a file', { teacher: { provider: 'recorded' } }, 'teacher.replies is missing'],
  ])('refuses %s', async (_what, task, message) => {
    const error = await check(task).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'TeacherRefusedError', message: expect.stringContaining(message) });
  });

  it('asks for the terms of every teacher that is asked', async () => {
    await expect(check(two({ url }, { url, model: 'gpt-9' }))).rejects.toThrow(
      /^teachers\.second\.acceptTermsOf: is not set/,
    );
  });
});
