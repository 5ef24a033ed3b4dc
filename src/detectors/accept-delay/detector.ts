import type { QueueDelay } from '../../model/facts.ts';
import type { Listener } from '../../model/listeners.ts';
import { pidsOf } from '../../model/roles.ts';
import type { Thread } from '../../model/thread.ts';
import type { KeptLine } from '../../model/turn.ts';
import { earlier, later, MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import type { Conclusion, DraftFinding } from '../finding.ts';
import { moment } from '../moment.ts';
import { count, duration, milliseconds, plural, reasonsOf } from '../words.ts';
import { Delays } from './delays.ts';

const KEPT = 20;
const EVIDENCE = 6;

interface Dead {
  readonly thread: Thread;
  readonly peer: string;
  readonly delay: Nanoseconds;
  readonly time: Nanoseconds;
  readonly line: KeptLine;
}

/** What waited on one accept queue. */
class Queue {
  readonly delays = new Delays();
  readonly threads = new Set<Thread>();
  /** Connections whose client had left before they were accepted. */
  readonly dead: Dead[] = [];
  deadCount = 0;
  first: Nanoseconds = UNKNOWN;
  last: Nanoseconds = UNKNOWN;
  longest: KeptLine | null = null;

  add({ connection, delay, goneBefore, time, line }: QueueDelay): void {
    if (delay > this.delays.longest || this.longest === null) this.longest = line;
    this.delays.add(delay);
    this.threads.add(connection.acceptedBy);
    this.first = earlier(this.first, time - delay);
    this.last = later(this.last, time);
    if (!goneBefore) return;
    this.deadCount++;
    if (this.dead.length < KEPT) this.dead.push({ thread: connection.acceptedBy, peer: connection.peer, delay, time, line });
  }
}

export const acceptDelay: DetectorDefinition = {
  kind: 'accept-delay',
  title: 'Connections wait long to be accepted',
  thresholds: ['accept-delay-ms', 'accept-delay-critical-ms', 'accept-delay-min-connections'],
  create(context): Detector {
    const queues = new Map<Listener, Queue>();
    return {
      on: {
        queueDelay(fact: QueueDelay) {
          const queue = queues.get(fact.listener) ?? new Queue();
          queues.set(fact.listener, queue);
          queue.add(fact);
        },
        threadLetGo(thread: Thread) {
          for (const listener of thread.accepts.listeners) queues.get(listener)?.threads.delete(thread);
        },
      },
      conclude: () => conclude(context, queues),
    };
  },
};

function conclude(context: Context, queues: ReadonlyMap<Listener, Queue>): Conclusion {
  if (!context.model.sockets.active)
    return {
      outcome: {
        status: 'not-applicable',
        reason: "No system call shows how long a connection waits to be accepted; drover's bpftrace program exact.bt does",
      },
      findings: [],
    };
  const findings: DraftFinding[] = [];
  const reasons: string[] = [];
  for (const [listener, queue] of queues) {
    const judged = judge(context, listener, queue);
    if (typeof judged === 'string') reasons.push(judged);
    else findings.push(judged);
  }
  if (findings.length > 0)
    return { outcome: { status: 'found', reason: `${plural(findings.length, 'listener')} whose connections waited` }, findings };
  const reason = queues.size === 0 ? 'no connection was both established and accepted in the capture' : reasonsOf(reasons);
  return { outcome: { status: 'clear', reason }, findings };
}

function judge(context: Context, listener: Listener, queue: Queue): DraftFinding | string {
  const { delays, deadCount } = queue;
  const limit = context.threshold('accept-delay-ms') * MILLISECOND;
  const usual = delays.percentile(0.95);
  const isSlow = delays.count >= context.threshold('accept-delay-min-connections') && usual >= limit;
  const said = `${listener.name}: of ${plural(delays.count, 'connection')} half waited up to ${duration(delays.percentile(0.5))} to be accepted, 95 in 100 up to ${duration(usual)}, one ${duration(delays.longest)}`;
  if (!isSlow && deadCount === 0) return said;
  return finding(context, listener, queue, { said, usual, isSlow });
}

function finding(
  context: Context,
  listener: Listener,
  { delays, deadCount, dead, threads, first, last, longest }: Queue,
  { said, usual, isSlow }: { readonly said: string; readonly usual: Nanoseconds; readonly isSlow: boolean },
): DraftFinding {
  const isCritical = isSlow && usual >= context.threshold('accept-delay-critical-ms') * MILLISECOND;
  const gone =
    deadCount === 0 ? '' : ` ${deadCount === 1 ? '1 client' : `${count(deadCount)} clients`} had left before the connection was accepted.`;
  return {
    kind: 'accept-delay',
    severity: isCritical ? 'critical' : 'warning',
    sureness: 'likely',
    title: isSlow
      ? `Connections to ${listener.name} wait up to ${duration(usual)} to be accepted`
      : `${deadCount === 1 ? '1 client' : `${count(deadCount)} clients`} of ${listener.name} left before being accepted`,
    summary: `${said}.${gone}`,
    why: 'The kernel says yes to a client at once; until a worker accepts, the client waits, and no log of the server knows of it.',
    start: first,
    end: last,
    openEnded: false,
    workers: pidsOf([...threads]),
    metrics: {
      listener: listener.name,
      connections: delays.count,
      p50Ms: milliseconds(delays.percentile(0.5)),
      p95Ms: milliseconds(usual),
      maxMs: milliseconds(delays.longest),
      count: deadCount,
      deadOnArrival: deadCount,
      dead: dead.map(({ thread, peer, delay, time }) => ({
        pid: thread.process.pid,
        peer,
        waitedMs: milliseconds(delay),
        atMs: moment(context.model, time),
      })),
    },
    evidence: [...(longest === null ? [] : [longest]), ...dead.map(({ line }) => line)].slice(0, EVIDENCE),
    next: [
      {
        text: 'Look at the stalls and the saturation that this report names for the same time: nobody accepts while a loop does not turn.',
      },
      { text: 'See the queue itself while it happens: Recv-Q of a listener is what waits.', command: 'ss -ltn' },
      {
        text: 'More workers help only if the machine has processors to spare.',
        caveat: 'A longer backlog makes clients wait longer instead of being turned away.',
      },
    ],
    subjects: [`listener ${listener.id}`],
  };
}
