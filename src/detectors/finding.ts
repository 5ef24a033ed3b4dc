import type { KeptLine } from '../model/turn.ts';
import type { Nanoseconds } from '../trace/time.ts';

export const KINDS = [
  'thundering-herd',
  'accept-skew',
  'accept-hoarding',
  'loop-stall',
  'service-stall',
  'broken-pipe',
  'abandoned-request',
  'request-retry',
  'fork-then-load',
  'lazy-import',
  'gc-io',
  'gil-starvation',
  'heartbeat-late',
  'accept-delay',
  'accept-errors',
  'backlog-overflow',
  'worker-saturation',
  'stranded-queue',
  'ineffective-reuseport',
  'busy-poll',
  'epoll-churn',
  'lock-contention',
  'disk-sync',
  'blocking-dns',
  'fd-leak',
] as const;
export type Kind = (typeof KINDS)[number];

export type Severity = 'critical' | 'warning' | 'info';
/** `likely`: direct evidence, the mechanism is visible. `possible`: the pattern fits but a part is missing. `cannot-tell`: the data is poor. */
export type Sureness = 'likely' | 'possible' | 'cannot-tell';

export interface Outcome {
  readonly status: 'found' | 'clear' | 'not-applicable' | 'failed';
  /** Why, with the numbers looked at; for `not-applicable` also what would make it applicable. */
  readonly reason: string;
}

export interface Step {
  readonly text: string;
  /** Something to type. */
  readonly command?: string;
  /** The version or privilege that the step needs. */
  readonly needs?: string;
  /** What may go wrong when it is followed. */
  readonly caveat?: string;
}

export type Metric = number | string | boolean | null | readonly Metric[] | { readonly [name: string]: Metric };

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
