import type { CallArguments, Flag } from '../../src/trace/call-arguments.ts';
import { LaneMap } from '../../src/trace/lane-map.ts';
import type { Call, Lane, LastLine, TraceRecord } from '../../src/trace/record.ts';
import { type Syscall, syscall } from '../../src/trace/syscalls.ts';
import type { Nanoseconds } from '../../src/trace/time.ts';
import { type ArgumentWord, RAW_WORD, scannedFor } from '../arguments/argument-words.ts';
import { argumentsOfLine, StraceArguments } from '../arguments/strace-arguments.ts';
import { withoutNames } from '../text/argument-names.ts';
import { joinHalves } from '../text/join-halves.ts';
import { decode, LINE_LIMIT, latin1 } from '../text/line-reference.ts';
import { BIT_OF, HAS_INET, PORT_SHIFT } from './argument-notes.ts';
import type { LaneFacts, OtherRecord } from './lane-facts.ts';
import * as column from './record-batch.ts';

const EMPTY = Buffer.alloc(0);
/** What `CallArguments.head` is, in decoded arguments. */
const HEAD = /^[^"]*"([A-Z][^"\\]*)/;

// Names for what is asked of every other call: looked up in the table it would cost as much as the answer.
const { FIONBIO: IOCTL_SETS, '[1]': IOCTL_TO_ONE, F_SETFL: FCNTL_SETS, O_NONBLOCK: FCNTL_NONBLOCKING } = BIT_OF;

/** A lane of the thread that parses, as far as it was told. */
class MirroredLane implements Lane {
  readonly index: number;
  tid: number;
  comm: string;
  lastLine: LastLine | null = null;
  readonly pending = null;

  constructor({ index, tid, comm }: LaneFacts) {
    this.index = index;
    this.tid = tid;
    this.comm = comm;
  }
}

/** Arguments whose frequent questions the thread that parses has answered: `ArgumentNotes`. */
class NotedArguments extends StraceArguments {
  readonly #noted: BatchCall;

  constructor(call: BatchCall) {
    super(call);
    this.#noted = call;
  }

  override has(flag: Flag): boolean {
    const family = scannedFor(this.#noted.syscall.family, flag);
    if (family === null) return super.has(flag);
    return this.#holds(BIT_OF[flag as ArgumentWord]) || (this.#holds(BIT_OF[RAW_WORD[family]]) && super.has(flag));
  }

  override setsNonblocking(): boolean | 'untold' | null {
    const { family } = this.#noted.syscall;
    if (family !== 'ioctl' && family !== 'fcntl') return null;
    if (family === 'fcntl' && this.#holds(FCNTL_SETS)) return this.#holds(FCNTL_NONBLOCKING);
    if (family === 'ioctl' && this.#holds(IOCTL_SETS) && this.#holds(IOCTL_TO_ONE)) return true;
    // With -X raw the command is a number, and for the value an address may stand.
    const isOther = !this.#holds(BIT_OF[RAW_WORD[family]]) && !(family === 'ioctl' && this.#holds(IOCTL_SETS));
    return isOther ? null : super.setsNonblocking();
  }

  override get readyData(): number {
    const { syscall: called, data } = this.#noted;
    // The column is signed: user data beyond 2^31 come back as less than 0.
    return called.family === 'epoll-wait' && data !== -1 ? data >>> 0 : -1;
  }

  override get inetAddress(): number {
    const note = this.#noted.syscall.family === 'accept' ? this.#noted.note : 0;
    return (note & HAS_INET) === 0 ? -1 : (this.#noted.data >>> 0) * 65_536 + (note >>> PORT_SHIFT);
  }

  override get head(): string {
    const { family } = this.#noted.syscall;
    const number = family === 'read' || family === 'write' ? this.#noted.data : 0;
    if (number >= 0) return number === 0 ? '' : (this.#noted.heads[number - 1] as string);
    return HEAD.exec(this.text)?.[1] ?? '';
  }

  #holds(bit: number): boolean {
    return (this.#noted.note & bit) !== 0;
  }
}

/** The Call of a reader: numbers are loaded for each record, strings are decoded when somebody asks. */
class BatchCall implements Call {
  readonly kind = 'call';
  readonly file: string;
  lane: Lane;
  syscall: Syscall;
  start: Nanoseconds = 0.5;
  end: Nanoseconds = 0.5;
  duration: Nanoseconds = -0.5;
  result = Number.NaN;
  error = '';
  fd = -1;
  flags = 0;
  line = 0;
  integers: Int32Array = new Int32Array(0);
  at = 0;
  chunk: Buffer = EMPTY;
  extra: Buffer = EMPTY;
  /** Shared with the reader. */
  readonly heads: string[] = [];
  /** Several ask for the arguments of one call: those that were decoded last, and of which record. */
  decodedAt = -1;
  decoded = '';
  readonly arguments: CallArguments = new NotedArguments(this);

  constructor(file: string, lane: Lane, called: Syscall) {
    this.file = file;
    this.lane = lane;
    this.syscall = called;
  }

  get inFlight(): boolean {
    return (this.flags & column.IN_FLIGHT) !== 0;
  }

  get isCut(): boolean {
    return (this.flags & column.CUT) !== 0;
  }

  get injected(): boolean {
    return (this.flags & column.INJECTED) !== 0;
  }

  get partial(): boolean {
    return (this.flags & column.PARTIAL) !== 0;
  }

  get startLine(): number {
    return this.integers[this.at + column.START_LINE] as number;
  }

  get previousLine(): number {
    return this.integers[this.at + column.PREVIOUS_LINE] as number;
  }

  get note(): number {
    return this.integers[this.at + column.NOTE] as number;
  }

  get data(): number {
    return this.integers[this.at + column.DATA] as number;
  }

  get args(): string {
    if (this.decodedAt !== this.at) {
      this.decoded = this.#args();
      this.decodedAt = this.at;
    }
    return this.decoded;
  }

  #args(): string {
    const rest = this.#latin1(column.ARGS_FROM);
    const args = (this.flags & column.SPLIT) === 0 ? rest : joinHalves(this.#latin1(column.ENTRY_ARGS_FROM), rest);
    return (this.flags & column.NAMED) === 0 ? args : withoutNames(args);
  }

  get returned(): string {
    return this.#latin1(column.RETURNED_FROM);
  }

  get text(): string {
    const isEmpty = this.integers[this.at + column.FROM] === this.integers[this.at + column.TO];
    return isEmpty && (this.flags & column.SPLIT) !== 0 ? this.#text(column.ENTRY_FROM) : this.#text(column.FROM);
  }

  get startText(): string {
    return (this.flags & column.SPLIT) === 0 ? this.text : this.#text(column.ENTRY_FROM);
  }

  get previousText(): string {
    return this.previousLine === 0 ? '' : this.#text(column.PREVIOUS_FROM);
  }

  previousArguments(called: Syscall): CallArguments {
    return argumentsOfLine(this.previousText, called);
  }

  /** The range whose beginning and end stand in the columns `from` and `from + 1`. */
  #latin1(from: number): string {
    const start = this.integers[this.at + from] as number;
    const end = this.integers[this.at + from + 1] as number;
    const inChunk = start < this.chunk.length;
    return inChunk
      ? latin1(this.chunk, start, end)
      : latin1(this.extra, start - this.chunk.length, end - this.chunk.length);
  }

  #text(from: number): string {
    const start = this.integers[this.at + from] as number;
    const end = Math.min(this.integers[this.at + from + 1] as number, start + LINE_LIMIT);
    const inChunk = start < this.chunk.length;
    return inChunk
      ? decode(this.chunk, start, end)
      : decode(this.extra, start - this.chunk.length, end - this.chunk.length);
  }
}

/**
 * Reads the records of batches, with the interface of a parser: `load` a batch, then ask for records until there are no
 * more.
 */
export class BatchReader {
  readonly #call: BatchCall;
  readonly #lanes = new LaneMap<MirroredLane>();
  readonly #syscalls: Syscall[] = [];
  readonly #errors: string[] = [];
  #integers: Int32Array = new Int32Array(0);
  #doubles: Float64Array = new Float64Array(0);
  #others: readonly OtherRecord[] = [];
  #count = 0;
  #next = 0;

  constructor(file: string) {
    this.#call = new BatchCall(file, new MirroredLane({ index: -1, tid: 0, comm: '' }), syscall('???'));
  }

  load(batch: column.RecordBatch, chunk: Buffer): void {
    for (const name of batch.syscalls) this.#syscalls.push(syscall(name));
    this.#errors.push(...batch.errors);
    this.#call.heads.push(...batch.heads);
    for (const facts of batch.lanes) {
      const known = this.#lanes.get(facts.index);
      if (known === undefined) this.#lanes.set(facts.index, new MirroredLane(facts));
      else {
        known.tid = facts.tid;
        known.comm = facts.comm;
      }
    }
    const call = this.#call;
    call.integers = batch.integers;
    call.decodedAt = -1;
    call.chunk = chunk;
    call.extra = Buffer.from(batch.extra.buffer, batch.extra.byteOffset, batch.extra.byteLength);
    this.#integers = batch.integers;
    this.#doubles = batch.doubles;
    this.#others = batch.others;
    this.#count = batch.count;
    this.#next = 0;
  }

  next(): TraceRecord | null {
    const index = this.#next;
    if (index >= this.#count) return null;
    this.#next = index + 1;
    const integers = this.#integers;
    const at = index * column.INTEGERS;
    const kind = integers[at + column.KIND] as number;
    if (kind !== column.CALL) return this.#other(-1 - kind);
    const doubles = this.#doubles;
    const double = index * column.DOUBLES;
    const call = this.#call;
    call.at = at;
    call.lane = this.lane(integers[at + column.LANE] as number);
    call.syscall = this.#syscalls[integers[at + column.SYSCALL] as number] as Syscall;
    const error = integers[at + column.ERROR] as number;
    call.error = error === 0 ? '' : (this.#errors[error] as string);
    call.fd = integers[at + column.FD] as number;
    call.flags = integers[at + column.FLAGS] as number;
    call.line = integers[at + column.LINE] as number;
    call.start = doubles[double + column.START] as number;
    call.end = doubles[double + column.END] as number;
    call.duration = doubles[double + column.DURATION] as number;
    call.result = doubles[double + column.RESULT] as number;
    return call;
  }

  lane(index: number): MirroredLane {
    return this.#lanes.get(index) as MirroredLane;
  }

  #other(index: number): TraceRecord {
    const record = this.#others[index] as OtherRecord;
    if (record.kind === 'notice' || record.kind === 'lost') return record;
    const lane = this.lane(record.lane);
    if (record.kind === 'observed') return { ...record, lane, leader: this.lane(record.leader) };
    if (record.kind === 'exit' && record.supersededBy === 0) this.#lanes.delete(record.lane);
    return { ...record, lane } as TraceRecord;
  }
}
