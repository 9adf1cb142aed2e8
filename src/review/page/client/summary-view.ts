/** The review in figures: classes, agreement, errors by class, errors found, the bound, and who decided how much. */
import type { Summary } from '../page-api.js';
import { runPath } from './addresses.js';
import { get } from './api.js';
import { type Bar, barChart, lineChart } from './charts.js';
import { type Child, h, replace } from './dom.js';
import type { ReviewState } from './review-state.js';
import type { RunView } from './run-page.js';
import { atMost, counted, grouped, percent } from './words.js';

export class SummaryView implements RunView {
  readonly element = h('div', { class: 'summary' });

  constructor(private readonly state: ReviewState) {}

  async show(): Promise<void> {
    const { workflowId } = this.state.overview;
    const summary = await get<Summary>(runPath(workflowId, 'summary'));
    replace(
      this.element,
      this.tiles(),
      h(
        'div',
        { class: 'figures' },
        figure(
          'Errors found so far',
          'By texts of the fix queue decided. It flattens when the worst are behind you.',
          foundChart(summary),
        ),
        figure(
          'The bound as it tightens',
          "How many of the teacher's labels are wrong at most, by texts audited; corrections are taken off it at the gate.",
          boundChart(summary),
        ),
        figure('Errors by class', "Of the texts decided on: what the teacher's label became.", errorBars(summary)),
        figure('Classes', 'Texts of each label now; in brackets, the change by people.', classBars(summary)),
        figure('Agreement', "How many of a text's votes fell on its label.", agreementBars(summary)),
        figure('Reviewers', 'Whose decisions count now.', this.people()),
        summary.people.length === 0
          ? null
          : figure(
              'Reviewers agree',
              'Of the texts that both decided on, those that they decided alike.',
              pairBars(summary),
            ),
      ),
      summary.auditChanged === 0
        ? null
        : h(
            'p',
            { class: 'quiet' },
            `${counted(summary.auditChanged, 'decision')} of the audit ${summary.auditChanged === 1 ? 'was' : 'were'} changed after the teacher's label had been shown.`,
          ),
    );
  }

  private tiles(): HTMLElement {
    const { audit, confidence, differing, fix, texts } = this.state.overview;
    const certificate = audit?.certificate;
    const decided = fix.decided + (audit?.decided ?? 0);
    return h(
      'dl',
      { class: 'tiles' },
      tile('Texts', grouped(texts), `${grouped(decided)} decided`),
      tile(
        'Labels changed',
        grouped(fix.changed),
        decided === 0 ? '' : `${percent(fix.changed / decided)} of those decided`,
      ),
      tile(
        'Wrong at most',
        certificate ? atMost(certificate.mostWrongShare) : '–',
        certificate
          ? `${certificate.wrong} of ${certificate.sampled} audited were wrong; ${percent(confidence)} confidence`
          : 'The audit tells.',
      ),
      tile(
        'People differ',
        grouped(differing),
        ['on no text', 'It waits to be settled.'][differing] ?? 'They wait to be settled.',
      ),
    );
  }

  private people(): Child {
    const bars = Object.entries(this.state.overview.byReviewer)
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]): Bar => ({ name, parts: [{ value: count, kind: 'plain' }], about: grouped(count) }));
    return bars.length === 0 ? null : barChart(bars);
  }
}

function tile(name: string, value: string, about: string): Child {
  return h('div', {}, h('dt', {}, name), h('dd', {}, h('strong', {}, value), h('span', { class: 'quiet' }, about)));
}

function figure(title: string, about: string, chart: Child): HTMLElement {
  return h(
    'figure',
    {},
    h('figcaption', {}, h('h2', {}, title), h('p', { class: 'quiet' }, about)),
    chart ?? h('p', { class: 'empty' }, 'Nothing yet.'),
  );
}

function foundChart({ found }: Summary): Child {
  const last = found.at(-1);
  if (last === undefined) return null;
  return lineChart({
    points: [{ x: 0, y: 0 }, ...found.map(({ decided, errors }) => ({ x: decided, y: errors }))],
    xName: 'decided',
    yShown: (y) => (Number.isInteger(y) ? String(y) : ''),
    yTop: 1,
    about: `${counted(last.errors, 'error')} found in ${counted(last.decided, 'text')}`,
  });
}

function boundChart({ bound }: Summary): Child {
  const last = bound.at(-1);
  if (last === undefined) return null;
  return lineChart({
    points: bound.map(({ audited, share }) => ({ x: audited, y: share })),
    xName: 'audited',
    yShown: (y) => percent(y, y > 0 && y < 0.1 ? 1 : 0),
    yTop: 0.01,
    about: `At most ${atMost(last.share)} wrong after ${counted(last.audited, 'text')} audited`,
  });
}

function errorBars({ errors }: Summary): Child {
  if (errors.length === 0) return null;
  return barChart(
    errors.map(({ became, decided, label }): Bar => {
      const changed = became.reduce((sum, { texts }) => sum + texts, 0);
      const what = became.slice(0, 3).map(({ label: other, texts }) => `${texts} ${other}`);
      return {
        name: label,
        parts: [
          { value: changed, kind: 'accent' },
          { value: decided - changed, kind: 'soft' },
        ],
        about:
          changed === 0
            ? `all ${decided} right`
            : `${changed} of ${decided} ${label === null ? 'got one' : 'wrong'}: ${what.join(', ')}`,
      };
    }),
  );
}

function classBars({ classes }: Summary): Child {
  return barChart(
    classes.map(({ label, now, teacher }): Bar => {
      const change = now - teacher;
      const sign = change > 0 ? '+' : '−';
      return {
        name: label,
        parts: [{ value: now, kind: 'plain' }],
        about: change === 0 ? grouped(now) : `${grouped(now)} (${sign}${grouped(Math.abs(change))})`,
      };
    }),
  );
}

function pairBars({ people }: Summary): Child {
  return barChart(
    people.map(
      ({ alike, first, second, texts }): Bar => ({
        name: `${first}, ${second}`,
        parts: [
          { value: alike, kind: 'plain' },
          { value: texts - alike, kind: 'soft' },
        ],
        about: `${alike} of ${grouped(texts)} (${percent(alike / texts)})`,
      }),
    ),
  );
}

function agreementBars({ agreement }: Summary): Child {
  const all = agreement.reduce((sum, { texts }) => sum + texts, 0);
  return barChart(
    agreement
      .filter(({ texts }) => texts > 0)
      .map(
        ({ share, texts }): Bar => ({
          name: share,
          parts: [{ value: texts, kind: 'plain' }],
          about: `${grouped(texts)} (${percent(texts / all)})`,
        }),
      ),
  );
}
