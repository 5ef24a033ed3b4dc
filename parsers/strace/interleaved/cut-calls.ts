import type { TraceRecord } from '../../../src/trace/record.ts';
import type { LineReader } from '../line-reader.ts';
import { NOTED, RECORD, UNENDED } from '../outcome.ts';
import type { Reading } from '../reading.ts';
import { Fragment } from './fragment.ts';
import { Aside } from './reparse.ts';
import { endOfWrite, findEcho } from './repeated-lines.ts';

const INTERRUPTED = /\^C$/;
/** What a call that was cut may lack before it can be read as one that goes on. */
const MISSING = ['', '"...'];

/**
 * Puts calls together whose line was cut: by a message of the tracer, by output of the program, by a terminal, by the
 * end of the capture.
 */
export class CutCalls {
  readonly #reading: Reading;
  readonly #reader: LineReader;
  readonly #aside: Aside;
  #fragment: Fragment | null = null;

  constructor(reading: Reading, reader: LineReader) {
    this.#reading = reading;
    this.#reader = reader;
    this.#aside = new Aside(reading, reader);
  }

  /** The call that waits for its end. */
  get waiting(): Fragment | null {
    return this.#fragment;
  }

  /** The waiting call makes a process, whose attach the tracer tells in the middle of it. */
  get isClone(): boolean {
    return /^[^(]*\b(?:clone3?|v?fork)\(/.test(this.#fragment?.text ?? '');
  }

  /** Keeps the call on the current line, which does not end there; gives its record if it can be read after all. */
  open(text: string): TraceRecord | null {
    const reading = this.#reading;
    const { leader, source, from } = reading;
    let head = text.replace(INTERRUPTED, '');
    const args = head.indexOf('(', Math.max(leader.read(source, from) - from, 0)) + 1;
    const echo = findEcho(head.slice(args));
    let fragment: Fragment;
    if (echo !== null) {
      const output = head.slice(args + echo.at);
      head = head.slice(0, args + echo.at);
      fragment = new Fragment(reading.line, head, echo.length);
      const outcome = this.#tryAll(fragment.add(output));
      if (outcome !== UNENDED) return outcome;
    } else {
      const end = endOfWrite(head.slice(args));
      if (end >= 0 && this.#aside.read(`${head.slice(0, args + end)} <unfinished ...>`) === NOTED) return null;
      fragment = new Fragment(reading.line, head, 0);
    }
    this.#fragment = fragment;
    // Until its end is known the line counts as a whole call.
    reading.account.calls++;
    return null;
  }

  /**
   * Adds the current line to the waiting call: its record, null when it has none yet, or UNENDED when the line does not
   * belong to it.
   */
  add(text: string): TraceRecord | null | typeof UNENDED {
    const fragment = this.#fragment;
    if (fragment === null) return UNENDED;
    const { account } = this.#reading;
    this.#reading.joinedFrom = fragment.line;
    const outcome = this.#tryAll(fragment.add(text));
    this.#reading.joinedFrom = 0;
    if (outcome === UNENDED && fragment.isExhausted) return UNENDED;
    account.continued++;
    if (outcome === UNENDED) return null;
    account.calls--;
    this.#fragment = null;
    return outcome;
  }

  /** The waiting call never ended, and other records follow. */
  lose(): void {
    const fragment = this.#fragment;
    if (fragment === null) return;
    const { account } = this.#reading;
    this.#fragment = null;
    const continued = fragment.isExhausted ? fragment.lines - 1 : fragment.lines;
    account.calls--;
    account.unparsed++;
    account.continued -= continued;
    account.foreign += continued;
    this.#reading.noteOn('unparsed-line', fragment.line, fragment.text);
  }

  /** The user stopped strace while the waiting call went on: it is told as a call in flight. */
  leave(): TraceRecord | null {
    const outcome = this.#complete(' <detached ...>');
    if (outcome !== RECORD) return null;
    this.#reading.account.calls--;
    this.#fragment = null;
    return this.#reader.record;
  }

  /** The capture ends: the waiting call goes on, as far as the trace tells. */
  finish(): TraceRecord | null {
    const fragment = this.#fragment;
    if (fragment === null) return null;
    const { account, flags } = this.#reading;
    const { split } = flags;
    this.#reading.noteOn('cut-line', fragment.line, fragment.text);
    const outcome = this.#complete(' <unfinished ...>');
    flags.split = split;
    account.calls--;
    this.#fragment = null;
    if (outcome === RECORD) return this.#reader.record;
    if (outcome !== NOTED) account.unparsed++;
    return null;
  }

  /**
   * With `-z` the second half of a split call has neither columns nor `<... resumed>`, and stands on the next line.
   * UNENDED when this is not one.
   */
  joinHalf(text: string): TraceRecord | null | typeof UNENDED {
    const reading = this.#reading;
    const { half, line, account } = reading;
    if (reading.isMixed || account.resumed > 0 || half === null || !half.pending || half.line !== line - 1)
      return UNENDED;
    const first = half.entry.latin1(0, half.argsTo);
    const { syscall, start } = half;
    half.finish();
    reading.joinedFrom = line - 1;
    const outcome = this.#tryAll([first + text]);
    reading.joinedFrom = 0;
    if (outcome === UNENDED) {
      half.begin(syscall, start, line - 1);
      return UNENDED;
    }
    account.unfinished--;
    account.continued++;
    return outcome;
  }

  #tryAll(texts: readonly string[]): TraceRecord | null | typeof UNENDED {
    for (const text of texts) {
      const outcome = this.#aside.read(text);
      if (outcome === RECORD) return this.#reader.record;
      if (outcome === NOTED) return null;
    }
    return UNENDED;
  }

  /** Reads the waiting call with an end that it does not have. */
  #complete(end: string): number {
    const fragment = this.#fragment;
    let outcome = UNENDED;
    if (fragment === null) return outcome;
    this.#reading.joinedFrom = fragment.line;
    for (const missing of MISSING) {
      if (outcome === UNENDED) outcome = this.#aside.read(fragment.text + missing + end);
    }
    this.#reading.joinedFrom = 0;
    return outcome;
  }
}
