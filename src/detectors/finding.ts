import type { KeptLine } from '../model/turn.ts';
import type { Nanoseconds } from '../trace/time.ts';
import { KINDS, type Kind, type Metric, type Outcome, type Severity, type Step, type Sureness } from './finding-words.ts';

export type { Kind, Metric, Outcome, Severity, Step, Sureness };
export { KINDS };

/** A finding in trace terms: the report adds the id, the times of day and the links to other findings. */
export interface DraftFinding {
  readonly kind: Kind;
  readonly severity: Severity;
  readonly sureness: Sureness;
  /** At most 78 characters. */
  readonly title: string;
  /** One to three sentences of counted facts. */
  readonly summary: string;
  readonly why: string;
  /** UNKNOWN without times. */
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly openEnded: boolean;
  /** Pids. */
  readonly workers: readonly number[];
  readonly metrics: { readonly [name: string]: Metric };
  readonly evidence: readonly KeptLine[];
  readonly next: readonly Step[];
  /** What to do instead while event loops of the same capture stall. */
  readonly nextWhileStalled?: readonly Step[];
  /** What to do instead while a finding of that kind, a warning at least, is about one of the same workers. */
  readonly nextWhile?: Readonly<Partial<Record<Kind, readonly Step[]>>>;
  /** Names the requests, stalls or listeners it speaks of, so that findings about the same things can be linked. */
  readonly subjects: readonly string[];
}

export interface Conclusion {
  readonly outcome: Outcome;
  readonly findings: readonly DraftFinding[];
}

/** The trace cannot tell; `reason` says why, and what would make it tell. */
export function notApplicable(reason: string): Conclusion {
  return { outcome: { status: 'not-applicable', reason }, findings: [] };
}
