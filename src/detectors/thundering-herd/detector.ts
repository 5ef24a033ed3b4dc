import type { AcceptCycle, BareAccept, SilentWakeUps } from '../../model/facts.ts';
import type { Listener } from '../../model/listeners.ts';
import { acceptorsOfEach, pidsOf } from '../../model/roles.ts';
import type { Thread } from '../../model/thread.ts';
import type { KeptLine } from '../../model/turn.ts';
import { earlier, later, MICROSECOND, type Nanoseconds, SECOND, UNKNOWN } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import { largestOf } from '../extremes.ts';
import type { Conclusion, DraftFinding, Severity } from '../finding.ts';
import { gini } from '../gini.ts';
import { count, milliseconds, plural, ratio, reasonsOf, round } from '../words.ts';
import { herdAdvice, recount, WHILE_STALLED } from './advice.ts';
import { BareAccepts } from './bare-accepts.ts';
import { Bursts, type BurstTotals } from './bursts.ts';
import { judgeWatched } from './watched.ts';

const EVIDENCE = 6;
/** Estimated cost of one wasted wake-up without a tracer (semantics 2.1): servers that run Python or Ruby, and others. */
const INTERPRETED_COST = 20 * MICROSECOND;
const COMPILED_COST = 5 * MICROSECOND;

/** What happened on one accept queue. */
class Queue {
  productive = 0;
  wasted = 0;
  /** Wake-ups that ended inside the wait, with nothing left to report. */
  silent = 0;
  drained = 0;
  /** Accepts that were tried without having been woken for the listener. */
  probes = 0;
  connections = 0;
  readonly shares = new Map<Thread, number>();
  readonly wasters = new Set<Thread>();
  wastedTime: Nanoseconds = 0;
  wastedCalls = 0;
  first: Nanoseconds = UNKNOWN;
  last: Nanoseconds = UNKNOWN;
  readonly lines: KeptLine[] = [];
  readonly bursts = new Bursts();
  readonly bare = new BareAccepts();

  /** Acceptors that there was no room for. */
  gone = 0;

  forget(thread: Thread): void {
    if (this.shares.delete(thread)) this.gone++;
    this.wasters.delete(thread);
    this.bursts.forget(thread);
    this.bare.forget(thread);
  }

  cycle(cycle: AcceptCycle): void {
    const { thread, kind } = cycle;
    this.first = earlier(this.first, cycle.start);
    this.last = later(this.last, cycle.end);
    this.drained += cycle.drained;
    this.shares.set(thread, (this.shares.get(thread) ?? 0) + cycle.accepted);
    this.connections += cycle.accepted;
    if (kind === 'productive') this.productive++;
    else if (kind === 'wasted') {
      this.wasted++;
      this.wasters.add(thread);
      this.wastedTime += cycle.end - cycle.start;
      this.wastedCalls += cycle.calls + 1;
      if (this.lines.length < EVIDENCE) this.lines.push(cycle.line);
    } else if (kind !== 'error') this.probes++;
    if (cycle.woken && (kind === 'productive' || kind === 'wasted')) this.bursts.add(thread, cycle.start, kind === 'productive');
  }
}

export const thunderingHerd: DetectorDefinition = {
  kind: 'thundering-herd',
  title: 'Every worker wakes for one connection',
  thresholds: [
    'herd-min-connections',
    'herd-min-wasted',
    'herd-factor-info',
    'herd-factor',
    'herd-wasted-ratio',
    'herd-critical-per-second',
  ],
  create(context): Detector {
    const queues = new Map<Listener, Queue>();
    const queueOf = (listener: Listener): Queue => {
      const known = queues.get(listener);
      if (known !== undefined) return known;
      const made = new Queue();
      queues.set(listener, made);
      return made;
    };
    return {
      on: {
        acceptCycle: (cycle: AcceptCycle) => queueOf(cycle.listener).cycle(cycle),
        silentWakeUps: ({ listener, count: times }: SilentWakeUps) => {
          queueOf(listener).silent += times;
        },
        bareAccept: (accept: BareAccept) => queueOf(accept.listener).bare.add(accept),
        threadLetGo: (thread: Thread) => {
          for (const listener of thread.accepts.listeners) queues.get(listener)?.forget(thread);
        },
      },
      conclude: () => conclude(context, queues),
    };
  },
};

function conclude(context: Context, queues: ReadonlyMap<Listener, Queue>): Conclusion {
  if (queues.size === 0 && context.model.watch.threads.size > 0) return judgeWatched(context);
  const findings: DraftFinding[] = [];
  const reasons: string[] = [];
  /** Connections of the listeners that have one acceptor, by the address they have in common: SO_REUSEPORT. */
  const alone = new Map<string, number[]>();
  const acceptors = acceptorsOfEach(context.model.processes.threads());
  for (const [listener, queue] of queues) {
    const threads = acceptors.get(listener) ?? [];
    const figures = figuresOf(threads, queue);
    const judged = judge(context, { listener, queue, threads }, figures);
    if (figures.acceptors < 2) {
      const known = alone.get(listener.name);
      if (known === undefined) alone.set(listener.name, [figures.connections]);
      else known.push(figures.connections);
    } else if (typeof judged === 'string') reasons.push(judged);
    else findings.push(judged);
  }
  for (const [name, connections] of alone) reasons.push(aloneReason(name, connections));
  if (findings.length > 0) return { outcome: { status: 'found', reason: `${plural(findings.length, 'listener')} with a herd` }, findings };
  if (queues.size === 0)
    return {
      outcome: {
        status: 'not-applicable',
        reason: 'No accept call in the trace. Record the workers with: strace -f -ttt -T -y -s 128 -o FILE -p PID',
      },
      findings,
    };
  return { outcome: { status: 'clear', reason: reasonsOf(reasons) }, findings };
}

/** The numbers of semantics 2.6. */
interface Figures {
  readonly acceptors: number;
  readonly connections: number;
  readonly productive: number;
  /** Those that no system call shows among them. */
  readonly wasted: number;
  readonly silent: number;
  readonly factor: number;
  readonly wastedRatio: number;
  /** From counting accepts only: the waits were not traced. */
  readonly bare: boolean;
  readonly bursts: BurstTotals;
}

/** One accept queue, and who accepts from it at the end. */
interface Judged {
  readonly listener: Listener;
  readonly queue: Queue;
  readonly threads: readonly Thread[];
}

function figuresOf(threads: readonly Thread[], queue: Queue): Figures {
  const { bare } = queue;
  const useBare = queue.wasted === 0 && queue.silent === 0 && bare.lost > 0;
  const acceptors = useBare ? bare.threads.size + bare.gone : Math.max(threads.length, queue.shares.size + queue.gone);
  const connections = queue.connections;
  const productive = useBare ? bare.accepted : queue.productive;
  const silent = useBare ? 0 : queue.silent;
  const wasted = useBare ? bare.lost : queue.wasted + silent;
  return {
    acceptors,
    connections,
    productive,
    wasted,
    silent,
    factor: connections === 0 ? 0 : (productive + wasted) / connections,
    wastedRatio: wasted / Math.max(1, productive + wasted),
    bare: useBare,
    bursts: queue.bursts.totals,
  };
}

function aloneReason(name: string, connections: readonly number[]): string {
  const total = plural(
    connections.reduce((sum, each) => sum + each, 0),
    'connection',
  );
  if (connections.length === 1) return `${name}: one acceptor only, which cannot be a herd (${total})`;
  return `${name}: ${connections.length} listeners with one acceptor each, which cannot be a herd (${total})`;
}

/** `3.33 wake-ups a connection`. */
function perConnection(factor: number): string {
  return `${ratio(factor)} ${factor === 1 ? 'wake-up' : 'wake-ups'} a connection`;
}

function judge(context: Context, judged: Judged, figures: Figures): DraftFinding | string {
  const { listener, queue } = judged;
  const { acceptors, connections, wasted, factor } = figures;
  const drains = queue.drained > 0 ? `; ${count(queue.drained)} EAGAINs that only ended an accept loop are not counted` : '';
  const unseen =
    context.capabilities.format === 'strace' || context.model.scheduler.active
      ? ''
      : '; wake-ups that end inside the kernel are not in this capture';
  const said = `${listener.name}: ${perConnection(factor)} (${count(wasted)} of ${count(wasted + figures.productive)} found nothing) over ${plural(connections, 'connection')}, ${plural(acceptors, 'acceptor')}${drains}${unseen}`;
  if (acceptors < 2 || connections < context.threshold('herd-min-connections'))
    return `${listener.name}: ${plural(connections, 'connection')}, too few to judge (${context.threshold('herd-min-connections')} needed)`;
  const several =
    figures.bursts.largest >= 2 || figures.silent > 0 || figures.bare || (!context.capabilities.times && queue.wasters.size >= 2);
  if (wasted < context.threshold('herd-min-wasted') || factor < context.threshold('herd-factor-info') || !several) return said;
  return finding(context, judged, figures, said);
}

function finding(context: Context, { listener, queue, threads }: Judged, figures: Figures, said: string): DraftFinding {
  const { model, capabilities } = context;
  const { acceptors, connections, productive, wasted, factor, wastedRatio } = figures;
  const server = threads.map((thread) => thread.process.server).find((name) => name !== '') ?? '';
  const seconds = capabilities.times && queue.last > queue.first ? (queue.last - queue.first) / SECOND : null;
  const perSecond = seconds === null ? null : wasted / seconds;
  const unitCost = /nginx|uWSGI|HAProxy|Apache/.test(server) ? COMPILED_COST : INTERPRETED_COST;
  const cores = perSecond === null ? null : (perSecond * unitCost) / SECOND;
  const shares = threads.map((thread) => queue.shares.get(thread) ?? 0);
  const { largest, won, firstWon } = figures.bursts;
  const limit = acceptors < 3 ? 1 + context.threshold('herd-wasted-ratio') * (acceptors - 1) : context.threshold('herd-factor');
  const severe = factor >= limit && wastedRatio >= context.threshold('herd-wasted-ratio');
  const severity: Severity = !severe
    ? 'info'
    : perSecond !== null && perSecond >= context.threshold('herd-critical-per-second')
      ? 'critical'
      : 'warning';
  const worst = largest < 2 ? '' : ` At worst one burst woke ${largest === acceptors ? `all ${acceptors}` : `${largest} of them`}.`;
  const cost =
    cores === null
      ? ''
      : ` At this rate that is estimated at ${ratio(cores * 100)} % of one core untraced (${ratio(cores * 1000)} % at ten times the rate).`;
  return {
    kind: 'thundering-herd',
    severity,
    sureness: figures.bare || listener.grade === 'same-number' || !capabilities.times ? 'possible' : 'likely',
    title: `Herd on ${listener.name}: ${count(wasted)} of ${count(wasted + productive)} ${figures.bare ? 'accepts' : 'wake-ups'} found nothing`,
    summary:
      `${acceptors} acceptors share ${listener.name}. For ${plural(connections, 'connection')} they ${figures.bare ? 'tried to accept' : 'were woken'} ${count(wasted + productive)} times; ${count(wasted)} found nothing ${figures.bare ? 'because another one was first; the waits are not in the capture' : 'to accept'} (${perConnection(factor)}).${worst}` +
      boundNote(context, figures),
    why: `Each wasted wake-up costs a context switch and a pass through the loop, and delays whoever was about to run.${cost}`,
    start: capabilities.times ? queue.first : UNKNOWN,
    end: capabilities.times ? queue.last : UNKNOWN,
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
      wastedWallMs: capabilities.times && !figures.bare ? milliseconds(queue.wastedTime) : null,
      wastedWallMsCorrected:
        capabilities.times && !figures.bare
          ? milliseconds(Math.max(0, queue.wastedTime - queue.wastedCalls * model.calibration.floor))
          : null,
      maxShare: round(largestOf(shares, 0) / Math.max(1, connections), 3),
      gini: round(gini(shares), 3),
      bound: boundOf(context),
      kernelWakeups: model.scheduler.active && !figures.bare ? productive + wasted : null,
      silentWakeups: model.scheduler.active && !figures.bare ? figures.silent : null,
      drainedEagains: queue.drained,
      probes: queue.probes,
      shares: shares.toSorted((a, b) => b - a),
      firstWokenWon: won === 0 ? null : round(firstWon / won, 3),
      estimatedCores: cores === null ? null : round(cores, 5),
      server,
      counted: said,
    },
    evidence: queue.lines,
    next: [
      ...herdAdvice({ server, isUnix: listener.name.startsWith('unix:'), cores }),
      ...(boundOf(context) === 'exact' ? [] : [recount(threads[0]?.process.pid ?? 0)]),
    ],
    nextWhileStalled: WHILE_STALLED,
    subjects: [`listener ${listener.id}`],
  };
}

/** `exact`: the kernel's wake-ups were counted; `upper`: strace slows the winner, so that all others get as far as EAGAIN; `lower`: some end unseen. */
function boundOf({ model, capabilities }: Context): 'exact' | 'upper' | 'lower' {
  if (model.scheduler.active) return 'exact';
  return capabilities.format.startsWith('strace') ? 'upper' : 'lower';
}

function boundNote(context: Context, { silent }: Figures): string {
  switch (boundOf(context)) {
    case 'exact':
      return ` These are the wake-ups of the kernel; after ${count(silent)} of them the worker went back to sleep inside its wait, which no system call shows.`;
    case 'upper':
      return ' That is close to how often the kernel wakes a worker; untraced, fewer of them get as far as EAGAIN, because strace slows the winner.';
    case 'lower':
      return ' The kernel wakes more: wake-ups that end inside the wait are not in this capture.';
  }
}
