import type { ThreadAtEnd } from '../../../model/at-end/at-end.ts';
import type { Process } from '../../../model/machine/process.ts';
import { duration, plural } from '../../../trace/format-numbers.ts';
import { requestName, requestShape, shortRequest } from '../../../trace/request-shape.ts';
import { MILLISECOND, UNKNOWN } from '../../../trace/time.ts';
import { cutTitle, LONGEST_TITLE } from '../../cut-title.ts';
import type { Severity } from '../../finding.ts';
import { nounOf } from '../../noun-of-processes.ts';
import { shorterTargets } from '../../short-path.ts';
import { everyOne, someOf } from '../../words.ts';
import { ofAll, targetOf } from './targets.ts';

/** What a title needs besides the threads, of which the one that hangs longest is the first. */
export interface Scene {
  readonly severity: Severity;
  /** All threads that serve, or all processes of a capture in which nobody is known to serve. */
  readonly isEverybody: boolean;
  readonly processes: readonly Process[];
  /** It is known how long they were in that call, at least. */
  readonly isTimed: boolean;
  readonly isRepeated: boolean;
  /** `app.py:12 view()`, the code that called; '' where nobody looked. */
  readonly place: string;
}

const LEAST_REQUEST = 24;
/** Less than that says nothing: a title without it is easier to read. */
const LEAST_TOLD = 100 * MILLISECOND;

/**
 * Who hangs, in what, and for how long at least, in 78 characters: in the words of a stall where the request is known,
 * as in `GET /hang holds worker 4711 at least 12.0 s: sleeps (clock_nanosleep)`, else as in `Pid 4711 is stuck in
 * clock_nanosleep for at least 12.0 s`. What matters least gives way first: the function, the length of the request.
 */
export function titleOf(sorted: readonly ThreadAtEnd[], scene: Scene): string {
  const ways = requestWays(sorted, scene) ?? callWays(sorted, scene);
  const [short = ''] = scene.place.split(' ', 1);
  const placed =
    scene.place === ''
      ? ways
      : [...ways.map((each) => `${each}, ${scene.place}`), ...ways.map((each) => `${each}, ${short}`)];
  const fitting = placed.find((each) => each.length <= LONGEST_TITLE);
  if (fitting !== undefined) return fitting;
  const last = ways.at(-1) ?? '';
  if (scene.place === '') return cutTitle(last);
  return `${last.slice(0, LONGEST_TITLE - short.length - 5)}..., ${short}`;
}

/** ` at least 12.0 s`, `, one at least 12.0 s` of several; '' where the capture does not tell. */
function lengthOf(sorted: readonly ThreadAtEnd[], { isTimed, severity }: Scene): string {
  const [worst] = sorted;
  if (worst === undefined || !isTimed || worst.lasted === UNKNOWN || worst.lasted < LEAST_TOLD) return '';
  if (worst.idle === 'no' && severity === 'info') return '';
  const longest = duration(worst.lasted);
  const isOfAll = sorted.every(({ lasted }) => duration(lasted) === longest);
  // Of what had not ended nobody knows how long it took at most.
  return isOfAll ? ` at least ${longest}` : `, one at least ${longest}`;
}

/** The best first; null where it is not known that each of them serves a request, and which. */
function requestWays(sorted: readonly ThreadAtEnd[], scene: Scene): readonly string[] | null {
  if (scene.isRepeated || scene.severity === 'info') return null;
  const names = sorted.map(({ idle, left: { request, isServing } }) =>
    idle === 'no' && isServing && request !== null ? requestName(request.line) : '',
  );
  if (names.includes('')) return null;
  const [first = ''] = names;
  const shape = requestShape(first);
  const others = new Set(names.map(requestShape)).size - 1;
  const name = names.every((each) => each === first) ? first : shape;
  const more = others === 0 ? '' : ` and ${plural(others, 'other')}`;
  const whom = heldBy(sorted, scene);
  const length = lengthOf(sorted, scene);
  const shorts = [name, shortRequest(name, LEAST_REQUEST - more.length)];
  return whatOf(sorted, scene).flatMap((what) =>
    shorts.map((request) => `${request}${more} ${others === 0 ? 'holds' : 'hold'} ${whom}${length}: ${what}`),
  );
}

/** `worker 4711`, `thread 1929 of 1797`, `all 3 workers`, `4 threads of 2 processes`. */
function heldBy(sorted: readonly ThreadAtEnd[], { isEverybody, severity }: Scene): string {
  const pids = new Set(sorted.map(({ thread }) => thread.process.pid));
  const [pid = 0] = pids;
  const [only] = sorted;
  if (pids.size === 1) {
    if (sorted.length > 1) return `${sorted.length} threads${pid === 0 ? '' : ` of ${pid}`}`;
    if (pid === 0) return 'its worker';
    const tid = only?.thread.tid ?? pid;
    return tid === pid ? `worker ${pid}` : `thread ${tid} of ${pid}`;
  }
  if (sorted.length > pids.size && severity !== 'critical') return `${sorted.length} threads of ${pids.size} processes`;
  if (!isEverybody) return `${pids.size} workers`;
  const all = everyOne(pids.size, 'workers');
  return `${all.charAt(0).toLowerCase()}${all.slice(1)}`;
}

/** What they do instead of answering, in a few ways, the best first. */
function whatOf(sorted: readonly ThreadAtEnd[], { place }: Scene): readonly string[] {
  const [worst] = sorted;
  if (worst === undefined) return [];
  const { left, wait } = worst;
  const { name } = left;
  if (wait.kind === 'time') return [`sleeps (${name})`, 'sleeps'];
  if (wait.kind === 'child') {
    const child = left.child > 0 && sorted.length === 1 ? `child process ${left.child}` : 'a child process';
    return [`waits for ${child} (${name})`, `waits for ${child}`];
  }
  const lock = place === '' ? lockOf(sorted) : '';
  if (lock.endsWith(' is taken')) return [`${lock} (${name})`, lock];
  if (lock !== '') return [`waits for ${lock} (${name})`, `waits for ${lock}`];
  const own = targetOf(worst);
  if (own === null)
    return wait.kind === 'lock' ? [`waits for a lock (${name})`, 'waits for a lock'] : [`waits in ${name}`];
  const target = ofAll(own, sorted);
  const [, address = '', service = ''] = SERVICE.exec(target) ?? [];
  if (left.path !== '' || address === '') {
    const on = left.path === '' ? 'on' : 'of';
    return shorterTargets(target).flatMap((each) => [`waits in ${name} ${on} ${each}`, `${name} ${on} ${each}`]);
  }
  const named = service === '' ? address : `${service} ${address}`;
  return [`waits for ${named} (${name})`, `waits for ${named}`, `waits for ${address}`];
}

/** An address with a port, and what listens there. */
const SERVICE = /^(\S+:\d+)(?: \(([^()]*?)(?: by convention)?\))?$/;

/** The best first. */
function callWays(sorted: readonly ThreadAtEnd[], scene: Scene): readonly string[] {
  const [worst] = sorted;
  if (worst === undefined) return [];
  const { left, idle } = worst;
  const { severity, isRepeated, processes } = scene;
  const pids = [...new Set(sorted.map(({ thread }) => thread.process.pid))];
  const { subject, isOne } = who(sorted, pids, processes, scene);
  const own = targetOf(worst);
  // Of what the kernel goes on with only others know what it is about.
  const word = left.path === '' ? 'on' : 'of';
  const ons = own === null ? [''] : shorterTargets(ofAll(own, sorted)).map((target) => ` ${word} ${target}`);
  const be = isOne ? 'is' : 'are';
  if (isRepeated) return ons.map((on) => `${subject} ${be} in one ${left.name}${on} after the other`);
  const length = lengthOf(sorted, scene);
  const long = length.replace(/^ /, ' for ');
  const lock = scene.place === '' ? lockOf(sorted) : '';
  const isStuck = idle === 'no' && severity !== 'info';
  const verb = isStuck ? `${be} stuck` : isOne ? 'waits' : 'wait';
  const why = isStuck ? (lock === '' ? '' : `: ${lock}`) : idle === 'no' ? '' : ': idle or stuck';
  const way = (on: string, time: string, end: string): string => `${subject} ${verb} in ${left.name}${on}${time}${end}`;
  // The name of the target is shortened before a figure gives way. What a stuck thread waits for is no doubt.
  return [
    ...ons.map((on) => way(on, long, why)),
    ...(isStuck
      ? ons.map((on) => way(on, '', why))
      : [...ons.map((on) => way(on, long, '')), ...ons.map((on) => way(on, '', ''))]),
  ];
}

/**
 * The lock that all of them wait for in memory: a debugger finds it by its address. Only some operations and values of
 * a futex tell that it is a lock, and taken.
 */
function lockOf(sorted: readonly ThreadAtEnd[]): string {
  const words = new Set(sorted.map(({ left, wait }) => (wait.kind === 'lock' ? (left.futex?.word ?? '') : '')));
  const [word = ''] = words;
  if (words.size !== 1 || word === '') return '';
  const isTaken = sorted.every(({ wait }) => /^(?:a lock that is taken|one lock)/.test(wait.what));
  return isTaken ? `the lock at ${word} is taken` : `a lock or a signal at ${word}`;
}

interface Subject {
  readonly subject: string;
  readonly isOne: boolean;
}

function who(
  sorted: readonly ThreadAtEnd[],
  pids: readonly number[],
  all: readonly Process[],
  { isEverybody, severity }: Scene,
): Subject {
  if (pids.length > 1) {
    const noun = nounOf(all);
    // Other threads of a pool may serve meanwhile, unless the whole service is stuck.
    if (sorted.length > pids.length && severity !== 'critical')
      return { subject: `${sorted.length} threads of ${pids.length} ${noun}`, isOne: false };
    // The rest keeps time or governs them, as whoever looked at them from outside could see.
    const isLookedAt = all.every(({ clientsHeld }) => clientsHeld !== UNKNOWN);
    // A number of them tells nobody where to look: of what may be idle there is no other sign.
    if (severity === 'info' && pids.length < all.length) return { subject: firstNamed(sorted), isOne: false };
    const isAllWorkers = isEverybody && isLookedAt && pids.length < all.length;
    const subject = isAllWorkers ? everyOne(pids.length, 'workers') : someOf(pids.length, all.length, noun);
    return { subject, isOne: false };
  }
  const [only] = sorted;
  const pid = pids[0] ?? 0;
  if (sorted.length > 1) return { subject: `${sorted.length} threads${pid === 0 ? '' : ` of ${pid}`}`, isOne: false };
  const { tid } = only?.thread ?? { tid: 0 };
  if (pid === 0) return { subject: 'A process', isOne: true };
  return { subject: tid === pid ? `Pid ${pid}` : `Thread ${tid} of ${pid}`, isOne: true };
}

const MOST_NAMED = 2;

/** `Pids 4127 and 4128`, `Threads 4131, 4132 and 3 more`. */
function firstNamed(sorted: readonly ThreadAtEnd[]): string {
  const tids = sorted.map(({ thread }) => thread.tid);
  const noun = sorted.every(({ thread }) => thread.tid === thread.process.pid) ? 'Pids' : 'Threads';
  const more = tids.length - MOST_NAMED;
  const [first, second] = tids;
  return more > 0 ? `${noun} ${first}, ${second} and ${more} more` : `${noun} ${first} and ${second}`;
}
