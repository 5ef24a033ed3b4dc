import { beginsFailure } from '../../../src/trace/failure-words.ts';
import type { Lost, Printed } from '../../../src/trace/record.ts';
import { UNKNOWN } from '../../../src/trace/time.ts';
import { decodeUtf8 } from '../../../src/trace/utf8.ts';
import type { ParserState } from '../parser-state.ts';

const ELISION =
  /^\s*(?:\.{2,}(?:\s*\{.{0,60}\}\s*\.*)?|\u2026|\xe2\x80\xa6|[[(<]\s*\.{2,}.{0,60}[\])>]|[[(<]?\s*(?:snip|cut|skipped|omitted)\b.{0,60})\s*$/i;
const SUMMARY_HEAD = /^\s*(?:% )?(?:time|ime)\s+(?:seconds|\S+)\s+\S+\s+calls\b/;
const SUMMARY_ROW = /^\s*(?:-{3,}[\s-]*|\d{1,3}[.,]\d\d\s+\d+[.,]\d+\s.*)$/;
/** So many lines may belong to one failure, and so much of each is handed on. */
const MOST_LINES = 60;
const LONGEST = 1_000;
const CONTROL = /[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]/;

/** Counts lines that are not the tracer's, or not to be read. */
export class ForeignLines {
  readonly #state: ParserState;
  /** Rows of a table of `-c` follow. */
  #inSummary = false;
  /** Lines of the program that are still handed on behind one that tells of a failure. */
  #toCome = 0;

  constructor(state: ParserState) {
    this.#state = state;
  }

  /**
   * Counts the current line; `isTracers` says that it looks like one that strace wrote. Gives the line where it tells
   * of a failure of the program, and the gap where lines were taken out.
   */
  count(text: string, isTracers: boolean): Printed | Lost | null {
    const state = this.#state;
    if (SUMMARY_HEAD.test(text)) {
      this.#inSummary = true;
      state.addFlag('-c');
      this.#note('summary-table');
    } else if (this.#inSummary && SUMMARY_ROW.test(text)) {
      state.account.foreign++;
    } else {
      this.#inSummary = false;
      if (ELISION.test(text)) {
        this.#note('elision');
        return state.recent === null ? null : { kind: 'lost', count: UNKNOWN, time: state.time, isElision: true };
      }
      if (!isTracers) this.#note(CONTROL.test(text) ? 'binary-bytes' : 'foreign-line');
      else {
        state.account.unparsed++;
        state.note('unparsed-line');
        return null;
      }
      return this.#printed(text);
    }
    return null;
  }

  #printed(text: string): Printed | null {
    const { recent, file, line } = this.#state;
    if (recent === null) return null;
    const shown = text.slice(0, LONGEST);
    if (beginsFailure(shown)) this.#toCome = MOST_LINES;
    else if (this.#toCome === 0) return null;
    else this.#toCome--;
    return { kind: 'printed', lane: recent.lane, text: decodeUtf8(shown), file, line };
  }

  #note(code: string): void {
    this.#state.account.foreign++;
    this.#state.note(code);
  }
}
