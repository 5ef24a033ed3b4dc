// Written by npm run schema from the definitions in registry.ts: what views of a report know of kinds, and types of the
// package, must not lead to every detector.

/** What a finding can be. */
export type Kind =
  | 'service-stall'
  | 'stuck-call'
  | 'worker-death'
  | 'error-storm'
  | 'accept-errors'
  | 'clients-refused'
  | 'accept-paused'
  | 'accept-delay'
  | 'backlog-overflow'
  | 'worker-saturation'
  | 'session-lock'
  | 'slow-dependency'
  | 'slow-request'
  | 'loop-stall'
  | 'heartbeat-late'
  | 'gil-starvation'
  | 'gc-io'
  | 'stranded-queue'
  | 'accept-hoarding'
  | 'lock-contention'
  | 'blocking-dns'
  | 'disk-sync'
  | 'fd-leak'
  | 'broken-pipe'
  | 'abandoned-request'
  | 'request-retry'
  | 'busy-poll'
  | 'lazy-import'
  | 'fork-then-load'
  | 'thundering-herd'
  | 'accept-skew'
  | 'ineffective-reuseport'
  | 'epoll-churn';

/** Kinds of which each finding is about one worker. */
export const PER_WORKER: readonly Kind[] = ['loop-stall', 'heartbeat-late', 'gil-starvation', 'gc-io'];

/** Kinds whose findings add up those of another kind. */
export const ADDS_UP: Readonly<Partial<Record<Kind, Kind>>> = { 'service-stall': 'loop-stall' };

/**
 * The metrics that say how much there is of a trouble: how often, how long in all, how long at most, or its share (0 to
 * 1). A name with a dot is that of all in a list.
 */
export interface Measures {
  readonly count?: string;
  readonly totalMs?: string;
  readonly longestMs?: string;
  readonly share?: string;
}

export const MEASURES: Readonly<Record<Kind, Measures>> = {
  'service-stall': { count: 'count', totalMs: 'totalMs', longestMs: 'longestMs' },
  'stuck-call': { count: 'count', longestMs: 'threads.forMs' },
  'worker-death': { count: 'count' },
  'error-storm': { count: 'failed' },
  'accept-errors': { count: 'count' },
  'clients-refused': { count: 'count' },
  'accept-paused': { share: 'share', longestMs: 'longestMs' },
  'accept-delay': { count: 'count', longestMs: 'maxMs' },
  'backlog-overflow': { count: 'count' },
  'worker-saturation': { share: 'share', longestMs: 'longestMs' },
  'session-lock': { count: 'count', totalMs: 'totalMs', longestMs: 'longestMs' },
  'slow-dependency': {
    count: 'dependencies.waits',
    totalMs: 'dependencies.totalMs',
    longestMs: 'dependencies.longestMs',
  },
  'slow-request': { count: 'count', totalMs: 'totalMs', longestMs: 'longestMs' },
  'loop-stall': { count: 'count', totalMs: 'totalMs', longestMs: 'longestMs' },
  'heartbeat-late': { count: 'count', longestMs: 'workers.longestMs' },
  'gil-starvation': { count: 'count', totalMs: 'totalMs' },
  'gc-io': { count: 'count', totalMs: 'totalMs', longestMs: 'longestMs' },
  'stranded-queue': { count: 'count', longestMs: 'longestMs' },
  'accept-hoarding': { count: 'count', longestMs: 'longestMs' },
  'lock-contention': { count: 'count', totalMs: 'totalMs', longestMs: 'longestMs' },
  'blocking-dns': { count: 'count', totalMs: 'totalMs', longestMs: 'longestMs' },
  'disk-sync': { count: 'count', totalMs: 'totalMs', longestMs: 'longestMs' },
  'fd-leak': { count: 'growth' },
  'broken-pipe': { count: 'count' },
  'abandoned-request': { count: 'count' },
  'request-retry': { count: 'count' },
  'busy-poll': { count: 'rounds', totalMs: 'totalMs' },
  'lazy-import': { count: 'count', totalMs: 'totalMs', longestMs: 'longestMs' },
  'fork-then-load': {},
  'thundering-herd': { count: 'wastedWakeups' },
  'accept-skew': { share: 'maxShare' },
  'ineffective-reuseport': {},
  'epoll-churn': { count: 'changes' },
};
