import type { LongTurn } from '../../model/facts.ts';
import type { Thread } from '../../model/processes.ts';
import { rolesOf } from '../../model/roles.ts';
import type { OffCpu } from '../../model/scheduler-tracker.ts';
import type { KeptLine } from '../../model/turn.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import type { Conclusion, DraftFinding, Sureness } from '../finding.ts';
import { duration, milliseconds, plural, round } from '../words.ts';
import { stallAdvice } from './advice.ts';
import { type Cause, type Reason, reasonOf } from './cause.ts';
import { helperNote, helperPeers } from './helper-peers.ts';
import { isStarved, summaryOf, titleOf } from './sentences.ts';

/** Stalls kept in full for each group: the longest. */
const KEPT_STALLS = 20;
/** Groups kept a thread; further targets share the last. */
const MOST_GROUPS = 40;

/** One stall, reduced to what a report says. */
export interface Stall {
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly length: Nanoseconds;
  /** Without what the tracer added and what coarse stamps may have added. */
  readonly corrected: Nanoseconds;
  /** What the tracer added. */
  readonly tracer: Nanoseconds;
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
  /** Time off the processor in the longest gap, and in the whole turn outside its calls; null where the capture does not tell. */
  readonly gapOffCpu: OffCpu | null;
  readonly offCpu: OffCpu | null;
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
  // Whole-second stamps can make a turn look up to one second longer, or shorter, than it was.
  const uncertain = context.capabilities.resolution > MILLISECOND ? context.capabilities.resolution : 0;
  const tracer = turn.tracer + turn.calls * context.model.calibration.floor;
  return {
    start: turn.start,
    end: turn.end,
    length,
    corrected: Math.max(turn.inCalls, length - uncertain) - tracer,
    tracer,
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
    gapOffCpu: turn.gap?.offCpu ?? null,
    offCpu: context.model.scheduler.active && !open ? { blocked: turn.blockedOutside, queued: turn.queued } : null,
  };
}

function add(groups: Map<string, Group>, thread: Thread, stall: Stall): void {
  const { cause, target } = stall.reason;
  const key = groups.size >= MOST_GROUPS ? 'others' : `${cause} ${targetKey(target)}`;
  const group = groups.get(key);
  if (group === undefined) {
    groups.set(key, {
      thread,
      cause,
      target,
      count: 1,
      total: stall.length,
      longest: stall,
      first: stall.start,
      last: stall.end,
      open: stall.open,
      stalls: [stall],
    });
    return;
  }
  group.count++;
  group.total += stall.length;
  group.last = Math.max(group.last, stall.end);
  group.open ||= stall.open;
  if (stall.length > group.longest.length) group.longest = stall;
  group.stalls.push(stall);
  if (group.stalls.length > KEPT_STALLS)
    group.stalls.splice(group.stalls.indexOf(group.stalls.reduce((least, other) => (other.length < least.length ? other : least))), 1);
}

/** A new descriptor number each time does not make a new target. */
function targetKey(target: string): string {
  return target.replace(/fd \d+/, 'fd');
}

function conclude(context: Context, groups: ReadonlyMap<Thread, ReadonlyMap<string, Group>>): Conclusion {
  const { model, capabilities } = context;
  const roles = rolesOf(model.processes.threads());
  const loops = [...roles]
    .filter(([thread, role]) => (role === 'event-loop' || role === 'acceptor') && thread.loop.turns > 0)
    .map(([thread]) => thread);
  const findings: DraftFinding[] = [];
  for (const thread of loops) for (const group of groups.get(thread)?.values() ?? []) findings.push(finding(context, group));
  if (findings.length > 0)
    return {
      outcome: { status: 'found', reason: `${plural(findings.length, 'worker and cause', 'workers and causes')} with stalls` },
      findings,
    };
  if (!capabilities.times)
    return missing(
      'The capture has no times, so that the length of a turn is unknown. Record with: strace -f -ttt -T -y -s 128 -o FILE -p PID',
    );
  if (loops.length === 0) return missing(noLoop(roles.values()));
  const turns = loops.reduce((sum, { loop }) => sum + loop.turns, 0);
  const longest = loops.reduce((most, { loop }) => Math.max(most, loop.longestTurn), 0);
  const seen = `in ${plural(turns, 'turn')} of ${plural(loops.length, 'loop')}`;
  if (capabilities.resolution > MILLISECOND)
    return {
      outcome: {
        status: 'clear',
        reason: `no turn that surely took ${context.threshold('stall-ms')} ms ${seen}; with whole-second stamps anything shorter than a second goes unseen`,
      },
      findings,
    };
  return {
    outcome: {
      status: 'clear',
      reason: `no turn of ${context.threshold('stall-ms')} ms or more ${seen}; the longest took ${duration(longest)}`,
    },
    findings,
  };
}

function missing(reason: string): Conclusion {
  return { outcome: { status: 'not-applicable', reason }, findings: [] };
}

const UNCLEAR =
  'Cannot tell whether these are event loops: no ioctl or fcntl call was recorded, which would show how sockets wait. Record without -e.';

function noLoop(roles: Iterable<string>): string {
  const kinds = new Set(roles);
  if (kinds.has('unknown') && !kinds.has('sync-worker')) return UNCLEAR;
  if (kinds.has('sync-worker') || kinds.has('blocking-acceptor'))
    return 'These are sync workers: they serve one request at a time by design, so a long request is occupancy, not a stall.';
  return 'No event loop seen: no thread waits on a listener together with other sockets. Trace the workers, with their epoll_wait, poll or select calls.';
}

function finding(context: Context, group: Group): DraftFinding {
  const { thread, longest, count, cause, open } = group;
  const { times } = context.capabilities;
  const { reason } = longest;
  const pid = thread.process.pid;
  const critical = longest.corrected >= context.threshold('stall-critical-ms') * MILLISECOND;
  const waiting = longest.waitingCount();
  const helpers = helperPeers(thread.process);
  return {
    kind: 'loop-stall',
    severity: critical ? 'critical' : 'warning',
    sureness: surenessOf(reason, context),
    title: titleOf(pid, longest, count),
    summary: `${summaryOf(pid, longest, count, group.total, context.capabilities)}${helperNote(cause, helpers)}`,
    why: 'An event loop does one thing at a time: until it is back in its wait, this worker accepts nobody and answers nobody.',
    start: times ? group.first : UNKNOWN,
    end: times ? group.last : UNKNOWN,
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
      onCpuMs: longest.offCpu === null ? null : milliseconds(onCpuOf(longest.outside, longest.offCpu)),
      queuedMs: longest.offCpu === null ? null : milliseconds(longest.offCpu.queued),
      longestGapMs: milliseconds(longest.longestGap),
      correctedMs: milliseconds(longest.corrected),
      rungs: reason.rungs,
      query: reason.query,
      helperPeers: helpers,
      afterReply: longest.afterReply,
      count,
      longestMs: milliseconds(longest.length),
      totalMs: milliseconds(group.total),
      stalls: group.stalls
        .toSorted((a, b) => a.start - b.start)
        .map((stall) => ({
          startMs: times ? milliseconds(stall.start) : null,
          endMs: times ? milliseconds(stall.end) : null,
          stallMs: milliseconds(stall.length),
          call: stall.reason.call,
          callMs: milliseconds(stall.reason.callTime),
          blockedFromMs: times ? milliseconds(stall.reason.start) : null,
          blockedToMs: times ? milliseconds(stall.reason.end) : null,
          request: stall.request,
          turnCalls: stall.calls,
          open: stall.open,
        })),
      share: round(group.total / Math.max(1, thread.loop.busy + thread.loop.idle), 4),
    },
    evidence: evidenceOf(group),
    next: stallAdvice(cause, reason, pid, thread.process.server, isStarved(longest)),
    subjects: [
      `pid ${pid}`,
      ...(longest.request === '' ? [] : [`request ${longest.request}`]),
      ...(reason.target.startsWith('/') ? [`target ${reason.target}`] : []),
    ],
  };
}

/** Time outside calls that was spent on a processor. */
function onCpuOf(outside: Nanoseconds, { blocked, queued }: OffCpu): Nanoseconds {
  return Math.max(0, outside - blocked - queued);
}

function surenessOf(reason: Reason, context: Context): Sureness {
  const { times, resolution } = context.capabilities;
  return !times || resolution > MILLISECOND || reason.estimated ? 'possible' : reason.sureness;
}

function evidenceOf(group: Group): KeptLine[] {
  const lines: KeptLine[] = [];
  for (const stall of [group.longest, ...group.stalls.toSorted((a, b) => b.length - a.length)]) {
    for (const line of stall.reason.lines)
      if (lines.length < 6 && !lines.some((known) => known.line === line.line && known.file === line.file)) lines.push(line);
  }
  return lines;
}
