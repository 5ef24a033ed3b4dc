import { beginsFailure, beginsTraceback, endsFailure, namesError } from '../../../trace/failure-words.ts';
import { elapsed, type Nanoseconds, SECOND, UNKNOWN } from '../../../trace/time.ts';
import type { KeptLine } from '../../evidence.ts';

/** Lines of one failure that are looked at, and how many of its beginning and of its end are kept. */
const MOST_LINES = 60;
const MOST_FIRST = 4;
const MOST_LAST = 3;
const LONGEST_LINE = 300;
/** What was printed longer ago, in time or in lines of the capture, is another matter. */
const RECENT = 5 * SECOND;
const RECENT_LINES = 20_000;

/** Stands for what the capture does not show of a line. */
const CUT = ' ...';

/** A line that a program printed, with the line of the capture that shows it. */
export interface PrintedLine {
  readonly text: string;
  readonly shown: KeptLine;
}

/** What a process printed of a failure: its beginning, and the line that names the error. */
export interface LastWords {
  readonly lines: readonly PrintedLine[];
  /** One of the lines; null when none names it. */
  readonly error: PrintedLine | null;
  /** Lines between the first and the last ones that are left out. */
  readonly leftOut: number;
  /** The capture shows only the beginning of what was written. */
  readonly isCut: boolean;
  /** The file that it was written to; '' for the standard streams. */
  readonly log: string;
}

/** When something was printed, where to, and how many connections its process had taken by then. */
interface Printing {
  readonly at: Nanoseconds;
  readonly accepted: number;
  readonly log: string;
}

/** Keeps what one process prints of its last failure. */
export class FailureText {
  #first: PrintedLine[] = [];
  #last: PrintedLine[] = [];
  #error: PrintedLine | null = null;
  #count = 0;
  #isTraceback = false;
  #hasEnded = true;
  #isCut = false;
  /** The end of a line that has not come yet. */
  #open = '';
  #at: Nanoseconds = UNKNOWN;
  #line = 0;
  #accepted = 0;
  #log = '';

  /** Takes bytes as they were written, which may be a part of a line or many lines; `isCut`: their end is not shown. */
  write(text: string, isCut: boolean, shown: KeptLine, printing: Printing): void {
    const lines = (this.#open + text).split('\n');
    this.#open = isCut ? '' : (lines.pop() ?? '').slice(0, LONGEST_LINE);
    if (isCut) lines.push(`${lines.pop() ?? ''}${CUT}`);
    for (const line of lines) this.add(line, shown, printing);
    if (isCut && !this.#hasEnded) this.#isCut = true;
  }

  /** Takes one line. */
  add(line: string, shown: KeptLine, { at, accepted, log }: Printing): void {
    const text = line.trimEnd().slice(0, LONGEST_LINE);
    const begins = beginsFailure(text);
    const isTraceback = begins && beginsTraceback(text);
    if (this.#hasEnded || this.#count >= MOST_LINES ? !begins : !begins && endsFailure(text)) {
      this.#hasEnded = true;
      return;
    }
    // A complaint behind a traceback tells less; a traceback right behind a complaint belongs to it.
    const isAnother = this.#count > 2 && isTraceback && /^Traceback|^panic/.test(text);
    const isLess = this.#isTraceback && this.#error !== null && !isTraceback && this.#hasEnded;
    if (isLess && accepted === this.#accepted) return;
    if (this.#hasEnded || isAnother) this.#begin();
    if (text === '') return;
    this.#isTraceback ||= isTraceback;
    this.#at = at;
    this.#line = shown.line;
    this.#accepted = accepted;
    this.#log = log;
    this.#count++;
    const printed = { text, shown };
    if (namesError(text)) this.#error = printed;
    if (this.#first.length < MOST_FIRST) this.#first.push(printed);
    else {
      this.#last.push(printed);
      if (this.#last.length > MOST_LAST) this.#last.shift();
    }
  }

  /** What was printed shortly before that moment and line, by a process that has taken nobody since; else null. */
  before(at: Nanoseconds, line: number, accepted: number): LastWords | null {
    const [first] = this.#first;
    if (first === undefined || accepted > this.#accepted) return null;
    if (at !== UNKNOWN && this.#at !== UNKNOWN && elapsed(this.#at, at) > RECENT) return null;
    if (line - this.#line > RECENT_LINES) return null;
    const error = this.#error;
    const lines = [...this.#first, ...this.#last];
    if (error !== null && !lines.includes(error)) lines.splice(this.#first.length, 0, error);
    return { lines, error, leftOut: this.#count - lines.length, isCut: this.#isCut, log: this.#log };
  }

  #begin(): void {
    this.#first = [];
    this.#last = [];
    this.#error = null;
    this.#count = 0;
    this.#isTraceback = false;
    this.#hasEnded = false;
    this.#isCut = false;
  }
}
