import { plainMarkdown } from '../../src/cli/plain-markdown.js';
import { plainText } from '../../src/evaluation/index.js';

describe('plainMarkdown', () => {
  it('puts tables into columns and leaves emphasis out', () => {
    const markdown = [
      '**42** texts got a label.',
      '',
      '| label | texts |',
      '| --- | ---: |',
      '| neutral | **20** |',
      '| a\\|b | 2 |',
      '',
      'That is all.',
      '',
    ].join('\n');
    expect(plainMarkdown(markdown).split('\n')).toEqual([
      '42 texts got a label.',
      '',
      'label    texts',
      'neutral  20',
      'a|b      2',
      '',
      'That is all.',
    ]);
  });

  it('indents code, which is no table and has no emphasis', () => {
    expect(plainMarkdown('| a |\n| - |\n```sh\n| **b** |\n```\nThat **is** all.')).toBe('a\n  | **b** |\nThat is all.');
  });

  it('shows what users wrote as they wrote it, without what keeps Markdown from reading it', () => {
    const label = 'card_arrival *new* <b> a|b #1 \\ [x]';
    expect(plainMarkdown(`**${plainText(label)}** is a label.`)).toBe(`${label} is a label.`);
    expect(plainMarkdown(`| label |\n| --- |\n| ${plainText(label)} |`)).toBe(`label\n${label}`);
    expect(plainMarkdown('```sh\nsed s/\\*// a_b\n```')).toBe('  sed s/\\*// a_b');
  });

  it('shows a table that ends the text', () => {
    expect(plainMarkdown('| a | b |\n| --- | --- |\n| 1 | 2 |')).toBe('a  b\n1  2');
  });
});
