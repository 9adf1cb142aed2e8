/** Small charts as SVG. What they show is said in words or numbers, too. */
import { h, svg } from './dom.js';
import { grouped } from './words.js';

export interface Bar {
  readonly name: string | null;
  /** Parts of the bar, from the left. */
  readonly parts: readonly { readonly value: number; readonly kind: 'plain' | 'accent' | 'soft' }[];
  /** Beside the bar. */
  readonly about: string;
}

/** Horizontal bars with names and numbers; the longest fills the width. */
export function barChart(bars: readonly Bar[]): HTMLElement {
  const longest = Math.max(1, ...bars.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0)));
  return h(
    'dl',
    { class: 'bars' },
    bars.map(({ about, name, parts }) => {
      let start = 0;
      const rects = parts.map(({ kind, value }) => {
        const rect = svg('rect', { x: start, y: 0, width: (100 * value) / longest, height: 10, class: kind });
        start += (100 * value) / longest;
        return rect;
      });
      return [
        h('dt', {}, name === null ? h('em', {}, 'no label') : h('bdi', {}, name)),
        h(
          'dd',
          {},
          svg('svg', { viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, rects),
          h('span', {}, about),
        ),
      ];
    }),
  );
}

export interface Line {
  readonly points: readonly { readonly x: number; readonly y: number }[];
  readonly xName: string;
  /** How a value of y is shown. */
  readonly yShown: (y: number) => string;
  /** In words, for those who can't see it. */
  readonly about: string;
  /** Least upper end of the y axis. */
  readonly yTop: number;
}

const WIDTH = 420;
const HEIGHT = 180;
const LEFT = 52;
const BOTTOM = 24;
const TOP = 10;
const RIGHT = 10;

/** From 0 on both axes. */
export function lineChart({ about, points, xName, yShown, yTop }: Line): SVGElement {
  const xMost = Math.max(1, ...points.map(({ x }) => x));
  const yMost = niceTop(Math.max(yTop, ...points.map(({ y }) => y)));
  const at = (x: number, y: number) => ({
    x: LEFT + ((WIDTH - LEFT - RIGHT) * x) / xMost,
    y: TOP + (HEIGHT - TOP - BOTTOM) * (1 - y / yMost),
  });
  const path = points
    .map(({ x, y }) => at(x, y))
    .map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join('');
  const grid = [0, 0.5, 1].map((share) => {
    const { y } = at(0, share * yMost);
    return [
      svg('line', { x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y, class: 'grid' }),
      svg('text', { x: LEFT - 8, y: y + 4, class: 'axis end' }, yShown(share * yMost)),
    ];
  });
  const last = points.at(-1);
  const end = last && at(last.x, last.y);
  return svg(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'line-chart', role: 'img', 'aria-label': about },
    grid,
    svg('text', { x: LEFT, y: HEIGHT - 6, class: 'axis' }, '0'),
    svg('text', { x: WIDTH - RIGHT, y: HEIGHT - 6, class: 'axis end' }, `${grouped(xMost)} ${xName}`),
    svg('path', { d: path, class: 'line' }),
    end && svg('circle', { cx: end.x, cy: end.y, r: 3.5, class: 'point' }),
  );
}

/** 1, 2 or 5 times a power of ten. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((top) => top >= value) ?? value;
}
