import type { Call, TraceRecord } from '../../src/trace/record.ts';
import {
  type DiagnosticCount,
  emptyFlags,
  type LineAccount,
  type ParserOptions,
  type TraceFlags,
  type TraceParser,
} from '../format.ts';
import { ByteWindow } from './byte-window.ts';
import { LineAccounting } from './line-accounting.ts';
import { LineCutter } from './line-cutter.ts';
import { decode } from './line-reference.ts';

/** Of a line so much is kept for evidence. */
const LONGEST_SHOWN = 1_000;

/** A line of the file: where it stands, and how it is quoted. */
export interface Where {
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly text: string;
}

/**
 * A parser that takes each line as a string: all that is the same whatever the lines say. A format adds `readLine`, and
 * `finish` for what it knows only at the end. Strings cost: a format whose traces are large reads its usual lines from
 * their bytes (`readBytes`), and strace all of them.
 */
export abstract class LineParser implements TraceParser {
  readonly flags: TraceFlags;
  protected readonly file: string;
  /** Count each line under exactly one of its shapes, and note what is odd. */
  protected readonly accounting: LineAccounting;
  /** 1-based number of the current line. */
  protected line: number;
  readonly #window: ByteWindow;
  readonly #cutter: LineCutter;
  readonly #longestLine: number;
  readonly #ready: TraceRecord[] = [];
  #isLast = false;
  #isEnding = false;

  /** Lines are read up to `longestLine` bytes. `others` are flags that the format itself says. */
  constructor({ file, linesBefore = 0 }: ParserOptions, longestLine: number, others: readonly string[] = []) {
    this.file = file;
    this.line = linesBefore;
    this.flags = emptyFlags(others);
    this.accounting = new LineAccounting(file);
    this.#window = new ByteWindow(file);
    this.#cutter = new LineCutter(this.#window, () => {});
    this.#longestLine = longestLine;
  }

  /** Reads one line, without its newline. `isLast`: it has none, so that its end may be missing. */
  protected abstract readLine(text: string, isLast: boolean): void;

  /** Reads a line from its bytes where a format has a faster way for it. False leaves the line to `readLine`. */
  protected readBytes(_bytes: Buffer, _from: number, _to: number): boolean {
    return false;
  }

  /** No more lines come. */
  protected finish(): void {}

  /** Hands out what waited for its turn; false when nothing may go yet. Asked again and again. */
  protected release(): boolean {
    return false;
  }

  abstract inFlight(): Iterable<Call>;

  get account(): LineAccount {
    return this.accounting.account;
  }

  get diagnostics(): ReadonlyMap<string, DiagnosticCount> {
    return this.accounting.diagnostics;
  }

  push(chunk: Buffer): void {
    this.#cutter.push(chunk);
  }

  end(): void {
    this.#isLast = this.#cutter.end();
    this.#isEnding = true;
  }

  next(): TraceRecord | null {
    for (;;) {
      const ready = this.#ready.shift();
      if (ready !== undefined) return ready;
      if (this.release()) continue;
      if (this.#cutter.next()) this.#read();
      else if (this.#isEnding) {
        this.#isEnding = false;
        this.finish();
      } else return null;
    }
  }

  /** Hands out a record, behind those that were told before. */
  protected tell(record: TraceRecord): void {
    this.#ready.push(record);
  }

  /** Where the current line stands, and how it is quoted. */
  protected where(text: string): Where {
    return { file: this.file, line: this.line, text: text.slice(0, LONGEST_SHOWN) };
  }

  #read(): void {
    const { from, to, skipped } = this.#cutter;
    this.line++;
    this.account.lines++;
    if (skipped > 0) this.accounting.note('long-line', this.line, '');
    if (this.readBytes(this.#window.bytes, from, to)) return;
    this.readLine(decode(this.#window.bytes, from, Math.min(to, from + this.#longestLine)), this.#isLast);
  }
}
