import type { Exit } from '../../src/trace/record.ts';
import { syscall } from '../../src/trace/syscalls.ts';
import type { BatchWriter } from '../columns/batch-writer.ts';
import type {
  Call,
  DiagnosticCount,
  LineAccount,
  ParserOptions,
  TraceFlags,
  TraceParser,
  TraceRecord,
} from '../format.ts';
import { isMarkedOutside } from '../text/cleaning.ts';
import { LineCutter } from '../text/line-cutter.ts';
import { RestLines } from './interleaved/rest-lines.ts';
import { ENDS_BARE, EXPLAINS_RESULT, type LineColumns } from './line-columns.ts';
import { LineReader } from './line-reader.ts';
import { NO_RECORD, NOTED, RECORD, UNENDED } from './outcome.ts';
import { ParserState } from './parser-state.ts';
import { type Assembly, SimpleLines } from './simple/simple-lines.ts';

/** Bytes that a result takes at the most, and those by which one sees that it is explained. */
const LONGEST_RESULT = 48;

/** Reads the text that strace writes. */
export class StraceParser implements TraceParser {
  readonly flags: TraceFlags;
  readonly diagnostics: ReadonlyMap<string, DiagnosticCount>;
  readonly #state: ParserState;
  readonly #reader: LineReader;
  readonly #rest: RestLines;
  readonly #cutter: LineCutter;
  readonly #columns: LineColumns;
  /** Reads simple lines straight into columns; null when none are written, or it cannot. */
  #simple: SimpleLines | null = null;
  /** Stamps compare, and are fine enough to tell a clock that was set forward. */
  readonly #canHold: boolean;
  /** The line that is read has no newline. */
  #isLast = false;
  /** No line reads at first sight: a call was cut and waits for its end, or the line is the last. */
  #waits = false;
  /** No more bytes come, and lines that were taken back are to be read. */
  #endsLater = false;
  /** No more bytes come, and what that means has not been told yet. */
  #isEnding = false;

  constructor(columns: LineColumns, options: ParserOptions) {
    const state = new ParserState(columns, options, syscall('???'));
    this.flags = state.flags;
    this.diagnostics = state.diagnostics;
    this.#state = state;
    this.#columns = columns;
    state.leaps.isComplete = options.isGrowing === true;
    this.#canHold = state.isTimed && !state.isCoarse && columns.time !== 'relative';
    this.#reader = new LineReader(state);
    this.#rest = new RestLines(state, this.#reader, columns);
    this.#cutter = new LineCutter(state.window, () => state.threads.keep());
  }

  /** As of the record that was handed out last: chunks of several files are read in turns. */
  get account(): LineAccount {
    const { account, line } = this.#state;
    account.lines = line;
    return account;
  }

  /** Simple lines go straight into the columns of `writer`, each in its turn: `next` gives the other records. */
  writeTo(writer: BatchWriter, assembly: Assembly): void {
    const parser = { state: this.#state, cutter: this.#cutter, calls: this.#reader.calls };
    this.#simple = SimpleLines.of(assembly, this.#columns, parser, writer);
  }

  push(chunk: Buffer): void {
    this.#simple?.pushed();
    this.#cutter.push(chunk);
  }

  end(): void {
    this.#state.leaps.isComplete = true;
    if (this.#cutter.isHolding) {
      // What was taken back comes before the end.
      this.#cutter.release();
      this.#endsLater = true;
      return;
    }
    this.#isLast = this.#cutter.end();
    this.#waits ||= this.#isLast;
    this.#isEnding = true;
  }

  next(): TraceRecord | null {
    const reader = this.#reader;
    if (reader.second !== null) {
      const { second } = reader;
      reader.second = null;
      return second;
    }
    const state = this.#state;
    if (state.threads.hasDepartures) {
      const departure = this.#departure();
      if (departure !== null) return departure;
    }
    const cutter = this.#cutter;
    const rest = this.#rest;
    const simple = this.#simple;
    for (;;) {
      // An end that waits to be told comes behind the next record.
      if (simple !== null && !this.#waits && !state.threads.hasDepartures) simple.read();
      if (!cutter.next()) break;
      const { from, to } = cutter;
      state.line++;
      state.from = from;
      state.to = contentEnd(state.window.bytes, from, to);
      if (cutter.skipped > 0) state.note('long-line');
      state.mayHold = this.#canHold && cutter.skipped === 0;
      const isBroken = this.#columns.breaksResults && this.#breaksResult();
      const isOdd = this.#waits || isBroken || (this.#columns.isMarkedUp && this.#isMarked());
      const outcome = state.isHeld || isOdd ? (isBroken ? UNENDED : NO_RECORD) : reader.read(false);
      state.mayHold = false;
      if (state.isHeld) {
        state.isHeld = false;
        state.line--;
        cutter.hold();
        return null;
      }
      if (outcome === RECORD) return reader.record;
      if (outcome === NOTED) continue;
      const record = rest.read(outcome, this.#isLast);
      this.#waits = this.#isLast || rest.isWaiting;
      if (record !== null) return record;
    }
    if (this.#endsLater) {
      this.#endsLater = false;
      this.end();
      return this.next();
    }
    return this.#isEnding ? this.#finish() : null;
  }

  /** What explains the result stands on the next line, which may have to be waited for. */
  #breaksResult(): boolean {
    const { window, from, to, leaps } = this.#state;
    const end = window.bytes.toString('latin1', Math.max(from, to - LONGEST_RESULT), to);
    if (this.#waits || !ENDS_BARE.test(end)) return false;
    const behind = this.#cutter.behind(LONGEST_RESULT);
    if (behind.length < LONGEST_RESULT && !leaps.isComplete) this.#state.isHeld = true;
    return EXPLAINS_RESULT.test(behind.toString('latin1'));
  }

  #isMarked(): boolean {
    const { window, from, to } = this.#state;
    return isMarkedOutside(window.bytes.toString('latin1', from, to));
  }

  /** The calls that threads are in, in the order of their lines. */
  *inFlight(): Iterable<Call> {
    const pending = [...this.#state.threads].filter((thread) => thread.pending).sort((a, b) => a.line - b.line);
    for (const thread of pending) yield this.#reader.calls.fromPending(thread, true);
  }

  #finish(): TraceRecord | null {
    this.#isEnding = false;
    this.#state.closeOrder();
    const last = this.#rest.finish();
    this.#state.threads.endLeaving();
    return last ?? this.#departure();
  }

  /** The end of a thread that no line tells. */
  #departure(): Exit | null {
    const departure = this.#state.threads.nextDeparture();
    if (departure === null) return null;
    const { thread, assumed } = departure;
    const time = Number.isFinite(thread.time) ? thread.time : 0;
    const { file } = this.#state;
    return {
      kind: 'exit',
      lane: thread.lane,
      time,
      status: null,
      signal: '',
      coreDumped: false,
      supersededBy: 0,
      assumed,
      file,
      line: thread.last.line,
      text: '',
    };
  }
}

/** Leaves out carriage returns and blanks, which terminals and pastes put at the end of lines. */
function contentEnd(bytes: Buffer, from: number, to: number): number {
  let end = to;
  while (end > from && ENDS_LINES[bytes[end - 1] as number] === 1) end--;
  return end;
}

const ENDS_LINES = new Uint8Array(256);
for (const blank of ' \t\r') ENDS_LINES[blank.charCodeAt(0)] = 1;
