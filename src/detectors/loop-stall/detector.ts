import type { LongTurn } from '../../model/facts.ts';
import type { Thread } from '../../model/processes.ts';
import { rolesOf } from '../../model/roles.ts';
import type { KeptLine } from '../../model/turn.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import type { Conclusion, DraftFinding, Sureness } from '../finding.ts';
import { duration, milliseconds, plural, round } from '../words.ts';
import { stallAdvice } from './advice.ts';
import { type Cause, type Reason, reasonOf } from './cause.ts';

/** Stalls kept in full for each group: the longest. */
const KEPT_STALLS = 20;
/** Groups kept a thread; further targets share the last. */
const MOST_GROUPS = 40;

/** One stall, reduced to what a report says. */
interface Stall {
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly length: Nanoseconds;
  readonly corrected: Nanoseconds;
  readonly open: boolean;
  readonly reason: Reason;
  readonly request: string;
  readonly afterReply: boolean;
  readonly waiting: readonly string[];
  /** Read when the report is made: those who were kept waiting show up after the stall. */
  readonly waitingCount: () => number;
  readonly calls: number;
  readonly outside: Nanoseconds;
  readonly longestGap: Nanoseconds;
  readonly requestsRead: number;
}

/** All stalls of one worker with the same cause and target. */
interface Group {
  readonly thread: Thread;
  readonly cause: Cause;
  readonly target: string;
  count: number;
  total: Nanoseconds;
  longest: Stall;
  first: Nanoseconds;
  last: Nanoseconds;
  open: boolean;
  readonly stalls: Stall[];
}

export const loopStall: DetectorDefinition = {
  kind: 'loop-stall',
  title: 'An event loop does not get back to its wait',
  thresholds: ['stall-ms', 'stall-critical-ms'],
  create(context): Detector {
    const groups = new Map<Thread, Map<string, Group>>();
    const threshold = context.threshold('stall-ms') * MILLISECOND;
    return {
      on: {
        longTurn(fact: LongTurn) {
          const stall = stallOf(fact, context);
          if (stall.corrected < threshold) return;
          const own = groups.get(fact.thread) ?? new Map<string, Group>();
          groups.set(fact.thread, own);
          add(own, fact.thread, stall);
        },
        hubChanged: (thread: Thread) => {
          groups.delete(thread);
        },
      },
      conclude: () => conclude(context, groups),
    };
  },
};

function stallOf(fact: LongTurn, context: Context): Stall {
  const { turn, length, open } = fact;
  const reason = reasonOf(fact, context.capabilities.durations);
  // Whole-second stamps can make a turn look up to one second longer than it was.
  const uncertain = context.capabilities.resolution > MILLISECOND ? context.capabilities.resolution : 0;
  const corrected = Math.max(turn.inCalls, length - uncertain) - turn.tracer - turn.calls * context.model.calibration.floor;
  return {
    start: turn.start,
    end: turn.end,
    length,
    corrected,
    open,
    reason,
    request: turn.owner?.name ?? '',
    afterReply: turn.afterReply,
    waiting: turn.waiting,
    waitingCount: () => turn.waitingCount,
    calls: turn.calls,
    outside: Math.max(0, length - turn.inCalls),
    longestGap: turn.longestGap,
    requestsRead: turn.requestsRead,
  };
}

function add(groups: Map<string, Group>, thread: Thread, stall: Stall): void {
  const { cause, target } = stall.reason;
  const key = groups.size >= MOST_GROUPS ? 'others' : `${cause} ${targetKey(target)}`;
  const group = groups.get(key);
  if (group === undefined) {
    groups.set(key, { thread, cause, target, count: 1, total: stall.length, longest: stall, first: stall.start, last: stall.end, open: stall.open, stalls: [stall] });
    return;
  }
  group.count++;
  group.total += stall.length;
  group.last = Math.max(group.last, stall.end);
  group.open ||= stall.open;
  if (stall.length > group.longest.length) group.longest = stall;
  group.stalls.push(stall);
  if (group.stalls.length > KEPT_STALLS) group.stalls.splice(group.stalls.indexOf(group.stalls.reduce((least, other) => (other.length < least.length ? other : least))), 1);
}

/** A new descriptor number each time does not make a new target. */
function targetKey(target: string): string {
  return target.replace(/fd \d+/, 'fd');
}

function conclude(context: Context, groups: ReadonlyMap<Thread, ReadonlyMap<string, Group>>): Conclusion {
  const { model, capabilities } = context;
  const roles = rolesOf(model.processes.threads());
  const loops = [...roles].filter(([thread, role]) => (role === 'event-loop' || role === 'acceptor') && thread.loop.turns > 0).map(([thread]) => thread);
  const findings: DraftFinding[] = [];
  for (const thread of loops) for (const group of groups.get(thread)?.values() ?? []) findings.push(finding(context, group));
  if (findings.length > 0) return { outcome: { status: 'found', reason: `${plural(findings.length, 'worker and cause', 'workers and causes')} with stalls` }, findings };
  if (!capabilities.times && !capabilities.durations) return missing('The capture has neither times nor durations. Record with: strace -f -ttt -T -y -s 128 -o FILE -p PID');
  if (loops.length === 0) return missing(noLoop(roles.values()));
  const turns = loops.reduce((sum, { loop }) => sum + loop.turns, 0);
  const longest = loops.reduce((most, { loop }) => Math.max(most, loop.longestTurn), 0);
  return { outcome: { status: 'clear', reason: `no turn of ${context.threshold('stall-ms')} ms or more in ${plural(turns, 'turn')} of ${plural(loops.length, 'loop')}; the longest took ${duration(longest)}` }, findings };
}

function missing(reason: string): Conclusion {
  return { outcome: { status: 'not-applicable', reason }, findings: [] };
}

function noLoop(roles: Iterable<string>): string {
  const kinds = new Set(roles);
  if (kinds.has('sync-worker') || kinds.has('blocking-acceptor')) return 'These are sync workers: they serve one request at a time by design, so a long request is occupancy, not a stall.';
  return 'No event loop seen: no thread waits on a listener together with other sockets. Trace the workers, with their epoll_wait, poll or select calls.';
}

function finding(context: Context, group: Group): DraftFinding {
  const { thread, longest, count, cause, open } = group;
  const { reason } = longest;
  const pid = thread.process.pid;
  const critical = longest.corrected >= context.threshold('stall-critical-ms') * MILLISECOND;
  const atLeast = open && longest.open ? 'at least ' : '';
  const what = whatHappened(longest);
  const times = count === 1 ? '' : ` ${plural(count, 'stall')} of this kind, together ${duration(group.total)}.`;
  const waiting = longest.waitingCount();
  const kept = waiting > 0 ? ` Meanwhile ${waiting === 1 ? '1 other request was' : `${waiting} other requests were`} kept waiting.` : '';
  return {
    kind: 'loop-stall',
    severity: critical ? 'critical' : 'warning',
    sureness: surenessOf(reason, context),
    title: titleOf(pid, longest, count, atLeast),
    summary: `Worker ${pid} did not get back to its event loop for ${atLeast}${duration(longest.length)}${longest.request === '' ? '' : ` while serving ${longest.request}`}${longest.afterReply ? ', after the reply had been sent' : ''}: ${what}.${times}${kept}${correctedNote(longest)}`,
    why: 'An event loop does one thing at a time: until it is back in its wait, this worker accepts nobody and answers nobody.',
    start: group.first,
    end: group.last,
    openEnded: open,
    workers: [pid],
    metrics: {
      stallMs: milliseconds(longest.length),
      worker: pid,
      cause,
      call: reason.call,
      callMs: milliseconds(reason.callTime),
      target: reason.target,
      request: longest.request,
      waiting: [...longest.waiting],
      waitingCount: waiting,
      turnCalls: longest.calls,
      cpuOrWaitMs: milliseconds(longest.outside),
      longestGapMs: milliseconds(longest.longestGap),
      correctedMs: milliseconds(longest.corrected),
      rungs: reason.rungs,
      query: reason.query,
      afterReply: longest.afterReply,
      count,
      longestMs: milliseconds(longest.length),
      totalMs: milliseconds(group.total),
      stalls: group.stalls.toSorted((a, b) => a.start - b.start).map((stall) => ({
        startMs: milliseconds(stall.start),
        endMs: milliseconds(stall.end),
        stallMs: milliseconds(stall.length),
        call: stall.reason.call,
        callMs: milliseconds(stall.reason.callTime),
        blockedFromMs: milliseconds(stall.reason.start),
        blockedToMs: milliseconds(stall.reason.end),
        request: stall.request,
        turnCalls: stall.calls,
        open: stall.open,
      })),
      share: round(group.total / Math.max(1, thread.loop.busy + thread.loop.idle), 4),
    },
    evidence: evidenceOf(group),
    next: stallAdvice(cause, reason, pid, thread.process.server),
    subjects: [`pid ${pid}`, ...(longest.request === '' ? [] : [`request ${longest.request}`])],
  };
}

function surenessOf(reason: Reason, context: Context): Sureness {
  if (!context.capabilities.times || context.capabilities.resolution > MILLISECOND) return 'possible';
  return reason.sureness;
}

function correctedNote({ length, corrected }: Stall): string {
  return length - corrected > 0.1 * length ? ` About ${duration(corrected)} without what the tracer added.` : '';
}

const IN_WORDS: Readonly<Record<Cause, string>> = {
  'blocking-call': 'a blocking call',
  'futex-ladder': 'short waits on a lock, one after the other',
  'foreign-poll': "a wait that is not the loop's own",
  dns: 'a name lookup',
  'disk-sync': 'a disk sync',
  'file-lock': 'a file lock',
  sleep: 'a sleep',
  'child-wait': 'a child process',
  log: 'writing a log',
  lock: 'a lock',
  'no-syscall': 'no system call',
  'patched-thread-pool': 'work in a patched thread pool',
  'gil-wait': 'the interpreter lock',
  import: 'importing program files',
  'many-requests': 'many requests in one turn',
  'one-connection': 'one connection, served over and over',
};

function titleOf(pid: number, stall: Stall, count: number, atLeast: string): string {
  const { reason } = stall;
  const inside = reason.call === '' ? IN_WORDS[reason.cause] : reason.cause === 'futex-ladder' ? 'a ladder of futex waits' : `${reason.call}${shortTarget(reason.target)}`;
  const title = `Worker ${pid} stalled ${atLeast}${duration(stall.length)}: ${inside}${count > 1 ? ` (${count} times)` : ''}`;
  return title.length > 78 ? `${title.slice(0, 75)}...` : title;
}

function shortTarget(target: string): string {
  return target === '' ? '' : ` on ${target.length > 40 ? `…${target.slice(-38)}` : target}`;
}

function whatHappened(stall: Stall): string {
  const { reason } = stall;
  const { cause, call, callTime, total, rungs, target, query } = reason;
  const asked = query === '' ? '' : `, asked: ${query}`;
  const on = target === '' ? '' : ` on ${target}`;
  if (call !== '') {
    if (rungs > 1) return `${rungs} ${call} calls${on} took ${duration(total)} together, the longest ${duration(callTime)} (${IN_WORDS[cause]}${asked})`;
    return `${call}${on} took ${duration(callTime)} (${IN_WORDS[cause]}${asked})`;
  }
  if (cause === 'many-requests' || cause === 'one-connection') return `it served ${stall.requestsRead} requests before it waited again, none of them most of that time`;
  if (cause === 'import') return `it opened program files on the request path, ${stall.calls} calls in all`;
  const pattern = cause === 'patched-thread-pool' ? '; the work goes on after or beside the reply and no native thread was started, the pattern of a thread pool that was patched into greenlets' : '';
  if (stall.longestGap >= 0.6 * stall.length) return `no system call for ${duration(stall.longestGap)} (running, or waiting for a CPU)${pattern}`;
  return `${duration(stall.outside)} of it outside system calls (running, or waiting for a CPU), with ${plural(stall.calls, 'call')} in between and no gap over ${duration(stall.longestGap)}${pattern}`;
}

function evidenceOf(group: Group): KeptLine[] {
  const lines: KeptLine[] = [];
  for (const stall of [group.longest, ...group.stalls.toSorted((a, b) => b.length - a.length)]) {
    for (const line of stall.reason.lines) if (lines.length < 6 && !lines.some((known) => known.line === line.line && known.file === line.file)) lines.push(line);
  }
  return lines;
}
