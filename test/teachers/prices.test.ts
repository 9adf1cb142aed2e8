import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { BatchSettings, Task } from '../../src/contracts/index.js';
import { callCostMicros, priceOf, readCatalogue, worstCall } from '../../src/teachers/index.js';
import { settingsOf } from './sentiment-task.js';

const config = (path: string) => readFileSync(join(__dirname, '../../config', path), 'utf8');

describe('callCostMicros', () => {
  it('is tokens times dollars per million: 1,000 in at 0.15 and 100 out at 0.60 are 150 + 60', () => {
    expect(callCostMicros({ inputPerMillion: 0.15, outputPerMillion: 0.6 }, 1000, 100)).toBe(210);
  });

  it('rounds any part of a micro-dollar up, once a call', () => {
    expect(callCostMicros({ inputPerMillion: 0.075, outputPerMillion: 0.3 }, 1, 0)).toBe(1);
    expect(callCostMicros({ inputPerMillion: 0.5, outputPerMillion: 0.5 }, 1, 2)).toBe(2);
  });

  it('adds nothing for the noise of binary fractions: 10 tokens at 1.10 are 11, not 12', () => {
    expect(callCostMicros({ inputPerMillion: 1.1, outputPerMillion: 0 }, 10, 0)).toBe(11);
    expect(callCostMicros({ inputPerMillion: 0, outputPerMillion: 0.57 }, 0, 100)).toBe(57);
  });

  it('is 0 for a free teacher', () => {
    expect(callCostMicros({ inputPerMillion: 0, outputPerMillion: 0 }, 5000, 500)).toBe(0);
  });
});

describe('priceOf in batches', () => {
  it("is the task's share of the price", async () => {
    const price = { inputPerMillion: 2, outputPerMillion: 6 };
    const settings = settingsOf({
      url: 'http://localhost/v1',
      price,
      batch: BatchSettings.parse({ priceFactor: 0.5 }),
    });
    expect(await priceOf(settings)).toEqual({ inputPerMillion: 1, outputPerMillion: 3 });
    expect(await priceOf({ ...settings, batch: null })).toEqual(price);
  });
});

describe('worstCall', () => {
  it('counts a token for each byte of UTF-8, 8 a message, and all tokens of the reply', () => {
    const messages = [
      { role: 'system', content: 'abc' },
      { role: 'user', content: '€é' },
    ] as const;
    // 3 + 8 + 5 + 8 = 24 tokens at 2 dollars, 10 at 5.
    expect(worstCall({ inputPerMillion: 2, outputPerMillion: 5 }, messages, 10)).toEqual({
      calls: 1,
      tokens: 34,
      micros: 98,
    });
    expect(worstCall(null, messages, 10)).toEqual({ calls: 1, tokens: 34, micros: null });
  });
});

describe('priceOf', () => {
  const catalogue = readCatalogue(`teachers:
  - { model: "a/b:groq", price: { inputPerMillion: 1, outputPerMillion: 2 }, licence: MIT, trainingOnOutputs: allowed, source: "https://example.org", asOf: 2026-01-01 }
  - { model: "c/d", price: null, licence: MIT, trainingOnOutputs: unknown, source: null, asOf: null }`);

  it("takes the task's price before all others", async () => {
    const price = { inputPerMillion: 9, outputPerMillion: 9 };
    expect(await priceOf(settingsOf({ model: 'a/b:groq', price }), catalogue)).toEqual(price);
  });

  it('looks up exactly the model, with its provider', async () => {
    expect(await priceOf(settingsOf({ model: 'a/b:groq' }), catalogue)).toEqual({
      inputPerMillion: 1,
      outputPerMillion: 2,
    });
    expect(await priceOf(settingsOf({ model: 'a/b' }), catalogue)).toBeNull();
    expect(await priceOf(settingsOf({ model: 'a/b:together' }), catalogue)).toBeNull();
    expect(await priceOf(settingsOf({ model: 'c/d' }), catalogue)).toBeNull();
  });

  it("does not take the router's price for another endpoint", async () => {
    expect(await priceOf(settingsOf({ model: 'a/b:groq', url: 'http://localhost:8000/v1' }), catalogue)).toBeNull();
    const router = 'https://router.huggingface.co/v1';
    expect(await priceOf(settingsOf({ model: 'a/b:groq', url: router }), catalogue)).not.toBeNull();
  });

  it('knows that a recording costs nothing', async () => {
    const free = { inputPerMillion: 0, outputPerMillion: 0 };
    expect(await priceOf(settingsOf({ provider: 'recorded', replies: 'x' }), catalogue)).toEqual(free);
  });

  it('says what is wrong with a catalogue', () => {
    expect(() => readCatalogue('teachers: [{ model: a }]')).toThrow(/teachers\.0\.licence/);
  });
});

describe('the shipped configuration', () => {
  const { teachers } = readCatalogue(config('teachers.yaml'));

  it('has a source and a date for every price', () => {
    expect(teachers.length).toBeGreaterThanOrEqual(4);
    for (const { asOf, price, source } of teachers)
      expect(price === null || (asOf !== null && source !== null)).toBe(true);
  });

  it.each(['financial-sentiment', 'customer-intents'])(
    'has a valid task %s whose teacher has a price',
    async (name) => {
      const yaml = config(`tasks/${name}.yaml`);
      expect(yaml.split('\n')[0]).toBe('# yaml-language-server: $schema=../task.schema.json');
      const task = Task.parse(parse(yaml));
      expect(task.name).toBe(name);
      expect(await priceOf(task.teacher)).not.toBeNull();
    },
  );
});
