/** The words of a finding that a report takes over as they are: plain data, which users of the library see. */

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
