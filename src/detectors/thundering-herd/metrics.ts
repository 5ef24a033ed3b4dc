import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. */
export const metrics = {
  listener: metric.text('The address of the listener; empty when the capture only counted.'),
  acceptors: metric.count('Threads that accept from it.'),
  connections: metric.count('Connections that were accepted.'),
  productiveWakeups: metric.count('Wake-ups that accepted something.'),
  wastedWakeups: metric.count('Wake-ups that found nothing to accept.'),
  herdFactor: metric.amount('Wake-ups for each connection.'),
  wastedWakeupRatio: metric.share('The wasted part of all wake-ups.'),
  wastedWakeupsPerSecond: metric.orNull(metric.amount('Wasted wake-ups a second; null without times.')),
  maxBurst: metric.orNull(
    metric.count('Threads that one connection woke at once, at most; null when no burst was seen.'),
  ),
  wastedWallMs: metric.orNull(
    metric.lengthMs('Time from waking to waiting again of all wasted wake-ups; null when it was not recorded.'),
  ),
  wastedWallMsCorrected: metric.orNull(metric.lengthMs('The same without what the tracer added.')),
  maxShare: metric.orNull(
    metric.share('The share of the thread that accepted most; null when the capture only counted.'),
  ),
  gini: metric.orNull(
    metric.share(
      'Gini coefficient of the shares: 0 is equal, towards 1 one has all; null when the capture only counted.',
    ),
  ),
  bound: metric.oneOf(
    ['upper', 'exact', 'lower'],
    'upper: seen through strace, which makes a herd larger. exact: wake-ups counted in the kernel. lower: wake-ups ' +
      'that end inside the wait were not recorded.',
  ),
  kernelWakeups: metric.orNull(metric.count('Wake-ups that the kernel counted; null when it did not.')),
  silentWakeups: metric.orNull(metric.count('Of these those that no system call shows.')),
  drainedEagains: metric.orNull(
    metric.count('EAGAINs that only ended an accept loop: not wasted. null when the capture only counted.'),
  ),
  probes: metric.orNull(
    metric.count('Accepts without a wake-up that found nothing: not wasted. null when the capture only counted.'),
  ),
  shares: metric.orNull(
    metric.list(
      metric.count('Connections of one thread.'),
      'Connections by thread, most first; null when the capture only counted.',
    ),
  ),
  firstWokenWon: metric.orNull(
    metric.share('The part of the bursts with a winner in which the thread woken first won; null without any.'),
  ),
  estimatedCores: metric.orNull(metric.amount('Estimated cost without a tracer, in processors; null without times.')),
  busyShare: metric.orNull(
    metric.share('The mean share of their time that the acceptors were away from their wait; null when not known.'),
  ),
  server: metric.text('The server software where the trace names it, else empty.'),
  counted: metric.text('The same counts as a sentence.'),
};

export type Metrics = ValuesOf<typeof metrics>;
