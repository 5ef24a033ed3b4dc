import { pidsOf } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { count, duration, microseconds, milliseconds, percent, plural, round } from '../../trace/format-numbers.ts';
import { SECOND } from '../../trace/time.ts';
import { cutTitle } from '../cut-title.ts';
import { largestOf, smallestOf } from '../extremes.ts';
import type { DraftFinding } from '../finding.ts';
import { workerName } from '../words.ts';
import { adviceFor, WHY } from './advice.ts';
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
    title: cutTitle(`${workerName(pid)} spins ${share}: ${stuck ? `${ready} stays ready` : `${call} does not wait`}`),
    summary:
      `${workerName(pid)} spun in its loop for ${duration(worst.time)}, ${share}, and did nothing else: ` +
      `${count(worst.rounds)} times ` +
      `${what}${stuck ? ', and the worker did nothing about it' : ''}. Under strace a round took ${took}; without ` +
      `strace far more rounds fit into the same time.${others}`,
    why: WHY,
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
    next: adviceFor(stuck, listener !== null, worst.thread.process),
    subjects: [...(listener === null ? [] : [`listener ${listener.id}`]), ...workers.map((worker) => `pid ${worker}`)],
  };
}
