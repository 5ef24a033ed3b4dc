// Written by npm run schema from the definitions in registry.ts: what views of a report know of kinds, and types of the
// package, must not lead to every detector.

/** What a finding can be. */
export type Kind =
  | 'service-stall'
  | 'stuck-call'
  | 'worker-death'
  | 'error-storm'
  | 'accept-errors'
  | 'accept-delay'
  | 'backlog-overflow'
  | 'worker-saturation'
  | 'slow-dependency'
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
