import type { Family, Syscall } from '../../../src/trace/syscalls.ts';
import type { BatchWriter } from '../../columns/batch-writer.ts';
import { DOUBLES as ROW_DOUBLES, INTEGERS as ROW_INTEGERS } from '../../columns/layout.ts';
import type { LineCutter } from '../../text/line-cutter.ts';
import type { Calls } from '../calls.ts';
import type { LineColumns } from '../line-columns.ts';
import type { ParserState } from '../parser-state.ts';
import type { TracedThread } from '../traced-thread.ts';
import * as layout from './layout.ts';
import { LentThreads, type RowExports } from './lent-threads.ts';
import type { SimpleMemory } from './simple-memory.ts';

/** What the assembly offers. Places are addresses in its memory. */
interface Exports extends RowExports {
  lay(registers: number, rows: number, slots: number, calls: number, errors: number, listed: number): void;
  teachCall(at: number, length: number, number: number, traits: number): void;
  teachError(at: number, length: number, number: number): void;
  run(chunk: number, length: number, at: number, integers: number, doubles: number, room: number): number;
}

/** The assembly, in a memory where the columns lie, too. */
export interface Assembly {
  readonly module: WebAssembly.Module;
  readonly space: SimpleMemory;
}

const PID_COLUMNS = { none: layout.PID_NONE, bare: layout.PID_BARE, bracket: layout.PID_BRACKET } as const;
/** What a call of these says is about other threads, or needs a look at the line's meaning. */
const HARD_FAMILIES: ReadonlySet<string> = new Set(['exit', 'clone', 'sigreturn']);

/** The layouts that the assembly reads: stamps in microseconds, and nothing between them and the call. */
function isSimple({ time, distance, brackets, others, breaksResults, isMarkedUp }: LineColumns): boolean {
  const isStamped = time === 'epoch' || time === 'clock';
  return (
    isStamped && !distance && !brackets && !breaksResults && !isMarkedUp && !others.some((other) => UNREAD.has(other))
  );
}
/** Handing over and taking back takes as long as JavaScript needs for so many lines. */
const WORTH_LINES = 2;
const MOST_GAIN = 64;
const PAUSE_LINES = 1_024;

const UNREAD: ReadonlySet<string> = new Set(['-N', '-Y']);

/**
 * Lets the assembly read the simple lines of a parser straight into columns, each in its turn: the state that lines
 * change goes to it and comes back, so that what a line means never depends on who reads it.
 */
export class SimpleLines {
  readonly #exports: Exports;
  readonly #space: SimpleMemory;
  readonly #state: ParserState;
  readonly #cutter: LineCutter;
  readonly #calls: Calls;
  readonly #writer: BatchWriter;
  readonly #lent: LentThreads;
  readonly #doubles: Float64Array;
  readonly #integers: Int32Array;
  /** Where the bytes lie that the assembly reads: a copy of the chunk. */
  #window = 0;
  #capacity = 0;
  #bytes: Uint8Array = new Uint8Array(0);
  #chunk: Buffer | null = null;
  #callsTaught = 0;
  /** Lines by which runs were longer than they had to be, lately. */
  #gain = 0;
  /** So many more lines are JavaScript's. */
  #pause = 0;
  #errorsTaught = 0;
  readonly #mention = (thread: TracedThread): void => this.#writer.mention(thread.lane);

  /** Null for a layout of which no line would be simple. Throws when this Node cannot run the assembly. */
  static of(
    assembly: Assembly,
    columns: LineColumns,
    parser: { readonly state: ParserState; readonly cutter: LineCutter; readonly calls: Calls },
    writer: BatchWriter,
  ): SimpleLines | null {
    return isSimple(columns) ? new SimpleLines(assembly, columns, parser, writer) : null;
  }

  private constructor(
    { module, space }: Assembly,
    columns: LineColumns,
    { state, cutter, calls }: { readonly state: ParserState; readonly cutter: LineCutter; readonly calls: Calls },
    writer: BatchWriter,
  ) {
    this.#space = space;
    this.#state = state;
    this.#cutter = cutter;
    this.#calls = calls;
    this.#writer = writer;
    this.#exports = new WebAssembly.Instance(module, { env: { memory: space.memory } }).exports as Exports;
    const registers = space.allocate(layout.REGISTER_BYTES).at;
    const rows = space.allocate(layout.ROW_BYTES * layout.MOST_ROWS).at;
    const slots = space.allocate(4 * layout.ROW_SLOTS).at;
    const names = space.allocate(layout.NAME_BYTES * layout.NAME_SLOTS).at;
    const errors = space.allocate(layout.NAME_BYTES * layout.NAME_SLOTS).at;
    const listed = space.allocate(4 * layout.MOST_ROWS).at;
    const { buffer } = space.memory;
    this.#exports.lay(registers, rows, slots, names, errors, listed);
    this.#doubles = new Float64Array(buffer, registers, layout.DOUBLE_REGISTERS);
    this.#integers = new Int32Array(buffer, registers + 8 * layout.DOUBLE_REGISTERS, layout.INTEGER_REGISTERS);
    this.#integers[layout.PID_COLUMN] = PID_COLUMNS[columns.pid];
    this.#integers[layout.IS_CLOCK] = columns.time === 'clock' ? 1 : 0;
    this.#lent = new LentThreads(
      new Int32Array(buffer, rows, layout.ROW_INTEGERS * layout.MOST_ROWS),
      new Float64Array(buffer, rows, (layout.ROW_BYTES / 8) * layout.MOST_ROWS),
      new Int32Array(buffer, listed, layout.MOST_ROWS),
      this.#integers,
      this.#exports,
      { numberOf: ({ syscall }) => writer.numberOf(syscall), callOf: (number) => writer.callOf(number) },
    );
    state.threads.lendTo(this.#lent);
  }

  /** Other bytes came. */
  pushed(): void {
    this.#chunk = null;
  }

  /** Reads the lines of the chunk up to the first that is hard, or to its end. */
  read(): void {
    if (this.#pause > 0) {
      this.#pause--;
      return;
    }
    const place = this.#cutter.place;
    const { window } = this.#state;
    // Lines that were taken back come in another buffer than the one that the columns speak of.
    if (place < 0 || window.bytes !== this.#writer.chunk) return;
    if (this.#chunk !== window.bytes) this.#copy(window.bytes);
    if (!this.#state.lend(this.#doubles, this.#integers)) return;
    this.#state.threads.lend(this.#lent, this.#mention);
    const before = this.#state.line;
    let at = place;
    do at = this.#run(at, window.bytes.length);
    while (this.#teach(window.bytes));
    this.#cutter.goOnAt(at);
    this.#weigh(this.#state.line - before);
  }

  /** Lets JavaScript read on for a while where nearly all lines are hard, as with stacks (`-k`). */
  #weigh(lines: number): void {
    this.#gain = Math.min(this.#gain + lines - WORTH_LINES, MOST_GAIN);
    if (this.#gain > -MOST_GAIN) return;
    this.#gain = 0;
    this.#pause = PAUSE_LINES;
  }

  #run(place: number, length: number): number {
    const integers = this.#integers;
    const { integers: rows, doubles, count } = this.#writer.rows;
    integers.fill(0, layout.COUNT, layout.RECENT);
    integers[layout.RECENT] = -1;
    integers[layout.HALF] = -1;
    integers[layout.FIRST_UNNOTED] = -1;
    const at = this.#exports.run(
      this.#window,
      length,
      this.#window + place,
      rows.byteOffset + 4 * ROW_INTEGERS * count,
      doubles.byteOffset + 8 * ROW_DOUBLES * count,
      rows.length / ROW_INTEGERS - count,
    );
    if (at === this.#window + place) return place;
    const state = this.#state;
    this.#writer.wrote(integers[layout.COUNT] as number, integers[layout.FIRST_UNNOTED] as number);
    state.takeBack(this.#doubles, integers);
    const recent = integers[layout.RECENT] as number;
    if (recent >= 0) state.recent = this.#lent.at(recent);
    const half = integers[layout.HALF] as number;
    if (half >= 0) state.half = this.#lent.at(half);
    return at - this.#window;
  }

  /** Teaches what the assembly stopped for. False when it stopped for something else, or will never know. */
  #teach(bytes: Buffer): boolean {
    const integers = this.#integers;
    const stopped = integers[layout.STOPPED];
    const from = integers[layout.NAME_FROM] as number;
    const to = integers[layout.NAME_TO] as number;
    if (stopped === layout.NEW_NAME) return this.#teachCall(bytes, from, to);
    if (stopped === layout.NEW_ERROR) return this.#teachError(bytes, from, to);
    if (stopped !== layout.COLUMNS_FULL) return false;
    this.#writer.grow();
    return true;
  }

  #teachCall(bytes: Buffer, from: number, to: number): boolean {
    if (to - from > layout.LONGEST_NAME || this.#callsTaught === layout.MOST_NAMES) return false;
    const called = this.#calls.named(bytes, from, to);
    if (called === null) return false;
    this.#callsTaught++;
    this.#exports.teachCall(this.#window + from, to - from, this.#writer.numberOf(called), traitsOf(called));
    return true;
  }

  #teachError(bytes: Buffer, from: number, to: number): boolean {
    if (to - from > layout.LONGEST_NAME || this.#errorsTaught === layout.MOST_NAMES) return false;
    const error = this.#calls.errorNamed(bytes, from, to);
    if (error === null) return false;
    this.#errorsTaught++;
    this.#exports.teachError(this.#window + from, to - from, this.#writer.numberOfError(error));
    return true;
  }

  #copy(chunk: Buffer): void {
    if (chunk.length > this.#capacity) {
      this.#capacity = chunk.length;
      const { buffer, at } = this.#space.allocate(chunk.length + layout.PADDING);
      this.#window = at;
      this.#bytes = new Uint8Array(buffer, at, chunk.length);
    }
    this.#bytes.set(chunk);
    this.#chunk = chunk;
  }
}

function traitsOf({ family, takesDescriptor }: Syscall): number {
  let traits = takesDescriptor ? layout.TAKES_DESCRIPTOR : 0;
  if (HARD_FAMILIES.has(family)) traits |= layout.IS_HARD;
  if (family === 'poll' || family === 'select') traits |= layout.IS_SET;
  if (family === 'write') traits |= layout.IS_WRITE;
  return traits | (NOTED[family] ?? 0);
}

const NOTED: Readonly<Partial<Record<Family, number>>> = {
  read: layout.NOTED_READ,
  write: layout.NOTED_WRITE,
  'epoll-wait': layout.NOTED_WAIT,
  accept: layout.NOTED_ACCEPT,
  ioctl: layout.NOTED_IOCTL,
  fcntl: layout.NOTED_FCNTL,
};
