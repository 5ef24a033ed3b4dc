import type { Thread } from '../../model/machine/thread.ts';
import { count, duration, milliseconds, plural, round } from '../../trace/format-numbers.ts';
import { SECOND } from '../../trace/time.ts';
import type { Context } from '../detector.ts';
import type { DraftFinding, Severity } from '../finding.ts';
import { millisecondsAt, workerName } from '../words.ts';
import type { Metrics } from './metrics.ts';
import type { Waits } from './waits.ts';

/** The finding about a loop that other threads keep from running. */
export function finding({ model }: Context, thread: Thread, waits: Waits, severity: Severity): DraftFinding<Metrics> {
  const { pid } = thread.process;
  const worker = workerName(pid);
  const others = thread.process.tids.length > 1;
  return {
    severity,
    confidence: others ? 'likely' : 'possible',
    title: `${worker} waited up to ${duration(waits.worst)} a second for the interpreter lock`,
    summary:
      `The loop of ${worker === 'The worker' ? 'the worker' : `worker ${pid}`} had work to do and waited ` +
      `${plural(waits.count, 'time')} about 5 ms for the interpreter lock: ${duration(waits.total)} in all, ` +
      `${duration(waits.worst)} in the worst second. ` +
      (others
        ? `Another of the ${count(thread.process.tids.length)} threads of this process held it.`
        : 'The thread that held it is not in the capture.'),
    why:
      'Only one thread of an interpreter runs Python code at a time. While another computes, the loop gets its ' +
      'turn after 5 ms at the earliest, after each of its own waits: every request becomes that much slower, and no ' +
      'single call shows it.',
    start: waits.first,
    end: waits.last,
    openEnded: waits.isOpen,
    workers: [pid],
    metrics: {
      worker: pid,
      count: waits.count,
      totalMs: milliseconds(waits.total),
      worstMsPerSecond: milliseconds(waits.worst),
      worstSecondMs: Math.max(0, millisecondsAt(model, waits.worstSecond * SECOND)),
      share: round(waits.total / Math.max(1, waits.last - waits.first), 4),
      threads: thread.process.tids.length,
    },
    evidence: waits.lines,
    next: [
      {
        text: 'See which thread computes, and which code it runs.',
        command: `py-spy dump --pid ${pid === 0 ? 'PID' : pid}`,
        needs: 'py-spy; top -H -p PID shows the busy thread without it',
      },
      {
        text: 'Move the computing of that thread to another process (a process pool, a task queue).',
        caveat:
          'A thread pool does not help: it is the same lock. sys.setswitchinterval changes how long each wait is, ' +
          'not how much there is.',
      },
    ],
    subjects: [`pid ${pid}`],
  };
}
