import type { KeptLine } from '../../model/evidence.ts';
import type { LongTurn } from '../../model/facts.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { PoolTurn } from '../../model/topics/pools/pool-tracker.ts';
import { requestName, requestShape } from '../../trace/request-shape.ts';
import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Confidence } from '../finding.ts';
import { type Cause, reasonOf } from '../stall-cause/cause.ts';
import type { HeldStretches } from '../stall-cause/unwinding.ts';
import { requestInWords } from '../statement-name.ts';

/** One request that had no reply for long, and what its thread was in. */
export interface Slow {
  readonly thread: Thread;
  readonly request: string;
  /** When it had been read, and when its reply began. */
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  /** It had none when the capture ended. */
  readonly open: boolean;
  readonly cause: Cause;
  readonly call: string;
  readonly callTime: Nanoseconds;
  /** Of all such calls, and how many they were. */
  readonly total: Nanoseconds;
  readonly calls: number;
  readonly target: string;
  readonly confidence: Confidence;
  readonly lines: readonly KeptLine[];
  /** Stretches in which a tracer that prints stacks may have held the thread; null where nobody asks for them. */
  readonly holds: HeldStretches | null;
  /** The same for requests of one shape that were slow for one reason. */
  readonly way: string;
}

/** About 10 MB. */
const MOST_KEPT = 20_000;

/** Requests of one thread that were slow in one way and made room. */
interface Dropped {
  count: number;
  total: Nanoseconds;
}

/** The requests that took `least` or longer, in order of time. The oldest make room, and are counted. */
export class KeptRequests {
  readonly #least: Nanoseconds;
  #kept: Slow[] = [];
  #longest: Nanoseconds = 0;
  readonly #last = new Map<Thread, Slow>();
  readonly #dropped = new Map<Thread, Map<string, Dropped>>();
  /** Some request was read of which the capture tells what it asks for. */
  hasNames = false;

  constructor(least: Nanoseconds) {
    this.#least = least;
  }

  /** A thread that accepts may be seen to be of a pool as well: what it did in one time is one request. */
  add(thread: Thread, slow: Slow | null): void {
    if (slow === null || lengthOf(slow) < this.#least) return;
    const last = this.#last.get(thread);
    if (last !== undefined && last.start < slow.end && slow.start < last.end) return;
    this.#longest = Math.max(this.#longest, lengthOf(slow));
    this.#last.set(thread, slow);
    // Only long ones may be shown with their lines.
    this.#kept.push(lengthOf(slow) * 2 >= this.#longest ? slow : { ...slow, lines: [] });
    if (this.#kept.length > MOST_KEPT) for (const old of this.#kept.splice(0, MOST_KEPT / 2)) this.#drop(old);
  }

  #drop(slow: Slow): void {
    const ways = this.#dropped.get(slow.thread) ?? new Map<string, Dropped>();
    this.#dropped.set(slow.thread, ways);
    const dropped = ways.get(slow.way) ?? { count: 0, total: 0 };
    ways.set(slow.way, dropped);
    dropped.count++;
    dropped.total += lengthOf(slow);
  }

  forget(thread: Thread): void {
    this.#kept = this.#kept.filter((slow) => slow.thread !== thread);
    this.#last.delete(thread);
    this.#dropped.delete(thread);
  }

  all(): readonly Slow[] {
    return this.#kept;
  }

  /** Those of these threads that made room. */
  dropped(threads: Iterable<Thread>, way: string): Dropped {
    const sum = { count: 0, total: 0 };
    for (const thread of threads) {
      const dropped = this.#dropped.get(thread)?.get(way);
      sum.count += dropped?.count ?? 0;
      sum.total += dropped?.total ?? 0;
    }
    return sum;
  }
}

export const lengthOf = ({ start, end }: Slow): Nanoseconds => end - start;

/**
 * Of a worker that serves one client at a time, the request that its turn was for; null where that is not known, or
 * where the capture ends in a call: `stuck-call` tells that.
 */
export function ofTurn(fact: LongTurn, timed: boolean): Slow | null {
  const { thread, turn, open, stuckIn } = fact;
  const { owner } = turn;
  if (owner === null || stuckIn !== null || owner.readAt === UNKNOWN || requestName(owner.name) === '') return null;
  const end = owner.answeredAt === UNKNOWN ? turn.end : owner.answeredAt;
  if (owner.waitedUntil(end) <= 0) return null;
  const { cause, call, callTime, total, rungs, target, confidence, lines } = reasonOf(fact, timed);
  return slowOf({
    thread: thread as Thread,
    request: owner.line,
    start: owner.lastReadAt,
    end,
    open,
    cause,
    call,
    callTime,
    total,
    calls: rungs,
    target,
    confidence,
    lines,
    holds: { held: turn.held, longHolds: turn.longHolds },
  });
}

/** A call has that part of the time of a request, or the thread was outside of calls, or waited for another one. */
const DOMINANT = 0.6;

/** The same of a thread that got the request from another one. */
export function ofPoolTurn({ thread, start, end, open, request, call, target, callTime, line }: PoolTurn): Slow | null {
  if (requestName(request) === '') return null;
  const isCall = callTime >= DOMINANT * (end - start);
  if (isCall && open) return null;
  return slowOf({
    thread: thread as Thread,
    request,
    start,
    end,
    open,
    cause: isCall ? 'blocking-call' : 'no-syscall',
    call: isCall ? call : '',
    callTime: isCall ? callTime : 0,
    total: isCall ? callTime : 0,
    calls: isCall ? 1 : 0,
    target: isCall ? target : '',
    confidence: isCall ? 'likely' : 'possible',
    lines: [line],
    holds: null,
  });
}

function slowOf(slow: Omit<Slow, 'way'>): Slow | null {
  // A client that sends slowly, or takes slowly what it is sent, keeps nobody waiting but itself.
  if (/^(?:a )?client\b/.test(slow.target)) return null;
  const { cause, call, target, request } = slow;
  return {
    ...slow,
    way: `${cause} ${call} ${target} ${requestInWords(requestShape(request))}`,
  };
}
