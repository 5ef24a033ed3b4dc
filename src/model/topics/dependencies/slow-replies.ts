import { requestStart } from '../../../trace/payload.ts';
import type { Call } from '../../../trace/record.ts';
import type { Nanoseconds } from '../../../trace/time.ts';
import { clienteleOf } from '../../machine/clientele.ts';
import type { Request } from '../../machine/connections.ts';
import type { Descriptor } from '../../machine/descriptors.ts';
import { Loop } from '../../machine/loop.ts';
import type { Process } from '../../machine/process.ts';
import type { Thread } from '../../machine/thread.ts';
import type { Tracker, TrackerContext } from '../../tracker.ts';

/** A request that had no answer at that moment, or had it then. */
interface HeldReply {
  readonly length: Nanoseconds;
  /** Its line; ''. */
  readonly request: string;
  readonly at: Nanoseconds;
  /** Who read it last. */
  readonly process: Process;
  /** How long its loop waited for work meanwhile; 0 where a thread serves it that is no loop. */
  readonly loopFree: Nanoseconds;
  /** How long after it had been read the server passed it on, and to whom; 0 and '' where it did not, or at once. */
  readonly held: Nanoseconds;
  readonly peer: string;
}

/** So many bytes of a question hold its first line, as a rule. */
const HEAD_BYTES = 256;
/** Requests passed on that are remembered, and of equal ones so many. */
const MOST_PASSED = 256;
const MOST_TIMES = 16;

/** When equal requests were passed on lately, and to whom the first of them. */
interface PassedOn {
  readonly times: Nanoseconds[];
  readonly peer: string;
}

/**
 * Counts requests of known lines that had no answer when a client may have given up, whatever they waited for: what no
 * check explains is no all-clear.
 */
export class SlowReplyTracker implements Tracker {
  /** Requests count from this time without an answer on. */
  readonly least: Nanoseconds;
  #count = 0;
  #longest: HeldReply | null = null;
  /** By method, path and query; the latest last. */
  readonly #passed = new Map<string, PassedOn>();
  readonly #inWindow: (time: Nanoseconds) => boolean;

  constructor({ inWindow, clientTimeout }: TrackerContext) {
    this.#inWindow = inWindow;
    this.least = clientTimeout;
  }

  /** A proxy passes on what it was asked, in the same words. */
  asked(call: Call, _thread: Thread, descriptor: Descriptor): void {
    if (descriptor.query !== null && descriptor.query.protocol !== 'HTTP') return;
    const start = requestStart(call.arguments.payload(HEAD_BYTES) ?? '');
    if (start === null) return;
    const known = this.#passed.get(start.identity) ?? { times: [], peer: descriptor.peer };
    this.#passed.delete(start.identity);
    this.#passed.set(start.identity, known);
    known.times.push(call.start);
    if (known.times.length > MOST_TIMES) known.times.shift();
    if (this.#passed.size <= MOST_PASSED) return;
    for (const [oldest] of this.#passed) {
      this.#passed.delete(oldest);
      break;
    }
  }

  replied({ end }: Call, { process }: Thread, request: Request): void {
    if (request.waitedUntil(end) < this.least) return;
    this.#add([{ ...slowReply(request, end, process), ...this.#heldUntil(request, end) }]);
  }

  /** The first of equal requests counts: it may be another one, and this one was held for longer then. */
  #heldUntil(request: Request, end: Nanoseconds): Pick<HeldReply, 'held' | 'peer'> {
    const passed = this.#passed.get(request.identity);
    const at = passed?.times.find((time) => time >= request.readAt && time <= end);
    // Times before the first that is remembered may have been between them.
    const isKnown =
      passed !== undefined && (passed.times.length < MOST_TIMES || (passed.times[0] ?? 0) < request.readAt);
    return at === undefined || !isKnown ? NOT_HELD : { held: at - request.readAt, peer: passed.peer };
  }

  finish(threads: Iterable<Thread>): void {
    this.#add(this.#waiting(threads));
  }

  /** How many so far, those that still wait included, and the longest; null for none. */
  soFar(threads: Iterable<Thread>): { readonly count: number; readonly longest: HeldReply | null } {
    const waiting = this.#waiting(threads).filter((reply) => this.#counts(reply));
    return { count: this.#count + waiting.length, longest: waiting.reduce(longer, this.#longest) };
  }

  /** Those that wait now, of processes that answer most of what they read: else the answer is not seen. */
  #waiting(threads: Iterable<Thread>): HeldReply[] {
    let end = 0;
    const processes = new Set<Process>();
    for (const { process, lastTime } of threads) {
      processes.add(process);
      end = Math.max(end, lastTime);
    }
    return [...processes]
      .filter((process) => answersMost(process, processes))
      .flatMap((process) =>
        [...process.inProgress.unanswered(process)].map((request) => slowReply(request, end, process)),
      );
  }

  #add(replies: readonly HeldReply[]): void {
    for (const reply of replies) {
      if (!this.#counts(reply)) continue;
      this.#count++;
      this.#longest = longer(this.#longest, reply);
    }
  }

  /** What no line tells may be no request. */
  #counts({ length, request, at }: HeldReply): boolean {
    return length >= this.least && request !== '' && this.#inWindow(at);
  }
}

const NOT_HELD: Pick<HeldReply, 'held' | 'peer'> = { held: 0, peer: '' };

/** A process that was forked for one client has read one request, and that may be the one which waits. */
export function answersMost(process: Process, all: ReadonlySet<Process>): boolean {
  const { from } = clienteleOf(process);
  const alike = from === null ? [process] : [...all].filter((each) => clienteleOf(each).from === from);
  const requests = alike.reduce((sum, each) => sum + each.requests, 0);
  return alike.reduce((sum, each) => sum + each.answered, 0) * 2 >= requests;
}

function slowReply(request: Request, at: Nanoseconds, process: Process): HeldReply {
  const { loop } = request;
  // Of threads that share a loop any may have been free.
  const loopFree = loop instanceof Loop && loop.hub !== null && !loop.isShared ? loop.blame(request, at).waiting : 0;
  return { length: request.waitedUntil(at), request: request.line, at, process, loopFree, ...NOT_HELD };
}

function longer(known: HeldReply | null, reply: HeldReply): HeldReply {
  return known === null || reply.length > known.length ? reply : known;
}
