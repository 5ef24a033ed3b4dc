import type { Listener } from '../../model/machine/listener.ts';
import { pidsOf } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';
import { count, duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import { serverOf, subjectsOf } from '../accept-queues/accept-queues.ts';
import type { DraftFinding, Step } from '../finding.ts';
import { millisecondsAt, workerName } from '../words.ts';
import type { Hoards } from './hoards.ts';
import type { Metrics } from './metrics.ts';

const EVIDENCE = 6;

/** The finding about one listener of which some workers took more than they could serve. */
export function finding(
  model: Model,
  listener: Listener,
  acceptors: readonly Thread[],
  mostInOneGo: number,
  { count: requests, workers: hoarders, worst }: ReturnType<Hoards['totals']>,
): DraftFinding<Metrics> {
  const workers = pidsOf(hoarders);
  const longest = worst.reduce((most, each) => (each.behind > most.behind ? each : most));
  const server = serverOf(acceptors);
  return {
    severity: 'warning',
    confidence: 'likely',
    title: `${plural(requests, 'request')} waited in a worker that took too many; others were idle`,
    summary:
      `${plural(workers.length, 'worker')} of ${acceptors.length} accepted up to ${count(mostInOneGo)} connections ` +
      `of ${listener.name} in one go; ${plural(requests, 'request')} on them then waited behind others of the same ` +
      'worker while another worker was idle. ' +
      `The longest, ${longest.request}, waited there for ${duration(longest.behind)}; ` +
      `${workerName(longest.idle.process.pid).toLowerCase()} was idle for ${duration(longest.idleFor)} of that time.`,
    why:
      'Once a worker has accepted a connection, no other worker can take it. The first free worker takes a ' +
      'connection that is still in the shared queue.',
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
        acceptedMs: millisecondsAt(model, from),
        repliedMs: millisecondsAt(model, to),
        behindMs: milliseconds(behind),
        idle: idle.process.pid,
        idleMs: milliseconds(idleFor),
      })),
    },
    evidence: [longest.line, ...worst.filter((each) => each !== longest).map(({ line }) => line)].slice(0, EVIDENCE),
    next: adviceFor(server),
    subjects: subjectsOf([listener], workers),
  };
}

function adviceFor(server: string): Step[] {
  const perWake = server === 'nginx' ? { text: 'Set multi_accept off.' } : ONE_AT_A_TIME;
  return [
    perWake,
    {
      text:
        'Where requests are heavy, limit how many a worker takes at once, so that the rest stays in the queue ' +
        'for the others.',
    },
  ];
}

const ONE_AT_A_TIME: Step = {
  text:
    'Let a worker accept one connection each time it is woken (gevent: max_accept = 1; own code: no accept ' +
    'loop), and not while it has work.',
  caveat: 'Each connection then costs a pass through the loop, which only matters at thousands a second.',
};
