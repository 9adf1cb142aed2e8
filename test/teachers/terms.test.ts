import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Task } from '../../src/contracts/index.js';
import { readCatalogue, requireAcceptedTerms, TermsNotAcceptedError, termsOf } from '../../src/teachers/index.js';
import { sentiment, settingsOf } from './sentiment-task.js';

const catalogue = readCatalogue(`
teachers:
  - { model: "open/gpt-oss:groq", price: null, licence: Apache-2.0, trainingOnOutputs: allowed, source: null, asOf: null }
  - { model: "m/llama", price: null, licence: Community, trainingOnOutputs: with conditions, source: null, asOf: null, note: Name it after llamas. }
providers:
  - { name: Owner, hosts: [api.owner.com], models: [gpt-], terms: "https://owner.com/terms", asOf: 2026-01-01, forbids: forbid this }
`);

const terms = (settings: Record<string, unknown>) => termsOf(settingsOf(settings), catalogue);

describe('termsOf', () => {
  it("names a provider by its host, also below it, and by its models' names elsewhere", async () => {
    for (const settings of [
      { url: 'https://api.owner.com/v1', model: 'anything' },
      { url: 'https://eu.api.owner.com/v1', model: null },
      { url: 'https://gateway.example.com/v1', model: 'owner/GPT-5' },
    ]) {
      expect((await terms(settings)).mustAccept?.provider).toBe('Owner');
    }
  });

  it('does not take a host for the provider that only ends alike', async () => {
    expect((await terms({ url: 'https://notapi.owner.com.example.org/v1', model: 'x' })).mustAccept).toBeNull();
    expect((await terms({ url: 'https://fakeapi.owner.com/v1', model: 'x' })).mustAccept).toBeNull();
  });

  it('leaves open weights to their own licence, whatever they are called', async () => {
    const { mustAccept, summary } = await terms({ model: 'open/gpt-oss:together' });
    expect(mustAccept).toBeNull();
    expect(summary).toBe('Apache-2.0 allows a student that learns from its answers');
  });

  it('tells conditions, and says what it does not know', async () => {
    expect((await terms({ model: 'm/llama' })).summary).toContain('Name it after llamas.');
    expect((await terms({ url: 'http://localhost:8000/v1', model: 'own' })).summary).toMatch(/not known here/);
  });

  it('asks nothing of a recording', async () => {
    expect((await terms({ provider: 'recorded', replies: 'x', model: 'gpt-4' })).mustAccept).toBeNull();
  });
});

describe('requireAcceptedTerms', () => {
  const settings = { url: 'https://api.owner.com/v1', model: 'gpt-4' };
  const asking = (changes: Parameters<typeof settingsOf>[0]) => ({ ...sentiment, teacher: settingsOf(changes) });

  it('refuses a provider whose terms the task does not accept by name, and says what to write', async () => {
    for (const acceptTermsOf of [null, 'owner', 'Other']) {
      const refused = requireAcceptedTerms(asking({ ...settings, acceptTermsOf }), catalogue);
      await expect(refused).rejects.toThrow(TermsNotAcceptedError);
      await expect(refused).rejects.toThrow(/teacher\.acceptTermsOf: "Owner"/);
    }
  });

  it('asks each of several teachers, by its own key, and none that the plan does not ask', async () => {
    const dear = Task.parse({
      ...{ ...sentiment, teacher: settings, teachers: { dear: settings } },
      votes: { plan: [{ prompt: 'direct', teacher: 'dear' }] },
    });
    await expect(requireAcceptedTerms(dear, catalogue)).rejects.toThrow(/^teachers\.dear\.acceptTermsOf: is not set/);
    const accepted = { ...dear, teachers: { dear: { ...dear.teachers.dear!, acceptTermsOf: 'Owner' } } };
    await requireAcceptedTerms(accepted, catalogue);
  });

  it('lets an accepted one pass', async () => {
    await requireAcceptedTerms(asking({ ...settings, acceptTermsOf: 'Owner' }), catalogue);
  });
});

describe('the shipped catalogue', () => {
  it('has terms that are pages of their provider, and models that no open one is taken for', () => {
    const shipped = readCatalogue(readFileSync(join(__dirname, '../../config/teachers.yaml'), 'utf8'));
    const names = shipped.teachers.map(({ model }) => model.split('/')[1]?.toLowerCase() ?? '');
    expect(shipped.providers.map(({ name }) => name)).toEqual(['OpenAI', 'Anthropic', 'Google']);
    for (const { models } of shipped.providers) {
      for (const beginning of models) expect(names.filter((name) => name.startsWith(beginning))).toEqual([]);
    }
  });
});
