import type { Listener } from '../../model/machine/listener.ts';
import { pidsOf } from '../../model/machine/roles.ts';
import { count, milliseconds, percent, plural, ratio, round } from '../../trace/format-numbers.ts';
import { subjectsOf, type Unjudged } from '../accept-queues/accept-queues.ts';
import { gini } from '../accept-queues/gini.ts';
import type { Context } from '../detector.ts';
import { largestOf } from '../extremes.ts';
import { type DraftFinding, type Severity, span } from '../finding.ts';
import { everyOne } from '../words.ts';
import { herdAdvice, recount, WHILE_STALLED } from './advice.ts';
import type { Figures } from './figures.ts';
import type { Metrics } from './metrics.ts';
import type { Queue } from './queue.ts';

/** Says so where others took the place of those that left, as in a reload. */
function atATime({ acceptors, threads }: Figures): string {
  return threads.length > acceptors ? ` at a time (${threads.length} in all)` : '';
}

/** The finding about one listener whose acceptors wake for nothing. */
export function finding(
  context: Context,
  listener: Listener,
  queue: Queue,
  figures: Figures,
  severity: Severity,
): DraftFinding<Metrics> {
  const { model, capabilities } = context;
  const {
    acceptors,
    connections,
    productive,
    wasted,
    silent,
    factor,
    wastedRatio,
    perSecond,
    cores,
    busy,
    bare,
    bound,
    threads,
    server,
    bursts,
  } = figures;
  const { largest } = bursts;
  const shares = threads.map((thread) => queue.shares.get(thread) ?? 0);
  const woken = largest === acceptors ? everyOne(acceptors, 'acceptors').toLowerCase() : `${largest} of them`;
  const worst = largest < 2 ? '' : ` At worst one burst woke ${woken}.`;
  const cost =
    cores === null
      ? ''
      : ` At this rate that is estimated at ${percent(cores)} of one core untraced (${percent(cores * 10)} ` +
        'at ten times the rate).';
  return {
    severity,
    confidence: bare || listener.grade === 'same-number' || !capabilities.times ? 'possible' : 'likely',
    title:
      `Herd on ${listener.name}: ${count(wasted)} of ${count(wasted + productive)} ` +
      `${bare ? 'accepts' : 'wake-ups'} found nothing`,
    summary:
      `${acceptors} acceptors${atATime(figures)} share ${listener.name}. For ` +
      `${plural(connections, 'connection')} they ` +
      `${bare ? 'tried to accept' : 'were woken'} ${count(wasted + productive)} times; ${count(wasted)} found ` +
      `nothing ${bare ? 'because another one was first; the waits are not in the capture' : 'to accept'} ` +
      `(${perConnection(factor)}).${worst}` +
      boundNote(figures),
    why:
      'Each wasted wake-up costs a context switch and a pass through the loop, and delays the worker that gets the ' +
      `connection.${cost}`,
    ...span(capabilities, queue.first, queue.last),
    openEnded: false,
    workers: pidsOf(threads),
    metrics: {
      listener: listener.name,
      acceptors,
      connections,
      productiveWakeups: productive,
      wastedWakeups: wasted,
      herdFactor: round(factor, 3),
      wastedWakeupRatio: round(wastedRatio, 3),
      wastedWakeupsPerSecond: perSecond === null ? null : round(perSecond, 2),
      maxBurst: largest === 0 ? null : largest,
      wastedWallMs: capabilities.times && !bare ? milliseconds(queue.wastedTime) : null,
      wastedWallMsCorrected:
        capabilities.times && !bare
          ? milliseconds(Math.max(0, queue.wastedTime - queue.wastedCalls * model.calibration.floor))
          : null,
      maxShare: round(largestOf(shares, 0) / Math.max(1, connections), 3),
      gini: round(gini(shares), 3),
      bound,
      kernelWakeups: model.scheduler.active && !bare ? productive + wasted : null,
      silentWakeups: model.scheduler.active && !bare ? silent : null,
      drainedEagains: queue.drained,
      probes: queue.probes,
      shares: shares.toSorted((a, b) => b - a),
      firstWokenWon: bursts.won === 0 ? null : round(bursts.firstWon / bursts.won, 3),
      estimatedCores: cores === null ? null : round(cores, 5),
      busyShare: busy === null ? null : round(busy, 3),
      server,
      counted: saidOf(context, listener, queue, figures),
    },
    evidence: queue.lines,
    next: [
      ...herdAdvice({ severity, server, isUnix: listener.name.startsWith('unix:'), cores }),
      ...(bound === 'exact' ? [] : [recount(threads[0]?.process.pid ?? 0)]),
    ],
    nextWhileStalled: WHILE_STALLED,
    subjects: subjectsOf([listener]),
  };
}

/** The counts as a sentence: the reason of a verdict that found nothing, too. */
export function saidOf(
  { capabilities, model }: Context,
  { name }: Listener,
  { drained }: Queue,
  figures: Figures,
): string {
  const { factor, wasted, productive, connections, acceptors } = figures;
  const counted = drained === 1 ? 'is not counted' : 'are not counted';
  const drains = drained > 0 ? `; ${plural(drained, 'EAGAIN')} that only ended an accept loop ${counted}` : '';
  const unseen =
    capabilities.stopsThreads || model.scheduler.active
      ? ''
      : '; wake-ups that end inside the kernel are not in this capture';
  return (
    `${name}: ${perConnection(factor)} (${count(wasted)} of ${count(wasted + productive)} found nothing) over ` +
    `${plural(connections, 'connection')}, ${plural(acceptors, 'acceptor')}${drains}${unseen}`
  );
}

/** A listener with one acceptor. */
export interface Alone {
  readonly listener: Listener;
  readonly figures: Figures;
}

/**
 * Why listeners of one address that have one acceptor each are no herd. Where that one was woken for nothing, others
 * may have taken the connections, unless the capture shows how the listener was opened: who inherits it is traced then.
 */
export function aloneReason(
  { threshold }: Context,
  name: string,
  all: readonly Alone[],
): string | Unjudged | { readonly woken: Alone } {
  const sum = (of: 'connections' | 'productive' | 'wasted'): number =>
    all.reduce((total, { figures }) => total + figures[of], 0);
  const wasted = sum('wasted');
  const wakeUps = wasted + sum('productive');
  if (
    all.some(({ listener }) => listener.openedBy === null) &&
    wasted >= threshold('herd-min-wasted') &&
    wasted >= wakeUps * threshold('herd-wasted-ratio')
  ) {
    const woken = all.toSorted((a, b) => b.figures.wasted - a.figures.wasted)[0];
    if (woken !== undefined) return { woken };
  }
  const total = plural(sum('connections'), 'connection');
  if (sum('connections') === 0) return { unjudged: `${name}: no connection was accepted` };
  if (all.length === 1) return `${name}: one acceptor only, which cannot be a herd (${total})`;
  return `${name}: ${all.length} listeners with one acceptor each, which cannot be a herd (${total})`;
}

/**
 * The finding about the only acceptor in the capture, which was woken for connections that others took: what somebody
 * sees who traces one of the workers.
 */
export function wokenInVain(context: Context, { listener, figures }: Alone, queue: Queue): DraftFinding<Metrics> {
  const { wasted, productive, connections, threads } = figures;
  const all = finding(context, listener, queue, figures, 'info');
  const [only] = threads;
  const pid = only?.process.pid ?? 0;
  return {
    ...all,
    confidence: 'possible',
    title: `Woken for nothing on ${listener.name}: ${count(wasted)} of ${count(wasted + productive)} times`,
    summary:
      `One acceptor of ${listener.name} was traced. It was woken ${count(wasted + productive)} times and got ` +
      `${plural(connections, 'connection')}: ${count(wasted)} times another process, which is not in the capture, ` +
      'was faster. How many wake for each connection the capture does not tell.',
    next: [
      {
        text: 'Record all processes that accept there: only together they show how many wake for one connection.',
        command: `timeout 20 strace -f -ttt -T -y -s 128 -o trace.strace -p ${pid === 0 ? 'PID' : pid} -p PID`,
      },
      ...all.next,
    ],
  };
}

/** `3.33 wake-ups a connection`. */
export function perConnection(factor: number): string {
  return `${ratio(factor)} ${factor === 1 ? 'wake-up' : 'wake-ups'} a connection`;
}

function boundNote({ bound, silent }: Figures): string {
  switch (bound) {
    case 'exact':
      return (
        ` These are the wake-ups of the kernel; after ${count(silent)} of them the worker went back to sleep ` +
        'inside its wait, which no system call shows.'
      );
    case 'upper':
      return (
        ' Without strace the kernel wakes about as many workers, but fewer of them get EAGAIN: strace slows the ' +
        'worker that gets the connection.'
      );
    case 'lower':
      return ' The kernel wakes more: wake-ups that end inside the wait are not in this capture.';
  }
}
