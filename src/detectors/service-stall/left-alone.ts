import { type KeptLine, NO_LINE } from '../../model/evidence.ts';
import type { Listener } from '../../model/machine/listener.ts';
import type { Process } from '../../model/machine/process.ts';
import { pidsOf } from '../../model/machine/roles.ts';
import { threadsOf } from '../../model/machine/threads-of.ts';
import type { Model } from '../../model/model.ts';
import { duration, milliseconds } from '../../trace/format-numbers.ts';
import { isWait } from '../../trace/syscalls.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import { type Attendance, attendancesOf } from '../accept-queues/attendance.ts';
import { cutTitle } from '../cut-title.ts';
import type { DraftFinding } from '../finding.ts';
import { everyOne, millisecondsAt } from '../words.ts';
import { pidList } from './gap-finding.ts';
import type { Metrics } from './metrics.ts';

/** A listener of which all workers have ended, while their parent lives on. */
interface LeftAlone {
  readonly listener: Listener;
  readonly since: Nanoseconds;
  readonly workers: readonly number[];
  readonly parent: Process;
  /** The parent is known to keep it open. */
  readonly isOpen: boolean;
  readonly line: KeptLine;
}

/** The listeners that nobody looked after for `least` when the capture ended, though their server had not ended. */
export function leftAlone(model: Model, least: Nanoseconds): LeftAlone[] {
  const { gone } = model.processes;
  // Who was let go may be there.
  if (gone.live + gone.endedServed > 0) return [];
  const parent = onlyLiving(model);
  if (parent === null) return [];
  const free = freeSince(parent);
  const threads = [...model.processes.threads()];
  const open = new Set([...parent.descriptors.entries()].map(([, { listener }]) => listener));
  return model.listeners.all.flatMap((listener) => {
    const isOpen = open.has(listener);
    // Of a listener that was there before the capture nobody knows who else has it.
    const all = isOpen || listener.openedBy === null ? attendancesOf(listener, threads, model) : [];
    const last = lastOf(all);
    if (last === null) return [];
    const since = Math.max(last.end, free);
    if (since > model.lastTime - least || !model.inWindow(since)) return [];
    // Without -f nobody knows what it has forked since the first of them ended.
    if (parent.lastForkAt !== UNKNOWN && parent.lastForkAt >= Math.min(...all.map(({ end }) => end))) return [];
    const { memberships } = model.processes;
    const isOfWorkers = all.every(
      ({ thread: { process, ended } }) => ended && memberships.parentOfEnded(process) === parent,
    );
    if (!isOfWorkers || all.every(({ thread }) => thread.process.accepted === 0)) return [];
    const workers = pidsOf(all.map(({ thread }) => thread));
    return [{ listener, since, workers, parent, isOpen, line: lineOf(last) }];
  });
}

/** The one process that lives, but for those that started it: any other may look after the listener, or soon will. */
function onlyLiving(model: Model): Process | null {
  const living = model.processes.all().filter((process) => threadsOf(process).some(({ ended }) => !ended));
  const parents = new Set(living.map(({ parent }) => parent));
  const [process, ...others] = living.filter((each) => !parents.has(each));
  return process === undefined || others.length > 0 ? null : process;
}

/**
 * From when on it surely does not look after a listener: infinity while it ends, or waits in an epoll instance of which
 * nobody knows what for.
 */
function freeSince(process: Process): Nanoseconds {
  let since: Nanoseconds = Number.NEGATIVE_INFINITY;
  for (const { loop, isLeaving, leftIn } of threadsOf(process)) {
    if (isLeaving) return Number.POSITIVE_INFINITY;
    if (!loop.waitSets.some(({ kind, descriptor }) => kind === 'epoll' && descriptor?.seenOpening !== true)) continue;
    const isAway = leftIn !== null && !isWait(leftIn.syscall.family);
    since = Math.max(since, isAway ? loop.turn.start : Number.POSITIVE_INFINITY);
  }
  return since;
}

function lastOf(all: readonly Attendance[]): Attendance | null {
  return all.reduce<Attendance | null>((last, each) => (last === null || each.end > last.end ? each : last), null);
}

/** Where the last worker gave the listener up, else the last line of that worker. */
function lineOf({ stretch, thread: { lane } }: Attendance): KeptLine {
  const until = stretch?.untilLine ?? NO_LINE;
  if (until !== NO_LINE) return until;
  const { file = '', line = 0, text = '' } = lane.lastLine ?? {};
  return { file, line, text };
}

export function leftAloneFinding(
  model: Model,
  { listener, since, workers, parent, isOpen, line }: LeftAlone,
): DraftFinding<Metrics> {
  const length = model.lastTime - since;
  const { pid } = parent;
  const everybody = workers.length === 1 ? 'the only worker' : everyOne(workers.length, 'workers').toLowerCase();
  return {
    severity: 'warning',
    // Whether clients came nobody saw, and a server may be stopped on purpose.
    confidence: 'possible',
    title: cutTitle(`No worker accepted in the last ${duration(length)}: ${everybody} in the capture ended`),
    summary:
      `${pidList(workers)} accepted from ${listener.name} and have ended. Their parent ${pid} lives on` +
      `${isOpen ? ', keeps the listener open,' : ''} and does not look at it: nobody accepted for the last ` +
      `${duration(length)} of the capture.`,
    why:
      'While the listener is open the kernel accepts connections for it. Their clients are connected, and wait until ' +
      'a worker comes or they give up.',
    start: since,
    end: model.lastTime,
    openEnded: true,
    workers: [...workers, pid],
    metrics: {
      cause: 'no-worker',
      workers: 0,
      blocked: 0,
      count: 1,
      totalMs: milliseconds(length),
      longestMs: milliseconds(length),
      busyPercent: 0,
      stalls: [{ startMs: millisecondsAt(model, since), endMs: millisecondsAt(model, model.lastTime), blockedIn: [] }],
    },
    evidence: line === NO_LINE ? [] : [line],
    next: [
      {
        text: 'See what the parent does: until it has started workers, or closed the listener, clients wait.',
        command: `cat /proc/${pid}/wchan; sudo timeout 5 strace -f -ttt -T -y -p ${pid}`,
        caveat: 'A server that is being stopped looks like this, too: then there is nothing to do.',
      },
      {
        text: 'Take the host out of the load balancer until workers accept again, or restart the server.',
      },
    ],
    subjects: [`listener ${listener.id}`, ...[...workers, pid].map((each) => `pid ${each}`)],
  };
}
