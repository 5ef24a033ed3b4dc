import type { LiveStatus } from '../../src/dashboard/state.ts';

/** What a live screen knows of its capture, 12 s after it began. */
export const LIVE_STATUS: LiveStatus = {
  state: 'tracing',
  engine: 'bpftrace',
  pids: [101],
  elapsedMs: 12_000,
  limitMs: 60_000,
  behindBytes: 0,
  behindMs: 0,
  callsPerSecond: 7,
  lost: 0,
  spool: '/tmp/x',
  spoolBytes: 7,
  spoolLimitBytes: 97,
  notes: [],
  wallMs: Date.parse('2026-11-20T02:13:41.100Z'),
  atMs: 0,
  silentMs: 0,
};
