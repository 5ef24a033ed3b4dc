import { OTHER_ERROR } from '../../src/trace/errors.ts';
import { LaneMap } from '../../src/trace/lane-map.ts';
import type { Call, Lane, Observed, TraceRecord } from '../../src/trace/record.ts';
import { type Syscall, syscall } from '../../src/trace/syscalls.ts';
import type { RawLine, UndecodedCall } from '../text/undecoded-call.ts';
import { ArgumentNotes, NOTED_FAMILIES } from './argument-notes.ts';
import { type ColumnSpace, SEPARATE_SPACE } from './column-space.ts';
import type { LaneFacts, OtherRecord } from './lane-facts.ts';
import * as column from './record-batch.ts';
import { WrittenRow } from './written-row.ts';

/** Twice what the table of names holds: some are read another way. */
const MOST_ERRORS = 8_192;
/** Shorter lines than this on average make the columns grow. */
const SHORTEST_LINE = 48;

/** Room for texts that stand in no chunk, at first. */
const MOST_EXTRA = 65_536;

/** What the reader knows of a lane, and the last batch that mentioned it. */
interface ToldLane {
  tid: number;
  comm: string;
  mentionedIn: number;
}

/** Memory of one batch, used again for a later one. */
class Columns {
  integers: Int32Array;
  doubles: Float64Array;
  extra: Buffer;
  capacity: number;
  readonly #space: ColumnSpace;

  constructor(chunkBytes: number, space: ColumnSpace) {
    this.#space = space;
    this.capacity = Math.max(1024, Math.ceil(chunkBytes / SHORTEST_LINE));
    this.integers = this.#integers();
    this.doubles = this.#doubles();
    this.extra = sharedBuffer(Math.min(MOST_EXTRA, chunkBytes >> 3));
  }

  #integers(): Int32Array {
    const { buffer, at } = this.#space.allocate(this.capacity * column.INTEGERS * 4);
    return new Int32Array(buffer, at, this.capacity * column.INTEGERS);
  }

  #doubles(): Float64Array {
    const { buffer, at } = this.#space.allocate(this.capacity * column.DOUBLES * 8);
    return new Float64Array(buffer, at, this.capacity * column.DOUBLES);
  }

  grow(): void {
    this.capacity *= 2;
    const integers = this.#integers();
    const doubles = this.#doubles();
    integers.set(this.integers);
    doubles.set(this.doubles);
    this.integers = integers;
    this.doubles = doubles;
  }

  /** Makes room for `size` bytes of which `used` are in use. */
  widen(size: number, used: number): void {
    const wider = sharedBuffer(Math.max(size, this.extra.length * 2));
    this.extra.copy(wider, 0, 0, used);
    this.extra = wider;
  }
}

function sharedBuffer(size: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(size));
}

function sightOf({ text, ...told }: Observed, lane: number, leader: number): OtherRecord {
  return { ...told, text, lane, leader };
}

/** A record with its strings decoded: getters do not cross to another thread. */
function clonable(record: Exclude<TraceRecord, Call | Observed>, lane: number): OtherRecord {
  switch (record.kind) {
    case 'signal':
      return {
        kind: record.kind,
        lane,
        time: record.time,
        signal: record.signal,
        info: record.info,
        ...(record.stops === undefined ? {} : { stops: record.stops }),
        ...(record.isIgnored === undefined ? {} : { isIgnored: record.isIgnored }),
        file: record.file,
        line: record.line,
        text: record.text,
      };
    case 'exit':
      return {
        kind: record.kind,
        lane,
        time: record.time,
        status: record.status,
        signal: record.signal,
        coreDumped: record.coreDumped,
        supersededBy: record.supersededBy,
        ...(record.assumed === undefined ? {} : { assumed: record.assumed }),
        file: record.file,
        line: record.line,
        text: record.text,
      };
    case 'notice':
      return {
        kind: record.kind,
        notice: record.notice,
        tid: record.tid,
        threads: record.threads,
        file: record.file,
        line: record.line,
      };
    case 'printed':
      return { kind: record.kind, lane, text: record.text, file: record.file, line: record.line };
    case 'frame':
      return {
        kind: record.kind,
        lane,
        symbol: record.symbol,
        offset: record.offset,
        object: record.object,
        line: record.line,
      };
    case 'lost':
      return { ...record };
    case 'sampled': {
      const { kind, from, time, by, frames, file, line, text } = record;
      return { kind, lane, from, time, by, frames, file, line, text };
    }
    default:
      throw new TypeError(`a ${record.kind} does not cross to another thread: its format is not threadable`);
  }
}

/**
 * Writes records into batches. `slots` batches take turns: a batch stays as it is until that many further ones were
 * begun.
 */
export class BatchWriter {
  readonly #slots: readonly Columns[];
  #turn = 0;
  #columns: Columns;
  #chunk: Buffer = Buffer.alloc(0);
  #count = 0;
  #extraUsed = 0;
  #others: OtherRecord[] = [];
  /** Number in the batches by id in this thread. */
  readonly #syscalls: (number | undefined)[] = [];
  #syscallCount = 0;
  /** By number: its arguments are looked into. */
  readonly #isNoted: boolean[] = [];
  readonly #calls: Syscall[] = [];
  readonly #written = new WrittenRow(syscall('???'));
  #newSyscalls: string[] = [];
  readonly #errors = new Map<string, number>([['', 0]]);
  #newErrors: string[] = [''];
  readonly #notes = new ArgumentNotes();
  /** By lane index. Ended lanes are forgotten. */
  readonly #told = new LaneMap<ToldLane>();
  #mentioned: Lane[] = [];
  #newLanes: LaneFacts[] = [];
  #batch = 0;

  constructor(slots: number, chunkBytes: number, space = SEPARATE_SPACE) {
    this.#slots = Array.from({ length: slots }, () => new Columns(chunkBytes, space));
    this.#columns = this.#slots[0] as Columns;
  }

  begin(chunk: Buffer): void {
    this.#turn = (this.#turn + 1) % this.#slots.length;
    this.#columns = this.#slots[this.#turn] as Columns;
    this.#chunk = chunk;
    this.#written.chunk = chunk;
    this.#count = 0;
    this.#extraUsed = 0;
    this.#others = [];
    this.#mentioned = [];
    this.#batch++;
  }

  add(record: TraceRecord): void {
    if (this.#count === this.#columns.capacity) this.#columns.grow();
    if (record.kind === 'call') this.#call(record as UndecodedCall);
    else {
      this.#columns.integers[this.#count * column.INTEGERS + column.KIND] = -1 - this.#others.length;
      const lane = 'lane' in record ? this.#lane(record.lane) : -1;
      this.#others.push(
        record.kind === 'observed' ? sightOf(record, lane, this.#lane(record.leader)) : clonable(record, lane),
      );
      if (record.kind === 'exit' && record.supersededBy === 0) this.#told.delete(record.lane.index);
    }
    this.#count++;
  }

  /** The bytes that the columns speak of. */
  get chunk(): Buffer {
    return this.#chunk;
  }

  /** Where somebody else may write the rows of calls: behind those that are there, as many as there is room for. */
  get rows(): { readonly integers: Int32Array; readonly doubles: Float64Array; readonly count: number } {
    const { integers, doubles } = this.#columns;
    return { integers, doubles, count: this.#count };
  }

  /**
   * So many rows of calls of this chunk were written by somebody else, both halves of each in the chunk. Without their
   * notes are the row `unnoted`, counted from the first of them, and those that follow it in a chain: in place of its
   * note each tells the next one. -1 ends the chain.
   */
  wrote(count: number, unnoted: number): void {
    const { integers, doubles } = this.#columns;
    for (let next = unnoted; next >= 0; ) {
      const row = this.#count + next;
      const at = row * column.INTEGERS;
      next = integers[at + column.NOTE] as number;
      const called = this.#calls[integers[at + column.SYSCALL] as number] as Syscall;
      this.#written.set(called, integers, at, doubles[row * column.DOUBLES + column.RESULT] as number);
      this.#notes.look(this.#written);
      integers[at + column.NOTE] = this.#notes.note;
      integers[at + column.DATA] = this.#notes.data;
    }
    this.#count += count;
  }

  /** Makes room for twice as many records. Throws a `RangeError` when the space is used up. */
  grow(): void {
    this.#columns.grow();
  }

  /** The number of a call, and of an errno, in the columns. */
  numberOf(called: Syscall): number {
    return this.#syscall(called);
  }

  callOf(number: number): Syscall {
    return this.#calls[number] as Syscall;
  }

  numberOfError(name: string): number {
    return name === '' ? 0 : this.#error(name);
  }

  /** Tells the reader of a lane that no record may have mentioned. */
  mention(lane: Lane): void {
    this.#lane(lane);
  }

  /** The batch as it stands. */
  take(): column.RecordBatch {
    for (const lane of this.#mentioned) {
      const told = this.#told.get(lane.index);
      if (told !== undefined && (told.tid !== lane.tid || told.comm !== lane.comm)) this.#tell(lane, told);
    }
    const { integers, doubles, extra } = this.#columns;
    const batch = {
      count: this.#count,
      integers,
      doubles,
      extra,
      others: this.#others,
      syscalls: this.#newSyscalls,
      errors: this.#newErrors,
      heads: this.#notes.newHeads,
      lanes: this.#newLanes,
    };
    this.#newSyscalls = [];
    this.#newErrors = [];
    this.#notes.newHeads = [];
    this.#newLanes = [];
    return batch;
  }

  #call(call: UndecodedCall): void {
    const { bytes, from, to, entry, error, pause } = call;
    const line = bytes === this.#chunk ? 0 : this.#place(bytes, from, to) - from;
    const first = entry === null ? 0 : this.#placeLine(entry);
    const isAfterGap = pause >= column.SHORTEST_GAP;
    const previous = isAfterGap ? this.#placeLine(call.previous) : 0;
    // After the places: they may have made the memory anew.
    const { integers, doubles } = this.#columns;
    const at = this.#count * column.INTEGERS;
    const number = this.#syscall(call.syscall);
    integers[at + column.KIND] = column.CALL;
    integers[at + column.LANE] = this.#lane(call.lane);
    integers[at + column.SYSCALL] = number;
    integers[at + column.ERROR] = error === '' ? 0 : this.#error(error);
    integers[at + column.FD] = call.fd;
    let flags = entry === null ? 0 : column.SPLIT;
    if (call.inFlight) flags |= call.isCut === true ? column.IN_FLIGHT | column.CUT : column.IN_FLIGHT;
    if (call.injected) flags |= column.INJECTED;
    if (call.partial) flags |= column.PARTIAL;
    if (call.hasNames) flags |= column.NAMED;
    integers[at + column.FLAGS] = flags;
    integers[at + column.LINE] = call.line;
    integers[at + column.START_LINE] = call.startLine;
    integers[at + column.PREVIOUS_LINE] = isAfterGap ? call.previous.line : 0;
    integers[at + column.FROM] = from + line;
    integers[at + column.TO] = to + line;
    integers[at + column.ARGS_FROM] = call.argsFrom + line;
    integers[at + column.ARGS_TO] = call.argsTo + line;
    integers[at + column.RETURNED_FROM] = call.returnedFrom + line;
    integers[at + column.RETURNED_TO] = call.returnedTo + line;
    if (entry !== null) {
      const length = entry.to - entry.from;
      const { entryArgsFrom, entryArgsTo } = call;
      integers[at + column.ENTRY_FROM] = first;
      integers[at + column.ENTRY_TO] = first + length;
      integers[at + column.ENTRY_ARGS_FROM] = first + Math.min(entryArgsFrom, length);
      integers[at + column.ENTRY_ARGS_TO] = first + Math.min(entryArgsTo, length);
    }
    if (this.#isNoted[number] === true) {
      const notes = this.#notes;
      notes.look(call);
      integers[at + column.NOTE] = notes.note;
      integers[at + column.DATA] = notes.data;
    }
    if (isAfterGap) {
      integers[at + column.PREVIOUS_FROM] = previous;
      integers[at + column.PREVIOUS_TO] = previous + call.previous.to - call.previous.from;
    }
    const double = this.#count * column.DOUBLES;
    doubles[double + column.START] = call.start;
    doubles[double + column.END] = call.end;
    doubles[double + column.DURATION] = call.duration;
    doubles[double + column.RESULT] = call.result;
  }

  #placeLine({ line, bytes, from, to }: RawLine): number {
    return line === 0 ? 0 : this.#place(bytes, from, to);
  }

  /** Where the range begins for the reader: in the chunk, or in `extra` when it lies elsewhere. */
  #place(bytes: Buffer, from: number, to: number): number {
    if (bytes === this.#chunk) return from;
    const length = to - from;
    if (this.#extraUsed + length > this.#columns.extra.length)
      this.#columns.widen(this.#extraUsed + length, this.#extraUsed);
    bytes.copy(this.#columns.extra, this.#extraUsed, from, to);
    const placed = this.#chunk.length + this.#extraUsed;
    this.#extraUsed += length;
    return placed;
  }

  #syscall(called: Syscall): number {
    const { id, name, family } = called;
    const known = this.#syscalls[id];
    if (known !== undefined) return known;
    const index = this.#syscallCount++;
    this.#syscalls[id] = index;
    this.#calls.push(called);
    this.#isNoted.push(NOTED_FAMILIES.has(family));
    this.#newSyscalls.push(name);
    return index;
  }

  #error(name: string): number {
    const known = this.#errors.get(name);
    if (known !== undefined) return known;
    if (this.#errors.size >= MOST_ERRORS && name !== OTHER_ERROR) return this.#error(OTHER_ERROR);
    const index = this.#errors.size;
    this.#errors.set(name, index);
    this.#newErrors.push(name);
    return index;
  }

  #lane(lane: Lane): number {
    const { index } = lane;
    const told = this.#told.get(index);
    if (told === undefined) {
      const first = { tid: 0, comm: '', mentionedIn: this.#batch };
      this.#told.set(index, first);
      this.#tell(lane, first);
      this.#mentioned.push(lane);
    } else if (told.mentionedIn !== this.#batch) {
      told.mentionedIn = this.#batch;
      this.#mentioned.push(lane);
    }
    return index;
  }

  #tell({ index, tid, comm }: Lane, told: ToldLane): void {
    told.tid = tid;
    told.comm = comm;
    this.#newLanes.push({ index, tid, comm });
  }
}
