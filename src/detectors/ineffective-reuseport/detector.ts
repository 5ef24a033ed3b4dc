import type { Listener } from '../../model/listeners.ts';
import { acceptorsOfEach, pidsOf } from '../../model/roles.ts';
import type { Thread } from '../../model/thread.ts';
import { UNKNOWN } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import type { Conclusion, DraftFinding, Step } from '../finding.ts';
import { CHECK, OWN_QUEUES } from '../thundering-herd/advice.ts';
import { plural, reasonsOf } from '../words.ts';

/** Servers that set the flag only when an operator asked for it. Libraries may do so by themselves: `eventlet.listen` does. */
const SETS_IT_WHEN_TOLD = /^(gunicorn|uWSGI)/;

export const ineffectiveReuseport: DetectorDefinition = {
  kind: 'ineffective-reuseport',
  title: 'SO_REUSEPORT is set, and all workers share one queue all the same',
  thresholds: [],
  create(context): Detector {
    return { on: {}, conclude: () => conclude(context) };
  },
};

function conclude(context: Context): Conclusion {
  const { model } = context;
  const opened = model.listeners.all.filter(({ openedBy }) => openedBy !== null);
  if (opened.length === 0)
    return {
      outcome: {
        status: 'not-applicable',
        reason:
          'The capture does not show how listeners were opened: start the server under strace, or count the LISTEN rows of its port in ss -ltn',
      },
      findings: [],
    };
  const findings: DraftFinding[] = [];
  const reasons = new Set<string>();
  const acceptors = acceptorsOfEach(model.processes.threads());
  const socketsOf = new Map<string, number>();
  for (const { name } of opened) socketsOf.set(name, (socketsOf.get(name) ?? 0) + 1);
  for (const listener of opened) {
    const sockets = socketsOf.get(listener.name) ?? 0;
    const threads = acceptors.get(listener) ?? [];
    if (listener.reusePort === null) reasons.add(`SO_REUSEPORT was not set on ${listener.name}`);
    // Several servers that share a port by the flag: it does what it can, between them.
    else if (sockets > 1) reasons.add(`${listener.name}: ${sockets} sockets with SO_REUSEPORT, each with a queue of its own`);
    else if (pidsOf(threads).length < 2) reasons.add(`${listener.name}: one process accepts`);
    else findings.push(finding(context, listener, threads));
  }
  if (findings.length === 0) return { outcome: { status: 'clear', reason: reasonsOf(reasons) }, findings };
  return { outcome: { status: 'found', reason: `${plural(findings.length, 'listener')} with SO_REUSEPORT and one queue` }, findings };
}

function finding({ model, capabilities }: Context, listener: Listener, threads: readonly Thread[]): DraftFinding {
  const { name, openedBy, reusePort, openedLine, backlog } = listener;
  const workers = pidsOf(threads);
  const opener = openedBy?.pid ?? 0;
  const server = threads.map(({ process }) => process.server).find((known) => known !== '') ?? '';
  const wakesOne = threads.every(isWokenAlone);
  const wasAskedFor = SETS_IT_WHEN_TOLD.test(server);
  return {
    kind: 'ineffective-reuseport',
    severity: wasAskedFor && !wakesOne ? 'warning' : 'info',
    sureness: 'likely',
    title: `SO_REUSEPORT without effect on ${name}: ${workers.length} workers, one queue`.slice(0, 78),
    summary: `SO_REUSEPORT was set on ${name}, but ${opener === 0 ? 'one process' : `process ${opener}`} opened that socket once and ${workers.length} processes accept from it. They share one queue, as they would without the flag.`,
    why: wakesOne
      ? 'The flag gives a queue to each socket, not to each process. Here only one worker is woken for each connection, so that little is lost.'
      : 'The flag gives a queue to each socket, not to each process. Every connection can still wake every worker, and who wins is still chance.',
    // It holds all the time; the socket may have been opened long before.
    start: capabilities.times ? Math.max(model.firstTime, model.options.from) : UNKNOWN,
    end: capabilities.times ? Math.min(model.lastTime, model.options.to) : UNKNOWN,
    openEnded: false,
    workers,
    metrics: {
      listener: name,
      acceptors: workers.length,
      openedBy: opener,
      backlog: Number.isNaN(backlog) ? null : backlog,
      server,
    },
    evidence: [reusePort, openedLine].filter((line) => line !== null),
    next: [cureOf(server), COUNT],
    nextWhileStalled: [
      {
        text: 'Leave it until the stalls in this report are fixed: one shared queue lets the other workers take what a stalled one cannot. With queues of their own, connections wait on a stalled worker although others are idle.',
      },
      COUNT,
    ],
    subjects: [`listener ${listener.id}`],
  };
}

/** EPOLLEXCLUSIVE, or `accept` itself waits: the kernel wakes one at a time whatever the flag does. */
function isWokenAlone({ loop }: Thread): boolean {
  const hub = loop.hub ?? loop.formerHub;
  return hub === null ? loop.acceptBlocked > 0 : (hub.descriptor?.epoll?.exclusive ?? false);
}

const COUNT: Step = {
  ...CHECK,
  text: 'Count the LISTEN rows of the port: where the flag works there is one for each worker.',
};

function cureOf(server: string): Step {
  if (server.startsWith('gunicorn'))
    return {
      text: 'Upgrade gunicorn, which then opens a socket in each worker; record again and compare.',
      command: 'gunicorn --reuse-port …',
      needs: 'gunicorn 24.0.0 or later; up to 23.0.0 --reuse-port sets the flag on the one socket of the master',
      caveat: OWN_QUEUES,
    };
  if (server === 'uWSGI')
    return {
      text: 'Use --thunder-lock instead: one worker at a time waits for a connection.',
      command: 'uwsgi --thunder-lock …',
      caveat: 'It has no effect with the gevent or asyncio loop plugins.',
    };
  return {
    text: 'Open and bind the socket in each worker, after the fork, with SO_REUSEPORT set on each; or drop the flag and register the shared listener with EPOLLEXCLUSIVE.',
    needs: 'Linux 4.5 or later for EPOLLEXCLUSIVE',
    caveat: OWN_QUEUES,
  };
}
