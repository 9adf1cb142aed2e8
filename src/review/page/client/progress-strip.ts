/** How far the review is, and the bound as it tightens. */
import type { QueueName } from '../../../contracts/index.js';
import type { Overview } from '../page-api.js';
import { runPath } from './addresses.js';
import { type Child, h } from './dom.js';
import { atMost, counted, grouped, percent } from './words.js';

export function progressStrip(overview: Overview, queue: QueueName): Child {
  switch (queue) {
    case 'fix':
      return fixProgress(overview);
    case 'audit':
      return auditProgress(overview);
    case 'again':
      return againProgress(overview);
    case 'differing':
      return differingProgress(overview);
  }
}

function againProgress({ again }: Overview): Child {
  return h(
    'p',
    {},
    h('strong', {}, counted(again, 'text')),
    ' of the audit that others have decided',
    h('span', { class: 'quiet' }, ' · what they and the teacher said is hidden until you have decided'),
  );
}

function differingProgress({ differing }: Overview): Child {
  return h(
    'p',
    {},
    h('strong', {}, counted(differing, 'text')),
    differing === 1 ? ' waits' : ' wait',
    h('span', { class: 'quiet' }, ' · what you decide here settles it, and counts over what others say'),
  );
}

function fixProgress({ fix, reading }: Overview): Child {
  const { changed, decided, suggested } = fix;
  return [
    h('progress', { max: suggested, value: Math.min(decided, suggested), 'aria-label': 'Texts decided' }),
    h(
      'p',
      {},
      h('strong', {}, grouped(decided)),
      decided <= suggested
        ? ` of the ${grouped(suggested)} most doubtful decided`
        : ` decided, more than the ${grouped(suggested)} suggested`,
      reading ? null : h('span', { class: 'quiet' }, ` · ${counted(changed, 'label')} changed so far`),
    ),
  ];
}

function auditProgress({ audit, confidence, workflowId }: Overview): Child {
  if (audit === null) return null;
  const { certificate, decided, next, passedOver } = audit;
  return [
    h('progress', {
      max: decided + (next?.more ?? 0) || 1,
      value: decided,
      'aria-label': 'Texts audited, to the next bound',
    }),
    h(
      'p',
      {},
      h('strong', {}, counted(decided, 'text')),
      ' audited',
      certificate === null
        ? null
        : [
            ' · at most ',
            h('strong', { class: 'bound' }, atMost(certificate.mostWrongShare)),
            ` of the labels are wrong, at ${percent(confidence)} confidence`,
          ],
      next === null
        ? null
        : h(
            'span',
            { class: 'quiet' },
            ` · ${grouped(next.more)} more without an error show at most ${percent(next.share)}`,
          ),
      passedOver === 0
        ? null
        : h(
            'span',
            { class: 'quiet' },
            ` · ${grouped(passedOver)} before the last one ${passedOver === 1 ? 'is' : 'are'} open and ${passedOver === 1 ? 'holds' : 'hold'} the bound up: `,
            h('a', { href: runPath(workflowId, 'audit') }, 'go back to the first'),
          ),
    ),
  ];
}
