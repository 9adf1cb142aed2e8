/** Before the audit is drawn: what it is, and the button that draws it. */
import type { Overview } from '../page-api.js';
import { h } from './dom.js';
import { counted, percent } from './words.js';

export function auditIntro({ confidence, fix }: Overview, onDraw: () => Promise<void>): HTMLElement {
  const problem = h('p', { class: 'problem', role: 'alert' });
  const button = h(
    'button',
    {
      type: 'button',
      class: 'primary',
      click: () => {
        button.disabled = true;
        onDraw().catch((error: Error) => {
          button.disabled = false;
          problem.textContent = error.message;
        });
      },
    },
    'Draw the audit',
  );
  return h(
    'section',
    { class: 'end', tabindex: -1 },
    h('h2', {}, 'No audit was drawn yet'),
    h(
      'p',
      {},
      'The audit is a random sample of the labels, which nobody picks from. What the teacher said stays hidden until you have decided, and so it alone can say how many labels are wrong at most',
      `, at ${percent(confidence)} confidence.`,
    ),
    h(
      'p',
      {},
      'It is drawn once, from the labels that nobody has decided on by then. Go through the most doubtful ones first: ',
      fix.decided >= fix.suggested
        ? `${counted(fix.decided, 'text')} of the fix queue are decided.`
        : `${fix.decided} of the ${fix.suggested} suggested are decided.`,
    ),
    button,
    problem,
  );
}
