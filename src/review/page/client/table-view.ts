/** All rows that the page shows, with filters. */
import type { RowsAnswer, TableRow } from '../page-api.js';
import { runPath } from './addresses.js';
import { get } from './api.js';
import { type Child, h, replace } from './dom.js';
import type { ReviewState } from './review-state.js';
import type { RunView } from './run-page.js';
import { shownLine } from './shown-text.js';
import { counted, grouped, percent } from './words.js';

const PAGE = 50;
const STATES = [
  ['', 'Any state'],
  ['open', 'Open'],
  ['decided', 'Decided'],
  ['changed', 'Changed by people'],
  ['differing', 'People differ'],
] as const;
const SAMPLES = [
  ['', 'Both samples'],
  ['fix', 'Fix queue'],
  ['audit', 'Audit'],
] as const;

export class TableView implements RunView {
  readonly element = h('div', { class: 'table-view' });
  private readonly results = h('div', { class: 'results' });
  private offset: number;
  private request: AbortController | null = null;
  private readonly filters: ReadonlyMap<string, HTMLInputElement | HTMLSelectElement>;

  /** query: the filters, as in the address. */
  constructor(
    private readonly state: ReviewState,
    query: URLSearchParams,
  ) {
    this.offset = Number(query.get('offset') ?? 0);
    const labels = [['', 'Any label'], ...state.overview.labels.map(({ name }) => [name, name] as const)] as const;
    const search = h('input', {
      type: 'search',
      name: 'search',
      value: query.get('search') ?? '',
      placeholder: 'Search texts and ids',
      'aria-label': 'Search texts and ids',
      input: () => this.changed(),
    });
    const select = (name: string, about: string, options: readonly (readonly [string, string])[]) =>
      h(
        'select',
        { name, 'aria-label': about, change: () => this.changed() },
        options.map(([value, shown]) => h('option', { value, selected: query.get(name) === value }, shown)),
      );
    this.filters = new Map<string, HTMLInputElement | HTMLSelectElement>([
      ['search', search],
      ['state', select('state', 'State', STATES)],
      ['label', select('label', 'Label', labels)],
      ['sample', select('sample', 'Sample', SAMPLES)],
    ]);
    replace(
      this.element,
      h('form', { class: 'filters', role: 'search', submit: (event) => event.preventDefault() }, [
        ...this.filters.values(),
      ]),
      this.results,
    );
    if (query.has('find')) search.autofocus = true;
  }

  async show(): Promise<void> {
    await this.load();
    if (new URLSearchParams(location.search).has('find')) this.filters.get('search')?.focus();
  }

  leave(): void {
    this.request?.abort();
  }

  private changed(): void {
    this.goTo(0);
  }

  private goTo(offset: number): void {
    this.offset = offset;
    this.load().catch((error: Error) =>
      replace(this.results, h('p', { class: 'problem', role: 'alert' }, error.message)),
    );
  }

  private async load(): Promise<void> {
    this.request?.abort();
    const request = new AbortController();
    this.request = request;
    const set = [...this.filters].flatMap(([name, { value }]): [string, string][] =>
      value === '' ? [] : [[name, value]],
    );
    const query = new URLSearchParams([...set, ['offset', String(this.offset)], ['limit', String(PAGE)]]);
    history.replaceState(
      null,
      '',
      `?${new URLSearchParams([...set, ...(this.offset > 0 ? [['offset', String(this.offset)]] : [])])}`,
    );
    try {
      const answer = await get<RowsAnswer>(
        `${runPath(this.state.overview.workflowId, 'rows')}?${query}`,
        request.signal,
      );
      replace(this.results, this.table(answer));
    } catch (error) {
      // The filters have changed meanwhile.
      if (!request.signal.aborted) throw error;
    }
  }

  private table({ rows, total }: RowsAnswer): Child {
    const { audit, shown, texts } = this.state.overview;
    const note = [
      shown < texts ? `The ${grouped(shown)} most doubtful of ${counted(texts, 'text')}.` : '',
      audit !== null && audit.decided < audit.length ? 'Texts kept for the audit appear when they are decided.' : '',
    ].join(' ');
    if (total === 0) return h('p', { class: 'empty' }, 'No text fits these filters. ', note);
    return [
      h('p', { class: 'quiet', role: 'status' }, `${counted(total, 'text')}. ${note}`),
      h(
        'table',
        {},
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            ['Text', 'Teacher', 'Decision', 'Why it is shown', 'Doubt'].map((name) => h('th', { scope: 'col' }, name)),
          ),
        ),
        h(
          'tbody',
          {},
          rows.map((row) => this.line(row)),
        ),
      ),
      this.pages(total),
    ];
  }

  private line({ cut, decision, id, key, sample, teacher, text }: TableRow): HTMLElement {
    const changed = decision !== null && decision.label !== teacher?.label;
    const href = `${runPath(this.state.overview.workflowId, sample)}/${encodeURIComponent(key)}`;
    return h(
      'tr',
      {},
      h(
        'th',
        { scope: 'row' },
        h('a', { href }, shownLine(text, { cut })),
        h('span', { class: 'quiet' }, shownLine(id, { longest: 40 }), sample === 'audit' ? ' · audit' : ''),
      ),
      h('td', { 'data-name': 'Teacher' }, teacher?.label == null ? h('em', {}, 'none') : h('bdi', {}, teacher.label)),
      h(
        'td',
        { 'data-name': 'Decision' },
        decision === null
          ? h('span', { class: 'quiet' }, 'open')
          : [
              h('bdi', { class: changed ? 'name changed' : 'name' }, decision.label),
              h('span', { class: 'quiet' }, h('bdi', {}, decision.reviewer)),
            ],
      ),
      h('td', { 'data-name': 'Why', class: 'reasons' }, shownLine(teacher?.why ?? '')),
      h('td', { 'data-name': 'Doubt', class: 'number' }, teacher === null ? '' : percent(teacher.doubt)),
    );
  }

  private pages(total: number): HTMLElement | null {
    if (total <= PAGE) return null;
    const go = (offset: number) => () => {
      this.goTo(offset);
      scrollTo({ top: 0 });
    };
    const last = Math.min(total, this.offset + PAGE);
    return h(
      'nav',
      { class: 'pages', 'aria-label': 'Pages' },
      h(
        'button',
        { type: 'button', disabled: this.offset === 0, click: go(Math.max(0, this.offset - PAGE)) },
        'Before',
      ),
      h('span', {}, `${grouped(this.offset + 1)} – ${grouped(last)} of ${grouped(total)}`),
      h('button', { type: 'button', disabled: last >= total, click: go(this.offset + PAGE) }, 'After'),
    );
  }
}
