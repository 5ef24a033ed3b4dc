import type { Lane, LastLine, PendingCall } from '../../src/trace/record.ts';
import type { Syscall } from '../../src/trace/syscalls.ts';
import type { Nanoseconds } from '../../src/trace/time.ts';
import type { ByteWindow } from '../text/byte-window.ts';
import { ENTRY_LIMIT, LINE_LIMIT, LineReference } from '../text/line-reference.ts';

/** The last line of a thread, whichever it is when somebody asks. */
class LatestLine implements LastLine {
  readonly #thread: TracedThread;
  readonly file: string;

  constructor(thread: TracedThread, file: string) {
    this.#thread = thread;
    this.file = file;
  }

  get line(): number {
    return this.#thread.last.line;
  }

  get text(): string {
    return this.#thread.last.text;
  }
}

/** What the parser knows of one living thread: its lane, the call it is in, and its last lines. */
export class TracedThread implements PendingCall {
  tid: number;
  readonly lane: Lane;
  /**
   * The latest stamp of this thread; -Infinity before the first. A thread's stamps never decrease, so a smaller one is
   * a clock step.
   */
  time = Number.NEGATIVE_INFINITY;
  /** The stamp of its last line that tells of a call. */
  callTime = Number.NEGATIVE_INFINITY;
  /** Time from the call's line before to the entry of the pending call. */
  pause = 0.5;
  /** Of the pending call: whoever copied the trace cut its line. */
  isCut = false;
  /** The thread called `exit` or `exit_group`: the next call under its tid is another life. */
  leaving = false;
  /** The tracer let it go. */
  detached = false;
  /** True in the chunk that mentions the thread. */
  active = false;
  /** Where it stands among those that are lent to the assembly; -1 when it never was. */
  row = -1;

  // The call it is in, as long as `pending`; `lane.pending` is then this object.
  pending = false;
  syscall: Syscall;
  start = 0.5;
  line = 0;
  fd = -1;
  /** The arguments of the first half, counted from the beginning of the line `entry`. */
  argsFrom = 0;
  argsTo = 0;
  /** The line on which the pending call was entered. */
  entry: LineReference;
  /** The line before the last one, or before `entry` while a call is pending. */
  before: LineReference;
  last: LineReference;

  constructor(lane: Lane, window: ByteWindow, syscall: Syscall) {
    this.tid = lane.tid;
    this.lane = lane;
    this.syscall = syscall;
    this.entry = new LineReference(window, ENTRY_LIMIT);
    this.before = new LineReference(window, LINE_LIMIT);
    this.last = new LineReference(window, LINE_LIMIT);
    lane.lastLine = new LatestLine(this, window.file);
  }

  /** Notes the line of an entered call, a signal, …; the line before it becomes `before`. */
  noteLine(line: number, from: number, to: number): void {
    this.turnLines();
    this.last.set(line, from, to);
  }

  /** The last line becomes the one before, and what the last one will be is set next. */
  turnLines(): void {
    const before = this.last;
    this.last = this.before;
    this.before = before;
  }

  /** Notes that a call was entered and not left. */
  begin(syscall: Syscall, start: Nanoseconds, line: number): void {
    this.pending = true;
    this.syscall = syscall;
    this.start = start;
    this.line = line;
    this.lane.pending = this;
  }

  /** Forgets the pending call: it was left, or lost. */
  finish(): void {
    this.pending = false;
    this.lane.pending = null;
  }

  /**
   * Takes over the pending call of a thread that goes on as this one (`execve` by a thread takes the tid of its
   * thread group).
   */
  inherit(other: TracedThread): void {
    if (!other.pending) return;
    this.begin(other.syscall, other.start, other.line);
    this.pause = other.pause;
    this.isCut = other.isCut;
    this.fd = other.fd;
    this.argsFrom = other.argsFrom;
    this.argsTo = other.argsTo;
    [this.entry, other.entry] = [other.entry, this.entry];
    [this.before, other.before] = [other.before, this.before];
    other.finish();
  }

  /** Copies what may be asked for later. */
  keep(): void {
    this.active = false;
    this.entry.keep();
    this.before.keep();
    this.last.keep();
  }
}
