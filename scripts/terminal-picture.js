/** What a program writes to a terminal, as HTML to take a picture of. */

const COLOURS = {
  31: '#ff7b72',
  32: '#7ee787',
  33: '#e3b341',
  34: '#79c0ff',
  35: '#d2a8ff',
  36: '#76e3ea',
};
const STYLE = `body { margin: 0; background: #0d1117; width: max-content }
pre { margin: 0; padding: 20px 26px; width: 128ch; white-space: pre-wrap; overflow-wrap: anywhere; color: #e6edf3; font: 14px/1.36 'DejaVu Sans Mono', Menlo, Consolas, monospace }`;

/** output: with the escape sequences that set colours, bold and dim. */
export function terminalPage(output) {
  const [first = '', ...parts] = output.split('\u001b[');
  let shown = { bold: false, dim: false, colour: null };
  const html = parts.map((part) => {
    const [sequence, codes] = /^([\d;]*)m/.exec(part) ?? ['', ''];
    for (const code of codes.split(';')) shown = after(shown, Number(code));
    return span(part.slice(sequence.length), shown);
  });
  return `<!doctype html><meta charset="utf-8"><style>${STYLE}</style><pre>${escaped(first)}${html.join('')}</pre>`;
}

function after(shown, code) {
  if (code === 0) return { bold: false, dim: false, colour: null };
  if (code === 1) return { ...shown, bold: true };
  if (code === 2) return { ...shown, dim: true };
  if (code === 22) return { ...shown, bold: false, dim: false };
  if (code === 39) return { ...shown, colour: null };
  return code in COLOURS ? { ...shown, colour: COLOURS[code] } : shown;
}

function span(text, { bold, colour, dim }) {
  const style = [bold && 'font-weight: bold', dim && 'opacity: 0.6', colour && `color: ${colour}`].filter(Boolean);
  return style.length === 0 ? escaped(text) : `<span style="${style.join('; ')}">${escaped(text)}</span>`;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
