import type { LongWork } from '../../model/machine/long-work.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { requestShape } from '../../trace/request-shape.ts';
import { isWait, syscall } from '../../trace/syscalls.ts';
import { BusyTurns } from '../busy-at-once/busy-turns.ts';

/** A thread for each connection is no pool: so many are followed. */
const MOST_THREADS = 4_096;
/** The part of its work that one call must take to name what a thread was in. */
const DOMINANT = 0.6;

/** When threads that do one thing at a time were busy with long ones. */
export class BusyThreads {
  readonly turns = new Map<Thread, BusyTurns>();
  /** How many such things each did. */
  readonly requests = new Map<Thread, number>();

  /** False where there is no room for one more thread. */
  add(work: LongWork): boolean {
    const { thread, start, end, open, callTime, line } = work;
    if (this.turns.size >= MOST_THREADS && !this.turns.has(thread)) return false;
    const own = this.turns.get(thread) ?? new BusyTurns();
    this.turns.set(thread, own);
    const length = end - start;
    const outside = Math.max(0, length - callTime);
    const [call, target] = callTime >= DOMINANT * length ? [work.call, work.target] : ['', ''];
    const cause = call === '' ? 'no-syscall' : isWait(syscall(call).family) ? 'foreign-poll' : 'blocking-call';
    own.add(
      { start, end, outside, open, lines: [line], pauseStart: start, pauseEnd: end },
      { cause, call, target, isBrief: false, request: requestShape(work.request) },
    );
    this.requests.set(thread, (this.requests.get(thread) ?? 0) + 1);
    return true;
  }

  forget(thread: Thread): void {
    this.turns.delete(thread);
    this.requests.delete(thread);
  }
}
