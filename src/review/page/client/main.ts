/** The review page in the browser: from the address to the view. */
import { readAddress } from './addresses.js';
import { RefusedError } from './api.js';
import { showHelp } from './dialogs.js';
import { h, replace } from './dom.js';
import { listenToKeys } from './keys.js';
import { ReviewState } from './review-state.js';
import { RunPage } from './run-page.js';
import { runsPage } from './runs-page.js';

const app = document.getElementById('app')!;
let state: ReviewState | null = null;
let page: RunPage | null = null;

async function show(): Promise<void> {
  const address = readAddress(location.pathname);
  try {
    if (address === null) {
      page = null;
      replace(app, await runsPage());
      return;
    }
    const { row, tab, workflowId } = address;
    if (state?.overview.workflowId !== workflowId) {
      state = await ReviewState.open(workflowId);
      page = null;
    }
    if (page === null) {
      page = new RunPage(state);
      replace(app, page.element);
    }
    await page.open(tab, { row, query: new URLSearchParams(location.search) });
  } catch (error) {
    page = null;
    replace(app, problem(error));
  }
}

function problem(error: unknown): HTMLElement {
  const message = error instanceof Error ? error.message : String(error);
  return h(
    'main',
    { class: 'notice', role: 'alert' },
    h('h1', {}, "The page can't be shown"),
    h('p', {}, `${message.slice(0, 1).toUpperCase()}${message.slice(1)}.`),
    h('p', { class: 'quiet' }, mendOf(error)),
    h(
      'div',
      { class: 'actions' },
      h('a', { href: '/', class: 'button' }, 'All runs'),
      h('button', { type: 'button', class: 'primary', click: () => void show() }, 'Try again'),
    ),
  );
}

function mendOf(error: unknown): string {
  const status = error instanceof RefusedError ? error.status : null;
  if (status === 401) return 'Open your link again, or ask for another one: tutelage review --as YOUR-NAME';
  if (status === 404) return 'It may have another name, or lie in another store. The list shows what there is.';
  return 'Nothing that was decided is lost. Is the server running? It is started by: tutelage review, or tutelage up';
}

/** Another address of the page, without loading it anew. */
function go(address: string): void {
  history.pushState(null, '', address);
  void show();
}

addEventListener('popstate', () => void show());
document.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (link === null || !plain || link.origin !== location.origin) return;
  event.preventDefault();
  go(link.href);
});
addEventListener('beforeunload', (event) => {
  if (state !== null && state.pending > 0) event.preventDefault();
});
listenToKeys({
  view: () => page?.keys ?? {},
  search: () => {
    const [, runs, workflowId] = location.pathname.split('/');
    if (runs === 'runs' && workflowId) go(`/runs/${workflowId}/table?find`);
  },
  help: showHelp,
});
void show();
