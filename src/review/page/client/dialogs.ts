/** What interrupts: two decisions on one row, the list of keys, a question. */
import type { PageRow } from '../page-api.js';
import { type Child, h } from './dom.js';
import type { Entry } from './outbox.js';
import { shownLine } from './shown-text.js';
import { fromNow } from './words.js';

/** Resolves to whether the own decision is to be taken over the other one. */
export async function chooseDecision(entry: Entry, row: PageRow): Promise<boolean> {
  const { decision, text } = row;
  const theirs = decision === null ? null : h('bdi', { class: 'name' }, decision.label);
  const answer = await ask(
    'Somebody was faster',
    [
      h('blockquote', {}, shownLine(text, { longest: 300 })),
      decision === null
        ? h('p', {}, 'A decision about this text was taken back meanwhile.')
        : h(
            'p',
            {},
            h('bdi', { class: 'who' }, decision.reviewer),
            ' decided ',
            theirs?.cloneNode(true) as Node,
            `, ${fromNow(decision.at)}.`,
          ),
      h('p', {}, 'You said ', h('bdi', { class: 'name' }, entry.label), '. Nothing was written over.'),
    ],
    [
      ['keep', decision === null ? 'Leave it open' : ['Keep ', theirs]],
      ['mine', ['Decide ', h('bdi', { class: 'name' }, entry.label)]],
    ],
  );
  return answer === 'mine';
}

export async function confirmReject(): Promise<boolean> {
  const text = 'The run ends without a student. What was paid for and decided is kept.';
  const buttons: [string, Child][] = [
    ['no', 'Go back'],
    ['yes', 'Reject the run'],
  ];
  return (await ask('Reject?', [h('p', {}, text)], buttons)) === 'yes';
}

export function showHelp(): void {
  const keys: [string, string][] = [
    ['1 – 9', 'give the label with this number'],
    ['Enter', "accept the teacher's label"],
    ['s or →', 'skip; ← goes back'],
    ['u', 'undo your last decision'],
    ['l', 'find a label, where there are more than nine'],
    ['/', 'search in the table'],
    ['?', 'this list'],
  ];
  const list = h(
    'dl',
    { class: 'keys' },
    keys.map(([key, what]) => [h('dt', {}, h('kbd', {}, key)), h('dd', {}, what)]),
  );
  void ask('Keys', [list], [['close', 'Close']]);
}

/** Resolves to the value of the button; Escape is the first one. */
function ask(title: string, content: Child[], buttons: readonly (readonly [string, Child])[]): Promise<string> {
  const heading = h('h2', { id: 'dialog-title' }, title);
  const row = buttons.map(([value, name], index) =>
    h(
      'button',
      {
        type: 'button',
        class: index === buttons.length - 1 ? 'primary' : '',
        click: () => dialog.close(value),
      },
      name,
    ),
  );
  const dialog = h(
    'dialog',
    { 'aria-labelledby': 'dialog-title' },
    heading,
    content,
    h('div', { class: 'actions' }, row),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue || (buttons[0]?.[0] ?? ''));
    });
  });
}
