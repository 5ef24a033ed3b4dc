import { beginsFailure } from '../../../src/trace/failure-words.ts';
import type { Printed, TraceRecord } from '../../../src/trace/record.ts';
import { decodeUtf8 } from '../../../src/trace/utf8.ts';
import type { LineReader } from '../line-reader.ts';
import { NOTED, RECORD, UNENDED } from '../outcome.ts';
import type { ParserState } from '../parser-state.ts';
import { isCutInside } from './cut-inside.ts';
import { Fragment } from './fragment.ts';
import { endOfWrite, findProgramOutput } from './program-output.ts';
import { Reparser } from './reparse.ts';

const INTERRUPTED = /\^C$/;
/** What a call that was cut may lack before it can be read as one that goes on. */
const MISSING = ['', '"...'];

/**
 * Puts calls together whose line was cut: by a message of the tracer, by output of the program, by a terminal, by the
 * end of the capture.
 */
export class CutCalls {
  readonly #state: ParserState;
  readonly #reader: LineReader;
  readonly #reparser: Reparser;
  #fragment: Fragment | null = null;

  constructor(state: ParserState, reader: LineReader) {
    this.#state = state;
    this.#reader = reader;
    this.#reparser = new Reparser(state, reader);
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
    const state = this.#state;
    const { prefix, window, from } = state;
    let head = text.replace(INTERRUPTED, '');
    const args = head.indexOf('(', Math.max(prefix.read(window, from) - from, 0)) + 1;
    const found = findProgramOutput(head.slice(args));
    let fragment: Fragment;
    if (found !== null) {
      const output = head.slice(args + found.at);
      head = head.slice(0, args + found.at);
      fragment = new Fragment(state.line, head, found.length);
      const outcome = this.#tryAll(fragment.add(output));
      if (outcome !== UNENDED) return outcome;
    } else {
      const end = endOfWrite(head.slice(args));
      if (end >= 0 && this.#reparser.read(`${head.slice(0, args + end)} <unfinished ...>`) === NOTED) return null;
      fragment = new Fragment(state.line, head, 0);
    }
    this.#fragment = fragment;
    // Until its end is known the line counts as a whole call.
    state.account.calls++;
    return null;
  }

  /**
   * Adds the current line to the waiting call: its record, null when it has none yet, or UNENDED when the line does not
   * belong to it.
   */
  add(text: string): TraceRecord | null | typeof UNENDED {
    const fragment = this.#fragment;
    if (fragment === null) return UNENDED;
    const { account } = this.#state;
    this.#state.joinedFrom = fragment.line;
    const outcome = this.#tryAll(fragment.add(text));
    this.#state.joinedFrom = 0;
    if (outcome === UNENDED && fragment.isExhausted) return UNENDED;
    account.continued++;
    if (outcome === UNENDED) return null;
    account.calls--;
    this.#fragment = null;
    const printed = this.#printedIn(fragment);
    if (outcome === null || printed === null) return outcome ?? printed;
    this.#reader.second = printed;
    return outcome;
  }

  /** What the program wrote in the middle of the call, where it tells of a failure; whose it is that call says. */
  #printedIn({ output, line }: Fragment): Printed | null {
    const { recent, half, file } = this.#state;
    const thread = half !== null && half.line === line ? half : recent;
    if (thread === null || output === '' || !output.split('\n').some(beginsFailure)) return null;
    return { kind: 'printed', lane: thread.lane, text: decodeUtf8(output.trimEnd()), file, line };
  }

  /** The waiting call never ended, and other records follow. */
  lose(): void {
    const fragment = this.#fragment;
    if (fragment === null) return;
    const { account } = this.#state;
    this.#fragment = null;
    const continued = fragment.isExhausted ? fragment.lines - 1 : fragment.lines;
    account.calls--;
    account.unparsed++;
    account.continued -= continued;
    account.foreign += continued;
    this.#state.noteOn('unparsed-line', fragment.line, fragment.text);
  }

  /** The user stopped strace while the waiting call went on: it is told as a call in flight. */
  leave(): TraceRecord | null {
    const outcome = this.#complete(' <detached ...>');
    if (outcome !== RECORD) return null;
    this.#state.account.calls--;
    this.#fragment = null;
    return this.#reader.record;
  }

  /** The capture ends: the waiting call goes on, as far as the trace tells. */
  finish(): TraceRecord | null {
    const fragment = this.#fragment;
    if (fragment === null) return null;
    const { account, flags } = this.#state;
    const { split } = flags;
    this.#state.noteOn('cut-line', fragment.line, fragment.text);
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
    const state = this.#state;
    const { half, line, account } = state;
    if (half !== null) state.threads.takeBack(half);
    if (state.isMixed || account.resumed > 0 || half === null || !half.pending || half.line !== line - 1)
      return UNENDED;
    const first = half.entry.latin1(0, half.argsTo);
    const { syscall, start } = half;
    half.finish();
    state.joinedFrom = line - 1;
    const outcome = this.#tryAll([first + text]);
    state.joinedFrom = 0;
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
      const outcome = this.#reparser.read(text);
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
    this.#state.joinedFrom = fragment.line;
    this.#state.isCut = isCutInside(fragment.text);
    const text = withoutBracket(fragment.text);
    for (const missing of MISSING) {
      if (outcome === UNENDED) outcome = this.#reparser.read(text + missing + end);
    }
    this.#state.joinedFrom = 0;
    this.#state.isCut = false;
    return outcome;
  }
}

/** Without the bracket with which somebody closed a call that has no result: `recvfrom(9, )`. */
function withoutBracket(text: string): string {
  const brackets = text.replace(/"(?:[^"\\]|\\.)*"?/g, '').match(/[()]/g) ?? [];
  const opened = brackets.filter((bracket) => bracket === '(').length;
  return opened * 2 === brackets.length ? text.replace(/\s*\)$/, '') : text;
}
