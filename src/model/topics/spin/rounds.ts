import { EVENT } from '../../../trace/call-arguments.ts';
import type { Call } from '../../../trace/record.ts';
import type { Family } from '../../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';

/** So many rounds in a row are told: fewer may be chance. */
export const TOLD_ROUNDS = 5;
/** A timeout up to here is no pause. */
const SHORT: Nanoseconds = 10 * MILLISECOND;

/** Events that no eventfd has which wakes a loop. */
const NO_WAKE_UP = EVENT.OUT | EVENT.HUP | EVENT.ERR | EVENT.RDHUP;

/** What a wait returned that reported nothing. */
const NOTHING = 'nothing';

/** A row of waits in which nothing gets done. */
export interface RowOfWaits
  extends Readonly<Pick<Rounds, 'count' | 'total' | 'waits' | 'stuck' | 'since' | 'timeout' | 'worked'>> {
  /** Time from one to the next, where that is told. */
  readonly spent?: Nanoseconds;
  /** What stays ready is no event that only wakes the loop (an eventfd that nobody has to read): see `Rounds`. */
  readonly isForWork?: boolean;
  readonly broken?: Rounds['broken'];
}

/**
 * Waits of one thread that return the same as the one before, while nothing was done between them that changes the
 * world: the same descriptors are ready again and again, or a short timeout runs out again and again. Needs neither
 * times nor durations.
 */
export class Rounds {
  /** In a row, the first one not counted. */
  count = 0;
  /** All that were in rows of `TOLD_ROUNDS` and more. */
  total = 0;
  /** Waits in all. */
  waits = 0;
  /** They report something; else their timeout runs out. */
  stuck = false;
  since: Nanoseconds = UNKNOWN;
  /** The longest timeout of the row. */
  timeout: Nanoseconds = 0;
  /**
   * Several descriptors stay ready, or one hung up or can be written. The runtimes of Rust wake their loop through one
   * eventfd that is readable, and never read it.
   */
  isForWork = false;
  /** Writes in the row that failed since the other end is gone, and the last of their descriptors. */
  readonly broken = { writes: 0, fd: -1 };
  /** Calls of the thread that did something, up to the last wait. */
  worked = 0;
  #key = '';
  /** What the row waits with: a family of calls, and the epoll if it is one. */
  #family: Family | null = null;
  #hub = -1;
  #effects = -1;

  /** In a row of what stays ready: a wait for something else that does not wait, and finds nothing. */
  #looksElsewhere(call: Call): boolean {
    if (call.result !== 0 || this.#key === '' || this.#key === NOTHING) return false;
    const isElsewhere = call.syscall.family !== this.#family || call.fd !== this.#hub;
    return isElsewhere && call.arguments.timeout() === 0;
  }

  /** Something was done that counts as no effect, and yet is no spinning. */
  breaks(): void {
    this.#effects = -1;
  }

  /** A write failed: the other end is gone. */
  failsToWrite(fd: number): void {
    this.broken.writes++;
    this.broken.fd = fd;
  }

  /**
   * A wait returned; `effects` counts what the thread did so far. Says whether a row has become long enough to tell.
   */
  waited(call: Call, effects: number): boolean {
    // What stayed ready is still so.
    if (this.#looksElsewhere(call)) return false;
    this.#family = call.syscall.family;
    this.#hub = call.fd;
    this.waits++;
    this.worked = effects;
    const isSame = effects === this.#effects;
    this.#effects = effects;
    const key = isSame ? keyOf(call) : '';
    if (!isSame || key === '' || (this.#key !== '' && key !== this.#key)) {
      this.count = 0;
      this.#key = key;
      return false;
    }
    if (this.count === 0) {
      this.since = call.start;
      this.stuck = call.result > 0;
      this.timeout = 0;
      this.broken.writes = 0;
      this.broken.fd = -1;
      this.isForWork = this.stuck && (call.result > 1 || ((call.arguments.ready()[0]?.events ?? 0) & NO_WAKE_UP) !== 0);
    }
    this.#key = key;
    this.count++;
    if (!this.stuck) this.timeout = Math.max(this.timeout, call.arguments.timeout());
    if (this.count < TOLD_ROUNDS) return false;
    this.total += this.count === TOLD_ROUNDS ? TOLD_ROUNDS : 1;
    // Told when it is long enough, and each time it has doubled.
    return this.count === TOLD_ROUNDS || (this.count & (this.count - 1)) === 0;
  }
}

/** What a wait returned; '' when that is no round: it waited for long, or failed. */
function keyOf(call: Call): string {
  if (call.result === 0) {
    const timeout = call.arguments.timeout();
    return timeout >= 0 && timeout <= SHORT ? NOTHING : '';
  }
  if (!(call.result > 0) || call.duration >= MILLISECOND) return '';
  const { readyData } = call.arguments;
  if (readyData >= 0) return String(readyData);
  // Several: the kernel hands them out in turns.
  return call.arguments
    .ready()
    .map(({ data, events }) => `${data}:${events}`)
    .sort()
    .join(' ');
}
