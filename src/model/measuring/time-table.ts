import type { Call } from '../../trace/record.ts';
import type { Family, Syscall } from '../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds, SECOND, UNKNOWN } from '../../trace/time.ts';
import type { Descriptor } from '../machine/descriptors.ts';
import type { LeftIn } from '../machine/left-in.ts';
import { PerProcess, PerThread } from '../machine/owned-state.ts';
import type { Process } from '../machine/process.ts';
import type { Thread } from '../machine/thread.ts';
import { threadsOf } from '../machine/threads-of.ts';
import { waitedOn } from '../machine/waited-on.ts';
import type { Tracker, TrackerContext } from '../tracker.ts';
import { targetGroupOf } from './call-targets.ts';

/** Of one process; what comes late shares a row. */
const MOST_ROWS = 64;
const OTHERS = 'others';

/** What a process did: waited for work, waited for somebody, did work inside calls, or was outside calls. */
export type TimeKind = 'idle' | 'waiting' | 'working' | 'outside';

/** Time of one process in calls of a millisecond and more on one target. */
export interface TimeRow {
  /** '' for everything that has no call of its own: quick calls with short gaps, and the time outside calls. */
  readonly call: string;
  /** '' where there is none. */
  readonly target: string;
  readonly kind: TimeKind;
  count: number;
  total: Nanoseconds;
  longest: Nanoseconds;
  /** Where the longest stay ended, or began if it never did; '' and 0 where no line shows it. */
  file: string;
  line: number;
  /** Stays that had not ended when the trace did. */
  openAtEnd: number;
}

const rowsOfProcess = new PerProcess<TimeRow[]>();
/** Time of a thread in calls that had ended and have rows. */
const inRows = new PerThread<{ time: Nanoseconds }>();

/**
 * Sums up where the time of each process went. It hears of calls of a millisecond and more only; what is left of the
 * life of a thread is quick calls with short gaps, and gaps of a millisecond and more, which the model adds up.
 */
export class TimeTable implements Tracker {
  readonly #inWindow: (time: Nanoseconds) => boolean;

  constructor({ inWindow }: Pick<TrackerContext, 'inWindow'>) {
    this.#inWindow = inWindow;
  }

  hubWaited(call: Call, thread: Thread): void {
    if (call.duration >= MILLISECOND) this.#add(call, thread, '', 'idle', false);
  }

  blocked(call: Call, thread: Thread): void {
    const { descriptor } = waitedOn(call, thread.process);
    this.#add(call, thread, targetGroupOf(descriptor), timeKindOf(call.syscall.family, thread, descriptor), false);
  }

  untimed(next: Call, thread: Thread, gap: Nanoseconds): void {
    const { lastSyscall: syscall, lastFd } = thread;
    if (syscall === null || !this.#inWindow(next.start)) return;
    const descriptor = syscall.takesDescriptor ? thread.process.descriptors.get(lastFd) : undefined;
    const row = this.#rowOf(thread, syscall, targetGroupOf(descriptor), timeKindOf(syscall.family, thread, descriptor));
    row.count++;
    row.total += gap;
    if (gap <= row.longest) return;
    row.longest = gap;
    row.file = next.file;
    row.line = next.previousLine;
  }

  leftOpen(call: Call, thread: Thread, left: LeftIn): void {
    if (call.duration <= 0) return;
    const isIdle = left.isHubWait || left.isForListener || left.syscall.family === 'restart';
    const usual = timeKindOf(call.syscall.family, thread, left.descriptor ?? undefined);
    // What normally takes no time and has not come back for so long does not work.
    const isStuck = usual === 'working' && call.duration >= SECOND;
    const kind = isIdle ? 'idle' : isStuck ? 'waiting' : usual;
    this.#add(call, thread, left.isHubWait ? '' : targetGroupOf(left.descriptor ?? undefined), kind, true);
  }

  merged(process: Process, other: Process): void {
    const others = rowsOfProcess.of(other);
    if (others === undefined) return;
    const rows = rowsOfProcess.of(process) ?? rowsOfProcess.set(process, []);
    for (const row of others) {
      const known = find(rows, row.call, row.target, row.kind);
      if (known === undefined) rows.push(row);
      else merge(known, row);
    }
    rowsOfProcess.clear(other);
  }

  #add(call: Call, thread: Thread, target: string, kind: TimeKind, isOpen: boolean): void {
    const { duration, syscall } = call;
    if (!isOpen) {
      const own = inRows.of(thread) ?? inRows.set(thread, { time: 0 });
      own.time += duration;
    }
    if (!this.#inWindow(call.end)) return;
    const row = this.#rowOf(thread, syscall, target, kind);
    row.count++;
    row.total += duration;
    if (isOpen) row.openAtEnd++;
    if (duration <= row.longest) return;
    row.longest = duration;
    row.file = call.file;
    row.line = call.line;
  }

  #rowOf({ process }: Thread, { name }: Syscall, target: string, kind: TimeKind): TimeRow {
    const rows = rowsOfProcess.of(process) ?? rowsOfProcess.set(process, []);
    return rowIn(rows, name, target, kind);
  }
}

/** Where the time of a process went, the longest first; `timed` says that calls have durations. */
export function timeOf(process: Process, timed: boolean): TimeRow[] {
  const rows = [...(rowsOfProcess.of(process) ?? [])];
  if (timed) rows.push(...leftOver(process));
  return rows.filter(({ total }) => total > 0).toSorted((a, b) => b.total - a.total);
}

/** The time in quick calls and short gaps, and in gaps of a millisecond and more, of the threads that are kept. */
function leftOver(process: Process): TimeRow[] {
  const quick = { ...emptyRow('', '', 'working') };
  const outside = { ...emptyRow('', '', 'outside') };
  for (const thread of threadsOf(process)) {
    if (thread.lastTime === UNKNOWN) continue;
    const time = inRows.of(thread)?.time ?? 0;
    const between = Math.min(thread.outside, thread.lastTime - thread.firstTime);
    outside.total += between;
    quick.total += Math.max(0, thread.lastTime - thread.firstTime - between - time);
  }
  return [quick, outside];
}

function rowIn(rows: TimeRow[], call: string, target: string, kind: TimeKind): TimeRow {
  const known = find(rows, call, target, kind);
  if (known !== undefined) return known;
  if (rows.length < MOST_ROWS) return added(rows, emptyRow(call, target, kind));
  return find(rows, OTHERS, '', kind) ?? added(rows, emptyRow(OTHERS, '', kind));
}

/** Rows are few, and most calls are those of the first rows: a key for a map would cost a new string each time. */
function find(rows: readonly TimeRow[], call: string, target: string, kind: TimeKind): TimeRow | undefined {
  for (const row of rows) if (row.call === call && row.kind === kind && row.target === target) return row;
  return undefined;
}

function added(rows: TimeRow[], row: TimeRow): TimeRow {
  rows.push(row);
  return row;
}

const emptyRow = (call: string, target: string, kind: TimeKind): TimeRow => ({
  call,
  target,
  kind,
  count: 0,
  total: 0,
  longest: 0,
  file: '',
  line: 0,
  openAtEnd: 0,
});

function merge(row: TimeRow, other: TimeRow): void {
  row.count += other.count;
  row.total += other.total;
  row.openAtEnd += other.openAtEnd;
  if (other.longest <= row.longest) return;
  row.longest = other.longest;
  row.file = other.file;
  row.line = other.line;
}

/** What it means that a thread is in such a call for long. */
export function timeKindOf(family: Family, thread: Thread, descriptor: Descriptor | undefined): TimeKind {
  switch (family) {
    case 'accept':
    case 'signal-wait':
    case 'restart':
      return 'idle';
    case 'futex':
    case 'semaphore':
      // Parked: another thread of those that take turns goes on.
      if (thread.loop.isShared) return 'idle';
      return isOfRequest(thread) || isAlone(thread) || !isKnown(thread) ? 'waiting' : 'idle';
    case 'sleep':
      return isOfRequest(thread) ? 'waiting' : 'idle';
    case 'wait-child':
      return thread.process.forks > 1 && !thread.servesRequests ? 'idle' : 'waiting';
    case 'epoll-wait':
    case 'poll':
    case 'select':
    case 'read':
      return waitsForWork(family, thread, descriptor) ? 'idle' : descriptor?.kind === 'file' ? 'working' : 'waiting';
    case 'write':
      return descriptor?.kind === 'file' ? 'working' : 'waiting';
    case 'connect':
    case 'sync':
    case 'lock':
    case 'fcntl':
      return 'waiting';
    default:
      return 'working';
  }
}

function isOfRequest({ loop: { owner } }: Thread): boolean {
  return owner?.inProgress === true;
}

/** The only thread that is known of its process: nobody else does its work. */
function isAlone({ process, tid }: Thread): boolean {
  return tid === process.pid && threadsOf(process).length === 1;
}

/** It serves, or its process does: where nobody is known to, a thread that waits for work is told from no other. */
function isKnown({ hasServed, process }: Thread): boolean {
  return hasServed || process.accepted > 0 || process.requests > 0 || process.forks > 0;
}

/** A client that has no request, a pipe or a socket between two processes of a host, or a pause. */
function waitsForWork(family: Family, thread: Thread, descriptor: Descriptor | undefined): boolean {
  if (descriptor === undefined) return family !== 'read' && !isOfRequest(thread);
  const { kind, connection, peer } = descriptor;
  if (connection !== null) return !connection.request.inProgress;
  if (kind === 'file') return false;
  if (kind === 'pipe' && family === 'read' && !isKnown(thread)) return false;
  return peer === '' && kind !== 'socket' && kind !== 'datagram' && !isOfRequest(thread);
}
