import type { LineReference } from '../../text/line-reference.ts';
import type { TracedThread } from '../traced-thread.ts';
import * as layout from './layout.ts';

/** What the assembly knows calls by. */
export interface CallNumbers {
  /** Of a syscall, by its id in this process. */
  numberOf(thread: TracedThread): number;
  callOf(number: number): TracedThread['syscall'];
}

/** The part of the assembly that keeps rows. */
export interface RowExports {
  rowOf(tid: number): number;
  forgetRows(): void;
}

/**
 * Threads as rows of numbers, in the memory that JavaScript and the assembly share. A thread is lent while the assembly
 * may read its lines; then its row counts, and the `TracedThread` is older as soon as the row is listed.
 */
export class LentThreads {
  readonly #integers: Int32Array;
  readonly #doubles: Float64Array;
  /** Numbers of the rows that were lent or changed since the bytes of this chunk came, and how many they are. */
  readonly #listed: Int32Array;
  readonly #registers: Int32Array;
  readonly #exports: RowExports;
  readonly #calls: CallNumbers;
  #threads: (TracedThread | undefined)[] = [];

  /** The arrays cover the rows, the list, and the int32 registers. */
  constructor(
    integers: Int32Array,
    doubles: Float64Array,
    listed: Int32Array,
    registers: Int32Array,
    exports: RowExports,
    calls: CallNumbers,
  ) {
    this.#integers = integers;
    this.#doubles = doubles;
    this.#listed = listed;
    this.#registers = registers;
    this.#exports = exports;
    this.#calls = calls;
  }

  at(row: number): TracedThread {
    return this.#threads[row] as TracedThread;
  }

  /** Lends a thread to the assembly. False when its next line is not simple, whatever it says. */
  lend(thread: TracedThread): boolean {
    // The next line of a thread that left is another thread's.
    if (thread.leaving) return false;
    if (thread.row < 0) thread.row = this.#exports.rowOf(thread.tid);
    const { row } = thread;
    this.#threads[row] = thread;
    const at = row * layout.ROW_INTEGERS;
    const double = (row * layout.ROW_BYTES) / 8;
    const integers = this.#integers;
    const doubles = this.#doubles;
    doubles[double + layout.TIME] = thread.time;
    doubles[double + layout.CALL_TIME] = thread.callTime;
    integers[at + layout.LANE] = thread.lane.index;
    integers[at + layout.IS_LENT] = 1;
    integers[at + layout.TURNS] = 0;
    integers[at + layout.PENDING] = 0;
    if (thread.pending) {
      doubles[double + layout.PAUSE] = thread.pause;
      doubles[double + layout.CALL_START] = thread.start;
      integers[at + layout.PENDING] = this.#calls.numberOf(thread) + 1;
      integers[at + layout.FD] = thread.fd;
      integers[at + layout.START_LINE] = thread.line;
      integers[at + layout.ARGS_FROM] = thread.argsFrom;
      integers[at + layout.ARGS_TO] = thread.argsTo;
      this.#lendLine(thread.entry, at + layout.ENTRY_FROM);
    }
    integers[at + layout.BEFORE_LINE] = thread.before.line;
    this.#lendLine(thread.before, at + layout.BEFORE_FROM);
    integers[at + layout.LAST_LINE] = thread.last.line;
    this.#lendLine(thread.last, at + layout.LAST_FROM);
    this.#list(row, at);
    return true;
  }

  /** What the assembly read of a thread that was lent. True when it was, and from now on is not. */
  takeBack(thread: TracedThread): boolean {
    const at = thread.row * layout.ROW_INTEGERS;
    if (thread.row < 0 || this.#integers[at + layout.IS_LENT] === 0 || this.#threads[thread.row] !== thread)
      return false;
    if (this.#integers[at + layout.IS_LISTED] === 1) this.#read(thread);
    this.#integers[at + layout.IS_LENT] = 0;
    return true;
  }

  /** Gives all threads that were lent and may have changed what the assembly read of them. They stay lent. */
  *settle(): Generator<TracedThread> {
    const count = this.#registers[layout.LISTED] as number;
    for (let i = 0; i < count; i++) {
      const row = this.#listed[i] as number;
      const at = row * layout.ROW_INTEGERS;
      this.#integers[at + layout.IS_LISTED] = 0;
      if (this.#integers[at + layout.IS_LENT] === 0) continue;
      const thread = this.at(row);
      this.#read(thread);
      this.#forgetLines(at);
      yield thread;
    }
    this.#registers[layout.LISTED] = 0;
  }

  /** The thread has ended. */
  end(thread: TracedThread): void {
    if (thread.row >= 0 && this.#threads[thread.row] === thread) this.#threads[thread.row] = undefined;
  }

  /** There is no row for another number. */
  get isFull(): boolean {
    return this.#threads.length >= layout.MOST_ROWS;
  }

  /** Makes every row free. All threads were taken back before. */
  forget(): void {
    for (const thread of this.#threads) if (thread !== undefined) thread.row = -1;
    this.#threads = [];
    this.#exports.forgetRows();
  }

  #list(row: number, at: number): void {
    if (this.#integers[at + layout.IS_LISTED] === 1) return;
    this.#integers[at + layout.IS_LISTED] = 1;
    const count = this.#registers[layout.LISTED] as number;
    this.#listed[count] = row;
    this.#registers[layout.LISTED] = count + 1;
  }

  #lendLine(line: LineReference, at: number): void {
    this.#integers[at] = line.isCopied ? -1 : line.from;
    this.#integers[at + 1] = line.to;
  }

  #read(thread: TracedThread): void {
    const integers = this.#integers;
    const doubles = this.#doubles;
    const at = thread.row * layout.ROW_INTEGERS;
    const double = (thread.row * layout.ROW_BYTES) / 8;
    thread.time = doubles[double + layout.TIME] as number;
    thread.callTime = doubles[double + layout.CALL_TIME] as number;
    const pending = integers[at + layout.PENDING] as number;
    if (pending > 0) {
      thread.begin(
        this.#calls.callOf(pending - 1),
        doubles[double + layout.CALL_START] as number,
        integers[at + layout.START_LINE] as number,
      );
      thread.pause = doubles[double + layout.PAUSE] as number;
      thread.fd = integers[at + layout.FD] as number;
      thread.argsFrom = integers[at + layout.ARGS_FROM] as number;
      thread.argsTo = integers[at + layout.ARGS_TO] as number;
      this.#readLine(thread.entry, thread.line, at + layout.ENTRY_FROM);
    } else if (thread.pending) thread.finish();
    // After one turn the line before may be one of which there is a copy only; after more both are in the chunk.
    if (integers[at + layout.TURNS] === 1) thread.turnLines();
    integers[at + layout.TURNS] = 0;
    this.#readLine(thread.before, integers[at + layout.BEFORE_LINE] as number, at + layout.BEFORE_FROM);
    this.#readLine(thread.last, integers[at + layout.LAST_LINE] as number, at + layout.LAST_FROM);
  }

  #readLine(line: LineReference, number: number, at: number): void {
    const from = this.#integers[at] as number;
    if (from >= 0) line.set(number, from, this.#integers[at + 1] as number);
  }

  /** The chunk goes: JavaScript copies what may be asked for. */
  #forgetLines(at: number): void {
    this.#integers[at + layout.ENTRY_FROM] = -1;
    this.#integers[at + layout.BEFORE_FROM] = -1;
    this.#integers[at + layout.LAST_FROM] = -1;
  }
}
