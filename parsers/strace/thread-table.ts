import type { Syscall } from '../../src/trace/syscalls.ts';
import type { LaneTable } from '../lanes.ts';
import type { Source } from './source.ts';
import { Thread } from './thread.ts';

const FREE = 0;

/** tid → thread, by open addressing: looked up on every line. Memory follows the living threads. */
export class ThreadTable {
  readonly #lanes: LaneTable;
  readonly #source: Source;
  readonly #none: Syscall;
  /** tid + 1 per slot. */
  #keys = new Int32Array(64);
  #threads: (Thread | undefined)[] = new Array(64).fill(undefined);
  #mask = 63;
  #count = 0;
  /** How many threads there ever were. */
  seen = 0;
  /** Busy captures change the thread on every other line only. */
  #recent: Thread | null = null;
  /** Threads mentioned in the current chunk. */
  readonly #active: Thread[] = [];

  constructor(lanes: LaneTable, source: Source, none: Syscall) {
    this.#lanes = lanes;
    this.#source = source;
    this.#none = none;
  }

  /** The thread that lives under this tid, born at first sight. */
  get(tid: number): Thread {
    const recent = this.#recent;
    const thread = recent !== null && recent.tid === tid ? recent : this.#lookUp(tid);
    if (!thread.active) {
      thread.active = true;
      this.#active.push(thread);
    }
    return thread;
  }

  find(tid: number): Thread | null {
    return this.#threads[this.#slot(tid)] ?? null;
  }

  /** Ends a life. */
  end(thread: Thread): void {
    thread.finish();
    this.#lanes.end(thread.tid);
    this.#remove(thread.tid);
  }

  /** Gives a thread the number that the trace tells only later, if nobody has it. */
  rename(thread: Thread, tid: number): void {
    if (this.find(tid) !== null || !this.#lanes.rename(thread.tid, tid)) return;
    this.#remove(thread.tid);
    thread.tid = tid;
    this.#place(thread, this.#slot(tid));
  }

  /** Makes all references independent of the current buffer. */
  keep(): void {
    for (const thread of this.#active) thread.keep();
    this.#active.length = 0;
  }

  *[Symbol.iterator](): IterableIterator<Thread> {
    for (const thread of this.#threads) {
      if (thread !== undefined) yield thread;
    }
  }

  #lookUp(tid: number): Thread {
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

  #add(tid: number, slot: number): Thread {
    this.seen++;
    const thread = new Thread(this.#lanes.get(tid), this.#source, this.#none);
    this.#place(thread, slot);
    return thread;
  }

  #place(thread: Thread, slot: number): void {
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
