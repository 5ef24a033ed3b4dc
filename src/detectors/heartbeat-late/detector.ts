import { keptLine } from '../../model/evidence.ts';
import type { Process } from '../../model/machine/process.ts';
import { rolesIn } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { threadsOf } from '../../model/machine/threads-of.ts';
import { heldTime } from '../../model/measuring/tracer-queue.ts';
import { type Heartbeat, type Kill, LivenessTracker } from '../../model/topics/liveness/liveness-tracker.ts';
import { duration, plural } from '../../trace/format-numbers.ts';
import { elapsed, later, type Nanoseconds, SECOND } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { largestOf } from '../extremes.ts';
import { type Conclusion, clear, found, notApplicable } from '../finding.ts';
import { effect } from './effect.ts';
import { finding } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';
import { DEFAULT_TIMEOUT, first, isPaceOfLoop, type Pulse, stretch, timeoutOf, upTo } from './pulse.ts';

export const heartbeatLate = defineDetector({
  kind: 'heartbeat-late',
  title: 'A worker reports too late that it is alive',
  needs: ['times'],
  thresholds: {
    'heartbeat-share': {
      default: 0.5,
      unit: 'of the timeout',
      meaning:
        'A loop that is silent for this part of the timeout is late. An idle sync worker reports every ' +
        'half timeout, so its limit is half-way from there to the timeout.',
    },
  },
  follows: { kinds: ['service-stall', 'loop-stall'], anywhere: false },
  linkedInProcess: ['loop-stall'],
  perWorker: true,
  trackers: [LivenessTracker],
  effect,
  metrics,
  measures: { count: 'count', longestMs: 'workers.longestMs' },
  create(context) {
    const pulses = new Map<Process, Pulse>();
    /** The last one of each pid, which a later process may bear again. */
    const byPid = new Map<number, Pulse>();
    return {
      on: {
        heartbeat({ thread, isAfterSelect, record }: Heartbeat) {
          const line = keptLine(record);
          const known = pulses.get(thread.process);
          if (known === undefined) {
            const pulse = first(thread, record.start, line);
            pulse.waitsInSelect = isAfterSelect;
            pulses.set(thread.process, pulse);
            byPid.set(thread.process.pid, pulse);
          } else {
            known.waitsInSelect ||= isAfterSelect;
            known.isOfLoop ||= isPaceOfLoop(record.start - known.last);
            known.beats++;
            stretch(known, record.start, [known.lastLine, line], heldTime(thread));
            known.heldBefore = heldTime(thread);
            known.last = later(known.last, record.start);
            known.lastLine = line;
          }
        },
        threadLetGo({ process }: Thread) {
          if (threadsOf(process).length === 0) pulses.delete(process);
        },
        kill({ thread, pid, signal, record }: Kill) {
          if (signal !== 'SIGABRT') return;
          const pulse = byPid.get(pid);
          if (pulse === undefined || pulse.process.parent !== thread.process || pulse.abortLine !== null) return;
          pulse.abortLine = keptLine(record);
          pulse.abortedAfter = elapsed(pulse.last, record.start);
          stretch(pulse, record.start, [pulse.lastLine, pulse.abortLine], pulse.heldBefore);
        },
      },
      conclude: () => conclude(context, pulses),
    };
  },
});

function conclude(context: Context, pulses: ReadonlyMap<Process, Pulse>): Conclusion<Metrics> {
  if (pulses.size === 0)
    return notApplicable('No heartbeat seen: only gunicorn workers have one, and -y must show its file (wgunicorn-…)');
  const { model } = context;
  const roles = rolesIn(model.processes);
  const end = Math.min(model.lastTime, model.options.to);
  const all = [...pulses.values()].map((pulse) => upTo(pulse, end));
  const late = all.filter((pulse) => pulse.abortLine !== null || pulse.longest >= limit(context, pulse, roles));
  const mayBeUnwinding = (pulse: Pulse): boolean =>
    pulse.abortLine === null && pulse.longest - pulse.held < limit(context, pulse, roles);
  if (late.length > 0)
    return found(`${plural(late.length, 'worker')} with a late heartbeat`, [
      finding(context, all, late, late.every(mayBeUnwinding)),
    ]);
  const longest = largestOf(all.map((pulse) => pulse.longest));
  const timeout = all.map(({ process }) => timeoutOf(process))[0] ?? null;
  return clear(
    `${plural(all.length, 'worker')}, longest time between two heartbeats ${duration(longest)} (timeout ` +
      `${timeout === null ? `not in the trace, ${DEFAULT_TIMEOUT} s by default` : `${timeout} s`})`,
  );
}

/**
 * A loop beats every second; an idle sync worker only every half timeout, so that its limit lies half-way from there to
 * the timeout. What a worker is in that made few calls, bpftrace tells when that is over: it may be idle.
 */
function limit(context: Context, pulse: Pulse, roles: ReadonlyMap<Thread, string>): Nanoseconds {
  const share = context.threshold('heartbeat-share');
  const known = threadsOf(pulse.process).map((thread) => roles.get(thread));
  const isUntold = pulse.isOpen && !pulse.isOfLoop && known.every((role) => role === undefined || role === 'unknown');
  const isSync = pulse.waitsInSelect || isUntold || known.includes('sync-worker');
  return (timeoutOf(pulse.process) ?? DEFAULT_TIMEOUT) * SECOND * (isSync ? 0.5 + share / 2 : share);
}
