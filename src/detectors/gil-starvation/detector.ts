import { keptLine } from '../../model/evidence.ts';
import type { InterpreterWait } from '../../model/facts.ts';
import { rolesIn } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { duration, plural } from '../../trace/format-numbers.ts';
import { earlier, later, MILLISECOND, SECOND } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { largestOf } from '../extremes.ts';
import { type Conclusion, clear, found, notApplicable } from '../finding.ts';
import { effect } from './effect.ts';
import { finding } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';
import { begin, EVIDENCE, type Waits } from './waits.ts';

export const gilStarvation = defineDetector({
  kind: 'gil-starvation',
  title: 'A ready loop waits for its interpreter lock',
  needs: [
    'times',
    'durations',
    { families: ['futex'], calls: 'futex', without: 'nobody waited for another thread, or it is not shown' },
  ],
  thresholds: {
    'gil-ms-per-second': {
      default: 100,
      unit: 'ms',
      meaning: 'It is a warning when a loop waits so much for its interpreter lock within one second.',
    },
    'gil-critical-ms-per-second': {
      default: 500,
      unit: 'ms',
      meaning: 'It is critical when a loop waits so much for its interpreter lock within one second.',
    },
  },
  linkedInProcess: ['loop-stall'],
  perWorker: true,
  effect,
  metrics,
  create(context) {
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
          waits.isOpen = record.inFlight;
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
});

function conclude(context: Context, threads: ReadonlyMap<Thread, Waits>): Conclusion<Metrics> {
  const roles = rolesIn(context.model.processes);
  const loops = [...roles].filter(([, role]) => role === 'event-loop' || role === 'acceptor').map(([thread]) => thread);
  if (loops.length === 0) return notApplicable('No event loop seen');
  const least = context.threshold('gil-ms-per-second') * MILLISECOND;
  const critical = context.threshold('gil-critical-ms-per-second') * MILLISECOND;
  const findings = loops.flatMap((thread) => {
    const waits = threads.get(thread);
    if (waits === undefined || waits.worst < least) return [];
    return [finding(context, thread, waits, waits.worst >= critical ? 'critical' : 'warning')];
  });
  if (findings.length > 0)
    return found(`${plural(findings.length, 'loop')} kept from running by other threads`, findings);
  const worst = largestOf(
    loops.map((thread) => threads.get(thread)?.worst ?? 0),
    0,
  );
  return clear(
    `no loop waited ${context.threshold('gil-ms-per-second')} ms in any second for an interpreter lock; the worst ` +
      `${duration(worst)}`,
  );
}
