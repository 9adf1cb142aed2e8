/** Strings and bytes as nobody means them and everybody gets them, from a seed. */

export type Draw = () => number;

const PIECES = [
  ...[
    '"',
    "'",
    '`',
    '""',
    "''",
    '\\',
    '\\"',
    '\\u0000',
    ',',
    ';',
    '\t',
    ':',
    '{',
    '}',
    '[',
    ']',
    '{}',
    '[[',
    '}}',
    '{"a":',
  ],
  ...['\u0000', '\u0001', '\u001b[31m', '\b', '\f', '\v', '\u007f', '\u0085', '\u2028', '\u2029', '\ufeff', '\ufffd'],
  ...[
    '\ud800',
    '\udc00',
    '😀',
    '👩‍👩‍👧',
    'é',
    'e\u0301',
    'ß',
    'İ',
    'ﬀ',
    'السلام',
    '\u202e',
    '\u200b',
    '漢字',
    '\u{10ffff}',
  ],
  ...[
    '<script>',
    '<think>',
    '</think>',
    '<|im_end|>',
    '[/INST]',
    '=1+1',
    '@SUM(A1)',
    '__proto__',
    'constructor',
    'null',
  ],
  ...['NaN', '1e999', '-0', 'true', '%s', '${x}', '../..', 'positive', 'negative', '```json', '```', 'a', 'b c', '  '],
] as const;

const LINE_ENDS = ['\n', '\r\n', '\r', '\n\n'] as const;

export function oneOf<Item>(draw: Draw, items: readonly Item[]): Item {
  const item = items[Math.floor(draw() * items.length)];
  if (item === undefined) throw new RangeError('nothing to draw from');
  return item;
}

/** Up to so many pieces; now and then one of them again and again. lineEnds: whether there may be some. */
export function hostileText(draw: Draw, pieces = 12, lineEnds = true): string {
  const from = lineEnds ? [...PIECES, ...LINE_ENDS] : PIECES;
  return Array.from({ length: Math.ceil(draw() * pieces) }, () => {
    const piece = oneOf<string>(draw, from);
    return draw() < 0.02 ? piece.repeat(1 + Math.floor(draw() * 3000)) : piece;
  }).join('');
}

/** Any JSON value, seldom a flat one. */
export function hostileJson(draw: Draw, depth = 4): unknown {
  const kind = draw();
  if (depth === 0 || kind < 0.35) return hostileText(draw, 5);
  if (kind < 0.5) return oneOf(draw, [null, true, false, 0, -1, 1.5, 1e300, '', [], {}]);
  const size = Math.floor(draw() * 4);
  if (kind < 0.7) return Array.from({ length: size }, () => hostileJson(draw, depth - 1));
  return Object.fromEntries(Array.from({ length: size }, () => [hostileText(draw, 2), hostileJson(draw, depth - 1)]));
}

/** The text with some of its bytes changed, taken out or doubled. */
export function damaged(draw: Draw, whole: Uint8Array, places = 3): Buffer {
  let bytes = Buffer.from(whole);
  for (let place = Math.ceil(draw() * places); place > 0; place--) {
    const at = Math.floor(draw() * bytes.length);
    const how = draw();
    if (how < 0.5) bytes[at] = Math.floor(draw() * 256);
    else if (how < 0.7) bytes = bytes.subarray(0, at);
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - 20))]);
    if (bytes.length === 0) break;
  }
  return bytes;
}

/** One that isUtf8 denies. */
export function invalidUtf8(draw: Draw): Buffer {
  const wrong = oneOf(draw, [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0x80], [0xf8, 0x88]]);
  return Buffer.concat([Buffer.from('caf'), Buffer.from(wrong)]);
}
