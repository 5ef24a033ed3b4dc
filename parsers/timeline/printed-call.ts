import type { ArgumentWord } from '../../src/trace/argument-words.ts';
import type { Call, Lane, LastLine } from '../../src/trace/record.ts';
import type { Syscall } from '../../src/trace/syscalls.ts';
import type { Nanoseconds } from '../../src/trace/time.ts';
import { decodeUtf8 } from '../../src/trace/utf8.ts';
import { argumentText, firstEventData, type RawCall, resultText } from '../bpftrace/argument-text.ts';
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
  /** It began before the capture. */
  readonly isPartial: boolean;
  readonly raw: readonly string[];
  readonly data: string;
  readonly eventBytes: number;
  /** Arguments that the line has in words; null when they follow from `raw` and `data`. */
  readonly words: string | null;
}

/** What is known of descriptors by number. */
type Labels = { get(fd: number): string | undefined };

/** What the scheduler did, in nanoseconds: since the call before, and during the call. */
export interface SchedulingFacts {
  readonly blockedBefore: Nanoseconds;
  readonly queuedBefore: Nanoseconds;
  readonly blocked: Nanoseconds;
  readonly queued: Nanoseconds;
  readonly wakeUps: number;
}

const LONGEST_TEXT = 1_000;
const BEYOND_ASCII = /[^\x00-\x7f]/;

/** Text as a string of bytes, which arguments are in every format. */
function bytesOf(text: string): string {
  return BEYOND_ASCII.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text;
}

/** A call that owns its text: lines wait for their turn, so nothing may refer to the bytes they were read from. */
export class PrintedCall implements Call, RawCall, LastLine {
  readonly kind = 'call';
  readonly injected = false;
  readonly partial: boolean;
  readonly lane: Lane;
  readonly syscall: Syscall;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly duration: Nanoseconds;
  readonly result: number;
  readonly error: string;
  readonly value: number;
  readonly fd: number;
  readonly inFlight: boolean;
  readonly raw: readonly string[];
  readonly data: string;
  readonly eventBytes: number;
  readonly file: string;
  readonly line: number;
  readonly #original: string;
  readonly #axis: TimeAxis;
  #previous: LastLine | null;
  readonly #words: string | null;
  readonly #labels: Labels | undefined;
  #args: string | null = null;

  constructor(
    facts: CallFacts,
    lane: Lane,
    where: { readonly file: string; readonly line: number; readonly text: string },
    labels: Labels | undefined,
    axis: TimeAxis,
  ) {
    this.lane = lane;
    this.syscall = facts.syscall;
    this.start = facts.start;
    this.end = facts.end;
    this.duration = facts.duration;
    this.result = facts.result;
    this.error = facts.error;
    this.value = facts.value;
    this.fd = facts.fd;
    this.inFlight = facts.inFlight;
    this.partial = facts.isPartial;
    this.raw = facts.raw;
    this.data = facts.data;
    this.eventBytes = facts.eventBytes;
    this.#words = facts.words;
    this.file = where.file;
    this.line = where.line;
    this.#original = where.text;
    this.#axis = axis;
    this.#previous = lane.lastLine;
    this.#labels = labels;
  }

  get startLine(): number {
    return this.line;
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

  /**
   * Numbers and raw bytes are for programs: what `calls.bt` wrote is shown in strace's words. Lines in words stay as
   * they are.
   */
  get text(): string {
    if (this.#words !== null) return this.#original;
    const call = `${this.lane.tid} ${this.#axis.stamp(this.start)} ${this.syscall.name}(${decodeUtf8(this.args)})`;
    if (this.inFlight) return `${call} <unfinished ...>`.slice(0, LONGEST_TEXT);
    return `${call} = ${this.returned} <${(Math.max(0, this.duration) / 1e9).toFixed(6)}>`.slice(0, LONGEST_TEXT);
  }

  get startText(): string {
    return this.text;
  }

  get args(): string {
    this.#args ??= bytesOf(this.#words ?? argumentText(this));
    return this.#args;
  }

  get returned(): string {
    if (this.inFlight) return '';
    if (Number.isNaN(this.result)) return `? ${this.error}`;
    return this.error === '' ? bytesOf(resultText(this, String(this.result))) : `-1 ${this.error}`;
  }

  get readyData(): number {
    if (this.result !== 1 || this.syscall.family !== 'epoll-wait') return -1;
    if (this.#words === null) return firstEventData(this);
    const found = /u32=(\d+)/.exec(this.#words)?.[1];
    return found === undefined ? -1 : Number(found);
  }

  /** Rarely asked for: the arguments tell as well. */
  get inetAddress(): number {
    return -1;
  }

  get head(): string {
    return this.result > 0 ? bytesOf(/^[A-Z][^\\"]*/.exec(this.data)?.[0] ?? '') : '';
  }

  mentions(word: ArgumentWord): boolean {
    return this.args.includes(word);
  }

  label(fd: number): string {
    const label = this.#labels?.get(fd);
    return label === undefined ? '' : `<${label}>`;
  }
}
