import type { Call } from '../../../trace/record.ts';
import type { Nanoseconds } from '../../../trace/time.ts';
import { clienteleOf } from '../../machine/clientele.ts';
import type { Request } from '../../machine/connections.ts';
import type { Process } from '../../machine/process.ts';
import type { Thread } from '../../machine/thread.ts';
import type { Tracker, TrackerContext } from '../../tracker.ts';

/** A request that had no answer at that moment, or had it then. */
interface SlowReply {
  readonly length: Nanoseconds;
  /** Its line; ''. */
  readonly request: string;
  readonly at: Nanoseconds;
  /** Who read it last. */
  readonly process: Process;
}

/**
 * Counts requests of known lines that had no answer when a client may have given up, whatever they waited for: what no
 * check explains is no all-clear.
 */
export class SlowReplies implements Tracker {
  /** Requests count from this time without an answer on. */
  readonly least: Nanoseconds;
  #count = 0;
  #longest: SlowReply | null = null;
  readonly #inWindow: (time: Nanoseconds) => boolean;

  constructor({ inWindow, clientTimeout }: TrackerContext) {
    this.#inWindow = inWindow;
    this.least = clientTimeout;
  }

  replied({ end }: Call, { process }: Thread, request: Request): void {
    if (request.waitedUntil(end) >= this.least) this.#add([slowReply(request, end, process)]);
  }

  finish(threads: Iterable<Thread>): void {
    this.#add(this.#waiting(threads));
  }

  /** How many so far, those that still wait included, and the longest; null for none. */
  soFar(threads: Iterable<Thread>): { readonly count: number; readonly longest: SlowReply | null } {
    const waiting = this.#waiting(threads).filter((reply) => this.#counts(reply));
    return { count: this.#count + waiting.length, longest: waiting.reduce(longer, this.#longest) };
  }

  /** Those that wait now, of processes that answer most of what they read: else the answer is not seen. */
  #waiting(threads: Iterable<Thread>): SlowReply[] {
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

  #add(replies: readonly SlowReply[]): void {
    for (const reply of replies) {
      if (!this.#counts(reply)) continue;
      this.#count++;
      this.#longest = longer(this.#longest, reply);
    }
  }

  /** What no line tells may be no request. */
  #counts({ length, request, at }: SlowReply): boolean {
    return length >= this.least && request !== '' && this.#inWindow(at);
  }
}

/** A process that was forked for one client has read one request, and that may be the one which waits. */
function answersMost(process: Process, all: ReadonlySet<Process>): boolean {
  const { from } = clienteleOf(process);
  const alike = from === null ? [process] : [...all].filter((each) => clienteleOf(each).from === from);
  const requests = alike.reduce((sum, each) => sum + each.requests, 0);
  return alike.reduce((sum, each) => sum + each.answered, 0) * 2 >= requests;
}

function slowReply(request: Request, at: Nanoseconds, process: Process): SlowReply {
  return { length: request.waitedUntil(at), request: request.line, at, process };
}

function longer(known: SlowReply | null, reply: SlowReply): SlowReply {
  return known === null || reply.length > known.length ? reply : known;
}
