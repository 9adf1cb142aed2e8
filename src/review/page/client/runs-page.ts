/** What waits: the runs at their gates, and the other reviews of the store. */
import type { RunEntry, RunsAnswer } from '../page-api.js';
import { runPath } from './addresses.js';
import { get } from './api.js';
import { h, replace } from './dom.js';
import { counted, fromNow, grouped } from './words.js';

export async function runsPage(): Promise<HTMLElement> {
  const { problem, reviewer, runs } = await get<RunsAnswer>('/runs');
  document.title = 'What waits · Tutelage';
  const waiting = runs.filter(({ waitingFor }) => waitingFor !== null);
  const others = runs.filter(({ waitingFor }) => waitingFor === null);
  const element = h('div', { class: 'run' });
  replace(
    element,
    h(
      'header',
      { class: 'top' },
      h('span', { class: 'home' }, 'Tutelage'),
      h('h1', {}, 'What waits'),
      h('span', { class: 'reviewer' }, h('bdi', {}, reviewer)),
    ),
    h(
      'main',
      { id: 'main', tabindex: -1 },
      problem === null ? null : h('p', { class: 'problem' }, `Which runs wait is not known: ${problem}`),
      waiting.length > 0 ? runList(waiting) : problem === null ? nothingWaits() : null,
      others.length > 0 ? [h('h2', { class: 'others' }, 'Other runs'), runList(others)] : null,
      runs.length === 0 && problem !== null ? h('p', { class: 'quiet' }, 'The store has no review yet.') : null,
    ),
  );
  return element;
}

function nothingWaits(): HTMLElement {
  return h(
    'section',
    { class: 'end' },
    h('h2', {}, 'Nothing waits for you'),
    h('p', {}, 'A run is listed here when it has counted its votes and a person is to look at the labels.'),
  );
}

function runList(runs: readonly RunEntry[]): HTMLElement {
  return h(
    'ul',
    { class: 'runs' },
    runs.map((run) => h('li', {}, runLink(run))),
  );
}

function runLink({ deadline, decided, stage, task, texts, waitingFor, workflowId }: RunEntry): HTMLElement {
  const tab = waitingFor === 'deployment' || texts === null ? 'gate' : 'fix';
  const where =
    waitingFor !== null
      ? [h('span', { class: 'badge waits' }, `waits: ${waitingFor}`), deadline && ` ends ${fromNow(deadline)}`]
      : stage === null
        ? 'not open any more, as far as is known'
        : `at work: ${stage}`;
  return h(
    'a',
    { href: runPath(workflowId, tab) },
    h('strong', {}, h('bdi', {}, task)),
    h('span', { class: 'quiet' }, h('bdi', {}, workflowId)),
    h('span', { class: 'where' }, where),
    texts === null
      ? null
      : h('span', { class: 'quiet' }, `${counted(texts, 'text')}, ${grouped(decided ?? 0)} decided`),
  );
}
