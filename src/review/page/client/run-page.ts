/** The frame of one run: its name, the views as tabs, and what concerns all of them. */
import type { Overview, PageRow } from '../page-api.js';
import { runPath, TABS, type Tab } from './addresses.js';
import { chooseDecision } from './dialogs.js';
import { h, replace } from './dom.js';
import { GateView } from './gate-view.js';
import type { ViewKeys } from './keys.js';
import type { Entry } from './outbox.js';
import type { ReviewListener, ReviewState } from './review-state.js';
import { SummaryView } from './summary-view.js';
import { TableView } from './table-view.js';
import { counted, grouped } from './words.js';
import { WorkView } from './work-view.js';

export interface RunView {
  readonly element: HTMLElement;
  readonly keys?: ViewKeys;
  /** Fetches what it shows, and shows it. */
  show(): Promise<void>;
  overviewChanged?(): void;
  rowChanged?(row: PageRow): void;
  /** Another view takes its place. */
  leave?(): void;
}

export class RunPage implements ReviewListener {
  readonly element = h('div', { class: 'run' });
  private readonly tabs = h('nav', { 'aria-label': 'Views', class: 'tabs' });
  private readonly notice = h('div', { class: 'notices', role: 'status', 'aria-live': 'polite' });
  private readonly main = h('main', { id: 'main', tabindex: -1 });
  private tab: Tab = 'fix';
  private view: RunView | null = null;
  /** Ends when the reviewer has answered what was asked before. */
  private asked: Promise<unknown> = Promise.resolve();

  constructor(private readonly state: ReviewState) {
    state.listener = this;
    const { reviewer, task, workflowId } = state.overview;
    replace(
      this.element,
      h(
        'header',
        { class: 'top' },
        h('a', { href: '/', class: 'home', 'aria-label': 'Tutelage: all runs' }, 'Tutelage'),
        h('h1', {}, h('bdi', {}, task), h('span', { class: 'quiet' }, h('bdi', {}, workflowId))),
        h('span', { class: 'reviewer' }, h('bdi', {}, reviewer)),
        this.tabs,
      ),
      this.notice,
      this.main,
    );
    this.waiting(state.waitingNow.count, state.waitingNow.problem);
    this.tellOutdated();
  }

  get keys(): ViewKeys {
    return this.view?.keys ?? {};
  }

  /** rest: of the address, behind the tab. */
  async open(tab: Tab, rest: { row: string | null; query: URLSearchParams }): Promise<void> {
    this.view?.leave?.();
    this.tab = tab;
    this.renderTabs();
    const view = this.viewOf(tab, rest);
    this.view = view;
    replace(this.main, view.element);
    document.title = `${TITLES[tab]} · ${this.state.overview.task} · Tutelage`;
    await view.show();
  }

  overviewChanged(): void {
    this.renderTabs();
    this.tellOutdated();
    this.view?.overviewChanged?.();
  }

  rowChanged(row: PageRow): void {
    this.view?.rowChanged?.(row);
  }

  conflict(entry: Entry, row: PageRow): void {
    this.asked = this.asked.then(async () => {
      const mine = await chooseDecision(entry, row);
      const { adjudicates, key, label, sample } = entry;
      if (mine)
        this.state.decide({ key, label, sample, adjudicates: adjudicates && row.differing, version: row.version });
      this.rowChanged(row);
      await this.state.refresh();
    });
    this.asked.catch((error: Error) => this.say(error.message));
  }

  refused(problem: string): void {
    this.say(`Not written: ${problem}`);
  }

  waiting(count: number, problem: string | null): void {
    if (problem === null) this.notice.querySelector('.waiting')?.remove();
    else {
      const line = this.notice.querySelector('.waiting') ?? h('p', { class: 'problem waiting' });
      line.textContent = `Not saved yet: ${problem}. ${counted(count, 'decision')} ${count === 1 ? 'waits' : 'wait'} in this browser and will be sent.`;
      this.notice.append(line);
    }
  }

  say(problem: string): void {
    const line = h(
      'p',
      { class: 'problem' },
      problem,
      ' ',
      h('button', { type: 'button', class: 'link', click: () => line.remove() }, 'Close'),
    );
    for (const old of this.notice.querySelectorAll('p:not(.waiting, .outdated)')) old.remove();
    this.notice.append(line);
  }

  private tellOutdated(): void {
    const { outdated } = this.state.overview;
    const line = this.notice.querySelector('.outdated');
    if (outdated === null) line?.remove();
    else if (line === null) this.notice.prepend(h('p', { class: 'problem outdated' }, outdated));
    else line.textContent = outdated;
  }

  private viewOf(tab: Tab, { query, row }: { row: string | null; query: URLSearchParams }): RunView {
    const say = (problem: string) => this.say(problem);
    switch (tab) {
      case 'fix':
      case 'audit':
      case 'again':
      case 'differing':
        return new WorkView(this.state, { queue: tab, only: row, say });
      case 'table':
        return new TableView(this.state, query);
      case 'summary':
        return new SummaryView(this.state);
      case 'gate':
        return new GateView(this.state);
    }
  }

  private renderTabs(): void {
    const { again, differing, workflowId } = this.state.overview;
    const seldom: Partial<Record<Tab, number>> = { again, differing };
    const shown = TABS.filter((tab) => seldom[tab] !== 0 || tab === this.tab);
    const links = shown.map((tab) =>
      h(
        'a',
        { href: runPath(workflowId, tab), 'aria-current': tab === this.tab ? 'page' : null },
        TITLES[tab],
        countOf(tab, this.state.overview),
      ),
    );
    replace(this.tabs, links);
    requestAnimationFrame(() => this.scrollTabs());
  }

  /** On a phone some of them are out of sight. */
  private scrollTabs(): void {
    const current = this.tabs.querySelector<HTMLElement>('[aria-current]');
    if (current !== null) this.tabs.scrollLeft = current.offsetLeft - (this.tabs.clientWidth - current.offsetWidth) / 2;
  }
}

const TITLES: Readonly<Record<Tab, string>> = {
  fix: 'Fix queue',
  audit: 'Audit',
  again: 'Second opinion',
  differing: 'People differ',
  table: 'Table',
  summary: 'Summary',
  gate: 'Gate',
};

function countOf(tab: Tab, { again, audit, differing, fix }: Overview): HTMLElement | null {
  const of: Partial<Record<Tab, string>> = {
    fix: `${grouped(fix.decided)} / ${grouped(fix.suggested)}`,
    ...(audit === null ? {} : { audit: grouped(audit.decided) }),
    ...(again === 0 ? {} : { again: grouped(again) }),
    ...(differing === 0 ? {} : { differing: grouped(differing) }),
  };
  const count = of[tab];
  return count === undefined ? null : h('span', { class: 'count' }, count);
}
