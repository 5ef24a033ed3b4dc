import { type Syscall, syscall } from '../../src/trace/syscalls.ts';
import type { Source } from '../text/byte-window.ts';
import { word } from '../text/byte-words.ts';
import { LINE_LIMIT, LineReference } from '../text/line-reference.ts';
import { closingBracket, OPEN } from './brackets.ts';
import { StraceCall } from './call.ts';
import { MOVED, readCarefully, UNCLOSED } from './careful-result.ts';
import { readDescriptor } from './descriptor.ts';
import { findEcho } from './interleaved/repeated-lines.ts';
import { DETACHED, RETURNED, Tail, UNCLEAR, UNFINISHED } from './line-result.ts';
import { hashOf, NameTable } from './names.ts';
import { NOBODY, NOTED, RECORD, UNENDED, UNKNOWN } from './outcome.ts';
import type { Reading } from './reading.ts';
import type { Thread } from './thread.ts';

const RESUMED_BEGINS = word('<...');
const RESUMED_ENDS = ' resumed>';
const RESUMED_WORDS = [word(' res'), word('umed')] as const;

/** Reads the lines of calls: whole ones, `<unfinished ...>` and `<... resumed>` halves. The hot path of the parser. */
export class Calls {
  /** The finished call after RECORD. */
  readonly call: StraceCall;
  readonly #reading: Reading;
  readonly #tail: Tail;
  readonly #names = new NameTable<Syscall>(syscall);

  constructor(reading: Reading) {
    this.#reading = reading;
    const nobody = { index: -1, tid: 0, comm: '', lastLine: null, pending: null };
    this.call = new StraceCall(
      reading.file,
      reading.source,
      reading.hasNames,
      nobody,
      syscall('???'),
      new LineReference(reading.source, LINE_LIMIT),
    );
    this.#tail = new Tail(this.call);
  }

  /** Reads `accept4(3, ...) = 5 <0.000012>` at `body`. */
  readCall(body: number, careful: boolean): number {
    const called = this.#names.at(this.#reading.source, body, 0x28 /* ( */);
    return called === null ? UNKNOWN : this.#readArguments(called, this.#names.end + 1, careful);
  }

  /**
   * Reads a call whose name stands at `from..to`, behind which something else comes before the bracket at `open`:
   * `readv#64(`, `64:readv(`, `???(`.
   */
  readOddCall(from: number, to: number, open: number, careful: boolean): number {
    const { bytes } = this.#reading.source;
    const called = this.#names.find(bytes, from, to, hashOf(bytes, from, to));
    return called === null ? UNKNOWN : this.#readArguments(called, open + 1, careful);
  }

  /** Reads the rest of a call behind its opening bracket. */
  #readArguments(called: Syscall, args: number, careful: boolean): number {
    const reading = this.#reading;
    const { bytes } = reading.source;
    const { call } = this;
    // Only the output that a `write` makes can stand inside a line of strace and look like the line's end.
    if (called.family === 'write' && !careful && isTerminal(bytes, args) && this.#showsOutput(args)) return UNENDED;
    let ending: number = careful ? UNCLEAR : this.#tail.read(reading.source, args, reading.to);
    if (ending === UNCLEAR) ending = readCarefully(call, bytes, args, reading.to);
    if (ending === UNCLEAR || ending === UNCLOSED) return UNENDED;

    let thread = reading.enter(called, false);
    if (thread === null) return NOBODY;
    if (thread.pending) this.#lose(thread);
    if (thread.leaving) thread = this.#rebirth(thread);
    thread.turn(reading.line, reading.from, reading.to);
    const pause = reading.time - thread.callTime;
    thread.callTime = reading.time;
    const fd = called.takesDescriptor ? readDescriptor(bytes, args, reading.flags) : -1;
    if (ending === MOVED) {
      reading.account.unfinished++;
      reading.threads.end(thread);
      return NOTED;
    }
    if (ending === UNFINISHED) {
      reading.account.unfinished++;
      reading.flags.split = true;
      thread.pause = pause;
      this.#begin(thread, called, fd, args);
      return NOTED;
    }
    reading.account.calls++;
    call.lane = thread.lane;
    call.syscall = called;
    call.start = reading.time;
    call.fd = fd;
    call.line = reading.line;
    call.startLine = reading.firstLine;
    call.from = reading.from;
    call.to = reading.to;
    call.argsFrom = args;
    call.entry = null;
    call.previous = thread.before;
    call.pause = pause;
    call.partial = false;
    if (ending === DETACHED) {
      this.#detach();
      return RECORD;
    }
    const { duration } = call;
    call.end = duration < 0 ? call.start : call.start + duration;
    if (duration >= 0) reading.flags.durations = true;
    this.#finish(thread, called);
    return RECORD;
  }

  /** Reads `<... accept4 resumed>...) = 5 <0.000012>` at `body`. */
  readResumed(body: number, careful: boolean): number {
    const { source, to } = this.#reading;
    const { bytes, view } = source;
    // "<... "
    if (body + 5 > to || view.getInt32(body, true) !== RESUMED_BEGINS || bytes[body + 4] !== 0x20) return UNKNOWN;
    const nameless = bytes[body + 5] === 0x3f /* ? */ && isNameless(bytes, body + 5);
    const called = nameless
      ? this.#names.find(bytes, body + 5, body + 8, hashOf(bytes, body + 5, body + 8))
      : this.#names.at(source, body + 5, 0x20);
    const end = nameless ? body + 8 : this.#names.end;
    const args = end + RESUMED_ENDS.length;
    return called === null || args > to || !isResumed(source, end)
      ? UNKNOWN
      : this.#readSecondHalf(called, args, careful);
  }

  /** Reads the rest of a resumed call behind `resumed>`. */
  #readSecondHalf(called: Syscall, args: number, careful: boolean): number {
    const reading = this.#reading;
    const { bytes } = reading.source;
    const { call } = this;
    let ending: number = careful ? UNCLEAR : this.#tail.read(reading.source, args, reading.to);
    if (ending === UNCLEAR || ending === UNFINISHED) ending = readCarefully(call, bytes, args, reading.to);
    if (ending !== RETURNED && ending !== DETACHED) return UNENDED;

    const thread = reading.enter(called, true);
    if (thread === null) return NOBODY;
    reading.account.resumed++;
    const { time } = reading;
    const { duration } = call;
    thread.callTime = time;
    call.end = time;
    if (duration >= 0) reading.flags.durations = true;
    if (thread.pending && thread.syscall === called) {
      call.takeEntry(thread);
      thread.finish();
      const length = time - call.start;
      if (duration < 0 && reading.isTimed) call.duration = length;
      // Two stamps say better how long a call took than a number that does not fit between them, unless they are too
      // coarse for that.
      else if (duration > length && !reading.isCoarse) call.duration = length;
      else if (duration > length && reading.isTimed) call.end = call.start + duration;
      // `before` stays: the line of the first half is known as `entry`.
      thread.last.set(reading.line, reading.from, reading.to);
    } else {
      reading.note(thread.pending ? 'name-mismatch' : 'orphan-resume');
      if (thread.pending) this.#lose(thread);
      thread.turn(reading.line, reading.from, reading.to);
      call.lane = thread.lane;
      call.syscall = called;
      call.fd = -1;
      call.start = duration < 0 ? time : time - duration;
      call.entry = null;
      call.startLine = reading.line;
      call.previous = thread.before;
      call.pause = Number.POSITIVE_INFINITY;
      call.partial = true;
    }
    call.line = reading.line;
    call.from = reading.from;
    call.to = reading.to;
    call.argsFrom = args;
    if (ending === DETACHED) this.#detach();
    else this.#finish(thread, called);
    return RECORD;
  }

  /**
   * Makes the call that a thread is in the current one: still running, or ended with its thread on the current line.
   */
  fromPending(thread: Thread, inFlight: boolean): StraceCall {
    const { call } = this;
    const { clock, isTimed, line, from, to } = this.#reading;
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
    const { source, to, isMixed } = this.#reading;
    const { bytes } = source;
    // In a file of its own (-o) nothing comes between; all the same a wrong end would be a wrong result.
    if (!isMixed) return closingBracket(bytes, args, to) === OPEN && bytes[to - 1] !== 0x3e /* <unfinished ...> */;
    return findEcho(bytes.toString('latin1', args, to)) !== null;
  }

  /** Notes the call at `args` as entered and not left. */
  #begin(thread: Thread, called: Syscall, fd: number, args: number): void {
    const reading = this.#reading;
    thread.begin(called, reading.time, reading.firstLine);
    thread.fd = fd;
    thread.argsFrom = args - reading.from;
    thread.argsTo = this.call.argsTo - reading.from;
    thread.entry.set(reading.firstLine, reading.from, reading.to);
    reading.half = thread;
  }

  /** What a finished call says about its thread. */
  #finish(thread: Thread, called: Syscall): void {
    const reading = this.#reading;
    const { call } = this;
    call.inFlight = false;
    reading.recent = thread;
    switch (called.family) {
      case 'sigreturn':
        // The register of the interrupted call, not an error of this one.
        call.error = '';
        break;
      case 'exit':
        if (Number.isNaN(call.result)) reading.threads.leave(thread);
        else reading.threads.stay(thread);
        break;
      case 'clone':
        if (call.result > 0) reading.bore(call.result);
        break;
    }
  }

  #detach(): void {
    const { call } = this;
    call.inFlight = true;
    call.endArguments();
    call.leaveOpen(this.#reading.clock.now, this.#reading.isTimed);
  }

  #lose(thread: Thread): void {
    this.#reading.note('lost-half');
    thread.finish();
  }

  /** The thread has left, without a line that says so (before 4.7, `-qq`), and its number is used again. */
  #rebirth(thread: Thread): Thread {
    const { threads } = this.#reading;
    const { time } = thread;
    threads.depart(thread);
    const born = threads.get(thread.tid);
    born.time = time;
    return born;
  }
}

/** ` resumed>` stands at `at`. */
function isResumed({ bytes, view }: Source, at: number): boolean {
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
