import type { CallArguments } from '../../src/trace/call-arguments.ts';
import type { Lane } from '../../src/trace/record.ts';
import type { Syscall } from '../../src/trace/syscalls.ts';
import { type Nanoseconds, UNKNOWN } from '../../src/trace/time.ts';
import type { ArgumentWord } from '../arguments/argument-words.ts';
import { ScannedArguments } from '../arguments/scanned-arguments.ts';
import { argumentsOfLine } from '../arguments/strace-arguments.ts';
import { withoutNames } from '../text/argument-names.ts';
import { holdsWord } from '../text/argument-scan.ts';
import type { ByteWindow } from '../text/byte-window.ts';
import { joinHalves } from '../text/join-halves.ts';
import { decode, LINE_LIMIT, type LineReference, latin1 } from '../text/line-reference.ts';
import type { UndecodedCall } from '../text/undecoded-call.ts';
import type { TracedThread } from './traced-thread.ts';

/**
 * The one Call object of a parser. Numbers are set for every call; strings are decoded from the current buffer when
 * somebody asks.
 */
export class StraceCall implements UndecodedCall {
  readonly kind = 'call';
  readonly file: string;
  readonly #window: ByteWindow;
  /** The arguments have names in front of them (`-N`). */
  readonly #hasNames: boolean;
  lane: Lane;
  syscall: Syscall;
  // Initialised with fractions, so that V8 gives these fields their double representation at once.
  start: Nanoseconds = 0.5;
  end: Nanoseconds = 0.5;
  duration: Nanoseconds = UNKNOWN - 0.5;
  result = Number.NaN;
  error = '';
  fd = -1;
  inFlight = false;
  isCut = false;
  injected = false;
  partial = false;
  line = 0;
  startLine = 0;

  // Ranges of the current buffer. `from..to` is the line with the result; args are the whole ones or, of a split call,
  // the second half.
  from = 0;
  to = 0;
  argsFrom = 0;
  argsTo = 0;
  returnedFrom = 0;
  returnedTo = 0;
  /** The line of the first half, or null for a call on one line. */
  entry: LineReference | null = null;
  entryArgsFrom = 0;
  entryArgsTo = 0;
  previous: LineReference;
  pause: Nanoseconds = 0.5;
  readonly arguments: CallArguments = new ScannedArguments(this);

  constructor(
    file: string,
    window: ByteWindow,
    hasNames: boolean,
    lane: Lane,
    syscall: Syscall,
    previous: LineReference,
  ) {
    this.#hasNames = hasNames;
    this.file = file;
    this.#window = window;
    this.lane = lane;
    this.syscall = syscall;
    this.previous = previous;
  }

  /** Takes over the first half that a thread has pending. */
  takeEntry(thread: TracedThread): void {
    this.lane = thread.lane;
    this.syscall = thread.syscall;
    this.start = thread.start;
    this.startLine = thread.line;
    this.fd = thread.fd;
    this.entry = thread.entry;
    this.entryArgsFrom = thread.argsFrom;
    this.entryArgsTo = thread.argsTo;
    this.previous = thread.before;
    this.pause = thread.pause;
    this.isCut = thread.isCut;
    this.partial = false;
  }

  /** Makes this a call without a result, which lasts until `end` at least. */
  leaveOpen(end: Nanoseconds, isTimed: boolean): void {
    this.end = Math.max(end, this.start);
    this.duration = isTimed ? this.end - this.start : UNKNOWN;
    this.result = Number.NaN;
    this.error = '';
    this.injected = false;
    this.returnedFrom = this.to;
    this.returnedTo = this.to;
  }

  /** Leaves out the comma behind the last argument that is known. */
  endArguments(): void {
    const { bytes } = this;
    while (this.argsTo > this.argsFrom && bytes[this.argsTo - 1] === 0x20) this.argsTo--;
    if (this.argsTo > this.argsFrom && bytes[this.argsTo - 1] === 0x2c /* , */) this.argsTo--;
  }

  get bytes(): Buffer {
    return this.#window.bytes;
  }

  get view(): DataView {
    return this.#window.view;
  }

  get hasNames(): boolean {
    return this.#hasNames;
  }

  get args(): string {
    const rest = latin1(this.#window.bytes, this.argsFrom, this.argsTo);
    const args = this.entry === null ? rest : joinHalves(this.entry.latin1(this.entryArgsFrom, this.entryArgsTo), rest);
    return this.#hasNames ? withoutNames(args) : args;
  }

  /** Either half of the arguments holds the word. */
  holds(word: ArgumentWord): boolean {
    const { bytes, view } = this.#window;
    return (
      holdsWord(this.syscall.family, word, bytes, view, this.argsFrom, this.argsTo) ||
      (this.entry !== null && this.firstHalfHolds(word))
    );
  }

  firstHalfHolds(word: ArgumentWord): boolean {
    const { entry, syscall } = this;
    if (entry === null || syscall.family === 'epoll-wait' || syscall.family === 'accept') return false;
    const { bytes, view } = entry;
    return holdsWord(
      syscall.family,
      word,
      bytes,
      view,
      entry.from + this.entryArgsFrom,
      Math.min(entry.to, entry.from + this.entryArgsTo),
    );
  }

  get returned(): string {
    return latin1(this.#window.bytes, this.returnedFrom, this.returnedTo);
  }

  get text(): string {
    // A call in flight has no line but its first.
    if (this.from === this.to && this.entry !== null) return this.entry.text;
    return decode(this.#window.bytes, this.from, Math.min(this.to, this.from + LINE_LIMIT));
  }

  get startText(): string {
    return this.entry === null ? this.text : this.entry.text;
  }

  get previousLine(): number {
    return this.previous.line;
  }

  get previousText(): string {
    return this.previous.text;
  }

  previousArguments(syscall: Syscall): CallArguments {
    return argumentsOfLine(this.previousText, syscall);
  }
}
