import type { Activity, WorkerActivity } from '../../src/analysis/activity.ts';
import type { RequestActivity } from '../../src/analysis/report.ts';

type Columns = Partial<Record<keyof WorkerActivity, readonly number[]>>;

/** What a worker did in so many columns; what is not given is 0: it ran from call to call. */
export function buildLane(
  pid: number,
  columns: number,
  parts: Columns,
  over: Partial<WorkerActivity> = {},
): WorkerActivity {
  const floats = (name: keyof WorkerActivity): Float32Array =>
    Float32Array.from({ length: columns }, (_, index) => parts[name]?.[index] ?? 0);
  const counts = (name: keyof WorkerActivity): Uint32Array =>
    Uint32Array.from({ length: columns }, (_, index) => parts[name]?.[index] ?? 0);
  return {
    pid,
    role: 'event-loop',
    firstMs: 0,
    lastMs: Number.MAX_SAFE_INTEGER,
    ended: false,
    knownMs: Number.MAX_SAFE_INTEGER,
    waiting: floats('waiting'),
    blocked: floats('blocked'),
    silent: floats('silent'),
    long: Uint8Array.from(counts('long')),
    calls: counts('calls'),
    accepted: counts('accepted'),
    wasted: counts('wasted'),
    brokenPipes: counts('brokenPipes'),
    now: { state: 'waiting', call: 'epoll_wait', target: '', sinceMs: 0 },
    ...over,
  };
}

export function buildActivity(workers: readonly WorkerActivity[], columnMs: number): Activity {
  return {
    zero: { startTime: '2026-11-20T02:13:29.100000Z', timeOfDay: null, monotonicSeconds: null, startMs: 0 },
    columnMs,
    columns: workers[0]?.waiting.length ?? 0,
    workers,
    targets: [],
    requests: [],
  };
}

/** A request of which nothing is known but these parts. */
export function buildRequest(parts: Partial<RequestActivity>): RequestActivity {
  return {
    request: 'GET /a',
    pid: 101,
    readMs: 0,
    ageMs: 1_000,
    isOpen: false,
    ownMs: 0,
    behindMs: 0,
    behind: '',
    waitedFor: '',
    waitedMs: 0,
    inCall: '',
    inCallMs: 0,
    readAt: null,
    ...parts,
  };
}
