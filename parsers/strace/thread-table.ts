import type { Syscall } from '../../src/trace/syscalls.ts';
import { type LaneTable, MOST_THREADS } from '../lanes.ts';
import type { ByteWindow } from '../text/byte-window.ts';
import type { LentThreads } from './simple/lent-threads.ts';
import { TracedThread } from './traced-thread.ts';

const FREE = 0;
/** A line that tells the end of a thread comes soon after its call of `exit`, if it comes at all (not with `-qq`). */
const MOST_LEAVING = 256;

/** A thread whose life ended without a line that says so. */
export interface Departure {
  readonly thread: TracedThread;
  readonly assumed: 'left' | 'silent';
}

/** tid → thread, by open addressing: looked up on every line. Memory follows the living threads. */
export class ThreadTable {
  readonly #lanes: LaneTable;
  readonly #window: ByteWindow;
  readonly #none: Syscall;
  /** tid + 1 per slot. */
  #keys = new Int32Array(64);
  #threads: (TracedThread | undefined)[] = new Array(64).fill(undefined);
  #mask = 63;
  #count = 0;
  /** How many threads there ever were. */
  seen = 0;
  /** Busy captures change the thread on every other line only. */
  #recent: TracedThread | null = null;
  /** Threads that neither called `exit` nor were let go by the tracer. */
  readonly #present = new Set<TracedThread>();
  /** Threads mentioned in the current chunk. */
  readonly #active: TracedThread[] = [];
  /** Threads that called `exit`, until their end is told. */
  #leaving: TracedThread[] = [];
  /** Ends that no line tells, to be told. */
  readonly #departures: Departure[] = [];
  #told = 0;
  hasDepartures = false;
  #lent: LentThreads | null = null;

  constructor(lanes: LaneTable, window: ByteWindow, none: Syscall) {
    this.#lanes = lanes;
    this.#window = window;
    this.#none = none;
  }

  /** The thread that lives under this tid, born at first sight. */
  get(tid: number): TracedThread {
    const recent = this.#recent;
    const thread = recent !== null && recent.tid === tid ? recent : this.#lookUp(tid);
    if (!thread.active) {
      this.#lent?.takeBack(thread);
      this.#activate(thread);
    }
    return thread;
  }

  find(tid: number): TracedThread | null {
    const thread = this.#threads[this.#slot(tid)] ?? null;
    if (thread !== null) this.takeBack(thread);
    return thread;
  }

  isLiving(thread: TracedThread): boolean {
    return this.#threads[this.#slot(thread.tid)] === thread;
  }

  /** The thread is in this call at the moment. */
  isIn(thread: TracedThread, called: Syscall | null): boolean {
    this.takeBack(thread);
    return thread.pending && thread.syscall === called;
  }

  /** From now on threads may be lent to the assembly. */
  lendTo(lent: LentThreads): void {
    this.#lent = lent;
  }

  /** Lends the threads of the lines that were read here. */
  lend(lent: LentThreads, told: (thread: TracedThread) => void): void {
    if (lent.isFull) {
      for (const thread of this) this.takeBack(thread);
      lent.forget();
    }
    const active = this.#active;
    let kept = 0;
    for (const thread of active) {
      if (this.isLiving(thread) && lent.lend(thread)) {
        thread.active = false;
        told(thread);
      } else active[kept++] = thread;
    }
    active.length = kept;
  }

  #activate(thread: TracedThread): void {
    thread.active = true;
    this.#active.push(thread);
  }

  /** Makes what is known of a thread that may be lent as new as its last line. */
  takeBack(thread: TracedThread): void {
    if (!thread.active && this.#lent?.takeBack(thread) === true) this.#activate(thread);
  }

  /** Ends a life. */
  end(thread: TracedThread): void {
    this.takeBack(thread);
    this.#lent?.end(thread);
    thread.finish();
    this.#present.delete(thread);
    this.#lanes.end(thread.tid);
    this.#remove(thread.tid);
  }

  /** The thread called `exit` or `exit_group`. When no line tells its end that call was it. */
  leave(thread: TracedThread): void {
    thread.leaving = true;
    this.#present.delete(thread);
    this.#leaving.push(thread);
    if (this.#leaving.length < MOST_LEAVING * 2) return;
    const early = this.#leaving.slice(0, MOST_LEAVING);
    this.#leaving = this.#leaving.slice(MOST_LEAVING);
    for (const left of early) this.depart(left);
  }

  /** It did not leave: its `exit` returned. */
  stay(thread: TracedThread): void {
    thread.leaving = false;
    this.#notePresence(thread);
  }

  /** The tracer holds a thread, or lets it go. */
  hold(thread: TracedThread, isHeld: boolean): void {
    thread.detached = !isHeld;
    this.#notePresence(thread);
  }

  /** Threads that neither called `exit` nor were let go by the tracer. */
  get present(): ReadonlySet<TracedThread> {
    return this.#present;
  }

  #notePresence(thread: TracedThread): void {
    if (thread.leaving || thread.detached) this.#present.delete(thread);
    else this.#present.add(thread);
  }

  /** No more lines come: who left has ended. */
  endLeaving(): void {
    for (const thread of this.#leaving) this.depart(thread);
    this.#leaving = [];
  }

  /** Ends the life of a thread that called `exit`. */
  depart(thread: TracedThread): void {
    if (!thread.leaving || this.find(thread.tid) !== thread) return;
    this.end(thread);
    this.#departed({ thread, assumed: 'left' });
  }

  /** The next end that no line tells; null when all were told. */
  nextDeparture(): Departure | null {
    const next = this.#departures[this.#told];
    if (next !== undefined) {
      this.#told++;
      return next;
    }
    this.#departures.length = 0;
    this.#told = 0;
    this.hasDepartures = false;
    return null;
  }

  #departed(departure: Departure): void {
    this.#departures.push(departure);
    this.hasDepartures = true;
  }

  /** Makes room. */
  #forgetSilent(): void {
    const oldest = [...this].sort((a, b) => a.last.line - b.last.line).slice(0, MOST_THREADS / 4);
    for (const thread of oldest) {
      this.end(thread);
      this.#departed({ thread, assumed: thread.leaving ? 'left' : 'silent' });
    }
  }

  /** Gives a thread the number that the trace tells only later, if nobody has it. */
  rename(thread: TracedThread, tid: number): void {
    if (this.find(tid) !== null || !this.#lanes.rename(thread.tid, tid)) return;
    this.takeBack(thread);
    thread.row = -1;
    this.#remove(thread.tid);
    thread.tid = tid;
    this.#place(thread, this.#slot(tid));
  }

  /** Makes all references independent of the current buffer. */
  keep(): void {
    if (this.#lent !== null) for (const thread of this.#lent.settle()) thread.keep();
    for (const thread of this.#active) thread.keep();
    this.#active.length = 0;
  }

  *[Symbol.iterator](): IterableIterator<TracedThread> {
    for (const thread of this.#threads) {
      if (thread === undefined) continue;
      this.takeBack(thread);
      yield thread;
    }
  }

  #lookUp(tid: number): TracedThread {
    const slot = this.#slot(tid);
    const found = this.#threads[slot] ?? this.#add(tid, slot);
    this.#recent = found;
    return found;
  }

  #home(tid: number): number {
    return (Math.imul(tid, 0x9e3779b1) >>> 8) & this.#mask;
  }

  #slot(tid: number): number {
    const keys = this.#keys;
    let slot = this.#home(tid);
    while (keys[slot] !== tid + 1 && keys[slot] !== FREE) slot = (slot + 1) & this.#mask;
    return slot;
  }

  #add(tid: number, slot: number): TracedThread {
    this.seen++;
    if (this.#count >= MOST_THREADS) {
      this.#forgetSilent();
      slot = this.#slot(tid);
    }
    const thread = new TracedThread(this.#lanes.get(tid), this.#window, this.#none);
    this.#place(thread, slot);
    this.#present.add(thread);
    return thread;
  }

  #place(thread: TracedThread, slot: number): void {
    this.#keys[slot] = thread.tid + 1;
    this.#threads[slot] = thread;
    this.#count++;
    if (this.#count * 2 > this.#mask) this.#grow();
  }

  #remove(tid: number): void {
    this.#recent = null;
    let hole = this.#slot(tid);
    if (this.#keys[hole] === FREE) return;
    this.#count--;
    // Entries behind the hole move up, unless their own slot lies between: a search ends at the first free slot.
    for (let slot = (hole + 1) & this.#mask; this.#keys[slot] !== FREE; slot = (slot + 1) & this.#mask) {
      const home = this.#home((this.#keys[slot] as number) - 1);
      if (((slot - home) & this.#mask) < ((slot - hole) & this.#mask)) continue;
      this.#keys[hole] = this.#keys[slot] as number;
      this.#threads[hole] = this.#threads[slot];
      hole = slot;
    }
    this.#keys[hole] = FREE;
    this.#threads[hole] = undefined;
  }

  #grow(): void {
    const threads = [...this];
    this.#mask = this.#mask * 2 + 1;
    this.#keys = new Int32Array(this.#mask + 1);
    this.#threads = new Array(this.#mask + 1).fill(undefined);
    for (const thread of threads) {
      const slot = this.#slot(thread.tid);
      this.#keys[slot] = thread.tid + 1;
      this.#threads[slot] = thread;
    }
  }
}
