import { pidsOf } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { count, duration, microseconds, milliseconds, percent, plural, round } from '../../trace/format-numbers.ts';
import { SECOND } from '../../trace/time.ts';
import { largestOf, smallestOf } from '../extremes.ts';
import type { DraftFinding, Step } from '../finding.ts';
import { workerName } from '../words.ts';
import type { Metrics } from './metrics.ts';
import type { Spinning } from './spinning.ts';

const EVIDENCE = 6;

/** A thread that spins too much. */
export interface Spinner extends Pick<Spinning, 'rounds' | 'time' | 'line'> {
  readonly thread: Thread;
  readonly share: number;
  readonly spinning: Spinning;
}

/** The finding about threads that spin. `stuck`: something stays ready, else the waits return with nothing. */
export function finding(worst: Spinner, spinners: readonly Spinner[], stuck: boolean): DraftFinding<Metrics> {
  const { pid } = worst.thread.process;
  const workers = pidsOf(spinners.map(({ thread }) => thread));
  const { target, call, listener } = worst.spinning;
  const share = `${percent(worst.share)} of the time`;
  const ready = target === '' ? 'something' : target;
  const what = stuck ? `${call} reported ${ready} at once` : `${call} returned at once with nothing`;
  const others =
    workers.length === 1 ? '' : ` ${plural(workers.length - 1, 'other worker does', 'other workers do')} the same.`;
  const took = microseconds(worst.time / worst.rounds);
  return {
    severity: 'warning',
    confidence: 'likely',
    title: `${workerName(pid)} spins ${share}: ${stuck ? `${ready} stays ready` : `${call} does not wait`}`.slice(
      0,
      78,
    ),
    summary:
      `For ${duration(worst.time)}, ${share}, ${workerName(pid).toLowerCase()} went round its loop without ` +
      `getting anything done: ${count(worst.rounds)} times ` +
      `${what}${stuck ? ', and nothing was done about it' : ''}. Under strace a round took ${took}; untraced ` +
      `far more of them fit into the same time.${others}`,
    why:
      'The worker wastes a core, and other work on that core runs later. The worker still answers requests, so ' +
      'neither a log nor a probe shows the problem.',
    start: smallestOf(spinners.map(({ spinning }) => spinning.first)),
    end: largestOf(spinners.map(({ spinning }) => spinning.last)),
    openEnded: false,
    workers,
    metrics: {
      kind: stuck ? 'stuck-readiness' : 'empty-waits',
      call,
      target,
      sharePercent: round(worst.share * 100, 1),
      rounds: worst.rounds,
      totalMs: milliseconds(worst.time),
      roundsPerSecond: round(worst.rounds / (worst.time / SECOND), 0),
      spinners: spinners.map(({ thread, rounds, time, share: part }) => ({
        pid: thread.process.pid,
        tid: thread.tid,
        rounds,
        totalMs: milliseconds(time),
        sharePercent: round(part * 100, 1),
      })),
    },
    evidence: spinners.flatMap(({ line }) => (line === null ? [] : [line])).slice(0, EVIDENCE),
    next: [...(stuck ? whenStuck(listener !== null) : WHEN_EMPTY), see(pid)],
    subjects: [...(listener === null ? [] : [`listener ${listener.id}`]), ...workers.map((worker) => `pid ${worker}`)],
  };
}

function whenStuck(isListener: boolean): Step[] {
  if (isListener)
    return [
      {
        text:
          'Stop waiting for the listener while it cannot accept (take it out of the set, try again after a ' +
          'pause). If accept fails for want of descriptors, see accept-errors in this report.',
      },
    ];
  return [
    {
      text:
        'Read what is reported until EAGAIN or the end of file, or take the descriptor out of the set, or close ' +
        'it.',
      caveat: 'EPOLLHUP and EPOLLERR are reported whether or not they were asked for.',
    },
  ];
}

const WHEN_EMPTY: readonly Step[] = [
  {
    text:
      'Let the wait wait: look for a loop around sleep(0), a timer that is always due, or a timeout that was ' +
      'rounded down to 0.',
    caveat: 'A framework that polls without a pause on purpose (for latency) looks the same.',
  },
];

function see(pid: number): Step {
  return {
    text: 'See the code that goes round.',
    command: `py-spy dump --pid ${pid === 0 ? 'PID' : pid}`,
    needs: 'a Python worker and py-spy; for others perf record -g',
  };
}
