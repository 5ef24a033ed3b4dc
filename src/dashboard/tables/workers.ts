import type { WorkerActivity } from '../../analysis/activity.ts';
import type { Finding, Worker } from '../../analysis/report.ts';
import { type DashboardState, type ListState, type ProcessNow, shownActivity, shownReport } from '../state.ts';
import { liveNowMs } from '../times.ts';
import { arranged, type Column } from './table.ts';

/** A worker with what it did over time. */
export interface WorkerRow {
  readonly worker: Worker;
  readonly activity: WorkerActivity | null;
  /** What the kernel says of it now, in a live capture. */
  readonly process: ProcessNow | null;
  /** How long it has been away from its wait, and still is; 0 while it is not. */
  readonly openMs: number;
}

export const WORKER_COLUMNS: readonly Column<WorkerRow>[] = [
  { title: 'LONGEST', order: (row) => longestOf(row) ?? -1 },
  { title: 'PID', order: ({ worker }) => byHost(worker) },
  { title: 'BUSY', order: ({ worker }) => worker.busyPercent ?? -1 },
  { title: 'ACCEPTED', order: ({ worker }) => worker.accepted },
  { title: 'WASTED', order: ({ worker }) => worker.wastedWakeups },
  { title: 'EPIPE', order: ({ worker }) => worker.brokenPipes },
];

/** Processes of one host stay together. */
function byHost({ pid, host }: Worker): number | string {
  return host === null ? -pid : `${host} ${String(pid).padStart(8)}`;
}

const RESTLESS_MS = 1_900;
const HELD_MS = 900;
/** In so long the first calls of a process arrive. */
const UNREAD_MS = 3_000;

/** Two hosts may have the same pids: a row then begins with the name of the host, and a blank. 0 for one host. */
export function hostWidth(rows: readonly WorkerRow[], columns: number): number {
  const names = rows.flatMap(({ worker }) => worker.host ?? []);
  if (names.length === 0) return 0;
  return Math.min(Math.max('HOST'.length, ...names.map((name) => name.length)), Math.floor(columns / 5)) + 1;
}

/** Whether a finding is about that worker: of two hosts each may have a worker of that number. */
export function isAbout({ workers, hosts: [host] }: Finding, worker: Worker): boolean {
  return workers.includes(worker.pid) && (worker.host === null || host === worker.host);
}

/** Its longest turn, the one that goes on included; null where nothing was measured. */
export function longestOf({ worker, openMs }: WorkerRow): number | null {
  return openMs > 0 ? Math.max(openMs, worker.longestTurnMs ?? 0) : worker.longestTurnMs;
}

/**
 * The workers in the order of the screen, pinned ones first; of a live capture every process that is traced, also
 * before it made a call. The timeline keeps its own place in the same order.
 */
export function workerRows(state: DashboardState, list: ListState = state.lists.workers): readonly WorkerRow[] {
  const activities = new Map(shownActivity(state)?.workers.map((activity) => [activity.pid, activity]));
  const isLive = state.live?.state === 'tracing' && state.frozen === null;
  const processes = new Map((isLive ? state.live?.processes : [])?.map((process) => [process.pid, process]));
  const known = shownReport(state)?.workers ?? [];
  const seen = new Set(known.map(({ pid }) => pid));
  const silent = [...processes.values()].filter(({ pid }) => !seen.has(pid)).map(silentWorker);
  const rows = [...known, ...silent].map((worker): WorkerRow => {
    const activity = activities.get(worker.pid) ?? null;
    const process = processes.get(worker.pid) ?? null;
    return { worker, activity, process, openMs: isLive ? openMsOf(state, activity, process) : 0 };
  });
  const order = arranged(rows, WORKER_COLUMNS, list, ({ worker }) => `${worker.pid} ${worker.role} ${worker.server}`);
  const isPinned = ({ worker }: WorkerRow): boolean => state.pinned.includes(worker.pid);
  return state.pinned.length === 0 ? order : [...order.filter(isPinned), ...order.filter((each) => !isPinned(each))];
}

/** Since its loop came out of its wait; of who made no call so far, since the kernel shows it where it is. */
function openMsOf(state: DashboardState, activity: WorkerActivity | null, process: ProcessNow | null): number {
  if (process !== null && isHeld(process)) return ageNow(state, process);
  // A master that is idle looks like one that is stuck, and is nobody's first suspect.
  if (process?.isParked === true) return 0;
  if (activity === null) return process === null || process.isWaiting ? 0 : ageNow(state, process);
  const { now } = activity;
  if (process !== null && isHeldByThread(activity, process)) return ageNow(state, process);
  if (now.state === 'waiting' || now.state === 'ended') return 0;
  const seenMs = isLate(state) ? seenAwayMs(state, process) : 0;
  if (typeof now.turnSinceMs === 'number')
    return Math.max(seenMs, ageSince(state, { activity, process }, now.turnSinceMs));
  // No loop of it is known, and it was in no wait whenever somebody looked.
  const isLoopKnown = now.hub !== undefined && now.hub !== 'accept';
  return !isLoopKnown && process !== null && process.awayMs >= RESTLESS_MS ? process.awayMs : seenMs;
}

/** The tracer reports a call when it is over, and that a moment late. */
export function isLate({ live }: DashboardState): boolean {
  return live !== null && live.engine !== 'strace';
}

/**
 * How long what began then has gone on. Where the trace comes late, a wait may have followed that it has not told: it
 * lasted until the last call that was read, and until now where the kernel has shown the worker away from its wait
 * since before the end of what was read.
 */
export function ageSince(
  state: DashboardState,
  { activity, process }: Pick<WorkerRow, 'activity' | 'process'>,
  sinceMs: number,
): number {
  const nowMs = liveNowMs(state);
  const now = activity?.now;
  if (!isLate(state) || now?.knownMs === undefined) return Math.max(0, nowMs - sinceMs);
  const awayMs = process === null || process.isWaiting ? 0 : process.awayMs;
  const isSeenSince = awayMs > 0 && nowMs - now.knownMs <= awayMs;
  return Math.max(0, (isSeenSince ? nowMs : now.sinceMs) - sinceMs);
}

/** For how long two looks of the kernel at least have shown it away from its wait; 0 where they did not. */
function seenAwayMs(state: DashboardState, process: ProcessNow | null): number {
  if (process === null || process.isWaiting) return 0;
  // In one call all the time, or computing: short calls between two looks may be as many turns.
  if (process.stayMs > 0) return ageNow(state, process);
  return process.awayMs >= RESTLESS_MS ? process.awayMs : 0;
}

/** Somebody keeps it from running, whatever the trace told last. */
export function isHeld({ held = '' }: ProcessNow): boolean {
  return held !== '';
}

/** Its first thread waits for whatever comes, while another one has long been in a call: so pools of threads hang. */
export function isHeldByThread(activity: WorkerActivity, process: ProcessNow | null): boolean {
  if (process === null || process.tid === undefined || process.isWaiting) return false;
  return activity.now.state === 'waiting' && process.ageMs >= HELD_MS;
}

/**
 * How long a process that made no call in the capture has been where the kernel shows it: that was some moments ago.
 * One that computes may have made calls before the capture, and those of the last moments were not read yet.
 */
export function ageNow({ live, nowMs }: DashboardState, { ageMs, call, held = '' }: ProcessNow): number {
  if (live === null) return ageMs;
  const since = Math.max(0, nowMs - live.atMs);
  if (call !== '' || held !== '') return ageMs + since;
  return live.elapsedMs < UNREAD_MS ? 0 : Math.min(ageMs, live.elapsedMs) + since;
}

/** A process that has made no call in the capture. */
function silentWorker({ pid, name }: ProcessNow): Worker {
  return {
    pid,
    tids: [pid],
    role: 'unknown',
    comm: name,
    server: '',
    accepted: 0,
    wastedWakeups: 0,
    busyPercent: null,
    longestTurnMs: null,
    brokenPipes: 0,
    requests: 0,
    firstMs: null,
    lastMs: null,
    host: null,
    atEnd: null,
  };
}
