/** One text at a time: the fix queue, the audit, or a single row out of the table. */
import type { QueueName } from '../../../contracts/index.js';
import type { PageRow, QueueAnswer } from '../page-api.js';
import { queuePath, runPath } from './addresses.js';
import { get, SilentError } from './api.js';
import { auditIntro } from './audit-intro.js';
import { h, replace } from './dom.js';
import type { ViewKeys } from './keys.js';
import { type LabelChoice, labelChoice } from './label-choice.js';
import { progressStrip } from './progress-strip.js';
import type { ReviewState } from './review-state.js';
import { rowCard } from './row-card.js';
import type { RunView } from './run-page.js';
import { shownLine } from './shown-text.js';
import { counted } from './words.js';

/** How few rows are left when more are asked for. */
const LOW = 8;
const PAUSE_MS = 1500;

const QUEUES: Readonly<Record<QueueName, string>> = {
  fix: 'the fix queue',
  audit: 'the audit',
  again: 'what others have audited',
  differing: 'what people differ on',
};

export class WorkView implements RunView {
  readonly element = h('div', { class: 'work' });
  private readonly strip = h('div', { class: 'strip' });
  private readonly last = h('p', { class: 'last', role: 'status', 'aria-live': 'polite' });
  private readonly place = h('div', {});
  private rows: PageRow[] = [];
  private position = 0;
  private choice: LabelChoice | null = null;
  /** The place of the queue behind which more rows are; null: there are none. */
  private next: number | null = 0;
  private loading: Promise<void> | null = null;
  /** Key of the row whose decision the line `last` tells of. */
  private toldOf: string | null = null;
  private left = false;

  private readonly queue: QueueName;
  /** One row's key, as from the table; null: the rows of the queue. */
  private readonly only: string | null;
  private readonly say: (problem: string) => void;

  constructor(
    private readonly state: ReviewState,
    options: { queue: QueueName; only: string | null; say: (problem: string) => void },
  ) {
    this.queue = options.queue;
    this.only = options.only;
    this.say = options.say;
    replace(this.element, this.strip, this.last, this.place);
  }

  async show(): Promise<void> {
    if (this.only !== null) {
      this.rows = [await get<PageRow>(this.path('rows', this.only))];
      this.next = null;
    } else await this.loadMore();
    this.render();
  }

  leave(): void {
    this.left = true;
  }

  keys: ViewKeys = {
    digit: (digit) => {
      const label = this.choice?.labelOf(digit);
      if (label) this.decide(label);
    },
    accept: () => this.accept(),
    skip: () => this.move(1),
    back: () => this.move(-1),
    undo: () => void this.undo().catch((error: Error) => this.say(error.message)),
    findLabel: () => this.choice?.find(),
  };

  overviewChanged(): void {
    this.renderStrip();
    if (this.current === undefined) this.renderRow();
  }

  /** The server has the row so now. */
  rowChanged(row: PageRow): void {
    const index = this.rows.findIndex(({ key }) => key === row.key);
    if (index < 0) return;
    this.rows[index] = row;
    if (row.key === this.toldOf) this.tell(row);
    if (index === this.position) this.renderRow();
  }

  private get current(): PageRow | undefined {
    return this.rows[this.position];
  }

  private path(...parts: string[]): string {
    return runPath(this.state.overview.workflowId, ...parts);
  }

  private decide(label: string): void {
    const row = this.current;
    if (row === undefined) return;
    const { differing, key, sample, version } = row;
    this.state.decide({ key, label, sample, version, adjudicates: this.queue === 'differing' && differing });
    this.toldOf = row.key;
    replace(this.last, 'Saving ', h('bdi', { class: 'name' }, label), '…');
    if (this.only === null) this.move(1);
  }

  private accept(): void {
    const label = this.current?.teacher?.label;
    if (label) this.decide(label);
    else if (this.current !== undefined) {
      const why = this.current.teacher === null ? "the audit hides the teacher's label" : 'the votes decided nothing';
      this.hint(`There is nothing to accept, as ${why}: choose a label.`);
    }
  }

  private move(by: number): void {
    this.position = Math.max(0, Math.min(this.rows.length, this.position + by));
    this.render();
    if (this.rows.length - this.position <= LOW && this.next !== null) this.loadMoreBehind();
  }

  /** Meanwhile the rows that are here go on. */
  private loadMoreBehind(): void {
    this.loadMore().then(
      () => this.place.querySelector('article') === null && this.render(),
      (error: Error) => this.say(error.message),
    );
  }

  private async undo(): Promise<void> {
    const row = await this.state.undo();
    if (row === null) {
      this.hint('There is nothing to undo.');
      return;
    }
    const index = this.rows.findIndex(({ key }) => key === row.key);
    if (index >= 0) this.position = index;
    else {
      this.rows.splice(this.position, 0, row);
    }
    this.hint('Taken back.');
    this.render();
  }

  /** In place of what was told of the last decision. */
  private hint(text: string): void {
    this.toldOf = null;
    replace(this.last, text);
  }

  /** More open rows behind those that are here. */
  private loadMore(): Promise<void> {
    this.loading ??= this.load().finally(() => {
      this.loading = null;
    });
    return this.loading;
  }

  /** A server that is away for a while is waited for. */
  private async load(): Promise<void> {
    for (;;) {
      try {
        return await this.loadBatch();
      } catch (error) {
        if (!(error instanceof SilentError) || this.left || this.rows.length === 0) throw error;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }

  private async loadBatch(): Promise<void> {
    if (this.next === null) return;
    const { next, rows } = await get<QueueAnswer>(queuePath(this.state.overview.workflowId, this.queue, this.next));
    const known = new Set(this.rows.map(({ key }) => key));
    this.rows.push(...rows.filter(({ key }) => !known.has(key)));
    this.next = next;
  }

  private render(): void {
    this.renderStrip();
    this.renderRow();
    // Read out, and the keys work at once.
    this.place.querySelector<HTMLElement>('article, .end')?.focus({ preventScroll: true });
    scrollTo({ top: 0 });
  }

  private renderStrip(): void {
    replace(this.strip, progressStrip(this.state.overview, this.queue));
  }

  private renderRow(): void {
    const { overview } = this.state;
    const row = this.current;
    this.choice = null;
    if (this.queue === 'audit' && overview.audit === null && this.only === null) {
      replace(
        this.place,
        auditIntro(overview, () => this.drawAudit()),
      );
    } else if (row === undefined)
      replace(this.place, this.loading !== null ? h('p', { class: 'loading' }, 'Loading…') : this.end());
    else {
      this.choice = labelChoice(row, overview.labels, (label) => this.decide(label));
      const onWholeText = () => void this.showWholeText(row).catch((error: Error) => this.say(error.message));
      replace(this.place, rowCard(row, this.choice, { overview, onWholeText }), this.actions(row));
    }
  }

  private actions(row: PageRow): HTMLElement {
    const button = (name: string, key: string, click: () => void, disabled = false) =>
      h('button', { type: 'button', disabled, click }, name, ' ', h('kbd', {}, key));
    return h(
      'div',
      { class: 'actions' },
      button('Back', '←', () => this.move(-1), this.position === 0),
      row.teacher?.label ? button('Accept', 'Enter', () => this.accept()) : null,
      this.only === null ? button('Skip', 's', () => this.move(1)) : null,
      button('Undo', 'u', () => this.keys.undo?.(), this.state.overview.undoable === null && this.state.pending === 0),
    );
  }

  private end(): HTMLElement {
    const waits = ({ decision, differing }: PageRow) => (this.queue === 'differing' ? differing : decision === null);
    const skipped = this.rows.filter(waits).length - this.state.pending;
    const what = QUEUES[this.queue];
    const again = () => {
      this.rows = [];
      this.position = 0;
      this.next = 0;
      this.loadMoreBehind();
      this.renderRow();
    };
    return h(
      'section',
      { class: 'end', tabindex: -1 },
      h('h2', {}, skipped > 0 ? `That was ${what}, but for what you skipped` : `Nothing is left in ${what}`),
      h(
        'p',
        {},
        skipped > 0
          ? `${counted(skipped, 'text')} skipped.`
          : 'All texts that it shows are decided, or in the hands of other reviewers just now.',
      ),
      h(
        'button',
        { type: 'button', class: 'primary', click: again },
        skipped > 0 ? 'Look at them again' : 'Look again',
      ),
    );
  }

  /** What became of the last decision: in the audit, what the teacher had said. */
  private tell(row: PageRow): void {
    const { decision, teacher } = row;
    if (decision === null) return;
    const same = teacher?.label === decision.label;
    const said = teacher?.label
      ? ['the teacher said ', same ? 'the same' : h('bdi', {}, teacher.label)]
      : ['the teacher had no label'];
    replace(
      this.last,
      h('span', { class: same ? 'dot' : 'dot changed' }),
      h('span', { class: 'quiet' }, shownLine(row.text, { longest: 60 })),
      ' ',
      h('bdi', { class: 'name' }, decision.label),
      '; ',
      said,
      '. ',
      h('button', { type: 'button', class: 'link', click: () => this.keys.undo?.() }, 'Undo'),
    );
  }

  private async showWholeText(row: PageRow): Promise<void> {
    const { text } = await get<PageRow>(this.path('rows', row.key));
    // No more than the text: what is hidden stays so.
    this.rowChanged({ ...row, text });
  }

  private async drawAudit(): Promise<void> {
    await this.state.drawAudit();
    this.next = 0;
    await this.loadMore();
    this.render();
  }
}
