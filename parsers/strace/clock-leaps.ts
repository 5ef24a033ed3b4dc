import { MILLISECOND, type Nanoseconds, SECOND } from '../../src/trace/time.ts';
import type { ByteWindow } from '../text/byte-window.ts';
import type { LineColumns } from './line-columns.ts';
import { LinePrefix } from './line-prefix.ts';
import type { ThreadTable } from './thread-table.ts';

/** A silence of all threads from here on may be a clock that was set forward. */
export const LEAST_SILENCE = 250 * MILLISECOND;
/** A wait that is so much shorter than its stamps say was not that long. */
const LEAST_LEAP = 100 * MILLISECOND;
/** So far behind the silence is looked for what tells: bytes, lines, time. */
const MOST_BYTES = 32_768;
const MOST_LINES = 400;
const LATEST = 3 * SECOND;
/** After so many it pays to ask all threads whether a call is open that could tell. */
const FEW_LINES = 8;

/** More lines are needed to tell. */
export const UNDECIDED = -1;

const RESUMED = /^<\.\.\. (\w+) resumed>/;
const DURATION = /<(\d{1,9}\.\d{1,9})>\s*$/;
/** A wait that ended with its time limit, in milliseconds: `[], MAXEVENTS, LIMIT) = 0`, a signal mask may follow. */
const TIMED_OUT = /^<\.\.\. epoll_p?wait resumed>\s*[^,()]+, \d+, (\d{1,9})(?:, [^()]*)?\)\s*= 0\b/;
/** A busy host may be late with the end of a wait: only what took so much longer than its limit was not that long. */
const FAR_LONGER = 2;

/**
 * Finds out whether a silence of all threads was one. The clock may have been set forward, or the machine slept: then a
 * call that was open all the time reports a shorter duration than its stamps say, since that is measured by another
 * clock.
 */
export class ClockLeaps {
  readonly #threads: ThreadTable;
  readonly #window: ByteWindow;
  readonly #prefix: LinePrefix;
  /**
   * No further bytes come, or they are not waited for: on an idle server the next 4 KB take seconds, in which a worker
   * that hangs and its request were on no screen.
   */
  isComplete = false;

  constructor(columns: LineColumns, threads: ThreadTable, window: ByteWindow) {
    this.#threads = threads;
    this.#window = window;
    this.#prefix = new LinePrefix(columns);
  }

  /**
   * How far the clock leapt between `before`, the latest time so far, and `time`, that of the line at `from`; 0 when it
   * did not, or nothing tells; `UNDECIDED` when the lines that follow are needed.
   */
  judge(from: number, time: Nanoseconds, before: Nanoseconds): Nanoseconds {
    // A single thread has nobody who tells, and a line without a number may be anybody's.
    if (this.#threads.seen < 2) return 0;
    const { bytes } = this.#window;
    const heard = new Set<number>();
    let zero = Number.NaN;
    let start = from;
    for (let lines = 0; lines < MOST_LINES; lines++) {
      const end = bytes.indexOf(0x0a, start);
      if (end < 0) {
        const isAll = this.isComplete || bytes.length - from > MOST_BYTES;
        return isAll || !this.#hasOpenCalls() ? 0 : UNDECIDED;
      }
      if (lines === FEW_LINES && !this.#hasOpenCalls()) return 0;
      const body = this.#prefix.read(this.#window, start);
      if (body >= 0) {
        const { tid, seconds, nanoseconds } = this.#prefix;
        const stamp = seconds * SECOND + nanoseconds;
        if (Number.isNaN(zero)) zero = stamp;
        const at = time + (stamp - zero);
        if (at - time > LATEST) return 0;
        const thread = tid < 0 ? null : this.#threads.find(tid);
        if (thread?.pending && !heard.has(tid)) {
          const text = bytes.toString('latin1', body, Math.min(end, body + 4_096));
          // The end of another call: lines are missing in between.
          if (RESUMED.exec(text)?.[1] !== thread.syscall.name) return 0;
          const leap = leapOf(text, at - thread.start);
          if (!Number.isNaN(leap)) return leap < LEAST_LEAP ? 0 : Math.min(leap, time - before);
        }
        heard.add(tid);
      }
      start = end + 1;
      if (start - from > MOST_BYTES) return 0;
    }
    return 0;
  }

  #hasOpenCalls(): boolean {
    for (const { pending, detached } of this.#threads) if (pending && !detached) return true;
    return false;
  }
}

/** How much longer a call lasted by its stamps than by its own duration or time limit; NaN when it tells neither. */
function leapOf(text: string, elapsed: Nanoseconds): Nanoseconds {
  if (!RESUMED.test(text)) return Number.NaN;
  const told = DURATION.exec(text)?.[1];
  if (told !== undefined) return elapsed - Number(told) * SECOND;
  const limit = Number(TIMED_OUT.exec(text)?.[1] ?? Number.NaN) * MILLISECOND;
  return elapsed < limit * FAR_LONGER ? 0 : elapsed - limit;
}
