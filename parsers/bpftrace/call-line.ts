import { errorName } from '../../src/trace/errors.ts';
import { type Machine, syscallName } from '../../src/trace/syscall-numbers.ts';
import { type Syscall, syscall } from '../../src/trace/syscalls.ts';
import { LONGEST_CAPTURE, type Nanoseconds } from '../../src/trace/time.ts';
import { latin1 } from '../text/line-reference.ts';
import type { CallFacts, SchedulingFacts } from '../timeline/printed-call.ts';
import type { TimeAxis } from '../timeline/time-axis.ts';

/** A longer line is quoted in part: it is read with care. */
const LONGEST = 1_000;
/** More digits are no number of a tracer, or one that a double does not hold. */
const MOST_DIGITS = 15;
const MOST_ARGUMENTS = 6;
const MOST_HEX_DIGITS = 16;
/** Numbers of threads are that large at most. */
const MOST_TID = 0x7fffffff;

const COMMA = 0x2c;
const MINUS = 0x2d;
const NOTHING = Buffer.alloc(0);
const TS = Buffer.from('ts=');
const DUR = Buffer.from(' dur=');
const PID = Buffer.from(' pid=');
const TID = Buffer.from(' tid=');
const NR = Buffer.from(' nr=');
const RET = Buffer.from(' ret=');
const A = Buffer.from(' a=');
const SCHED = Buffer.from(' sched=');
const DATA = Buffer.from(' data=');
/** A loss is told behind a line that had no newline: `Lost 17 events`. */
const LOSS = Buffer.from(' events');

/** A call as a line of `calls.bt` or `exact.bt` tells it. Its arguments are cut out of the line when asked for. */
export class CallLine implements CallFacts {
  readonly kind = 'call';
  readonly file: string;
  readonly line: number;
  readonly text: string;
  readonly syscall: Syscall;
  readonly tid: number;
  readonly pid: number;
  readonly comm = '';
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly duration: Nanoseconds;
  readonly value: number;
  readonly error: string;
  readonly fd: number;
  readonly inFlight = false;
  readonly eventBytes: number;
  readonly words = null;
  readonly scheduling: SchedulingFacts | null;
  readonly #rawFrom: number;
  readonly #rawTo: number;
  readonly #dataFrom: number;

  constructor(told: Told, file: string, line: number, text: string) {
    this.file = file;
    this.line = line;
    this.text = text;
    this.syscall = told.syscall;
    this.tid = told.tid;
    this.pid = told.pid;
    this.start = told.start;
    this.end = told.start + told.duration;
    this.duration = told.duration;
    this.value = told.value;
    this.error = told.value < 0 && told.value >= -MOST_ERRORS ? errorName(-told.value) : '';
    this.fd = told.fd;
    this.eventBytes = told.eventBytes;
    this.scheduling = told.scheduling;
    this.#rawFrom = told.rawFrom;
    this.#rawTo = told.rawTo;
    this.#dataFrom = told.dataFrom;
  }

  get result(): number {
    const { value } = this;
    if (value >= 0 || value < -MOST_ERRORS) return value;
    return value <= FIRST_RESTART && value >= LAST_RESTART ? Number.NaN : -1;
  }

  get seenAt(): Nanoseconds {
    return this.end;
  }

  get where(): this {
    return this;
  }

  get facts(): this {
    return this;
  }

  get raw(): readonly string[] {
    return this.text.slice(this.#rawFrom, this.#rawTo).split(',');
  }

  get data(): string {
    return this.text.slice(this.#dataFrom);
  }
}

/** Numbers that the kernel returns for errors, and its own for calls that it will begin again. */
const MOST_ERRORS = 4_095;
const FIRST_RESTART = -512;
const LAST_RESTART = -516;

/** What a line says, while it is read. */
interface Told {
  syscall: Syscall;
  tid: number;
  pid: number;
  start: Nanoseconds;
  duration: Nanoseconds;
  value: number;
  fd: number;
  eventBytes: number;
  scheduling: SchedulingFacts | null;
  rawFrom: number;
  rawTo: number;
  dataFrom: number;
}

/**
 * Reads lines of calls as drover's programs print them, from their bytes: nearly all lines of their captures.
 * `KeyValueReader` stays the authority: what is not exactly of this form, or odd in any way, is left to it.
 */
export class CallLineReader {
  readonly #file: string;
  readonly #axis: TimeAxis;
  readonly #syscalls: Readonly<Record<Machine, (Syscall | null | undefined)[]>> = { 'x86-64': [], arm64: [] };
  readonly #told: Told = {
    syscall: syscall('???'),
    tid: 0,
    pid: 0,
    start: 0.5,
    duration: 0.5,
    value: 0,
    fd: -1,
    eventBytes: 0,
    scheduling: null,
    rawFrom: 0,
    rawTo: 0,
    dataFrom: 0,
  };
  #bytes: Buffer = NOTHING;
  #at = 0;
  #to = 0;
  /** The low 32 bits of the first argument. */
  #first = 0;

  constructor(file: string, axis: TimeAxis) {
    this.#file = file;
    this.#axis = axis;
  }

  /** The call of the line `bytes[from..to]`; null when it is another one, or has to be read with care. */
  read(bytes: Buffer, from: number, to: number, line: number, machine: Machine): CallLine | null {
    if (to - from > LONGEST) return null;
    this.#bytes = bytes;
    this.#at = from;
    this.#to = to;
    const told = this.#told;
    if (!this.#skips(TS)) return null;
    const stamp = this.#number();
    if (!this.#skips(DUR)) return null;
    told.duration = this.#number();
    if (!this.#skips(PID)) return null;
    told.pid = this.#number();
    if (!this.#skips(TID)) return null;
    told.tid = this.#number();
    if (!this.#skips(NR)) return null;
    const called = this.#syscall(this.#number(), machine);
    if (!this.#skips(RET)) return null;
    told.value = this.#result();
    if (!this.#skips(A)) return null;
    told.rawFrom = this.#at - from;
    if (!this.#skipsArguments()) return null;
    told.rawTo = this.#at - from;
    told.scheduling = this.#skips(SCHED) ? this.#scheduling() : null;
    if (!this.#skips(DATA) || !this.#isPlain()) return null;
    told.dataFrom = this.#at - from;
    // A number that could not be read is NaN, and less than nothing.
    if (called === null || !(stamp >= 0 && told.duration <= LONGEST_CAPTURE && !Number.isNaN(told.value))) return null;
    if (!(told.pid <= MOST_TID && told.tid <= MOST_TID)) return null;
    told.start = this.#axis.at(stamp);
    if (Number.isNaN(told.start)) return null;
    told.syscall = called;
    told.fd = called.takesDescriptor && this.#first >= 0 ? this.#first : -1;
    told.eventBytes = machine === 'x86-64' ? 12 : 16;
    return new CallLine(told, this.#file, line, latin1(bytes, from, to));
  }

  #syscall(number: number, machine: Machine): Syscall | null {
    // What is larger has no name, and would make the table long.
    if (!(number <= MOST_ERRORS)) return null;
    const known = this.#syscalls[machine];
    const found = known[number];
    if (found !== undefined) return found;
    const name = syscallName(machine, number);
    const called = name === '' ? null : syscall(name);
    known[number] = called;
    return called;
  }

  /** Goes over `key` when it stands here. */
  #skips(key: Buffer): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    const { length } = key;
    if (at + length > this.#to) return false;
    for (let i = 0; i < length; i++) if (bytes[at + i] !== key[i]) return false;
    this.#at = at + length;
    return true;
  }

  /** A decimal number; NaN when there is none, or a longer one than a double holds. */
  #number(): number {
    const bytes = this.#bytes;
    const from = this.#at;
    const to = Math.min(this.#to, from + MOST_DIGITS);
    let at = from;
    let value = 0;
    for (; at < to; at++) {
      const digit = (bytes[at] as number) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    this.#at = at;
    return at === from ? Number.NaN : value;
  }

  #result(): number {
    if (this.#bytes[this.#at] !== MINUS) return this.#number();
    this.#at++;
    return -this.#number();
  }

  /** Goes over one to six hexadecimal numbers, and keeps the low bits of the first. */
  #skipsArguments(): boolean {
    const bytes = this.#bytes;
    const to = this.#to;
    for (let count = 0; count < MOST_ARGUMENTS; count++) {
      const from = this.#at;
      let at = from;
      let value = 0;
      for (; at < to; at++) {
        const byte = bytes[at] as number;
        if (byte >= 0x30 && byte <= 0x39) value = (value << 4) | (byte - 0x30);
        else if (byte >= 0x61 && byte <= 0x66) value = (value << 4) | (byte - 0x57);
        else break;
      }
      if (at === from || at - from > MOST_HEX_DIGITS) return false;
      this.#at = at;
      if (count === 0) this.#first = value;
      if (at >= to || bytes[at] !== COMMA) return true;
      this.#at = at + 1;
    }
    return false;
  }

  /** Five numbers; null, and the line does not go on as it should, when there are others. */
  #scheduling(): SchedulingFacts | null {
    const blockedBefore = this.#number();
    const queuedBefore = this.#next();
    const blocked = this.#next();
    const queued = this.#next();
    const wakeUps = this.#next();
    const sum = blockedBefore + queuedBefore + blocked + queued + wakeUps;
    if (sum <= LONGEST_CAPTURE) return { blockedBefore, queuedBefore, blocked, queued, wakeUps };
    this.#at = this.#to;
    return null;
  }

  /** The number behind a comma; NaN when there is none. */
  #next(): number {
    if (this.#bytes[this.#at] !== COMMA) return Number.NaN;
    this.#at++;
    return this.#number();
  }

  /** What is left is ASCII without a carriage return at its end, and no loss is told behind it. */
  #isPlain(): boolean {
    const bytes = this.#bytes;
    const to = this.#to;
    for (let at = this.#at; at < to; at++) if ((bytes[at] as number) >= 0x80) return false;
    const last = bytes[to - 1];
    if (last === 0x0d) return false;
    if (last !== LOSS[LOSS.length - 1] || to - this.#at < LOSS.length) return true;
    for (let i = 0; i < LOSS.length; i++) if (bytes[to - LOSS.length + i] !== LOSS[i]) return true;
    return false;
  }
}
