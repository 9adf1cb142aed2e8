/** Patterns of paths: "*" and "?" within a name, "**" across folders, "[a-c]" one character of these, "{a,b}" one of these. */

/** Whether the path says more than itself. */
export function isGlob(path: string): boolean {
  return /[*?[{]/.test(path);
}

/** The folder that all matches lie in, as far as the pattern names it: "data/de" of "data/de/*.csv"; '' for none. */
export function globFolder(pattern: string): string {
  const literal = pattern.slice(0, pattern.search(/[*?[{]|$/));
  return literal.slice(0, Math.max(0, literal.lastIndexOf('/')));
}

/** A test for whole paths. A bracket or brace that is never closed stands for itself. */
export function globExpression(pattern: string): RegExp {
  const tokens = pattern.matchAll(/\*\*\/|\*+|\?|\[!?[^\]/]+\]|\{[^{}]*\}|[\s\S]/g);
  return new RegExp(`^${[...tokens].map(([token]) => expressionOf(token)).join('')}$`);
}

function expressionOf(token: string): string {
  if (token === '**/') return '(?:.*/)?';
  if (token === '**') return '.*';
  if (token.startsWith('*')) return '[^/]*';
  if (token === '?') return '[^/]';
  if (token.length > 1 && token.startsWith('[')) {
    const not = token.startsWith('[!');
    return `[${not ? '^' : ''}${token.slice(not ? 2 : 1, -1).replace(/[\\^[\]]/g, '\\$&')}]`;
  }
  if (token.length > 1 && token.startsWith('{')) {
    return `(?:${token.slice(1, -1).split(',').map(withStars).join('|')})`;
  }
  return escaped(token);
}

/** A choice of braces may hold stars and question marks. */
function withStars(choice: string): string {
  return [...choice]
    .map((character) => ('*?'.includes(character) ? expressionOf(character) : escaped(character)))
    .join('');
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
