import type { AcceptCycle, IdleWait, SlowReply } from '../../model/facts.ts';
import type { Listener } from '../../model/listeners.ts';
import type { Model } from '../../model/model.ts';
import { acceptorsOf, acceptorsOfEach, pidsOf, rolesOf } from '../../model/roles.ts';
import type { Thread } from '../../model/thread.ts';
import { keptLine } from '../../model/turn.ts';
import { MILLISECOND } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import type { Conclusion, DraftFinding, Step } from '../finding.ts';
import { moment } from '../moment.ts';
import { TimesOfThreads } from '../times-of-threads.ts';
import { count, duration, milliseconds, plural, reasonsOf, workerName } from '../words.ts';
import { Hoards } from './hoards.ts';

const EVIDENCE = 6;
/** While a request stood behind others its worker may have waited for a quarter of that time at most. */
const MOST_IDLE = 4;

export const acceptHoarding: DetectorDefinition = {
  kind: 'accept-hoarding',
  title: 'One worker accepts more than it can serve while others are idle',
  thresholds: ['hoarded-requests', 'stall-ms'],
  create(context): Detector {
    const queues = new Map<Listener, Hoards>();
    const idle = new TimesOfThreads();
    const least = context.threshold('stall-ms') * MILLISECOND;
    const hoardsOf = (listener: Listener): Hoards => {
      const known = queues.get(listener) ?? new Hoards(idle, least);
      queues.set(listener, known);
      return known;
    };
    return {
      on: {
        acceptCycle({ listener, accepted }: AcceptCycle) {
          if (accepted < 2) return;
          const hoards = hoardsOf(listener);
          hoards.mostInOneGo = Math.max(hoards.mostInOneGo, accepted);
        },
        idleWait: ({ thread, start, end }: IdleWait) => idle.add(thread, start, end),
        slowReply({ thread, request, record }: SlowReply) {
          const { connection } = request;
          const { listener } = connection;
          if (listener === null || connection.place === 0 || connection.requests !== 1 || connection.acceptedBy !== thread) return;
          const { behind, own, waiting } = request.loop.blame(request, record.start);
          // A worker that had time to wait would have served it, had its client sent anything.
          if (behind < least || waiting * MOST_IDLE > behind) return;
          hoardsOf(listener).add(
            { thread, request: request.name, from: connection.openedAt, to: record.start - own, behind, line: keptLine(record) },
            () => acceptorsOf(listener, context.model.processes.threads()),
          );
        },
        hubChanged: (thread: Thread) => idle.delete(thread),
      },
      conclude: () => conclude(context, queues),
    };
  },
};

function conclude(context: Context, queues: ReadonlyMap<Listener, Hoards>): Conclusion {
  const { capabilities, model } = context;
  const not = (reason: string): Conclusion => ({ outcome: { status: 'not-applicable', reason }, findings: [] });
  if (!capabilities.times || !capabilities.durations) return not('The capture does not tell how long calls took. Record with -ttt -T.');
  const loops = [...rolesOf(model.processes.threads())].filter(([, role]) => role === 'event-loop').map(([thread]) => thread);
  const acceptorsOfAll = acceptorsOfEach(loops);
  const shared = model.listeners.all.filter((listener) => (acceptorsOfAll.get(listener)?.length ?? 0) >= 2);
  if (shared.length === 0) return not('No listener that several event-loop workers share was seen');
  const findings: DraftFinding[] = [];
  const reasons: string[] = [];
  for (const listener of shared) {
    const acceptors = acceptorsOfAll.get(listener) ?? [];
    const hoards = queues.get(listener);
    const totals = hoards?.totals(acceptors);
    if (hoards !== undefined && totals !== undefined && totals.count >= context.threshold('hoarded-requests'))
      findings.push(finding(model, listener, acceptors, hoards.mostInOneGo, totals));
    else
      reasons.push(
        `${listener.name}: ${plural(totals?.count ?? 0, 'request')} waited in one worker while another was idle; ${
          hoards === undefined ? 'no worker accepted several in one go' : `at most ${count(hoards.mostInOneGo)} accepted in one go`
        }`,
      );
  }
  if (findings.length === 0) return { outcome: { status: 'clear', reason: reasonsOf(reasons) }, findings };
  return { outcome: { status: 'found', reason: `${plural(findings.length, 'listener')} of which one worker took too many` }, findings };
}

function finding(
  model: Model,
  listener: Listener,
  acceptors: readonly Thread[],
  mostInOneGo: number,
  { count: requests, workers: hoarders, worst }: ReturnType<Hoards['totals']>,
): DraftFinding {
  const workers = pidsOf(hoarders);
  const longest = worst.reduce((most, each) => (each.behind > most.behind ? each : most));
  const server = acceptors.map(({ process }) => process.server).find((known) => known !== '') ?? '';
  return {
    kind: 'accept-hoarding',
    severity: 'warning',
    sureness: 'likely',
    title: `${plural(requests, 'request')} waited in a worker that took too many; others were idle`.slice(0, 78),
    summary:
      `${plural(workers.length, 'worker')} of ${acceptors.length} accepted up to ${count(mostInOneGo)} connections of ${listener.name} in one go; ${plural(requests, 'request')} on them then stood behind others of the same worker while another worker waited for work. ` +
      `The longest, ${longest.request}, stood there for ${duration(longest.behind)}; ${workerName(longest.idle.process.pid).toLowerCase()} was idle for ${duration(longest.idleFor)} of that time.`,
    why: 'What a worker has accepted no other worker can take. A connection that stays in the shared queue goes to whoever is free first.',
    start: Math.min(...worst.map(({ from }) => from)),
    end: Math.max(...worst.map(({ to }) => to)),
    openEnded: false,
    workers,
    metrics: {
      listener: listener.name,
      acceptors: acceptors.length,
      count: requests,
      mostInOneGo,
      longestMs: milliseconds(longest.behind),
      requests: worst.map(({ thread, request, from, to, behind, idle, idleFor }) => ({
        pid: thread.process.pid,
        request,
        acceptedMs: moment(model, from),
        repliedMs: moment(model, to),
        behindMs: milliseconds(behind),
        idle: idle.process.pid,
        idleMs: milliseconds(idleFor),
      })),
    },
    evidence: [longest.line, ...worst.filter((each) => each !== longest).map(({ line }) => line)].slice(0, EVIDENCE),
    next: adviceFor(server),
    subjects: [`listener ${listener.id}`, ...workers.map((pid) => `pid ${pid}`)],
  };
}

function adviceFor(server: string): Step[] {
  const perWake = server === 'nginx' ? { text: 'Set multi_accept off.' } : ONE_AT_A_TIME;
  return [
    { text: 'Look for what keeps the requests waiting for each other first: a loop that stalls, or much work in each request.' },
    perWake,
    { text: 'Where requests are heavy, limit how many a worker takes at once, so that the rest stays in the queue for the others.' },
  ];
}

const ONE_AT_A_TIME: Step = {
  text: 'Let a worker accept one connection each time it is woken (gevent: max_accept = 1; own code: no accept loop), and not while it has work.',
  caveat: 'Each connection then costs a pass through the loop, which only matters at thousands a second.',
};
