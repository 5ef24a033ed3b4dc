import type { Syscall } from '../../src/trace/syscalls.ts';
import type { ThreadTable } from './thread-table.ts';
import type { TracedThread } from './traced-thread.ts';

/** So many lines without a prefix in a row are believed, although several threads live. */
const STUBBORN = 8;
const CHILDREN = 16;
/**
 * Of more threads than these a line without a prefix is not looked for among those that wait: it would be for each such
 * line.
 */
const MOST_WAITING = 256;

/**
 * Whom lines without a pid belong to. On a terminal strace prints `[pid N]` only while it traces several threads: lines
 * before the first prefix are the initial process, lines after the others have ended are the survivor. In between a
 * line without prefix is output of the program.
 */
export class Attribution {
  readonly #threads: ThreadTable;
  /** The thread of lines without a prefix. */
  #tid: number;
  /**
   * The number of the initial process was not told yet: the first stranger with a prefix is that process, unless it is
   * a child.
   */
  #unnamed: boolean;
  #hasPrefixes = false;
  /** Numbers of the latest children, told before their first line. */
  readonly #children: number[] = [];
  #inARow = 0;
  /** The thread that lines without a prefix belonged to last; null when that has to be found out again. */
  #survivor: TracedThread | null = null;

  /** `tid` is the number of the initial process, 0 when it is not known. */
  constructor(threads: ThreadTable, tid: number) {
    this.#threads = threads;
    this.#tid = tid;
    this.#unnamed = tid === 0;
  }

  /** The thread of a line with a prefix. */
  prefixed(tid: number, called: Syscall | null, resumed: boolean): TracedThread {
    this.#hasPrefixes = true;
    this.#inARow = 0;
    this.#survivor = null;
    if (this.#unnamed && this.#threads.find(tid) === null && !this.#children.includes(tid))
      this.#name(tid, called, resumed);
    return this.#threads.get(tid);
  }

  /** The thread of a line without a prefix, or null when such a line cannot be the tracer's. */
  unprefixed(called: Syscall | null, resumed: boolean): TracedThread | null {
    if (!this.#hasPrefixes) return this.#threads.get(this.#tid);
    if (this.#survivor !== null && this.#threads.find(this.#survivor.tid) === this.#survivor)
      return this.#threads.get(this.#survivor.tid);
    const { present } = this.#threads;
    const only =
      present.size === 1 ? first(present) : resumed && present.size <= MOST_WAITING ? this.#onlyOneIn(called) : null;
    if (only !== null) {
      if (present.size === 1) this.#survivor = only;
      return this.#threads.get(only.tid);
    }
    this.#inARow++;
    return present.size === 0 || this.#inARow > STUBBORN ? this.#threads.get(this.#tid) : null;
  }

  /** `Process N attached`; `inside` of the line of a call it speaks of that call's child. */
  attached(tid: number, inside: boolean): void {
    this.#survivor = null;
    if (!inside && this.#holdsNobody()) {
      // A session begins: one process was attached to.
      this.#tid = tid;
      this.#unnamed = false;
      this.#hasPrefixes = false;
    }
    this.bore(tid);
    this.#threads.hold(this.#threads.get(tid), true);
  }

  /** `Process N detached`: on the user's wish, or (before 4.7) because it ended. */
  detached(tid: number): void {
    this.#survivor = null;
    const thread = this.#threads.get(tid);
    this.#threads.hold(thread, false);
    if (thread.leaving) this.#threads.depart(thread);
  }

  /** Another strace begins: the threads of this one are let go. */
  endSession(): void {
    for (const thread of this.#threads) this.#threads.hold(thread, false);
    this.#survivor = null;
  }

  /** All threads were let go. */
  #holdsNobody(): boolean {
    if (this.#threads.present.size > 0) return false;
    for (const thread of this.#threads) if (!thread.detached) return false;
    return true;
  }

  bore(tid: number): void {
    if (!this.#unnamed) return;
    this.#children.push(tid);
    if (this.#children.length > CHILDREN) this.#children.shift();
  }

  /**
   * The thread of a line without a prefix, as far as that is clear and stays clear until another line than that of a
   * call comes; -1 when it is not.
   */
  get unprefixedTid(): number {
    if (!this.#hasPrefixes) return this.#tid;
    const survivor = this.#survivor;
    return survivor !== null && this.#threads.isLiving(survivor) ? survivor.tid : -1;
  }

  /** Lines of known threads had a prefix. */
  notePrefixes(): void {
    this.#hasPrefixes = true;
    this.#inARow = 0;
    this.#survivor = null;
  }

  /** The only present thread that is in this call; null when there is none, or several. */
  #onlyOneIn(called: Syscall | null): TracedThread | null {
    let found: TracedThread | null = null;
    for (const thread of this.#threads.present) {
      if (!this.#threads.isIn(thread, called)) continue;
      if (found !== null) return null;
      found = thread;
    }
    return found;
  }

  /** A stranger with a prefix: the initial process, unless that one is in another call at the moment. */
  #name(tid: number, called: Syscall | null, resumed: boolean): void {
    const initial = this.#threads.find(this.#tid);
    if (initial?.pending === true && !(resumed && initial.syscall === called)) return;
    this.#unnamed = false;
    if (initial !== null) this.#threads.rename(initial, tid);
    this.#tid = tid;
  }
}

function first(threads: Iterable<TracedThread>): TracedThread | null {
  for (const thread of threads) return thread;
  return null;
}
