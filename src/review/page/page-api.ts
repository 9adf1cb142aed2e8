/** What the review page's server answers. Types only: the browser's code imports them, too. */
import type { Certificate, GateOutcome, Progress, ReviewDecision, ReviewRow } from '../../contracts/index.js';

export type Sample = ReviewDecision['purpose'];

/** A decision that stands. */
export type Standing = Pick<ReviewDecision, 'label' | 'reviewer' | 'at'> & { readonly adjudicates: boolean };

export interface PageRow {
  readonly key: string;
  readonly id: string;
  readonly sample: Sample;
  /** Cut off where it is very long. */
  readonly text: string;
  /** Of the whole text, in UTF-16 code units. */
  readonly textLength: number;
  /** What the teacher said; null in the audit until somebody has decided. */
  readonly teacher: {
    readonly label: string | null;
    readonly votes: ReviewRow['votes'];
    readonly doubt: number;
    readonly why: readonly string[];
    /** Probabilities by a student that was trained without the text, the likeliest first. */
    readonly student: readonly { readonly label: string; readonly probability: number }[] | null;
  } | null;
  readonly decision: Standing | null;
  /** Each reviewer's last word, where there are several. */
  readonly opinions: readonly Standing[];
  /** They differ, and nobody has settled it. */
  readonly differing: boolean;
  readonly version: number;
}

export interface QueueAnswer {
  readonly rows: readonly PageRow[];
  /** The place after which to ask for more; null: there are none. */
  readonly next: number | null;
}

/** A row as a line of the table shows it: its beginning. */
export interface TableRow extends Pick<PageRow, 'key' | 'id' | 'sample' | 'text' | 'decision'> {
  readonly cut: boolean;
  readonly teacher: { readonly label: string | null; readonly doubt: number; readonly why: string } | null;
}

export interface RowsAnswer {
  readonly rows: readonly TableRow[];
  /** Rows that fit, those before and behind these among them. */
  readonly total: number;
}

export interface AuditState {
  readonly drawnBy: string;
  readonly drawnAt: string;
  readonly population: number;
  /** Texts in its order. */
  readonly length: number;
  readonly decided: number;
  /** Undecided ones before the last decided one. */
  readonly passedOver: number;
  readonly certificate: Certificate | null;
  /** How many more labels, if all are right, show that at most this share is wrong; null: nothing less is shown by any. */
  readonly next: { readonly share: number; readonly more: number } | null;
}

export interface Overview {
  readonly workflowId: string;
  readonly task: string;
  readonly reviewer: string;
  readonly labels: readonly { readonly name: string; readonly description: string }[];
  readonly guideline: string;
  /** All texts of the queue. */
  readonly texts: number;
  /** The most doubtful of them, which the page shows; the audit's come on top. */
  readonly shown: number;
  /** The server still reads the texts: figures that follow from their labels are not known yet. */
  readonly reading: boolean;
  /** Why these are not the labels that the run has, in words; null: they are. */
  readonly outdated: string | null;
  readonly confidence: number;
  readonly fix: {
    readonly texts: number;
    readonly decided: number;
    /** Labels that people changed, in both samples. */
    readonly changed: number;
    /** So many of the worst are worth a look. */
    readonly suggested: number;
  };
  /** null: none was drawn. */
  readonly audit: AuditState | null;
  readonly byReviewer: Readonly<Record<string, number>>;
  /** Texts of the audit that others have decided, and the reviewer has not. */
  readonly again: number;
  /** Texts about which people's last words differ, and that nobody has settled. */
  readonly differing: number;
  /** What undo would take back: the reviewer's last decision. */
  readonly undoable: {
    readonly key: string;
    readonly id: string;
    readonly sample: Sample;
    readonly version: number;
  } | null;
}

export interface Written {
  readonly row: PageRow;
  readonly overview: Overview;
}

/** 409: somebody was faster. Nothing was written. */
export interface Conflict {
  readonly conflict: true;
  readonly row: PageRow;
}

export interface Summary {
  /** By label, in the task's order; the last one, of name null, are texts without a label. */
  readonly classes: readonly { readonly label: string | null; readonly teacher: number; readonly now: number }[];
  /** Texts by the share of their votes that fell on the label: all, most, half or fewer; without a label none. */
  readonly agreement: readonly { readonly share: string; readonly texts: number }[];
  /** Each two people: on how many texts that both decided on they agree. */
  readonly people: readonly {
    readonly first: string;
    readonly second: string;
    readonly texts: number;
    readonly alike: number;
  }[];
  /** Decided texts by the teacher's label, null for those without one: how many kept it, and what the others became. */
  readonly errors: readonly {
    readonly label: string | null;
    readonly decided: number;
    readonly became: readonly { readonly label: string; readonly texts: number }[];
  }[];
  /** Errors found after each decision on the fix queue, in the order of time; thinned out. */
  readonly found: readonly { readonly decided: number; readonly errors: number }[];
  /** Bound on the share of wrong labels after each audited text; thinned out. */
  readonly bound: readonly { readonly audited: number; readonly wrong: number; readonly share: number }[];
  /** Audit decisions that were changed after the teacher's label had been shown. */
  readonly auditChanged: number;
}

export interface RunEntry {
  readonly workflowId: string;
  readonly task: string;
  /** null: no server answers, or it does not know the run. */
  readonly stage: Progress['stage'] | null;
  readonly waitingFor: 'labels' | 'deployment' | null;
  readonly deadline: string | null;
  readonly texts: number | null;
  readonly decided: number | null;
}

export interface RunsAnswer {
  readonly reviewer: string;
  readonly runs: readonly RunEntry[];
  /** Why the gates are not known; null: they are. */
  readonly problem: string | null;
}

export interface GateAnswer {
  readonly waitingFor: Progress['waitingFor'];
  readonly stage: Progress['stage'] | null;
  readonly gates: Readonly<Record<string, GateOutcome>>;
  readonly problem: string | null;
}

export interface Refusal {
  /** For the reviewer. */
  readonly problem: string;
}
