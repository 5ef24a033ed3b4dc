import { acceptorsOfEach } from '../../model/machine/acceptors.ts';
import type { Listener } from '../../model/machine/listener.ts';
import type { Process } from '../../model/machine/process.ts';
import { pidsOf } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';
import { plural } from '../../trace/format-numbers.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import { serverOf, verdictOf } from '../accept-queues/accept-queues.ts';
import { attendancesOf, mostAtOnce } from '../accept-queues/attendance.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, type DraftFinding, notApplicable } from '../finding.ts';
import { callsOf } from '../recorded.ts';
import { finding } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';

/**
 * Servers that set the flag only when an operator asked for it. Libraries may set it by themselves, as
 * `eventlet.listen` does.
 */
const SETS_IT_WHEN_TOLD = /^(gunicorn|uWSGI)/;

export const ineffectiveReuseport = defineDetector({
  kind: 'ineffective-reuseport',
  title: 'SO_REUSEPORT is set, and all workers share one queue all the same',
  needs: [],
  thresholds: {},
  follows: { kinds: ['service-stall', 'loop-stall'], anywhere: true },
  metrics,
  measures: {},
  create(context) {
    return { on: {}, conclude: () => conclude(context) };
  },
});

function conclude(context: Context): Conclusion<Metrics> {
  const { model } = context;
  const opened = model.listeners.all.filter(({ openedBy }) => openedBy !== null);
  if (opened.length === 0)
    return notApplicable(
      'The capture does not show how listeners were opened: start the server under strace, or count the LISTEN rows ' +
        'of its port in ss -ltn',
    );
  const tellsOptions = callsOf(model, 'setsockopt', 'bind') > 0;
  const acceptors = acceptorsOfEach(model.processes.threads());
  const socketsOf = new Map<string, number>();
  for (const { name } of opened) socketsOf.set(name, (socketsOf.get(name) ?? 0) + 1);
  const judged = opened.map((listener) => {
    const sockets = socketsOf.get(listener.name) ?? 0;
    const threads = acceptors.get(listener) ?? [];
    if (listener.reusePort === null)
      return tellsOptions
        ? `SO_REUSEPORT was not set on ${listener.name}`
        : { unjudged: `No setsockopt and no bind call in the trace: the options of ${listener.name} are unknown` };
    // Several servers share the port by the flag: between them the flag works.
    if (sockets > 1) return `${listener.name}: ${sockets} sockets with SO_REUSEPORT, each with a queue of its own`;
    if (pidsOf(threads).length < 2)
      return { unjudged: `${listener.name}: fewer than two processes were seen to accept` };
    if (processesAtOnce(listener, threads, model) < 2)
      return { unjudged: `${listener.name}: one process accepts at a time, as after a reload` };
    return judge(context, listener, threads);
  });
  return verdictOf(
    judged,
    (findings) => `${plural(findings, 'listener')} with SO_REUSEPORT and one queue`,
    () => clear(''),
  );
}

/** How many processes look after the listener at a time. Those that a reload starts take the place of others. */
function processesAtOnce(listener: Listener, threads: readonly Thread[], model: Model): number {
  const lives = new Map<Process, { start: Nanoseconds; end: Nanoseconds }>();
  for (const { thread, start, end } of attendancesOf(listener, threads, model)) {
    const known = lives.get(thread.process) ?? { start, end };
    lives.set(thread.process, { start: Math.min(start, known.start), end: Math.max(end, known.end) });
  }
  return lives.size < pidsOf(threads).length ? pidsOf(threads).length : mostAtOnce([...lives.values()]);
}

function judge(context: Context, listener: Listener, threads: readonly Thread[]): DraftFinding<Metrics> {
  const server = serverOf(threads);
  const wakesOne = threads.every(isWokenAlone);
  const severity = SETS_IT_WHEN_TOLD.test(server) && !wakesOne ? 'warning' : 'info';
  return finding(context, listener, threads, server, wakesOne, severity);
}

/** EPOLLEXCLUSIVE, or `accept` itself waits: the kernel wakes one at a time whatever the flag does. */
function isWokenAlone({ loop }: Thread): boolean {
  const hub = loop.hub ?? loop.formerHub;
  return hub === null ? loop.acceptBlocked > 0 : (hub.descriptor?.epoll?.exclusive ?? false);
}
