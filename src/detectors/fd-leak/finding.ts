import type { DescriptorGroup } from '../../model/machine/descriptor-groups.ts';
import type { Process } from '../../model/machine/process.ts';
import { type Census, censusOf, type LeftOpen } from '../../model/topics/leaks/descriptor-census.ts';
import { count, duration, milliseconds, plural, ratio, round } from '../../trace/format-numbers.ts';
import { type Nanoseconds, SECOND } from '../../trace/time.ts';
import { cutTitle } from '../cut-title.ts';
import { smallestOf } from '../extremes.ts';
import type { DraftFinding, Step } from '../finding.ts';
import { workerName } from '../words.ts';
import type { Leak } from './growth.ts';
import type { Metrics } from './metrics.ts';

const SHOWN = 5;
const EVIDENCE = 6;
/** Growth from which on a pool that is still filling is no longer a likely reason. */
const SURE_GROWTH = 50;

const NOTHING: LeftOpen = { names: [], requests: [], lines: [] };

const GROUP_IN_WORDS: Readonly<Record<DescriptorGroup, readonly [one: string, many: string]>> = {
  file: ['open file', 'open files'],
  socket: ['socket to another service', 'sockets to other services'],
  pipe: ['pipe end', 'pipe ends'],
  event: ['event descriptor', 'event descriptors'],
};

/** The finding about one kind of descriptor that grows in one process or several. */
export function leakFinding(leaks: readonly Leak[]): DraftFinding<Metrics> {
  const sorted = leaks.toSorted((a, b) => b.growth - a.growth);
  const worst = sorted[0] as Leak;
  const { group, process, from, to, growth, requests } = worst;
  const left = censusOf(process)?.leftOpen?.get(group) ?? NOTHING;
  const [one, many] = GROUP_IN_WORDS[group];
  const workers = sorted.map((leak) => leak.process.pid);
  const total = sorted.reduce((sum, leak) => sum + leak.growth, 0);
  const perRequest = growth / requests;
  const minutes = (to.time - from.time) / (60 * SECOND);
  const name = left.names[0];
  const request = left.requests[0];
  const who = sorted.length === 1 ? workerName(process.pid) : `${sorted.length} workers`;
  const title =
    `${who} ${sorted.length === 1 ? 'keeps' : 'keep'} ${count(total)} more ${total === 1 ? one : many} ` +
    'than before the load';
  return {
    severity: 'warning',
    confidence: growth >= SURE_GROWTH ? 'likely' : 'possible',
    title: cutTitle(title),
    summary:
      `The ${many} that ${workerName(process.pid).toLowerCase()} opened in this capture grew from ` +
      `${count(from.counts[group])} to ${count(to.counts[group])} in ${plural(requests, 'request')} ` +
      `(${duration(to.time - from.time)}): ${ratio(perRequest)} more for each request. It closed almost none.` +
      `${name === undefined ? '' : ` Most are ${name[0]} (${count(name[1])}).`}` +
      `${request === undefined ? '' : ` Most were opened while serving ${request[0]}.`}` +
      `${sorted.length > 1 ? ` ${sorted.length} workers do so, ${count(total)} in all.` : ''}`,
    why:
      'A process may open a limited number of descriptors. At the limit it can neither accept a connection nor ' +
      'open a file: requests fail or hang, until it is restarted.',
    start: from.time,
    end: to.time,
    openEnded: false,
    workers,
    metrics: {
      group,
      growth: total,
      requests: sorted.reduce((sum, leak) => sum + leak.requests, 0),
      perRequest: round(perRequest, 3),
      perMinute: minutes > 0 ? round(growth / minutes, 1) : null,
      workers: sorted.slice(0, SHOWN * 4).map((leak) => ({
        pid: leak.process.pid,
        before: leak.from.counts[group],
        after: leak.to.counts[group],
        requests: leak.requests,
      })),
      names: left.names.map(([target, open]) => ({ name: target, open })),
      openedWhile: left.requests.map(([line, opened]) => ({ request: line, opened })),
    },
    evidence: left.lines,
    next: [...advice(group, process.pid), RESTART],
    // Each restarted worker would load the application again.
    nextWhile: { 'fork-then-load': advice(group, process.pid) },
    subjects: [...workers.map((pid) => `pid ${pid}`), 'descriptors'],
  };
}

const RESTART: Step = {
  text:
    'Until that is fixed, restart workers after a number of requests (max_requests in gunicorn, with ' +
    'max_requests_jitter).',
  caveat: 'A higher limit of open files only delays the failure.',
};

function advice(group: DescriptorGroup, pid: number): Step[] {
  const process = pid === 0 ? 'PID' : String(pid);
  return [
    {
      text: 'See how many are open now, what they are, and what the limit is.',
      command:
        `ls -l /proc/${process}/fd | awk '{print $NF}' | sed 's/[0-9]\\+/N/g' | sort | uniq -c | sort -n; ` +
        `grep files /proc/${process}/limits`,
    },
    {
      text:
        group === 'socket'
          ? 'Close the connection when the answer is read, also when an exception is raised (with, try/finally), or ' +
            'take it from a pool of a fixed size.'
          : 'Close each descriptor when its request is done, also when an exception is raised (with, try/finally).',
    },
  ];
}

/** The finding about sockets whose other end has closed and that this process does not close. */
export function forgottenFinding(process: Process, sockets: Census['ended'], asOf: Nanoseconds): DraftFinding<Metrics> {
  const { pid } = process;
  const oldest = smallestOf(sockets.map(({ closedAt }) => closedAt));
  const clients = sockets.filter(({ descriptor }) => descriptor.connection !== null).length;
  const whose =
    clients === sockets.length ? 'clients' : clients === 0 ? 'other services' : 'clients and other services';
  return {
    severity: 'warning',
    confidence: 'likely',
    title: `${workerName(pid)} keeps ${plural(sockets.length, 'socket')} open whose other end has closed`,
    summary:
      `${workerName(pid)} read the end of ${plural(sockets.length, 'connection')} of ${whose} and never ` +
      `closed ${sockets.length === 1 ? 'it' : 'them'}. At the last count the oldest had been open like this for ` +
      `${duration(asOf - oldest)}. Their state is CLOSE_WAIT, which only this process can end.`,
    why:
      'A process may open a limited number of descriptors. At the limit it can neither accept a connection nor ' +
      'open a file.',
    start: oldest,
    end: asOf,
    openEnded: true,
    workers: [pid],
    metrics: {
      worker: pid,
      count: sockets.length,
      clients,
      oldestMs: milliseconds(asOf - oldest),
    },
    evidence: sockets.flatMap(({ line }) => (line === null ? [] : [line])).slice(0, EVIDENCE),
    next: [
      {
        text: 'See all sockets of this worker whose other end has closed, and to whom they lead.',
        command: `ss -tnp state close-wait | grep ${pid === 0 ? 'PID' : `pid=${pid},`}`,
      },
      {
        text:
          'Close a connection once its end was read, also where an exception is raised; for clients of a library, ' +
          'look for a response that is never closed or read to its end.',
        caveat: 'A higher limit of open files only delays the failure.',
      },
    ],
    subjects: [`pid ${pid}`, 'descriptors'],
  };
}
