import { type Syscall, syscall } from '../../src/trace/syscalls.ts';
import { closingBracket, OPEN } from '../text/brackets.ts';
import type { ByteWindow } from '../text/byte-window.ts';
import { word } from '../text/byte-words.ts';
import { LINE_LIMIT, LineReference } from '../text/line-reference.ts';
import { hashOf, NAME_BYTES, NameTable } from '../text/name-table.ts';
import { StraceCall } from './call.ts';
import { MOVED, readCarefully, UNCLOSED } from './careful-result.ts';
import { noteDecorationOfSet, readDescriptor } from './descriptor.ts';
import { findProgramOutput } from './interleaved/program-output.ts';
import { DETACHED, LineResult, RETURNED, UNCLEAR, UNFINISHED } from './line-result.ts';
import { NO_RECORD, NOBODY, NOTED, RECORD, UNENDED } from './outcome.ts';
import type { ParserState } from './parser-state.ts';
import type { TracedThread } from './traced-thread.ts';

const RESUMED_BEGINS = word('<...');
const RESUMED_ENDS = ' resumed>';
const RESUMED_WORDS = [word(' res'), word('umed')] as const;

/** Reads the lines of calls: whole ones, `<unfinished ...>` and `<... resumed>` halves. The hot path of the parser. */
export class Calls {
  /** The finished call after RECORD. */
  readonly call: StraceCall;
  readonly #state: ParserState;
  readonly #lineResult: LineResult;
  readonly #names = new NameTable<Syscall>(syscall);

  constructor(state: ParserState) {
    this.#state = state;
    const nobody = { index: -1, tid: 0, comm: '', lastLine: null, pending: null };
    this.call = new StraceCall(
      state.file,
      state.window,
      state.hasNames,
      nobody,
      syscall('???'),
      new LineReference(state.window, LINE_LIMIT),
    );
    this.#lineResult = new LineResult(this.call);
  }

  /** The call of the name at `from..to`; null for what cannot be one. */
  named(bytes: Buffer, from: number, to: number): Syscall | null {
    for (let at = from; at < to; at++) if (NAME_BYTES[bytes[at] as number] === 0) return null;
    return this.#names.find(bytes, from, to, hashOf(bytes, from, to));
  }

  /** The errno at `from..to`; null when there were too many different ones to remember this one. */
  errorNamed(bytes: Buffer, from: number, to: number): string | null {
    return this.#lineResult.errorNamed(bytes, from, to);
  }

  /** Reads `accept4(3, ...) = 5 <0.000012>` at `body`. */
  readCall(body: number, careful: boolean): number {
    const called = this.#names.at(this.#state.window, body, 0x28 /* ( */);
    return called === null ? NO_RECORD : this.#readArguments(called, this.#names.end + 1, careful);
  }

  /**
   * Reads a call whose name stands at `from..to`, behind which something else comes before the bracket at `open`:
   * `readv#64(`, `64:readv(`, `???(`.
   */
  readOddCall(from: number, to: number, open: number, careful: boolean): number {
    const { bytes } = this.#state.window;
    const called = this.#names.find(bytes, from, to, hashOf(bytes, from, to));
    return called === null ? NO_RECORD : this.#readArguments(called, open + 1, careful);
  }

  /** Reads the rest of a call behind its opening bracket. */
  #readArguments(called: Syscall, args: number, careful: boolean): number {
    const state = this.#state;
    const { bytes } = state.window;
    const { call } = this;
    // Only the output that a `write` makes can stand inside a line of strace and look like the line's end.
    if (called.family === 'write' && !careful && isTerminal(bytes, args) && this.#showsOutput(args)) return UNENDED;
    let ending: number = careful ? UNCLEAR : this.#lineResult.read(state.window, args, state.to);
    let isDelayed = false;
    if (ending === UNCLEAR) {
      ending = readCarefully(call, bytes, args, state.to);
      isDelayed = ending === RETURNED && call.delayed;
    }
    if (ending === UNCLEAR || ending === UNCLOSED) return UNENDED;

    let thread = state.enter(called, false);
    if (thread === null) return NOBODY;
    if (isDelayed) state.note('delayed');
    if (thread.pending) this.#lose(thread);
    if (thread.leaving) thread = this.#rebirth(thread);
    thread.noteLine(state.line, state.from, state.to);
    const pause = state.time - thread.callTime;
    thread.callTime = state.time;
    const fd = called.takesDescriptor ? readDescriptor(bytes, args, state.flags) : -1;
    if ((called.family === 'poll' || called.family === 'select') && state.flags.fdDecoration === 'none')
      noteDecorationOfSet(bytes, args, state.flags);
    if (ending === MOVED) {
      state.account.unfinished++;
      state.threads.end(thread);
      return NOTED;
    }
    if (ending === UNFINISHED) {
      state.account.unfinished++;
      state.flags.split = true;
      thread.pause = pause;
      this.#begin(thread, called, fd, args);
      return NOTED;
    }
    state.account.calls++;
    call.lane = thread.lane;
    call.syscall = called;
    call.start = state.time;
    call.fd = fd;
    call.line = state.line;
    call.startLine = state.firstLine;
    call.from = state.from;
    call.to = state.to;
    call.argsFrom = args;
    call.entry = null;
    call.previous = thread.before;
    call.pause = pause;
    call.partial = false;
    if (ending === DETACHED) {
      this.#detach(thread);
      return RECORD;
    }
    const { duration } = call;
    call.end = duration < 0 ? call.start : call.start + duration;
    if (duration >= 0) state.flags.durations = true;
    this.#finish(thread, called);
    return RECORD;
  }

  /** Reads `<... accept4 resumed>...) = 5 <0.000012>` at `body`. */
  readResumed(body: number, careful: boolean): number {
    const { window, to } = this.#state;
    const { bytes, view } = window;
    // "<... "
    if (body + 5 > to || view.getInt32(body, true) !== RESUMED_BEGINS || bytes[body + 4] !== 0x20) return NO_RECORD;
    const nameless = bytes[body + 5] === 0x3f /* ? */ && isNameless(bytes, body + 5);
    const called = nameless
      ? this.#names.find(bytes, body + 5, body + 8, hashOf(bytes, body + 5, body + 8))
      : this.#names.at(window, body + 5, 0x20);
    const end = nameless ? body + 8 : this.#names.end;
    const args = end + RESUMED_ENDS.length;
    return called === null || args > to || !isResumed(window, end)
      ? NO_RECORD
      : this.#readSecondHalf(called, args, careful);
  }

  /** Reads the rest of a resumed call behind `resumed>`. */
  #readSecondHalf(called: Syscall, args: number, careful: boolean): number {
    const state = this.#state;
    const { bytes } = state.window;
    const { call } = this;
    let ending: number = careful ? UNCLEAR : this.#lineResult.read(state.window, args, state.to);
    let isDelayed = false;
    if (ending === UNCLEAR || ending === UNFINISHED) {
      ending = readCarefully(call, bytes, args, state.to);
      isDelayed = ending === RETURNED && call.delayed;
    }
    if (ending !== RETURNED && ending !== DETACHED) return UNENDED;

    const thread = state.enter(called, true);
    if (thread === null) return NOBODY;
    if (isDelayed) state.note('delayed');
    state.account.resumed++;
    const { time } = state;
    const { duration } = call;
    thread.callTime = time;
    call.end = time;
    if (duration >= 0) state.flags.durations = true;
    if (thread.pending && thread.syscall === called) {
      call.takeEntry(thread);
      thread.finish();
      const length = time - call.start;
      if (duration < 0 && state.isTimed) call.duration = length;
      // Two stamps say better how long a call took than a number that does not fit between them, unless they are too
      // coarse for that.
      else if (duration > length && !state.isCoarse) call.duration = length;
      else if (duration > length && state.isTimed) call.end = call.start + duration;
      // `before` stays: the line of the first half is known as `entry`.
      thread.last.set(state.line, state.from, state.to);
    } else {
      state.note(thread.pending ? 'name-mismatch' : 'orphan-resume');
      if (thread.pending) this.#lose(thread);
      thread.noteLine(state.line, state.from, state.to);
      call.lane = thread.lane;
      call.syscall = called;
      call.fd = -1;
      call.start = duration < 0 ? time : time - duration;
      call.entry = null;
      call.startLine = state.line;
      call.previous = thread.before;
      call.pause = Number.POSITIVE_INFINITY;
      call.partial = true;
    }
    call.line = state.line;
    call.from = state.from;
    call.to = state.to;
    call.argsFrom = args;
    if (ending === DETACHED) this.#detach(thread);
    else this.#finish(thread, called);
    return RECORD;
  }

  /**
   * Makes the call that a thread is in the current one: still running, or ended with its thread on the current line.
   */
  fromPending(thread: TracedThread, inFlight: boolean): StraceCall {
    const { call } = this;
    const { clock, isTimed, line, from, to } = this.#state;
    call.takeEntry(thread);
    call.inFlight = inFlight;
    call.line = inFlight ? thread.line : line;
    call.from = inFlight ? 0 : from;
    call.to = inFlight ? 0 : to;
    call.argsFrom = call.argsTo = call.to;
    call.leaveOpen(clock.now, isTimed);
    return call;
  }

  /** The program's output follows the arguments at `args`. */
  #showsOutput(args: number): boolean {
    const { window, to, isMixed } = this.#state;
    const { bytes } = window;
    // In a file of its own (-o) nothing comes between; all the same a wrong end would be a wrong result.
    if (!isMixed) return closingBracket(bytes, args, to) === OPEN && bytes[to - 1] !== 0x3e /* <unfinished ...> */;
    return findProgramOutput(bytes.toString('latin1', args, to)) !== null;
  }

  /** Notes the call at `args` as entered and not left. */
  #begin(thread: TracedThread, called: Syscall, fd: number, args: number): void {
    const state = this.#state;
    thread.begin(called, state.time, state.firstLine);
    thread.isCut = state.isCut;
    thread.fd = fd;
    thread.argsFrom = args - state.from;
    thread.argsTo = this.call.argsTo - state.from;
    thread.entry.set(state.firstLine, state.from, state.to);
    state.half = thread;
  }

  /** What a finished call says about its thread. */
  #finish(thread: TracedThread, called: Syscall): void {
    const state = this.#state;
    const { call } = this;
    call.inFlight = false;
    state.recent = thread;
    switch (called.family) {
      case 'sigreturn':
        // The register of the interrupted call, not an error of this one.
        call.error = '';
        break;
      case 'exit':
        if (Number.isNaN(call.result)) state.threads.leave(thread);
        else state.threads.stay(thread);
        break;
      case 'clone':
        if (call.result > 0) state.bore(call.result);
        break;
    }
  }

  #detach(thread: TracedThread): void {
    const { call } = this;
    // Its stack may follow.
    this.#state.recent = thread;
    call.inFlight = true;
    call.isCut = this.#state.isCut;
    call.endArguments();
    call.leaveOpen(this.#state.clock.now, this.#state.isTimed);
  }

  #lose(thread: TracedThread): void {
    this.#state.note('lost-half');
    thread.finish();
    // Nobody hears of that call: for the model the gap before the next one begins earlier than its line.
    thread.callTime = Number.NEGATIVE_INFINITY;
  }

  /** The thread has left, without a line that says so (before 4.7, `-qq`), and its number is used again. */
  #rebirth(thread: TracedThread): TracedThread {
    const { threads } = this.#state;
    const { time } = thread;
    threads.depart(thread);
    const born = threads.get(thread.tid);
    born.time = time;
    return born;
  }
}

/** ` resumed>` stands at `at`. */
function isResumed({ bytes, view }: ByteWindow, at: number): boolean {
  return (
    view.getInt32(at, true) === RESUMED_WORDS[0] &&
    view.getInt32(at + 4, true) === RESUMED_WORDS[1] &&
    bytes[at + 8] === 0x3e
  );
}

/** Descriptor 1 or 2 stands at `args`: `1, `, `2</dev/pts/0>`, `fd=1`. */
function isTerminal(bytes: Buffer, args: number): boolean {
  const first = bytes[args] as number;
  if (first === 0x66 /* fd=1 */) return true;
  const second = bytes[args + 1] as number;
  return (first === 0x31 || first === 0x32) && (second === 0x2c || second === 0x3c);
}

/** The tracer lost the name of a call, as of one that a signal killed: `???`. */
function isNameless(bytes: Buffer, at: number): boolean {
  return bytes[at + 1] === 0x3f && bytes[at + 2] === 0x3f && bytes[at + 3] === 0x20;
}
