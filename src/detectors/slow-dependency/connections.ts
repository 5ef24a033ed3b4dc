import type { Peer } from '../../model/topics/dependencies/peer.ts';
import { duration, plural } from '../../trace/format-numbers.ts';
import { requestName, shortRequest } from '../../trace/request-shape.ts';
import type { Step } from '../finding.ts';

// Sentences about requests that waited until a connection to a service was free.

/** From so many requests on it is no chance that each began right after another one had ended. */
const MANY = 3;
const SHORT_REQUEST = 16;

export const isSure = ({ queued }: Peer): boolean => queued >= MANY;

/** Nothing is kept that could be free: each made a connection of its own when the one before was done. */
function takesTurns({ longestQueued }: Peer): boolean {
  return longestQueued?.isNew === true && (longestQueued.connections ?? 1) === 1;
}

/** `one of 2 connections to 10.0.0.7:5432`. */
function whichOf(peer: Peer, name: string): string {
  if (takesTurns(peer)) return `a turn to connect to ${name}`;
  const connections = peer.longestQueued?.connections ?? null;
  if (connections === null) return `a free connection to ${name}`;
  return connections === 1 ? `the only connection to ${name}` : `one of ${connections} connections to ${name}`;
}

/** The first that has room is the title. */
export function queuedTitles(peer: Peer): readonly string[] {
  const { queued, queuedRequest, ofConnections, name } = peer;
  const longest = duration(ofConnections.longest);
  const times = queued === 1 ? '' : ` (${queued}x)`;
  const all = `${plural(queued, 'request')} waited up to ${longest} for ${whichOf(peer, name)}`;
  if (queuedRequest === '') return [all];
  const names = [requestName(queuedRequest), shortRequest(requestName(queuedRequest), SHORT_REQUEST)];
  return [...names.map((each) => `${each} waited up to ${longest} for ${whichOf(peer, name)}${times}`), all];
}

export function queuedSentence(peer: Peer, name: string): string {
  const { longestQueued, ofConnections, longestHeld } = peer;
  const request = longestQueued?.request ?? '';
  const connections = longestQueued?.connections ?? null;
  const whole = connections === null ? 'All were' : connections === 1 ? 'It was' : `All ${connections} were`;
  const all = takesTurns(peer)
    ? 'Nobody else connected meanwhile, as with a lock of the program around the call:'
    : `${whole} in use meanwhile:`;
  const held =
    longestHeld === null
      ? ''
      : ` A request held a connection for up to ${duration(longestHeld.length)}` +
        `${longestHeld.request === '' ? '' : ` (${longestHeld.request})`}.`;
  return (
    `${plural(peer.queued, 'request')} waited for ${whichOf(peer, name)}, together ` +
    `${duration(ofConnections.total)}. The longest wait took ${duration(ofConnections.longest)}` +
    `${request === '' ? '' : `: ${request}`}. ${all} ` +
    (longestQueued?.isNew === true
      ? 'a connection for each of these requests was made right after another request had its answer.'
      : 'each of these requests sent its first query right after another request had its last answer.') +
    held
  );
}

/** What to do where the service answers in time, and too few may ask it at a time. */
export const QUEUE_STEPS: readonly Step[] = [
  {
    text:
      'See what holds the connections: slow queries, transactions that stay open while the request does other work, ' +
      'or a lock of the program around the connection. A proxy may have a limit for the server that answers ' +
      '(haproxy: maxconn of the server; nginx: max_conns).',
  },
  {
    text: 'Let requests hold a connection for less time. Then allow more connections in the pool.',
    caveat: 'Each worker process has a pool of its own: the service must allow all of them together.',
  },
  {
    text: 'Limit how long a request may wait for a connection: an exhausted pool then gives an error that is logged.',
  },
];
