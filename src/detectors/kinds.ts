// Written by npm run schema from the list in registry.ts: types of the package must not lead to every detector.

/** What a finding can be. */
export type Kind =
  | 'service-stall'
  | 'accept-errors'
  | 'accept-delay'
  | 'backlog-overflow'
  | 'worker-saturation'
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
