import type { KeptLine } from '../../model/evidence.ts';
import { LONG_WAIT, type Peer } from '../../model/topics/dependencies/peer.ts';
import { count, duration, milliseconds, percent, plural } from '../../trace/format-numbers.ts';
import { requestName, shortRequest } from '../../trace/request-shape.ts';
import { SECOND } from '../../trace/time.ts';
import { cutTitle, LONGEST_TITLE } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, type Step, span } from '../finding.ts';
import { often } from '../words.ts';
import { isSure, QUEUE_STEPS, queuedSentence, queuedTitles } from './connections.ts';
import type { Slow } from './judge.ts';
import type { Metrics } from './metrics.ts';

const MOST = 20;
const MOST_NAMED = 3;
const MOST_LINES = 6;
const SHORT_REQUEST = 24;
const SHORTEST_REQUEST = 16;

/** The longest wait, of whichever kind. */
interface Told {
  readonly request: string;
  readonly query?: string;
  readonly isOpen?: boolean;
  readonly lines: readonly KeptLine[];
}

/** Who was waited for, by whom, and for how long. */
export function finding(context: Context, slow: readonly Slow[]): DraftFinding<Metrics> {
  const [worst] = slow;
  if (worst === undefined) throw new Error('a finding is about one peer at least');
  const { capabilities } = context;
  const pids = [...new Set(slow.flatMap(({ peer }) => [...peer.processes.keys()].map(({ pid }) => pid)))];
  const first = Math.min(...slow.map(({ peer }) => peer.first));
  const last = Math.max(...slow.map(({ peer }) => peer.last));
  const longest = longestOf(worst);
  return {
    severity: worst.severity,
    confidence: isLikely(worst) ? 'likely' : 'possible',
    title: titleOf(worst),
    summary:
      slow
        .slice(0, MOST_NAMED)
        .map((each) => sentenceOf(each, context.goesOn))
        .join(' ') + more(slow),
    why: WHY[worst.by],
    ...span(capabilities, first, last),
    openEnded: slow.some(({ peer }) => peer.openAtEnd > 0),
    workers: pids.slice(0, MOST),
    metrics: {
      dependencies: slow.slice(0, MOST).map(({ peer, waits }) => ({
        peer: peer.name,
        protocol: peer.protocol === '' ? null : peer.protocol,
        waits: waits.timed,
        requests: peer.requests,
        longRequests: peer.longRequests,
        totalMs: milliseconds(waits.total),
        p99Ms: milliseconds(waits.percentile(0.99) ?? 0),
        longestMs: milliseconds(waits.longest),
        longestOfRequestMs: milliseconds(peer.longestOfRequest),
        openAtEnd: peer.openAtEnd,
        failures: peer.failures,
        ranOut: peer.ranOut,
        ranOutMs: milliseconds(peer.ranOutFor),
        failedReplies: 0,
        unanswered: 0,
        queued: peer.queued,
        longestQueuedMs: milliseconds(peer.longestQueued?.length ?? 0),
        connections: peer.longestQueued?.connections ?? null,
      })),
      query: longest !== null && 'query' in longest ? longest.query : '',
    },
    evidence: slow.flatMap((each) => longestOf(each)?.lines ?? []).slice(0, MOST_LINES),
    next: worst.by === 'connections' ? [lookAt(worst.peer), ...QUEUE_STEPS] : adviceFor(worst.peer),
    subjects: [
      ...pids.slice(0, MOST).map((pid) => `pid ${pid}`),
      ...slow.flatMap((each) => {
        const request = longestOf(each)?.request ?? '';
        return request === '' ? [] : [`request ${request}`];
      }),
    ],
  };
}

const WHY: Readonly<Record<Slow['by'], string>> = {
  requests: 'A request that waits for another service keeps its client waiting, and its worker or memory taken.',
  connections:
    'A request that waits for a free connection waits behind all requests that asked before it. No log reports it.',
  'main-work': 'Work that waits for another service keeps its worker, or a place in its pool, taken meanwhile.',
  limits: 'The same wait times out again and again: the answer does not come.',
};

function longestOf({ peer, by }: Slow): Told | null {
  if (by === 'connections') return peer.longestQueued;
  return by === 'limits' ? peer.longest : peer.longestServing;
}

function isLikely({ peer, by, waits }: Slow): boolean {
  if (by === 'connections') return isSure(peer);
  // What was sent may have needed no answer.
  return by !== 'limits' && peer.givenUp * 2 < Math.max(1, waits.timed);
}

const named = ({ name, protocol }: Peer): string =>
  protocol === '' || protocol === name ? name : `${name} (${protocol})`;

function titleOf(slow: Slow): string {
  const { peer, by, waits } = slow;
  if (by === 'connections') return titleThatFits(queuedTitles(peer));
  const { timed } = waits;
  const length = duration(by === 'limits' ? peer.ranOutFor : waits.longest);
  if (by === 'limits')
    return cutTitle(`poll on ${named(peer)} timed out ${plural(peer.ranOut, 'time')}, ${length} in all`);
  const peers = [named(peer), peer.name];
  if (by !== 'requests') {
    const [first, ...others] = peer.processes.keys();
    const pid = first?.pid;
    const waited = waitedWords(timed > 1, longestOf(slow)?.isOpen === true, length);
    const whom = others.length > 0 || !pid ? plural(peer.processes.size, 'process', 'processes') : `Process ${pid}`;
    return titleThatFits(peers.map((who) => `${whom} ${waited} for ${who}`));
  }
  const number = peer.longRequests || peer.requests;
  const request = requestName(longestOf(slow)?.request ?? '');
  const name = number > 1 && peer.longRequest !== '' ? requestName(peer.longRequest) : request;
  const isOne = number === 1 || peer.longRequest !== '';
  const waited = waitedWords(number > 1, longestOf(slow)?.isOpen === true, length);
  const times = number > 1 && isOne ? ` (${count(number)}x)` : '';
  const others = isOne ? '' : ` and ${plural(number - 1, 'other request')}`;
  const names = [name, shortRequest(name, SHORT_REQUEST), shortRequest(name, SHORTEST_REQUEST)];
  // The request says more than what the peer speaks, and than how often.
  const ways = (name === '' ? [] : names).flatMap((each) =>
    [times, ''].flatMap((often) => peers.map((who) => `${each}${others} ${waited} for ${who}${often}`)),
  );
  return titleThatFits([...ways, ...peers.map((who) => `${plural(number, 'request')} ${waited} for ${who}`)]);
}

/** Of what had not ended nobody knows how long it took at most. */
function waitedWords(isSeveral: boolean, isOpen: boolean, length: string): string {
  if (isOpen) return isSeveral ? `waited, once at least ${length},` : `waited at least ${length}`;
  return `waited ${isSeveral ? 'up to ' : ''}${length}`;
}

function titleThatFits(ways: readonly string[]): string {
  return ways.find((way) => way.length <= LONGEST_TITLE) ?? cutTitle(ways.at(-1) ?? '');
}

function sentenceOf(slow: Slow, goesOn: boolean): string {
  const { peer, by, waits } = slow;
  const { longest, total, timed } = waits;
  const wait = longestOf(slow);
  const bound = wait?.isOpen === true ? 'at least ' : '';
  const failures = peer.failures === 0 ? '' : ` ${plural(peer.failures, 'wait')} failed or timed out.`;
  const givenUp = peer.givenUp === 0 ? '' : ` ${plural(peer.givenUp, 'request')} had a reply before the answer came.`;
  const left = plural(peer.openAtEnd, 'wait');
  const goOn = `${left} ${peer.openAtEnd === 1 ? 'goes' : 'go'} on.`;
  const open = peer.openAtEnd === 0 ? '' : ` ${goesOn ? goOn : `${left} had not ended when the capture did.`}`;
  if (by === 'connections') return `${queuedSentence(peer, named(peer))}${failures}${open}`;
  if (by === 'limits')
    return (
      `poll on ${named(peer)} timed out ${plural(peer.ranOut, 'time')}, ${duration(peer.ranOutFor)} in all: ` +
      'nothing came.'
    );
  const whom =
    by === 'requests'
      ? `${plural(peer.requests, 'request')} waited`
      : `${plural(peer.processes.size, 'process', 'processes')} waited`;
  const share =
    peer.longestOfRequest > longest * 1.01
      ? ` The slowest request waited ${duration(peer.longestOfRequest)} in all.`
      : '';
  const served = wait?.request ?? '';
  const asked = wait?.query ?? '';
  const whose =
    served === '' && asked === ''
      ? ''
      : `: ${served === '' ? 'the process' : served} waited${asked === '' ? '' : ` for the answer to ${asked}`}`;
  const part = waits === peer.all || peer.all.total === 0 ? '' : partOf(total, peer.all.total);
  // One wait is its own sum and its own longest.
  if (timed === 1 && part === '')
    return `${whom} ${bound}${duration(longest)} for ${named(peer)}${whose}.${share}${failures}${givenUp}${open}`;
  return (
    `${whom} ${often(timed)} for ${named(peer)}, together ${duration(total)}${part}.${longOnes(slow)} The longest ` +
    `wait took ${bound}${duration(longest)}${whose}.${share}${failures}${givenUp}${open}`
  );
}

/** Most waits of a busy server are short: how many were not. */
function longOnes({ peer: { requests, longRequests }, by }: Slow): string {
  if (by !== 'requests' || longRequests === 0 || longRequests === requests) return '';
  return ` ${count(longRequests)} of them waited for ${LONG_WAIT / SECOND} s or longer.`;
}

/** Of all waits for the peer, where others than those waited, too. */
function partOf(total: number, all: number): string {
  return total >= all * 0.99 ? '' : ` (${percent(total / all)} of the time that all threads waited for it)`;
}

function more(slow: readonly Slow[]): string {
  const others = slow.length - MOST_NAMED;
  return others > 0 ? ` ${plural(others, 'other peer was', 'other peers were')} slow as well.` : '';
}

function lookAt({ name, isKnown, protocol, processes }: Peer): Step {
  const [pid = 0] = [...processes.keys()].map((process) => process.pid);
  const host = /^([\d.]+|\[[0-9a-f:]+\]):(\d+)$/i.exec(name);
  if (!isKnown && name === protocol)
    return {
      text: `Look at ${name}: its load, its own slow requests, and what it waits for. This shows where it is.`,
      command: `ss -tnp | grep pid=${pid || 'PID'},`,
    };
  if (!isKnown)
    return {
      text: 'See what that descriptor is, and who is at the other end.',
      command: `ls -l /proc/${pid || 'PID'}/fd/${name.replace(/\D/g, '')}; ss -tnp | grep pid=${pid || 'PID'},`,
    };
  return {
    text: `Look at ${name}: its load, its own slow requests, and what it waits for.`,
    ...(host === null ? {} : { command: `ss -tnpi 'dst ${host[1]} and dport = :${host[2]}'` }),
  };
}

function adviceFor(peer: Peer): readonly Step[] {
  return [
    lookAt(peer),
    {
      text:
        'Give the client of that service a time limit well below that of your own clients, so that a slow service ' +
        'costs an error and not a worker.',
      caveat: 'A client that tries again at once adds load to the slow service.',
    },
    { text: 'Answer without that service where that is possible: from a cache, by a queue, with a default.' },
  ];
}
