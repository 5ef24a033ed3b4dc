import { pidsOf } from '../../model/machine/roles.ts';
import { count, plural, round } from '../../trace/format-numbers.ts';
import { SECOND } from '../../trace/time.ts';
import { gini } from '../accept-queues/gini.ts';
import type { Context } from '../detector.ts';
import { largestOf } from '../extremes.ts';
import { type Conclusion, clear, found, notApplicable } from '../finding.ts';
import { herdAdvice, WHILE_STALLED } from './advice.ts';
import { coresOf, severityOf } from './figures.ts';
import { perConnection } from './finding.ts';
import type { Metrics } from './metrics.ts';

/**
 * Judges a capture that only counted: accepts, those that found nothing, and wake-ups that ended inside the wait, by
 * thread. It does not tell one listener from another, so that a finding is possible at most.
 */
export function judgeWatched(context: Context): Conclusion<Metrics> {
  const { watch } = context.model;
  const acceptors = [...watch.threads].filter(([, { accepted, empty }]) => accepted + empty > 0);
  const sum = (of: (sums: { accepted: number; empty: number; silent: number }) => number): number =>
    acceptors.reduce((total, [, sums]) => total + of(sums), 0);
  const connections = sum(({ accepted }) => accepted);
  const silent = Math.max(
    0,
    sum(({ silent: unseen }) => unseen),
  );
  const wasted = sum(({ empty }) => empty) + silent;
  const factor = connections === 0 ? 0 : (connections + wasted) / connections;
  const said =
    `${perConnection(factor)} (${count(wasted)} of ${count(wasted + connections)} found ` +
    `nothing) over ${plural(connections, 'connection')}, ${plural(acceptors.length, 'acceptor')}`;
  if (acceptors.length < 2 || connections < context.threshold('herd-min-connections'))
    return notApplicable(`too few connections or acceptors to judge: ${said}`);
  if (wasted < context.threshold('herd-min-wasted') || factor < context.threshold('herd-factor-info'))
    return clear(said);
  const wastedRatio = wasted / (wasted + connections);
  const perSecond = wasted / ((watch.last - watch.first) / SECOND + 1);
  const cores = coresOf(perSecond, '');
  const severity = severityOf(context, {
    acceptors: acceptors.length,
    factor,
    wastedRatio,
    perSecond,
    cores,
    busy: null,
  });
  const threads = acceptors.map(([thread]) => thread);
  const shares = acceptors.map(([, { accepted }]) => accepted);
  return found(said, [
    {
      severity,
      confidence: 'possible',
      title: `Herd: ${count(wasted)} of ${count(wasted + connections)} wake-ups found nothing`,
      summary:
        `${plural(acceptors.length, 'thread')} accept. For ${plural(connections, 'connection')} they were ` +
        `woken ${count(wasted + connections)} times; ${count(wasted)} found nothing to accept ` +
        `(${perConnection(factor)}), ${count(silent)} of them without any system call showing it. ` +
        'These are counts of the kernel; they do not tell one listener from another.',
      why:
        'Each wasted wake-up costs a context switch and a pass through the loop, and delays the worker that ' +
        'gets the connection.',
      start: watch.first,
      end: watch.last,
      openEnded: false,
      workers: pidsOf(threads),
      metrics: {
        listener: '',
        acceptors: acceptors.length,
        connections,
        productiveWakeups: connections,
        wastedWakeups: wasted,
        herdFactor: round(factor, 3),
        wastedWakeupRatio: round(wastedRatio, 3),
        wastedWakeupsPerSecond: round(perSecond, 2),
        maxBurst: null,
        wastedWallMs: null,
        wastedWallMsCorrected: null,
        maxShare: round(largestOf(shares, 0) / Math.max(1, connections), 3),
        gini: round(gini(shares), 3),
        bound: 'exact',
        kernelWakeups: wasted + connections,
        silentWakeups: silent,
        drainedEagains: null,
        probes: null,
        shares: null,
        firstWokenWon: null,
        estimatedCores: cores === null ? null : round(cores, 5),
        busyShare: null,
        server: '',
        counted: said,
      },
      evidence: watch.lines,
      next: herdAdvice({ severity, server: '', isUnix: false, cores }),
      nextWhileStalled: WHILE_STALLED,
      subjects: [],
    },
  ]);
}
