import type { LongTurn, QueueTaken } from '../../model/facts.ts';
import type { Listener } from '../../model/listeners.ts';
import type { Model } from '../../model/model.ts';
import { acceptorsOfEach, pidsOf, rolesOf } from '../../model/roles.ts';
import type { Thread } from '../../model/thread.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import { largestOf } from '../extremes.ts';
import type { Conclusion, DraftFinding, Step } from '../finding.ts';
import { moment } from '../moment.ts';
import { duration, milliseconds, plural, reasonsOf, workerName } from '../words.ts';
import { FreeWorkers } from './free-workers.ts';

/** So many times that a queue was left alone are compared with what the others did, the last ones. */
const MOST = 10_000;
const SHOWN = 20;
const EVIDENCE = 6;

export const strandedQueue: DetectorDefinition = {
  kind: 'stranded-queue',
  title: 'Connections wait for a stalled worker although others are free',
  thresholds: ['stranded-connections', 'stall-ms'],
  create(context): Detector {
    const free = new FreeWorkers();
    let taken: QueueTaken[] = [];
    return {
      on: {
        queueTaken(fact: QueueTaken) {
          if (taken.length === MOST) taken = taken.slice(MOST / 2);
          taken.push(fact);
        },
        longTurn: (fact: LongTurn) => free.longTurn(fact),
        hubChanged: (thread: Thread) => free.hubChanged(thread),
      },
      conclude: () => conclude(context, taken, free),
    };
  },
};

function conclude(context: Context, taken: readonly QueueTaken[], free: FreeWorkers): Conclusion {
  const { capabilities, model } = context;
  if (!capabilities.times || !capabilities.durations)
    return {
      outcome: { status: 'not-applicable', reason: 'The capture does not tell how long calls took. Record with -ttt -T.' },
      findings: [],
    };
  const findings: DraftFinding[] = [];
  const reasons: string[] = [];
  for (const [name, queues] of ownQueues(model)) {
    const stranded = taken
      .filter(({ listener }) => queues.has(listener))
      .map((fact) => ({ ...fact, free: freeOthers(context, fact, queues, free) }))
      .filter((left) => left.free.length > 0);
    const connections = stranded.reduce((sum, { accepted }) => sum + accepted, 0);
    if (connections >= context.threshold('stranded-connections'))
      findings.push(finding(model, name, queues, stranded, connections, isWork(model, stranded)));
    else reasons.push(`${name}: ${plural(connections, 'connection')} waited on one of ${queues.size} queues while another worker was free`);
  }
  if (findings.length > 0)
    return { outcome: { status: 'found', reason: `${plural(findings.length, 'address', 'addresses')} with a queue left alone` }, findings };
  if (reasons.length > 0) return { outcome: { status: 'clear', reason: reasonsOf(reasons) }, findings };
  return {
    outcome: { status: 'not-applicable', reason: 'No address for which workers have queues of their own (SO_REUSEPORT) was seen' },
    findings,
  };
}

/** The addresses that several sockets listen on, each of a process of its own, with the threads that accept from each. */
function ownQueues(model: Model): Map<string, Map<Listener, readonly Thread[]>> {
  const byName = new Map<string, Map<Listener, readonly Thread[]>>();
  const acceptors = acceptorsOfEach(model.processes.threads());
  for (const listener of model.listeners.all) {
    const threads = acceptors.get(listener);
    if (threads === undefined) continue;
    const queues = byName.get(listener.name) ?? new Map<Listener, readonly Thread[]>();
    byName.set(listener.name, queues.set(listener, threads));
  }
  for (const [name, queues] of byName) if (pidsOf([...queues.values()].flat()).length < 2 || queues.size < 2) byName.delete(name);
  return byName;
}

/** The workers with other queues that were free for a while in the time in which nobody looked at this one. */
function freeOthers(
  context: Context,
  { listener, since, start }: QueueTaken,
  queues: ReadonlyMap<Listener, readonly Thread[]>,
  free: FreeWorkers,
): Thread[] {
  const own = queues.get(listener) ?? [];
  const least = context.threshold('stall-ms') * MILLISECOND;
  // Where several workers share a queue of several, another one of them may have looked at it.
  if (free.of(own, since, start, least).length > 0) return [];
  const pids = new Set(pidsOf(own));
  const others = [...queues.values()].flat().filter(({ process }) => !pids.has(process.pid));
  return free.of(others, since, start, least);
}

/** They are sync workers, which do not stall: they are in a request. */
function isWork({ processes }: Model, stranded: readonly Stranded[]): boolean {
  const roles = rolesOf(processes.threads());
  return stranded.every(({ thread }) => roles.get(thread) === 'sync-worker' || roles.get(thread) === 'blocking-acceptor');
}

interface Stranded extends QueueTaken {
  readonly free: readonly Thread[];
}

function finding(
  model: Model,
  name: string,
  queues: ReadonlyMap<Listener, readonly Thread[]>,
  stranded: readonly Stranded[],
  connections: number,
  isBusy: boolean,
): DraftFinding {
  const stalled = isBusy ? 'busy' : 'stalled';
  const longest = (left: Stranded): Nanoseconds => left.start - left.since;
  const worst = stranded.reduce((most, left) => (left.accepted * longest(left) > most.accepted * longest(most) ? left : most));
  const workers = pidsOf(new Set(stranded.map(({ thread }) => thread)));
  const others = pidsOf(worst.free).slice(0, 4).join(', ');
  const server =
    [...queues.values()]
      .flat()
      .map(({ process }) => process.server)
      .find((known) => known !== '') ?? '';
  return {
    kind: 'stranded-queue',
    severity: 'warning',
    sureness: 'likely',
    title: `${plural(connections, 'connection')} waited on a ${stalled} worker while others were free`.slice(0, 78),
    summary:
      `Each of ${queues.size} workers has a queue of its own for ${name}. ${stranded.length === 1 ? 'Once' : plural(stranded.length, 'time')} a worker did not look at its queue while another was free; ${plural(connections, 'connection')} had queued up there. ` +
      `At worst ${plural(worst.accepted, 'connection')} waited for up to ${duration(longest(worst))} on ${workerName(worst.thread.process.pid).toLowerCase()} while ${worst.free.length === 1 ? `worker ${others} was` : `workers ${others} were`} free.`,
    why: `With SO_REUSEPORT the kernel picks the queue when a connection comes, and does not move it later: an idle worker cannot take what waits for a ${stalled} one.`,
    start: Math.min(...stranded.map(({ since }) => since)),
    end: Math.max(...stranded.map(({ end }) => end)),
    openEnded: false,
    workers,
    metrics: {
      listener: name,
      queues: queues.size,
      count: stranded.length,
      connections,
      longestMs: milliseconds(largestOf(stranded.map(longest))),
      stranded: stranded.slice(-SHOWN).map((left) => ({
        pid: left.thread.process.pid,
        startMs: moment(model, left.since),
        endMs: moment(model, left.start),
        connections: left.accepted,
        free: pidsOf(left.free),
      })),
    },
    evidence: [worst.line, ...stranded.filter((left) => left !== worst).map(({ line }) => line)].slice(0, EVIDENCE),
    next: adviceFor(server, isBusy),
    subjects: [...[...queues.keys()].map(({ id }) => `listener ${id}`), ...workers.map((pid) => `pid ${pid}`)],
  };
}

function adviceFor(server: string, isBusy: boolean): Step[] {
  const share = server.startsWith('gunicorn')
    ? 'start gunicorn without --reuse-port: one queue that the next free worker takes from.'
    : 'let the workers share one listening socket: the next free worker takes from its queue.';
  const caveat = 'A shared queue wakes every idle worker for each connection (a herd) unless the server registers it with EPOLLEXCLUSIVE.';
  const cures: Step[] = isBusy
    ? [{ text: `Sync workers serve one request at a time, for which a shared queue is better: ${share}`, caveat }]
    : [
        { text: 'Fix the stalls of the workers named above first: see their findings in this report.' },
        { text: `Where stalls cannot be avoided, ${share}`, caveat },
      ];
  return [
    ...cures,
    {
      text: 'See the length of each queue while it happens: Recv-Q of the LISTEN rows.',
      command: 'ss -ltnp',
      needs: 'root, to see the pids',
    },
  ];
}
