/** The gate where the run waits: its checks, its evidence, and the decision with its answer. */
import type { GateCheck, GateOutcome, GateRequest } from '../../../contracts/index.js';
import type { GateAnswer } from '../page-api.js';
import { runPath } from './addresses.js';
import { get, post } from './api.js';
import { confirmReject } from './dialogs.js';
import { type Child, h, replace } from './dom.js';
import { markdown } from './markdown.js';
import type { ReviewState } from './review-state.js';
import type { RunView } from './run-page.js';
import { counted, dateAndTime, fromNow } from './words.js';

const POLL_MS = 3000;

export class GateView implements RunView {
  readonly element = h('div', { class: 'gate' });
  private timer: ReturnType<typeof setTimeout> | null = null;
  private left = false;
  /** What the page shows now, so that it is not built again under the reviewer's hands. */
  private shown = '';
  private sending = false;
  /** The same for all tries of one decision: it counts once. */
  private decisionId = crypto.getRandomValues(new Uint32Array(4)).join('-');

  constructor(private readonly state: ReviewState) {}

  async show(): Promise<void> {
    await this.load();
    this.pollLater();
  }

  leave(): void {
    this.left = true;
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private get path(): string {
    return runPath(this.state.overview.workflowId, 'gate');
  }

  private pollLater(): void {
    if (this.left) return;
    this.timer = setTimeout(() => {
      const again = () => this.pollLater();
      this.load().then(again, again);
    }, POLL_MS);
  }

  private async load(): Promise<void> {
    const answer = await get<GateAnswer>(this.path);
    const shown = JSON.stringify(answer);
    if (this.left || this.sending || shown === this.shown) return;
    this.shown = shown;
    this.render(answer);
  }

  private render({ gates, problem, stage, waitingFor }: GateAnswer): void {
    const decided = Object.entries(gates).map(([gate, outcome]) => outcomeCard(gate, outcome));
    if (waitingFor === null) {
      replace(
        this.element,
        problem === null ? null : h('p', { class: 'problem' }, `The gate can't be decided from here now: ${problem}`),
        problem === null
          ? h(
              'section',
              { class: 'end' },
              h('h2', {}, 'The run waits for nobody now'),
              h('p', {}, stage === 'done' ? 'It has ended.' : `It is at work: ${stage}.`),
            )
          : null,
        decided,
      );
      return;
    }
    const { afterDeadline, checks, deadline, evidence, gate } = waitingFor;
    const after = afterDeadline === 'reject' ? 'it is rejected' : 'it is approved if all checks pass, else rejected';
    replace(
      this.element,
      h('h2', {}, gate === 'labels' ? 'Let these labels train a student?' : 'Deploy this student?'),
      h('p', { class: 'quiet' }, `Waits until ${dateAndTime(deadline)} (${fromNow(deadline)}); then ${after}.`),
      h('ul', { class: 'checks', 'aria-label': 'Checks' }, checks.map(checkLine)),
      this.form(gate, checks),
      h('section', { class: 'evidence' }, markdown(evidence)),
      decided,
    );
  }

  private form(gate: GateRequest['gate'], checks: readonly GateCheck[]): HTMLElement {
    const failed = checks.filter(({ passed }) => !passed);
    const note = h('textarea', { id: 'note', rows: 2, maxlength: 2000 });
    const answer = h('p', { role: 'status', 'aria-live': 'polite', class: 'answer' });
    const buttons = [
      h('button', { type: 'button', click: () => decide('reject') }, 'Reject…'),
      h('button', { type: 'button', class: 'primary', click: () => decide('approve') }, 'Approve'),
    ];
    const decide = async (decision: GateRequest['decision']) => {
      if (decision === 'reject' && !(await confirmReject())) return;
      this.sending = true;
      for (const button of buttons) button.disabled = true;
      replace(answer, 'Sending…');
      const request: GateRequest = { gate, decision, note: note.value, decisionId: this.decisionId };
      try {
        const outcome = await post<GateOutcome>(this.path, request);
        replace(answer);
        replace(this.element, outcomeCard(gate, outcome));
        this.shown = '';
      } catch (error) {
        replace(answer, h('span', { class: 'problem' }, `Not decided: ${(error as Error).message}`));
        for (const button of buttons) button.disabled = false;
      } finally {
        this.sending = false;
        // Another answer would be another decision.
        this.decisionId = crypto.getRandomValues(new Uint32Array(4)).join('-');
      }
    };
    return h(
      'section',
      { class: 'decide' },
      gate === 'labels' ? h('p', {}, this.corrections()) : null,
      h(
        'label',
        { for: 'note' },
        failed.length > 0 ? `Why, in spite of ${failed.map(({ name }) => name).join(', ')}` : 'Note (may be empty)',
      ),
      note,
      h('div', { class: 'actions' }, buttons),
      answer,
    );
  }

  private corrections(): string {
    const { audit, fix } = this.state.overview;
    const decided = fix.decided + (audit?.decided ?? 0);
    if (decided === 0) return 'Nobody has decided on a label yet: the labels go on as the teacher gave them.';
    return `${counted(decided, 'decision')} of people, ${fix.changed} of which change a label, go into the labels with the approval; the checks are computed again then.`;
  }
}

const DECIDED: Readonly<Record<GateOutcome['decision'], string>> = {
  approve: 'approved',
  reject: 'rejected',
  revise: 'guideline revised; the teacher is asked again',
};

function checkLine({ about, atLeast, limit, name, passed, value }: GateCheck): Child {
  const shown = value === null ? '–' : String(Number(value.toFixed(4)));
  const kind = limit === null ? 'shown' : passed ? 'passed' : 'failed';
  return h(
    'li',
    { class: kind },
    h('span', { class: 'mark', role: 'img', 'aria-label': kind }, { shown: '·', passed: '✓', failed: '✗' }[kind]),
    h('strong', {}, name),
    h('span', {}, shown, limit === null ? '' : ` (${atLeast ? 'at least' : 'at most'} ${limit})`),
    h('p', { class: 'quiet' }, about),
  );
}

function outcomeCard(gate: string, { at, decision, note, reviewer }: GateOutcome): HTMLElement {
  return h(
    'section',
    { class: `outcome ${decision}` },
    h('h2', {}, `Gate ${gate}: ${DECIDED[decision]}`),
    h('p', {}, 'by ', h('bdi', {}, reviewer), `, ${dateAndTime(at)}`),
    note === '' ? null : h('blockquote', {}, note),
  );
}
