import { duration, milliseconds, plural, ratio } from '../../trace/format-numbers.ts';
import { SECOND } from '../../trace/time.ts';
import type { Context } from '../detector.ts';
import { largestOf, smallestOf } from '../extremes.ts';
import { type DraftFinding, ofCause } from '../finding.ts';
import { seeCode } from '../see-code.ts';
import { STACKS_NOTE } from '../stall-cause/unwinding.ts';
import { millisecondsAt } from '../words.ts';
import type { Metrics } from './metrics.ts';
import { DEFAULT_TIMEOUT, type Pulse, timeoutOf } from './pulse.ts';

const SHOWN = 20;

/** The finding about the workers, of all, that were late. `isUnwound`: a tracer that prints stacks may be all of it. */
export function finding(
  { model, goesOn }: Context,
  all: readonly Pulse[],
  late: readonly Pulse[],
  isUnwound: boolean,
): DraftFinding<Metrics> {
  const sorted = late.toSorted((a, b) => b.longest - a.longest);
  const worst = sorted[0] as Pulse;
  const aborted = sorted.filter(({ abortLine }) => abortLine !== null);
  const timeout = timeoutOf(worst.process);
  const known =
    timeout === null
      ? `the timeout is not in the trace; the default is ${DEFAULT_TIMEOUT} s`
      : `the timeout is ${timeout} s`;
  const killed = aborted[0];
  const left = (timeout ?? DEFAULT_TIMEOUT) * SECOND - worst.longest;
  const end =
    killed !== undefined
      ? ` ${plural(aborted.length, 'worker was', 'workers were')} sent SIGABRT by the master for it, as gunicorn ` +
        `does at WORKER TIMEOUT: worker ${killed.process.pid} after ${duration(killed.abortedAfter)}.`
      : worst.isOpen
        ? ` The silence ${goesOn ? 'goes on' : 'had not ended when the capture did'}.`
        : ` It came within ${duration(Math.max(0, left))} of being killed.`;
  return {
    severity: aborted.length > 0 ? 'critical' : isUnwound ? 'info' : 'warning',
    confidence: isUnwound ? 'possible' : killed !== undefined || timeout !== null ? 'likely' : 'possible',
    title:
      killed === undefined
        ? `Worker ${worst.process.pid} was silent for ${duration(worst.longest)}`
        : `Worker ${killed.process.pid} was killed after ${duration(killed.abortedAfter)} of silence`,
    summary:
      `${plural(late.length, 'worker')} of ${all.length} touched the heartbeat file late: worker ` +
      `${worst.process.pid} did not touch it for ${duration(worst.longest)} (${known}).` +
      `${end}${isUnwound ? STACKS_NOTE : ''}`,
    why:
      'The master kills a worker that is silent for the timeout, and all requests that the worker serves die ' +
      'with it. A worker is silent when its loop is blocked.',
    start: smallestOf(late.map(({ since }) => since)),
    end: largestOf(late.map(({ since, longest }) => since + longest)),
    openEnded: late.some(({ isOpen }) => isOpen),
    workers: sorted.map(({ process }) => process.pid),
    metrics: {
      workers: sorted.slice(0, SHOWN).map((pulse) => ({
        pid: pulse.process.pid,
        heartbeats: pulse.beats,
        longestMs: milliseconds(pulse.longest),
        sinceMs: millisecondsAt(model, pulse.since),
        aborted: pulse.abortLine !== null,
        open: pulse.isOpen,
        abortedAfterMs: pulse.abortLine === null ? null : milliseconds(pulse.abortedAfter),
      })),
      count: late.length,
      aborted: aborted.length,
      timeoutS: timeout,
      shareOfTimeout: Number(ratio(worst.longest / ((timeout ?? DEFAULT_TIMEOUT) * SECOND))),
    },
    evidence: [...(killed ?? worst).lines],
    next: [
      ofCause(seeCode(worst.process, 'See the code that blocks the worker while it is silent.')),
      {
        text: 'If the heartbeat call itself is slow, put its file on a memory file system.',
        command: 'gunicorn --worker-tmp-dir /dev/shm MODULE:APP',
        caveat:
          'Raising --timeout only makes users wait longer; it is no limit for a single request of an async worker.',
      },
    ],
    subjects: sorted.map(({ process }) => `pid ${process.pid}`),
  };
}
