import type { Exit, Signal, TraceRecord } from '../../src/trace/record.ts';
import { Calls } from './calls.ts';
import { NO_RECORD, NOBODY, RECORD } from './outcome.ts';
import type { ParserState } from './parser-state.ts';
import type { TracedThread } from './traced-thread.ts';

/**
 * `SIGPIPE {si_signo=...}`, `SIGPIPE (Broken pipe) @ 0 (0)` (4.5), `{si_signo=SIGCHLD, ...} (...) @ 0 (0)` (4.6),
 * `stopped by SIGSTOP`.
 */
const SIGNAL = /^--- (stopped by )?(SIG[A-Z0-9_+-]+)?\s?(?:\{(.*)\})?\s?(?:\([^)]*\) @ \w+ \(\w+\))? ?---$/;
const SIGNAL_NUMBER = /si_signo=(SIG[A-Z0-9_+-]+)/;
const EXIT =
  /^\+\+\+ (?:exited with (\d{1,9})|killed by (SIG[A-Z0-9_+-]+)( \(core dumped\))?|superseded by execve in pid (\d{1,9})(?:<[^>]*>)?) \+\+\+$/;
/** `readv#64(` and `64:readv(` (x32), `???(`, `SYS_323(` (ancient). */
const ODD_NAME = /^(\d{1,3}:)?([A-Za-z_][A-Za-z0-9_]{0,63}|\?\?\?)(#\d{1,3})?\(/;

/** Reads one line as a record of the tracer, whatever it is. */
export class LineReader {
  /** The record after RECORD. */
  record: TraceRecord | null = null;
  /** A second record of the same line. */
  second: TraceRecord | null = null;
  readonly calls: Calls;
  readonly #state: ParserState;

  constructor(state: ParserState) {
    this.#state = state;
    this.calls = new Calls(state);
  }

  /** Reads the current line. `careful`: its end may be missing or imitated, so it is not looked for from behind. */
  read(careful: boolean): number {
    const state = this.#state;
    const { window } = state;
    const { bytes } = window;
    const body = state.prefix.read(window, state.from);
    if (body < 0 || body >= state.to) return NO_RECORD;
    const byte = bytes[body] as number;
    let outcome = NO_RECORD;
    if ((byte >= 0x61 && byte <= 0x7a) || byte === 0x5f /* _ */) {
      this.record = this.calls.call;
      outcome = this.calls.readCall(body, careful);
    } else if (byte === 0x3c /* < */) {
      this.record = this.calls.call;
      return this.calls.readResumed(body, careful);
    } else if (byte === 0x2d /* - */) return this.#readSignal(bytes.toString('latin1', body, state.to));
    else if (byte === 0x2b /* + */) return this.#readExit(bytes.toString('latin1', body, state.to));
    return outcome === NO_RECORD ? this.#readOddCall(body, careful) : outcome;
  }

  #readOddCall(body: number, careful: boolean): number {
    const { window, to } = this.#state;
    const match = ODD_NAME.exec(window.bytes.toString('latin1', body, Math.min(to, body + 80)));
    if (match === null) return NO_RECORD;
    const [whole, number = '', name = ''] = match;
    const from = body + number.length;
    this.record = this.calls.call;
    return this.calls.readOddCall(from, from + name.length, body + whole.length - 1, careful);
  }

  #readSignal(text: string): number {
    const match = SIGNAL.exec(text);
    const info = match?.[3] ?? '';
    const signal = match?.[2] ?? SIGNAL_NUMBER.exec(info)?.[1];
    if (match === null || signal === undefined) return NO_RECORD;
    const state = this.#state;
    const thread = state.enter(null, false);
    if (thread === null) return NOBODY;
    state.account.signals++;
    // The line before a pending call's first half is still wanted.
    if (thread.pending) thread.last.set(state.line, state.from, state.to);
    else thread.noteLine(state.line, state.from, state.to);
    state.recent = thread;
    const record: Signal = {
      kind: 'signal',
      lane: thread.lane,
      time: state.time,
      signal,
      info,
      ...(match[1] === undefined ? {} : { stops: true }),
      file: state.file,
      line: state.line,
      text: state.text,
    };
    this.record = record;
    return RECORD;
  }

  #readExit(text: string): number {
    const match = EXIT.exec(text);
    if (match === null) return NO_RECORD;
    const [, status, signal = '', dumped, successor] = match;
    const state = this.#state;
    const thread = state.enter(null, false);
    if (thread === null) return NOBODY;
    state.account.exits++;
    const exit: Exit = {
      kind: 'exit',
      lane: thread.lane,
      time: state.time,
      status: status === undefined ? null : Number(status),
      signal,
      coreDumped: dumped !== undefined,
      supersededBy: Number(successor ?? 0),
      file: state.file,
      line: state.line,
      text: state.text,
    };
    this.record = exit;
    if (thread.pending) {
      // strace prints `= ?` for it or, after a kill, nothing at all.
      this.record = this.calls.fromPending(thread, false);
      this.second = exit;
      thread.finish();
    }
    if (successor === undefined) state.threads.end(thread);
    else this.#succeed(thread, Number(successor));
    return RECORD;
  }

  /** `execve` by another thread than the main one: that thread goes on under the number of the main one. */
  #succeed(prefix: TracedThread, successor: number): void {
    const { threads } = this.#state;
    const thread = threads.find(successor);
    if (thread === null || thread === prefix) return;
    prefix.inherit(thread);
    threads.end(thread);
  }
}
