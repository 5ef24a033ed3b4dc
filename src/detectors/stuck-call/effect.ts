import { plural } from '../../trace/format-numbers.ts';
import { bareName, namesOf, waitedMs } from '../cause-names.ts';
import { type Causing, type Effect, shareOf } from '../effect.ts';
import type { AnyMetrics } from '../metric.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';
import { ORDINARY } from './usual.ts';

/** Where threads that never came back have most of the waiting, they are the cause, and the waiting came of them. */
const LEAST_OF_THEM = 0.5;

/** Threads that are in what the capture shows to be slow all along: its end only caught them there. */
export const effect: Effect = {
  of: ['blocking-dns', 'loop-stall', 'slow-dependency', 'lock-contention', 'disk-sync', 'worker-saturation'],
  least: 1,
  share: (metrics, cause) => {
    // It ended, and nobody knows when in the wait that the cause tells of.
    if (metrics.isOver === true) return 0;
    const threads = listOf(metrics.threads);
    if (cause.kind === 'loop-stall')
      return shareOf(threads, ({ pid, call }) => isOpenStall(cause, numberOf(pid), textOf(call)));
    if (cause.kind === 'worker-saturation')
      return shareOf(threads, (thread) => isOrdinary(cause, thread, threads.length) || isKnownThere(cause, thread));
    const names = namesOf(cause);
    const own: Causing = { kind: 'stuck-call', findings: [{ workers: [], metrics }] };
    const total = cause.findings.reduce((sum, finding) => sum + totalOf(finding.metrics), 0);
    if (cause.kind !== 'blocking-dns' && waitedMs(own, names) >= total * LEAST_OF_THEM) return 0;
    return shareOf(threads, ({ target }) => names.has(bareName(textOf(target))));
  },
  inWords: ({ threads, count }, _, kind) => {
    // The stall is open at the end of the capture, and its title says so.
    if (kind === 'loop-stall') return '';
    const [first] = listOf(threads);
    const held = textOf(first?.held);
    if (held !== '') return `${plural(numberOf(count), 'process', 'processes')} still ${held}`;
    return `${plural(numberOf(count), 'thread')} still in ${textOf(first?.call)}`;
  },
};

/** Time of all waits that a finding of these kinds is about, in milliseconds. */
function totalOf({ totalMs, dependencies }: Causing['findings'][number]['metrics']): number {
  return typeof totalMs === 'number'
    ? totalMs
    : listOf(dependencies).reduce((sum, each) => sum + numberOf(each.totalMs), 0);
}

/**
 * Workers were all busy with requests that took as long and came to their end: the thread is in one more of them.
 */
function isOrdinary({ findings }: Causing, { pid, target, forMs }: AnyMetrics, stuck: number): boolean {
  return findings.some(({ metrics: { busyIn, meanRequestMs, served } }) => {
    if (numberOf(served) <= 2 * stuck || numberOf(forMs) > ORDINARY * numberOf(meanRequestMs)) return false;
    return listOf(busyIn).some((busy) => busy.pid === pid && textOf(busy.target) === textOf(target) && target !== '');
  });
}

/** What nobody has a name for, but a number: `socket fd 7`. */
const NUMBER_ALONE = /(?:^| )fd \d+$/;

/** All workers were busy in that very call, of which nobody knows to whom: the request says more than the call. */
function isKnownThere({ findings }: Causing, { pid, call, target }: AnyMetrics): boolean {
  if (!NUMBER_ALONE.test(textOf(target))) return false;
  return findings.some(({ metrics: { busyIn } }) =>
    listOf(busyIn).some((busy) => busy.pid === pid && busy.call === call && busy.target === target),
  );
}

/** The loop of that worker was in a stall when the capture ended, and in that call. */
function isOpenStall({ findings }: Causing, pid: number, call: string): boolean {
  return findings.some(
    ({ metrics: { worker, stalls } }) =>
      worker === pid && listOf(stalls).some((stall) => stall.open === true && stall.call === call),
  );
}
