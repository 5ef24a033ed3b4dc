import type { Request } from '../../model/machine/connections.ts';
import type { Process } from '../../model/machine/process.ts';
import { type Role, rolesIn } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { threadsOf } from '../../model/machine/threads-of.ts';
import { servesRequest } from '../../trace/code-frame.ts';
import { duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import { shortRequest } from '../../trace/request-shape.ts';
import { elapsed, MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import { codeIn, codeSentence, commonPlace, withPlace } from '../code-line.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, span } from '../finding.ts';
import { awayFinding } from './away.ts';
import type { Metrics } from './metrics.ts';

/** Who was ready to run for less of the time than that was stopped, which is another matter. */
const LEAST_SHARE = 0.5;
const LONGEST_TITLE = 78;
const LONGEST_REQUEST = 30;
/** Those that serve one request at a time: of event loops a long request is a stall, or a wait. */
const ONE_AT_A_TIME: ReadonlySet<Role> = new Set<Role>(['sync-worker', 'blocking-acceptor']);
/** Threads of runtimes (Go) run now one request, now another, without a call. */
const OF_A_POOL: ReadonlySet<Role> = new Set<Role>(['pool-thread', 'library-thread']);

/** A thread that drover looked at, that is at work on one request for long and in no long call. */
export interface Held {
  readonly thread: Thread;
  readonly request: Request;
  readonly lasted: Nanoseconds;
  /** Others of its process go on meanwhile. */
  readonly isOfPool: boolean;
}

/**
 * Workers of one thread that serve one request at a time, and one since long: computing, or from one short call to the
 * next; and threads of a pool that compute for one. Those of which no request is known are told by `awayAllTime`, those
 * in a long call by that call.
 */
export function heldByRequest(context: Context): Held[] {
  const { model, threshold } = context;
  const least = threshold('stuck-ms') * MILLISECOND;
  return [...rolesIn(model.processes)].flatMap(([thread, role]) => {
    const { process, seen, ended, leftIn } = thread;
    const isAlone = threadsOf(process).length === 1;
    if (seen === null || ended || !(ONE_AT_A_TIME.has(role) || (!isAlone && OF_A_POOL.has(role)))) return [];
    if (leftIn !== null && elapsed(leftIn.since, model.lastTime) >= least) return [];
    // Who makes no call computes, unless it was stopped; who makes short ones is seen between two of them at times.
    const isSilent = elapsed(thread.lastTime, model.lastTime) >= least;
    if (isSilent && seen.call === '' && seen.ran < elapsed(seen.since, model.lastTime) * LEAST_SHARE) return [];
    const request = isAlone ? process.inProgress.oldestAtEnd : requestIn(context, thread);
    if (request === null || request.line === '' || !showsAnswers(process)) return [];
    if (!isAlone && !(isSilent ? isComputing(thread) : isBusyWith(context, thread, request))) return [];
    const waited = request.waitedUntil(model.lastTime);
    // What was not read yet may be its answer: up to its last line it had none.
    const sure = Math.max(elapsed(seen.since, model.lastTime), request.waitedUntil(thread.lastTime));
    const lasted = thread.isUnread ? Math.min(waited, sure) : waited;
    return lasted < least ? [] : [{ thread, request, lasted, isOfPool: !isAlone }];
  });
}

/** Had it handed its request to another thread, it would have woken that one by a call. */
function isComputing({ seen, leftIn }: Thread): boolean {
  return seen?.call === '' && leftIn === null;
}

/** The request that a thread of a pool serves: one that it read, or the only one there is, where its code serves. */
function requestIn(context: Context, thread: Thread): Request | null {
  const { inProgress } = thread.process;
  const own = inProgress.oldestOf(thread.loop);
  const only = inProgress.countAtEnd === 1 ? inProgress.oldestAtEnd : null;
  return own ?? (only !== null && isInCodeOf(context, thread, only) ? only : null);
}

/**
 * The threads of Python and Ruby hand their one lock on while they compute, by calls: since it read the request the
 * thread did not wait for most of the time, or the code tells that it serves.
 */
function isBusyWith(context: Context, thread: Thread, request: Request): boolean {
  const { lastReadAt, waitedAtRead, loop } = request;
  const waited = thread.loop.waited - waitedAtRead;
  const isOwn = loop === thread.loop;
  const isBusy = isOwn && waited <= elapsed(lastReadAt, context.model.lastTime) * (1 - LEAST_SHARE);
  return isBusy || isInCodeOf(context, thread, request);
}

function isInCodeOf({ model }: Context, thread: Thread, request: Request): boolean {
  const code = codeIn(model, thread, { start: request.lastReadAt, end: model.lastTime });
  return code !== null && servesRequest(code.frames, thread.process.server);
}

/** Of most requests that it read, or all but the last, the answer was seen. */
function showsAnswers({ requests, answered }: Process): boolean {
  return requests - answered <= 1 || answered * 2 >= requests;
}

/** What holds them, and for how long at least; the other words are those of who never came to a wait. */
export function heldFinding(context: Context, all: readonly Held[], isEverybody: boolean): DraftFinding<Metrics> {
  const { model } = context;
  const sorted = all.toSorted((a, b) => b.lasted - a.lasted || a.thread.tid - b.thread.tid);
  const [worst] = sorted;
  if (worst === undefined) throw new Error('somebody is held');
  const { thread, request, lasted, isOfPool } = worst;
  const away = awayFinding(
    context,
    sorted.map((each) => each.thread),
    isEverybody,
  );
  const code = codeIn(model, thread, { start: model.lastTime - lasted, end: model.lastTime });
  const name = shortRequest(request.line, LONGEST_REQUEST);
  const isSilent = elapsed(thread.lastTime, model.lastTime) >= lasted * LEAST_SHARE;
  const what = isSilent ? 'no system call' : 'short calls';
  const place = commonPlace([code]);
  // With the number of a thread both do not fit.
  const how = isOfPool && place !== '' ? '' : `: ${what}`;
  const more = sorted.length > 1 ? ` (${sorted.length} workers)` : '';
  const others = sorted.length > 1 ? ` ${plural(sorted.length, 'worker is', 'workers are')} held like that.` : '';
  const pid = thread.process.pid;
  const who = isOfPool && thread.tid !== pid ? `thread ${thread.tid} of ${pid}` : `worker ${pid}`;
  return {
    ...away,
    severity: isEverybody ? 'critical' : 'warning',
    confidence: 'likely',
    title: withPlace(`${name} holds ${who} at least ${duration(lasted)}${more}${how}`, place, LONGEST_TITLE),
    summary:
      `${who.charAt(0).toUpperCase()}${who.slice(1)} has served ${name} for at least ${duration(lasted)} and not ` +
      'answered: it makes ' +
      `${isSilent ? 'no system call (running, or waiting for a CPU)' : 'short calls only'}.${others}` +
      codeSentence(code),
    why: isOfPool
      ? 'A thread serves nobody else while it computes. It slows the others where threads share one lock, as in Python.'
      : 'A worker that serves one request at a time neither accepts nor answers anybody else until it is done.',
    ...span(context.capabilities, model.lastTime - lasted, model.lastTime),
    metrics: {
      ...away.metrics,
      threads: away.metrics.threads.map((each, index) => ({
        ...each,
        call: '',
        forMs: milliseconds(sorted[index]?.lasted ?? 0),
        idle: 'no',
      })),
    },
  };
}
