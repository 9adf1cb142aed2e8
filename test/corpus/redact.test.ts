import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RedactionRule } from '../../src/contracts/index.js';
import { CorpusError, openRedactor } from '../../src/corpus/index.js';
import { folder } from './temp-files.js';

const redact = async (rules: readonly unknown[], text: string) =>
  (await openRedactor(rules.map((rule) => RedactionRule.parse(rule))))(text);

const EMAIL = { pattern: '[\\w.]+@[\\w.]+\\w', as: 'EMAIL' };
const PHONE = { pattern: '\\+?\\d[\\d ]{5,}\\d', as: 'PHONE' };

function moduleWith(source: string): string {
  const path = join(folder, `${createHash('sha256').update(source).digest('hex').slice(0, 8)}.cjs`);
  writeFileSync(path, source);
  return path;
}

describe('openRedactor', () => {
  it('numbers the values of each kind in the order of the text, and gives equal ones the same placeholder', async () => {
    expect(await redact([EMAIL, PHONE], 'ann@x.org to bob@y.org, again ann@x.org, call +43 123 4567')).toEqual({
      asked: '[EMAIL_1] to [EMAIL_2], again [EMAIL_1], call [PHONE_1]',
      spans: [
        { placeholder: '[EMAIL_1]', value: 'ann@x.org' },
        { placeholder: '[EMAIL_2]', value: 'bob@y.org' },
        { placeholder: '[PHONE_1]', value: '+43 123 4567' },
      ],
    });
  });

  it('leaves a text without such spans as it is', async () => {
    expect(await redact([EMAIL], 'nothing here')).toEqual({ asked: 'nothing here', spans: [] });
  });

  it('takes the first rule where spans overlap', async () => {
    const domain = { pattern: 'x\\.org', as: 'DOMAIN' };
    expect((await redact([EMAIL, domain], 'ann@x.org or x.org')).asked).toBe('[EMAIL_1] or [DOMAIN_1]');
    expect((await redact([domain, EMAIL], 'ann@x.org')).asked).toBe('ann@[DOMAIN_1]');
  });

  it('never gives a placeholder that the text says by itself', async () => {
    expect((await redact([EMAIL], '[EMAIL_1] is ann@x.org')).asked).toBe('[EMAIL_1] is [EMAIL_2]');
  });

  it('gives the text back when the placeholders are filled in', async () => {
    const text = 'ann@x.org 🦉 bob@y.org\n+1 555 123 999 ann@x.org';
    const { asked, spans } = await redact([PHONE, EMAIL], text);
    expect(asked).not.toMatch(/@|555/);
    expect(spans.reduce((back, { placeholder, value }) => back.replaceAll(placeholder, value), asked)).toBe(text);
  });

  it('minds case unless told', async () => {
    const rule = { pattern: 'acme', as: 'FIRM' };
    expect((await redact([rule], 'ACME acme')).asked).toBe('ACME [FIRM_1]');
    expect((await redact([{ ...rule, ignoreCase: true }], 'ACME acme')).asked).toBe('[FIRM_1] [FIRM_2]');
  });

  it('takes spans from a module of the user', async () => {
    const path = moduleWith('module.exports = async (text) => [{ start: 0, end: text.indexOf(" "), as: "NAME" }];');
    expect((await redact([{ module: path }, EMAIL], 'Ann ann@x.org')).asked).toBe('[NAME_1] [EMAIL_1]');
  });

  it.each([
    ['module.exports = { of: 1 };', /default export is no function/],
    ['module.exports = () => [{ start: 2, end: 1, as: "X" }];', /span 2 to 1 does not fit a text of 6/],
    ['module.exports = () => [{ start: 0, end: 7, as: "X" }];', /span 0 to 7 does not fit/],
    ['module.exports = () => [{ start: 0, end: 2, as: "x" }];', /no list of spans/],
    [
      'module.exports = (text) => { throw new TypeError(text); };',
      /it failed with TypeError on a text of 6 code units/,
    ],
    ['this is no code', /the module can't be loaded/],
  ])('refuses what can not be used: %s', async (source, message) => {
    const refused = redact([{ module: moduleWith(source) }], 'secret');
    await expect(refused).rejects.toThrow(CorpusError);
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.not.toThrow(/secret/);
  });
});

describe('a rule', () => {
  it.each(['(', 'a*', ''])('with the pattern "%s" is refused', (pattern) => {
    expect(RedactionRule.safeParse({ pattern, as: 'X' }).success).toBe(false);
  });

  it.each(['email', 'E-MAIL', '1'])('with the name "%s" is refused', (as) => {
    expect(RedactionRule.safeParse({ pattern: 'a', as }).success).toBe(false);
  });
});
