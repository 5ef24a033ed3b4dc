import type { Syscall } from '../../src/trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds, SECOND } from '../../src/trace/time.ts';
import { textOfEscaped } from '../../src/trace/utf8.ts';
import type { LineAccount, ParserOptions, TraceFlags } from '../format.ts';
import { ByteWindow } from '../text/byte-window.ts';
import { LineAccounting } from '../text/line-accounting.ts';
import { decode, LINE_LIMIT, latin1 } from '../text/line-reference.ts';
import { StampClock } from '../timeline/stamp-clock.ts';
import { Attribution } from './attribution.ts';
import { ClockLeaps, LEAST_SILENCE, UNDECIDED } from './clock-leaps.ts';
import type { LineColumns } from './line-columns.ts';
import { LinePrefix } from './line-prefix.ts';
import * as layout from './simple/layout.ts';
import { ThreadTable } from './thread-table.ts';
import type { TracedThread } from './traced-thread.ts';

/** Under this share of out-of-order lines a capture counts as written in order of entry. */
const EXIT_ORDER_SHARE = 0.02;
const EXIT_ORDER_LINES = 50;
/** A thread whose first line lies so far before the line above stands behind the lines of others. */
const FAR_BACK = 100 * MILLISECOND;
/** A clock is set now and then, and not at every twentieth line. */
const CLOCK_STEPS_SHARE = 0.05;
const CLOCK_STEPS = 10;
/** Fewer may be lines that were lost. */
const FEW_MISMATCHES = 5;
/** In the order of their numbers in `simple/layout.ts`. */
const DECORATIONS: readonly TraceFlags['fdDecoration'][] = ['none', 'path', 'address'];

/** The state of one parser: where it stands, whom the line belongs to, when it happened. */
export class ParserState {
  readonly file: string;
  readonly window: ByteWindow;
  readonly flags: TraceFlags;
  readonly account: LineAccount;
  readonly prefix: LinePrefix;
  readonly threads: ThreadTable;
  readonly clock: StampClock;
  readonly isTimed: boolean;
  /** Many calls fit between two stamps that can be told apart, or there are none. */
  readonly isCoarse: boolean;
  /** Arguments have names (`-N`). */
  readonly hasNames: boolean;
  /** The program's own output may stand between the lines. */
  isMixed: boolean;
  readonly leaps: ClockLeaps;
  /** The current line may be taken back, to be read again when more is known. */
  mayHold = false;
  /** It has to be. */
  isHeld = false;
  /** 1-based number of the line, and its bytes. */
  line = 0;
  from = 0;
  to = 0;
  /** Where the call that the line tells of began, when lines were joined; else 0. */
  joinedFrom = 0;
  /** The line is one that somebody cut: its end is made up. */
  isCut = false;
  /** The time of the line. */
  time: Nanoseconds = 0.5;
  /** The thread of the last finished record: stack lines belong to it. */
  recent: TracedThread | null = null;
  /** The thread of the last first half. */
  half: TracedThread | null = null;
  readonly #accounting: LineAccounting;
  readonly #attribution: Attribution;
  readonly #isRelative: boolean;
  #previous = Number.NEGATIVE_INFINITY;
  /** Rings at least once in each silence: one comparison a line, which most lines pass. */
  #alarm = Number.NEGATIVE_INFINITY;
  /** Lines with an earlier stamp than the line before them, although their own thread's stamps grow. */
  #backward = 0;
  /** Threads whose first line lies far before the line above. */
  #bornBefore = 0;
  #clockSteps = 0;
  /** Second halves that are of another call than the first half of their thread. */
  #mismatches = 0;

  constructor(columns: LineColumns, { file, lanes, origin, tid, linesBefore = 0 }: ParserOptions, none: Syscall) {
    this.file = file;
    this.line = linesBefore;
    this.#accounting = new LineAccounting(file);
    this.account = this.#accounting.account;
    // Distances in whole seconds are nearly all 0: their sum is no time.
    const time = columns.time === 'relative' && columns.isWhole ? 'none' : columns.time;
    this.flags = {
      timestamps: time,
      durations: false,
      pids: columns.pid !== 'none' || tid !== undefined,
      fdDecoration: 'none',
      stacks: false,
      split: false,
      others: [...columns.others],
    };
    this.isTimed = time !== 'none';
    this.isCoarse = time === 'none' || columns.isWhole;
    this.hasNames = columns.others.includes('-N');
    this.#isRelative = time === 'relative';
    this.isMixed = columns.pid !== 'bare';
    this.time = 0;
    this.prefix = new LinePrefix(columns);
    this.clock = new StampClock(time, origin, columns.isWhole);
    this.window = new ByteWindow(file);
    this.threads = new ThreadTable(lanes, this.window, none);
    this.leaps = new ClockLeaps(columns, this.threads, this.window);
    this.#attribution = new Attribution(this.threads, tid ?? columns.initialTid);
  }

  get diagnostics(): LineAccounting['diagnostics'] {
    return this.#accounting.diagnostics;
  }

  /**
   * Finds the thread of the line whose prefix was just read, and notes the time. Null when the line cannot be the
   * tracer's.
   */
  enter(called: Syscall | null, resumed: boolean): TracedThread | null {
    const { prefix } = this;
    const { tid } = prefix;
    let thread: TracedThread | null;
    if (this.isMixed) {
      thread =
        tid < 0 ? this.#attribution.unprefixed(called, resumed) : this.#attribution.prefixed(tid, called, resumed);
      if (thread === null) return null;
      if (tid >= 0) this.flags.pids = true;
    } else thread = this.threads.get(tid);
    if (tid >= 0 && prefix.commTo > prefix.commFrom) this.#noteComm(thread);
    if (this.isTimed) {
      let time = this.#isRelative
        ? this.clock.after(prefix.seconds * SECOND + prefix.nanoseconds)
        : this.clock.at(prefix.seconds, prefix.nanoseconds);
      if (time > this.#alarm) {
        time = this.#afterSilence(time);
        if (this.isHeld) return null;
      }
      if (time < thread.time) {
        this.note('clock-step');
        this.#clockSteps++;
        time = this.clock.stepBack(time);
      } else if (time < this.#previous) {
        this.#backward++;
        if (thread.time === Number.NEGATIVE_INFINITY && this.#previous - time >= FAR_BACK) this.#bornBefore++;
      }
      this.#previous = time;
      thread.time = time;
      this.time = time;
    }
    return thread;
  }

  /** Gives the assembly the clock and all that a simple line may change. False when it must not read the next one. */
  lend(doubles: Float64Array, integers: Int32Array): boolean {
    doubles[layout.PREVIOUS] = this.#previous;
    doubles[layout.ALARM] = this.#alarm;
    integers[layout.LINES] = this.line;
    integers[layout.IS_MIXED] = this.isMixed ? 1 : 0;
    integers[layout.UNPREFIXED] = this.isMixed ? this.#attribution.unprefixedTid : -1;
    integers[layout.DECORATION] = DECORATIONS.indexOf(this.flags.fdDecoration);
    return this.clock.lend(doubles);
  }

  /** Takes over what it read, which are lines of calls of threads that are known. */
  takeBack(doubles: Float64Array, integers: Int32Array): void {
    const { account, flags } = this;
    this.clock.takeBack(doubles);
    this.#previous = doubles[layout.PREVIOUS] as number;
    this.time = this.#previous;
    this.line = integers[layout.LINES] as number;
    account.calls += integers[layout.CALLS] as number;
    account.unfinished += integers[layout.UNFINISHED] as number;
    account.resumed += integers[layout.RESUMED] as number;
    this.#backward += integers[layout.BACKWARD] as number;
    if ((integers[layout.UNFINISHED] as number) > 0) flags.split = true;
    if (integers[layout.HAS_DURATIONS] === 1) flags.durations = true;
    flags.fdDecoration = DECORATIONS[integers[layout.DECORATION] as number] ?? 'none';
    if (this.isMixed && integers[layout.HAS_PREFIXES] === 1) {
      flags.pids = true;
      this.#attribution.notePrefixes();
    }
  }

  /** A tracer's message says that it holds or leaves a thread. */
  hear(notice: 'attached' | 'detached' | 'other', tid: number, inside: boolean): void {
    this.addFlag('stderr');
    this.isMixed = true;
    if (tid > 0 && notice === 'attached') this.#attribution.attached(tid, inside);
    if (tid > 0 && notice === 'detached') this.#attribution.detached(tid);
  }

  /** Another strace begins. */
  endSession(): void {
    if (this.isMixed) this.#attribution.endSession();
  }

  /** A call has made a process or thread of this number. */
  bore(tid: number): void {
    if (this.isMixed) this.#attribution.bore(tid);
  }

  /**
   * Tells whether the capture turned out to be written in the order of exits (`-z`, `-e status=`), or put in another
   * order than that of time.
   */
  closeOrder(): void {
    const { calls, resumed } = this.account;
    const steps = this.#clockSteps;
    if (steps >= CLOCK_STEPS && steps >= calls * CLOCK_STEPS_SHARE) {
      const code = steps * 2 > calls ? 'newest-first' : 'line-order';
      this.#accounting.note(code, this.line, `${steps} of ${calls} calls stand behind a later one of their thread`);
    } else if (
      resumed === 0 &&
      this.threads.seen > 1 &&
      calls >= EXIT_ORDER_LINES &&
      this.#backward >= calls * EXIT_ORDER_SHARE
    ) {
      this.addFlag('-z');
      this.#accounting.note('exit-order', this.line, `${this.#backward} of ${calls} calls stand behind a later one`);
    } else if (this.#bornBefore > 0)
      this.#accounting.note('line-order', this.line, `${this.#bornBefore} threads stand behind later lines of others`);
    // Halves of calls of several threads, without the column that says whose each is.
    else if (!this.flags.pids && this.#mismatches >= FEW_MISMATCHES)
      this.#accounting.note('no-threads', this.line, `${this.#mismatches} calls end under another name`);
    // Without a column for the thread that is what files of `-ff` look like, one behind the other.
    else if (steps > 0 && !this.flags.pids)
      this.#accounting.note('line-order', this.line, `the times go back ${steps} times`);
  }

  addFlag(flag: string): void {
    if (!this.flags.others.includes(flag)) this.flags.others.push(flag);
  }

  /** Counts something odd about the current line. */
  note(code: string): void {
    if (code === 'name-mismatch') this.#mismatches++;
    this.#accounting.note(code, this.line, this.text);
  }

  noteOn(code: string, line: number, text: string): void {
    this.#accounting.note(code, line, text);
  }

  /** Where the call began that the line tells of. */
  get firstLine(): number {
    return this.joinedFrom === 0 ? this.line : this.joinedFrom;
  }

  /** The current line, cut at `LINE_LIMIT` bytes. */
  get text(): string {
    return decode(this.window.bytes, this.from, Math.min(this.to, this.from + LINE_LIMIT));
  }

  /** The time of the line that ends a silence of all threads; unless the lines behind it are needed to tell. */
  #afterSilence(time: Nanoseconds): Nanoseconds {
    const latest = this.#previous;
    const isSilence = this.mayHold && time - latest >= LEAST_SILENCE;
    const leap = isSilence ? this.leaps.judge(this.from, time, latest) : 0;
    if (leap === 0) {
      this.#alarm = time + LEAST_SILENCE;
      return time;
    }
    const { clock, prefix } = this;
    if (leap === UNDECIDED) {
      clock.now = latest;
      this.isHeld = true;
      return time;
    }
    this.note('clock-leap');
    clock.leapt(leap, latest);
    this.#alarm = latest;
    return clock.at(prefix.seconds, prefix.nanoseconds);
  }

  #noteComm({ lane }: TracedThread): void {
    const { commFrom, commTo } = this.prefix;
    const { bytes } = this.window;
    const { comm } = lane;
    let same = comm.length === commTo - commFrom;
    for (let i = 0; same && i < comm.length; i++) same = comm.charCodeAt(i) === bytes[commFrom + i];
    if (!same) lane.comm = textOfEscaped(latin1(bytes, commFrom, commTo));
  }
}
