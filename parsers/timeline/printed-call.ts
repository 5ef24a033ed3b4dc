import { type CallArguments, NO_ARGUMENTS } from '../../src/trace/call-arguments.ts';
import type { Call, Lane, LastLine } from '../../src/trace/record.ts';
import type { Syscall } from '../../src/trace/syscalls.ts';
import { type Nanoseconds, UNKNOWN } from '../../src/trace/time.ts';
import { decodeUtf8 } from '../../src/trace/utf8.ts';
import { WordedArguments } from '../arguments/worded-arguments.ts';
import type { TimeAxis } from './time-axis.ts';

/** What a line that tells of a call says, apart from whose it is. */
export interface CallFacts {
  readonly syscall: Syscall;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly duration: Nanoseconds;
  readonly result: number;
  readonly error: string;
  /** The returned number as the kernel has it, negative for errors. */
  readonly value: number;
  readonly fd: number;
  readonly inFlight: boolean;
  readonly raw: readonly string[];
  readonly data: string;
  readonly eventBytes: number;
  /** Arguments that the line has in words; null when they follow from `raw` and `data`. */
  readonly words: string | null;
}

/** What the scheduler did, in nanoseconds: since the call before, and during the call. */
export interface SchedulingFacts {
  readonly blockedBefore: Nanoseconds;
  readonly queuedBefore: Nanoseconds;
  readonly blocked: Nanoseconds;
  readonly queued: Nanoseconds;
  readonly wakeUps: number;
}

const LONGEST_TEXT = 1_000;

/** A line that tells of a call: where it stands, and its text. */
interface Told {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** A call that owns its text: lines wait for their turn, so nothing may refer to the bytes they were read from. */
export class PrintedCall implements Call, LastLine {
  readonly kind = 'call';
  readonly injected = false;
  readonly partial: boolean;
  readonly lane: Lane;
  /** Fields of their own: a clock of several files that leapt moves them. */
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly facts: CallFacts;
  readonly file: string;
  readonly line: number;
  readonly startLine: number;
  readonly #original: string;
  readonly #entry: Told;
  readonly #axis: TimeAxis;
  #previous: LastLine | null;
  #arguments: CallArguments | null = null;

  /**
   * `where` is the line with the result. `entry` is the line of the entry when that is another one, and null when the
   * entry was not traced: the call is then `partial`. `axis` is asked only for the text of lines for programs.
   */
  constructor(facts: CallFacts, lane: Lane, where: Told, axis: TimeAxis, entry: Told | null = where) {
    this.lane = lane;
    this.start = facts.start;
    this.end = facts.end;
    this.facts = facts;
    this.file = where.file;
    this.line = where.line;
    this.partial = entry === null;
    this.#entry = entry ?? where;
    this.startLine = this.#entry.line;
    this.#original = where.text;
    this.#axis = axis;
    this.#previous = lane.lastLine;
  }

  get syscall(): Syscall {
    return this.facts.syscall;
  }

  get duration(): Nanoseconds {
    return this.facts.duration;
  }

  get result(): number {
    return this.facts.result;
  }

  get error(): string {
    return this.facts.error;
  }

  get fd(): number {
    return this.facts.fd;
  }

  get inFlight(): boolean {
    return this.facts.inFlight;
  }

  get previousLine(): number {
    return this.#previous?.line ?? 0;
  }

  get previousText(): string {
    return this.#previous?.text ?? '';
  }

  /** Lets go of the line before this one: a thread must not hold all it ever did. */
  forgetPrevious(): void {
    this.#previous = null;
  }

  /** The line as it stands in the file, or, where that is written for programs, in strace's words. */
  get text(): string {
    if (!this.isForPrograms) return this.#original;
    const call = `${this.#axis.prefix(this.lane.tid, this.start)}${this.syscall.name}(${this.#argumentText()})`;
    if (this.inFlight) return `${call} <unfinished ...>`.slice(0, LONGEST_TEXT);
    const took = this.duration === UNKNOWN ? '' : ` <${(Math.max(0, this.duration) / 1e9).toFixed(6)}>`;
    return `${call} = ${this.arguments.returnedText}${took}`.slice(0, LONGEST_TEXT);
  }

  /** The arguments; `...` where the line tells a descriptor at most. */
  #argumentText(): string {
    const text = decodeUtf8(this.arguments.text);
    if (this.facts.words === null || !/^\d*$/.test(text) || this.syscall.family === 'close') return text;
    return text === '' ? '...' : `${text}, ...`;
  }

  /** The line is numbers and keys, which nobody reads as easily as a call. */
  protected get isForPrograms(): boolean {
    return false;
  }

  get startText(): string {
    return this.startLine === this.line ? this.text : this.#entry.text;
  }

  get arguments(): CallArguments {
    this.#arguments ??= this.readArguments();
    return this.#arguments;
  }

  /** Asked once, and only when somebody wants to know. */
  protected readArguments(): CallArguments {
    return new WordedArguments(this.facts);
  }

  previousArguments(): CallArguments {
    return this.#previous instanceof PrintedCall ? this.#previous.arguments : NO_ARGUMENTS;
  }
}
