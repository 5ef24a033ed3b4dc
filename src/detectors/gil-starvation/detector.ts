import type { InterpreterWait } from '../../model/facts.ts';
import { rolesOf } from '../../model/roles.ts';
import type { Thread } from '../../model/thread.ts';
import { type KeptLine, keptLine } from '../../model/turn.ts';
import { earlier, later, MILLISECOND, type Nanoseconds, SECOND } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import { largestOf } from '../extremes.ts';
import { type Conclusion, type DraftFinding, notApplicable } from '../finding.ts';
import { moment } from '../moment.ts';
import { count, duration, milliseconds, plural, round } from '../words.ts';

const EVIDENCE = 4;

/** Waits of one thread for its interpreter lock. */
interface Waits {
  count: number;
  total: Nanoseconds;
  first: Nanoseconds;
  last: Nanoseconds;
  /** The second that runs, its sum, and the worst so far. */
  second: number;
  sum: Nanoseconds;
  worst: Nanoseconds;
  worstSecond: number;
  readonly lines: KeptLine[];
}

export const gilStarvation: DetectorDefinition = {
  kind: 'gil-starvation',
  title: 'A ready loop waits for its interpreter lock',
  thresholds: ['gil-ms-per-second', 'gil-critical-ms-per-second'],
  create(context): Detector {
    const threads = new Map<Thread, Waits>();
    return {
      on: {
        interpreterWait({ thread, record }: InterpreterWait) {
          const { start, end, duration: length } = record;
          const waits = threads.get(thread) ?? begin(start);
          threads.set(thread, waits);
          const second = Math.floor(end / SECOND);
          if (second !== waits.second) {
            waits.second = second;
            waits.sum = 0;
          }
          waits.count++;
          waits.total += length;
          waits.sum += length;
          waits.first = earlier(waits.first, start);
          waits.last = later(waits.last, end);
          if (waits.sum > waits.worst) {
            waits.worst = waits.sum;
            waits.worstSecond = second;
          }
          if (waits.lines.length < EVIDENCE) waits.lines.push(keptLine(record));
        },
        threadLetGo: (thread: Thread) => {
          threads.delete(thread);
        },
      },
      conclude: () => conclude(context, threads),
    };
  },
};

function begin(start: Nanoseconds): Waits {
  return { count: 0, total: 0, first: start, last: start, second: -1, sum: 0, worst: 0, worstSecond: -1, lines: [] };
}

function conclude(context: Context, threads: ReadonlyMap<Thread, Waits>): Conclusion {
  const { times, durations } = context.capabilities;
  if (!times || !durations) return notApplicable('The capture has no times or no durations of calls. Record with -ttt -T.');
  const futexes = context.model.statistics.all().some(({ syscall }) => syscall.family === 'futex');
  const roles = rolesOf(context.model.processes.threads());
  const loops = [...roles].filter(([, role]) => role === 'event-loop' || role === 'acceptor').map(([thread]) => thread);
  if (loops.length === 0) return notApplicable('No event loop seen');
  if (!futexes) return notApplicable('No futex call in the trace: there are no threads to wait for, or futex was filtered out');
  const least = context.threshold('gil-ms-per-second') * MILLISECOND;
  const findings = loops.flatMap((thread) => {
    const waits = threads.get(thread);
    return waits === undefined || waits.worst < least ? [] : [finding(context, thread, waits)];
  });
  if (findings.length > 0)
    return { outcome: { status: 'found', reason: `${plural(findings.length, 'loop')} kept from running by other threads` }, findings };
  const worst = largestOf(
    loops.map((thread) => threads.get(thread)?.worst ?? 0),
    0,
  );
  return {
    outcome: {
      status: 'clear',
      reason: `no loop waited ${context.threshold('gil-ms-per-second')} ms in any second for an interpreter lock; the worst ${duration(worst)}`,
    },
    findings,
  };
}

function finding(context: Context, thread: Thread, waits: Waits): DraftFinding {
  const { pid } = thread.process;
  const worker = pid === 0 ? 'The worker' : `Worker ${pid}`;
  const others = thread.process.tids.length > 1;
  return {
    kind: 'gil-starvation',
    severity: waits.worst >= context.threshold('gil-critical-ms-per-second') * MILLISECOND ? 'critical' : 'warning',
    sureness: others ? 'likely' : 'possible',
    title: `${worker} waited ${duration(waits.worst)} of one second for its interpreter lock`,
    summary: `The loop of ${worker === 'The worker' ? 'the worker' : `worker ${pid}`} was ready and waited ${plural(waits.count, 'slice')} of about 5 ms for the interpreter lock, ${duration(waits.total)} in all, ${duration(waits.worst)} within the worst second. ${others ? `Another of the ${count(thread.process.tids.length)} threads of this process held it.` : 'The thread that held it is not in the capture.'}`,
    why: 'Only one thread of an interpreter runs Python code at a time. While another computes, the loop gets its turn after 5 ms at the earliest, after each of its own waits: every request becomes that much slower, and no single call shows it.',
    start: waits.first,
    end: waits.last,
    openEnded: false,
    workers: [pid],
    metrics: {
      worker: pid,
      count: waits.count,
      totalMs: milliseconds(waits.total),
      worstMsPerSecond: milliseconds(waits.worst),
      worstSecondMs: Math.max(0, moment(context.model, waits.worstSecond * SECOND)),
      share: round(waits.total / Math.max(1, waits.last - waits.first), 4),
      threads: thread.process.tids.length,
    },
    evidence: waits.lines,
    next: [
      {
        text: 'See which threads run, and what.',
        command: `py-spy dump --pid ${pid === 0 ? 'PID' : pid}`,
        needs: 'py-spy; top -H -p PID shows the busy thread without it',
      },
      {
        text: 'Move the computing of that thread to another process (a process pool, a task queue).',
        caveat:
          'A thread pool does not help: it is the same lock. sys.setswitchinterval changes how long each wait is, not how much there is.',
      },
    ],
    subjects: [`pid ${pid}`],
  };
}
