import { count, duration, plural } from '../../trace/format-numbers.ts';
import { requestName, requestShape, shortRequest } from '../../trace/request-shape.ts';
import { cutTitle } from '../cut-title.ts';
import { CAUSE_IN_WORDS, type Cause, type Reason } from '../stall-cause/cause.ts';
import { addressAndName, waitIn } from '../stall-cause/waits-in.ts';
import { everyOne, workerName } from '../words.ts';
import { isKnownToRun, isMostlyStarved, isStarved, ONE_GAP, percentQueued } from './sentences.ts';
import type { StallCause } from './stall-causes.ts';
import { isOfRequest, type Stall } from './stall-group.ts';

/** So much of a title is shown in a list that is 80 columns wide. */
const LONGEST_TITLE = 70;
/** The name of a function at its end may be cut there: the line says enough. */
const LONGEST_WITH_CODE = 78;
const LEAST_REQUEST = 24;

/** A title, and how it names the request where that is too long for it. */
export interface Title {
  readonly text: string;
  readonly request: string;
}

/** What else is known of a stall: whom other threads connect to, and the line of code that it was in. */
export interface Seen {
  readonly helpers: readonly string[];
  /** `app.py:12 application()`; empty when nobody looked. */
  readonly place: string;
  /** It accepts for a pool of threads and waits for another thread: for a free one, most likely. */
  readonly isFull?: boolean;
}

/** What a title is made of: each thing in a few ways, the best first and the shortest last. */
interface Parts {
  readonly request: string;
  /** The request as metrics have it; `request` may be what several have in common. */
  readonly known: string;
  /** ` and 3 others`, of other shapes; empty for none. */
  readonly others: string;
  readonly isAfterReply: boolean;
  readonly whom: readonly string[];
  readonly length: string;
  readonly times: string;
  readonly what: readonly string[];
  /** The first ones of `what`, which name all that is known: whom it waits for, the code, the request. */
  readonly whole: number;
  readonly hasCode: boolean;
}

/**
 * Who does what to whom, how long and how often: `GET /b holds worker 4870 for 1.00 s (3x): running, or no CPU`.
 * At most 78 characters; what matters least gives way first. `loops`: all event loops of the capture.
 */
export function titleOf(cause: StallCause, loops: number, { helpers, place, isFull = false }: Seen): Title {
  const [worst] = cause.members;
  if (worst === undefined) throw new Error('a cause has one member at least');
  const { longest } = worst;
  const pids = new Set(cause.members.map(({ thread }) => thread.process.pid));
  const [pid = 0] = pids;
  const request = isOfRequest(worst.cause) ? sharedName(longest, cause.requests) : '';
  const alike = requestShape(request);
  const different = cause.requests.filter((name) => requestShape(name) !== alike);
  const others = request === '' || different.length === 0 ? '' : ` and ${plural(different.length, 'other')}`;
  const bare = isFull ? ['may wait for a free thread'] : whatOf(longest, helpers);
  const placed = withPlaceIn(bare, place);
  const what = withRequest(placed, worst.cause, cause.requests);
  return fitted({
    request,
    known: cause.requests.includes(request) ? request : '',
    others,
    isAfterReply: longest.afterReply && request !== '',
    whom: pids.size === 1 ? [workerName(pid)] : groupNames(pids.size, loops),
    length: lengthOf(longest, cause.count > 1, request === '' ? '' : 'for '),
    times: cause.count > 1 ? ` (${count(cause.count)}x)` : '',
    what,
    // The last of three ways and more leaves out whom it waits for.
    whole:
      what.length - placed.length || placed.length - bare.length || (bare.length > 2 ? bare.length - 1 : bare.length),
    hasCode: place !== '',
  });
}

/** What the requests of one shape have in common: no single `GET /item/17` took what many of them took. */
function sharedName({ request }: Stall, requests: readonly string[]): string {
  const name = requestName(request) || (requests[0] ?? '');
  const shape = requestShape(name);
  return requests.some((other) => other !== name && requestShape(other) === shape) ? shape : name;
}

/** How long it took; of several stalls how long at most, for the sentence would read as if each took as long. */
function lengthOf({ length, open, beganBefore }: Stall, isOneOfSeveral: boolean, once: string): string {
  const named = duration(length);
  const isMore = open || beganBefore;
  if (!isOneOfSeveral) return `${isMore ? 'at least ' : once}${named}`;
  // Of what had not ended nobody knows how long it took at most.
  return isMore ? `, once at least ${named}` : `up to ${named}`;
}

/** The same of one of several workers. */
export function memberTitleOf(cause: StallCause, pid: number, seen: Seen): Title {
  const members = cause.members.filter(({ thread }) => thread.process.pid === pid);
  const own = members.reduce((sum, each) => sum + each.count, 0);
  return titleOf({ ...cause, members, count: own }, 1, seen);
}

/** The code it was in, where somebody looked: at least the file and the line. */
function withPlaceIn(what: readonly string[], place: string): readonly string[] {
  if (place === '') return what;
  const [short = place] = place.split(' ', 1);
  return [...what.map((each) => `${each}, ${place}`), ...what.map((each) => `${each}, ${short}`), short, ...what];
}

/** What is about the worker names the request that it served meanwhile, where that tells where to look. */
function withRequest(what: readonly string[], cause: Cause, [request]: readonly string[]): readonly string[] {
  if (request === undefined || isOfRequest(cause) || cause === 'not-running' || cause === 'stopped') return what;
  return [
    ...what.map((each) => `${each} (${request})`),
    ...what.map((each) => `${each} (${shortRequest(request, LEAST_REQUEST)})`),
    ...what,
  ];
}

function groupNames(workers: number, loops: number): readonly string[] {
  const all = everyOne(workers, 'workers');
  return workers === loops ? [all, `${workers} workers`] : [`${workers} workers`];
}

type Way = readonly [request: string, whom: number, length: string, times: string, what: number];

function fitted(parts: Parts): Title {
  const { request, others, whom, length, times, what } = parts;
  const bare = length.replace(/^for /, '');
  const ways: Way[] = [];
  const short = shortRequest(request, LEAST_REQUEST - others.length);
  for (const name of new Set([request, short]))
    for (const index of what.keys())
      ways.push(
        [name, 0, length, times, index],
        // That it holds all workers, and the word before a time, say more than the call.
        ...(isCutOf(what[index + 1], what[index])
          ? [length, bare].map((long): Way => [name, 0, long, times, index + 1])
          : []),
        [name, 0, bare, times, index],
        [name, 1, bare, times, index],
        // What it is about says more than how often.
        ...(index < parts.whole - 1 || times === '' ? [] : [0, 1].map((each): Way => [name, each, bare, '', index])),
      );
  const longest = parts.hasCode ? LONGEST_WITH_CODE : LONGEST_TITLE;
  // That it holds all workers says more than how often; a name that is cut says nothing.
  const last = what.length - 1;
  const wider = [request, short].map((name): Way => [name, 0, bare, '', last]);
  const text = ([name, each, long, often, index]: Way): string =>
    sentence(parts, name, whom[each] ?? whom[0] ?? '', `${long}${often}`, what[index] ?? '');
  const chosen =
    ways.find((each) => text(each).length <= longest) ??
    [...wider, ...ways.slice(-1)].find((each) => text(each).length <= LONGEST_WITH_CODE);
  const way = chosen === undefined ? undefined : withRest(chosen, parts, text);
  const [name] = way ?? [short];
  // What it does is cut last: a list shows its beginning, and a report has the room.
  const whole = way === undefined ? cutTitle(text(ways.at(-1) as Way), longest) : text(way);
  return { text: whole, request: name === parts.known ? '' : name };
}

/** How often, and the word before a time, are left out of a list that is narrow; where there is room they stay. */
function withRest(way: Way, { length, times }: Parts, text: (way: Way) => string): Way {
  const [name, whom, bare, often, what] = way;
  const more: readonly Way[] = [
    [name, whom, length, times, what],
    [name, whom, bare, times, what],
    [name, whom, length, often, what],
  ];
  return more.find((each) => text(each).length <= LONGEST_WITH_CODE) ?? way;
}

/** The second way says the same in fewer words. */
const isCutOf = (shorter: string | undefined, longer: string | undefined): boolean =>
  shorter !== undefined &&
  (longer?.startsWith(`${shorter} (`) === true || /^(?:mostly )?computes, or no CPU/.test(shorter));

/** Others never give way: what is said is not true of one request alone. */
function sentence(
  { isAfterReply, others }: Parts,
  request: string,
  whom: string,
  length: string,
  what: string,
): string {
  const long = length.startsWith(',') ? length : ` ${length}`;
  if (request === '') return `${whom} stalled${long}: ${what}`;
  const lower = `${whom.charAt(0).toLowerCase()}${whom.slice(1)}`;
  const start = isAfterReply
    ? `Work after ${request}${others} holds`
    : `${request}${others} ${others === '' ? 'holds' : 'hold'}`;
  return `${start} ${lower}${long}: ${what}`;
}

function whatOf(stall: Stall, helpers: readonly string[]): readonly string[] {
  const { reason, longestGap, length } = stall;
  const { cause, call } = reason;
  if (reason.stop !== null) return [`stopped by ${reason.stop.signal}`];
  if (cause === 'not-running') {
    if (isMostlyStarved(stall)) return ['waits for a CPU'];
    return [stall.rhythm === null ? 'did not run' : `throttled every ${duration(stall.rhythm.period)}`];
  }
  if (call === '' && isStarved(stall)) {
    if (isMostlyStarved(stall)) return ['waits for a CPU'];
    const share = `no CPU for ${percentQueued(stall)} % of that time`;
    return [`no system call, ${share}`, share];
  }
  if (cause === 'futex-ladder' || cause === 'lock') return waitForThread(reason, helpers);
  if (cause === 'gil-wait') return [`waits for ${CAUSE_IN_WORDS[cause]}`, 'waits for the GIL'];
  if (cause === 'fork') return [`forks (${call})`, 'forks'];
  if (cause === 'sleep') return [`sleeps (${call})`, 'sleeps'];
  if (call !== '') return waitIn(reason);
  if (cause === 'many-requests') return [CAUSE_IN_WORDS[cause], 'many requests in a row'];
  if (cause === 'one-connection')
    return [CAUSE_IN_WORDS[cause], 'one connection keeps the loop busy', 'one busy connection'];
  if (cause === 'patched-thread-pool')
    return [CAUSE_IN_WORDS[cause], 'a thread-pool job on the loop', 'pool job on the loop'];
  if (cause !== 'no-syscall') return [CAUSE_IN_WORDS[cause]];
  if (stall.spinsIn !== '') return [`spins in ${stall.spinsIn}`];
  if (isKnownToRun(stall)) return ['computes (no system call)', 'computes'];
  return longestGap >= ONE_GAP * length
    ? ['computes, or waits for a CPU', 'computes, or no CPU', 'no system call']
    : ['mostly computes, or waits for a CPU', 'mostly computes, or no CPU', 'mostly no system call'];
}

/** A futex does not say what it waits for; the peers of the library's own threads are the best hint. */
function waitForThread({ cause, call }: Reason, [helper]: readonly string[]): readonly string[] {
  if (helper === undefined)
    return cause === 'lock'
      ? [`waits for a lock (${call})`, 'waits for a lock']
      : ['a library waits in many short futex calls', 'a library polls a futex', 'many short futex waits'];
  const [address = '', name = ''] = addressAndName(helper);
  const peer = `${name === '' ? '' : `${name} `}${address}`;
  return [`a library may wait for ${peer}`, `may wait for ${peer}`, `may wait for ${address}`];
}
