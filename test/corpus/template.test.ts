import { compileTemplate, renderText, templateColumns } from '../../src/corpus/index.js';

describe('a template', () => {
  it('inserts columns, with {text} for the text column and numbers and booleans as text', () => {
    const values = { brand: 'Acme', body: 'It broke.', stars: 2, verified: false };
    expect(renderText('{brand} ({stars}, {verified}): {text}', values, 'body')).toBe('Acme (2, false): It broke.');
    expect(renderText('{body}', values, 'body')).toBe('It broke.');
  });

  it('turns double braces into braces, and leaves braces in values alone', () => {
    expect(renderText('{{{text}}} {{brand}}', { text: '{brand} {{x}} $&' }, 'text')).toBe('{{brand} {{x}} $&} {brand}');
  });

  it('names its columns once, in order', () => {
    expect(templateColumns('{b} {{a}} {text} {b} {first name}')).toEqual(['b', 'text', 'first name']);
    expect(compileTemplate('{b} {text} {body}', 'body').columns).toEqual(['b', 'body']);
  });

  it.each(['{text} {', 'a } {text}', '{text} {}'])('refuses a brace that stands alone: %s', (template) => {
    expect(() => renderText(template, { text: 'a' }, 'text')).toThrow(/task\.text.*stands alone/);
  });

  it('refuses to name no column', () => {
    expect(() => compileTemplate('the same for all', 'text')).toThrow(/names no column.*\{text\}/);
  });

  it('refuses an unknown column and names those that there are', () => {
    expect(() => renderText('{bran}: {text}', { brand: 'a', text: 'b' }, 'text')).toThrow(
      /no column "bran"; the columns are: brand, text/,
    );
  });

  it.each([
    [{ brand: 'a', text: 5 }, 'its column "text" holds a number, not a string'],
    [{ brand: 'a', text: null }, 'its column "text" is null'],
    [{ brand: { name: 'a' }, text: 'b' }, 'its column "brand" holds an object, not a string'],
    [{ text: 'b' }, 'its column "brand" is missing'],
    [{ brand: 'a', text: ' \n' }, 'its text is empty'],
    [{ brand: 'a', text: '\ud800' }, 'its text is not valid Unicode'],
  ])('gives a row that can not be used as a problem: %j', (values, problem) => {
    expect(compileTemplate('{brand}: {text}', 'text').render(values)).toEqual({ problem });
  });

  it('does not find columns that all objects have', () => {
    expect(compileTemplate('{constructor}', 'text').render({})).toEqual({
      problem: 'its column "constructor" is missing',
    });
  });

  it('without the text column is blank only where all its columns are', () => {
    const { render } = compileTemplate('{title}-{body}', 'text');
    expect(render({ title: 'a', body: '' })).toEqual({ text: 'a-' });
    expect(render({ title: ' ', body: '' })).toEqual({ problem: 'its text is empty' });
  });
});
