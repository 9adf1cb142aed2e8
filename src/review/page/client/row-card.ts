/** One text with all that helps to decide on it. */
import type { Overview, PageRow } from '../page-api.js';
import { h, svg } from './dom.js';
import type { LabelChoice } from './label-choice.js';
import { shownText } from './shown-text.js';
import { fromNow, grouped, percent } from './words.js';

export function rowCard(
  row: PageRow,
  choice: LabelChoice,
  options: { overview: Overview; onWholeText: () => void },
): HTMLElement {
  const { decision, id, opinions, sample, teacher, text, textLength } = row;
  const whole =
    text.length < textLength
      ? h(
          'p',
          { class: 'cut' },
          `The first ${grouped(text.length)} of ${grouped(textLength)} characters. `,
          h('button', { type: 'button', class: 'link', click: options.onWholeText }, 'Show the whole text'),
        )
      : null;
  return h(
    'article',
    { class: 'card', tabindex: -1, 'aria-label': `Text ${id}` },
    h(
      'header',
      {},
      h('span', { class: 'id' }, shownText(id)),
      teacher === null ? null : doubtMeter(teacher.doubt),
      decision === null ? null : decisionBadge(row),
    ),
    teacher === null || sample === 'audit' ? null : whyShown(teacher.why),
    h('div', { class: 'text', lang: '' }, shownText(text)),
    whole,
    choice.element,
    opinions.length > 1 ? opinionList(row) : null,
    teacher === null ? hiddenNote() : votesSideBySide(teacher),
    guideline(options.overview),
  );
}

function doubtMeter(doubt: number): HTMLElement {
  return h(
    'span',
    { class: 'doubt', title: 'Estimated probability that the label is wrong' },
    svg(
      'svg',
      { viewBox: '0 0 60 6', width: 60, height: 6, 'aria-hidden': 'true' },
      svg('rect', { width: 60, height: 6, rx: 3, class: 'soft' }),
      svg('rect', { width: 60 * doubt, height: 6, rx: 3, class: 'accent' }),
    ),
    `${percent(doubt)} doubt`,
  );
}

function decisionBadge({ decision, teacher }: PageRow): HTMLElement {
  const changed = decision?.label !== teacher?.label;
  return h(
    'span',
    { class: changed ? 'badge changed' : 'badge' },
    h('bdi', {}, decision!.reviewer),
    ': ',
    h('bdi', {}, decision!.label),
    `, ${fromNow(decision!.at)}`,
  );
}

function whyShown(why: readonly string[]): HTMLElement {
  return h(
    'ul',
    { class: 'why', 'aria-label': 'Why it is shown' },
    why.map((reason) => h('li', {}, shownText(reason))),
  );
}

function hiddenNote(): HTMLElement {
  return h(
    'p',
    { class: 'hidden-note' },
    'What the teacher said is hidden until you have decided: only so the audit says how often it is wrong.',
  );
}

/** Whoever decided on the text, each one's last word. */
function opinionList({ decision, differing, opinions }: PageRow): HTMLElement {
  const heading = differing
    ? 'People differ. The latest counts until somebody settles it.'
    : decision?.adjudicates
      ? 'People differed, and it is settled.'
      : 'People agree.';
  return h(
    'section',
    { class: 'opinions' },
    h('h3', {}, heading),
    h(
      'ul',
      {},
      opinions.map(({ adjudicates, at, label, reviewer }) =>
        h(
          'li',
          { class: label === decision?.label ? 'counts' : '' },
          h('bdi', { class: 'who' }, reviewer),
          h('bdi', { class: 'name' }, label),
          h('span', { class: 'quiet' }, adjudicates ? 'settles it, ' : '', fromNow(at)),
        ),
      ),
    ),
  );
}

function votesSideBySide({ label, student, votes }: NonNullable<PageRow['teacher']>): HTMLElement {
  const cards = votes.map((vote) =>
    h(
      'li',
      { class: label === null || vote.label === label ? 'vote' : 'vote other' },
      h(
        'h4',
        {},
        vote.label === null ? h('em', {}, 'unreadable') : h('bdi', { class: 'name' }, vote.label),
        h('span', { class: 'quiet' }, `${vote.prompt} ${vote.sample + 1}`),
      ),
      vote.reason ? h('p', {}, shownText(vote.reason)) : h('p', { class: 'quiet' }, 'gave no reason'),
    ),
  );
  return h(
    'section',
    { class: 'votes' },
    h('h3', {}, votes.length === 0 ? 'The teacher gave no vote' : 'The votes and their reasons'),
    votes.length === 0 ? null : h('ul', {}, cards),
    student === null ? null : studentLine(student),
  );
}

function studentLine(student: NonNullable<NonNullable<PageRow['teacher']>['student']>): HTMLElement {
  return h(
    'p',
    { class: 'student' },
    'A small student that had not seen the label: ',
    student
      .filter(({ probability }, index) => index < 3 && probability >= 0.005)
      .map(({ label, probability }, index) => [
        index === 0 ? '' : ', ',
        h('bdi', {}, label),
        ` ${percent(probability)}`,
      ]),
    '.',
  );
}

function guideline({ guideline: text, labels }: Overview): HTMLElement | null {
  const described = labels.filter(({ description }) => description !== '');
  if (text === '' && described.length === 0) return null;
  return h(
    'details',
    { class: 'guideline' },
    h('summary', {}, 'How to decide'),
    text === '' ? null : h('p', { class: 'prose' }, text.trim()),
    h(
      'dl',
      {},
      described.map(({ description, name }) => [h('dt', {}, h('bdi', {}, name)), h('dd', {}, description)]),
    ),
  );
}
