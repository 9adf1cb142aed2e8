/** The labels as buttons with keys, and a field to find one where there are more than keys. */
import type { Overview, PageRow } from '../page-api.js';
import { h } from './dom.js';

const KEYS = 9;

export interface LabelChoice {
  readonly element: HTMLElement;
  /** The label of a digit key; null: none. */
  labelOf(digit: number): string | null;
  /** Opens the field where there is one. */
  find(): void;
}

/** Where the labels are many, the likely ones come first: those of the votes, then the student's. Nothing of the kind where
 *  the audit hides them. */
export function labelChoice(row: PageRow, labels: Overview['labels'], onChoose: (label: string) => void): LabelChoice {
  const many = labels.length > KEYS;
  const ordered = many ? likelyFirst(row, labels) : labels;
  const buttons = ordered.slice(0, KEYS).map((label, index) => labelButton(row, label, index + 1, onChoose));
  const field = many ? labelField(labels, onChoose) : null;
  return {
    element: h('div', { class: 'labels', role: 'group', 'aria-label': 'Label' }, buttons, field?.element),
    labelOf: (digit) => ordered[digit - 1]?.name ?? null,
    find: () => field?.focus(),
  };
}

function labelButton(
  { decision, teacher }: PageRow,
  { description, name }: Overview['labels'][number],
  digit: number,
  onChoose: (label: string) => void,
): HTMLElement {
  const isTeachers = teacher?.label === name;
  const chosen = decision?.label === name;
  return h(
    'button',
    {
      type: 'button',
      class: `label${isTeachers ? ' teachers' : ''}`,
      'aria-pressed': String(chosen),
      title: description || null,
      click: () => onChoose(name),
    },
    h('kbd', {}, digit),
    h('bdi', { class: 'name' }, name),
    isTeachers ? h('span', { class: 'tag' }, 'teacher') : null,
  );
}

function labelField(labels: Overview['labels'], onChoose: (label: string) => void) {
  const names = labels.map(({ name }) => name);
  const input = h('input', {
    type: 'search',
    list: 'all-labels',
    placeholder: 'Another label…',
    'aria-label': 'Find a label',
    autocomplete: 'off',
    change: () => choose(),
  });
  const choose = () => {
    const sought = input.value.trim().toLowerCase();
    const exact = names.find((name) => name.toLowerCase() === sought);
    const starting = names.filter((name) => name.toLowerCase().includes(sought));
    const found = exact ?? (starting.length === 1 ? starting[0] : undefined);
    if (found !== undefined && sought !== '') onChoose(found);
  };
  const list = h(
    'datalist',
    { id: 'all-labels' },
    names.map((name) => h('option', { value: name })),
  );
  const element = h('span', { class: 'find-label' }, h('kbd', {}, 'l'), input, list);
  return { element, focus: () => input.focus() };
}

function likelyFirst({ teacher }: PageRow, labels: Overview['labels']): Overview['labels'] {
  const likely = [
    teacher?.label,
    ...(teacher?.votes.map(({ label }) => label) ?? []),
    ...(teacher?.student?.map(({ label }) => label) ?? []),
  ];
  const first = [...new Set(likely)].flatMap((name) => labels.find((label) => label.name === name) ?? []);
  return [...first, ...labels.filter((label) => !first.includes(label))];
}
