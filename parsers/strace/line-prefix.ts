import type { ByteWindow } from '../text/byte-window.ts';
import { areDigits, fourDigits, twoDigits } from '../text/byte-words.ts';
import type { LineColumns } from './line-columns.ts';

/** Numbers with more digits are no pid: Linux allows 4,194,304. */
const PID_DIGITS = 9;
const POWERS = [1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1];

/**
 * The columns before a call: pid, SELinux context, time, distance, syscall number, instruction pointer, in this order.
 * Reads exactly the columns that the head has; a line without them is not the tracer's. All lines end with a newline
 * byte, so loops over one kind of byte end by themselves. Numbers are summed up with `Math.imul` and `| 0`: V8 then
 * leaves out its checks for overflow (3 to 6 % of the whole parser).
 */
export class LinePrefix {
  /** -1 when the line has no pid. */
  tid = -1;
  /** The command name beside the pid, as a range of bytes; empty when there is none. */
  commFrom = 0;
  commTo = 0;
  seconds = 0;
  nanoseconds = 0;
  readonly #bare: boolean;
  readonly #bracketed: boolean;
  readonly #time: number;
  readonly #distance: boolean;
  readonly #brackets: boolean;
  /** Only a bare pid and seconds since the epoch, as `-f -ttt -o FILE` writes: read at once where nothing is odd. */
  readonly #isPlain: boolean;
  /** The digits of the last seconds, which most lines share. */
  #digits0 = 0;
  #digits4 = 0;
  #digits8 = 0;
  #plainSeconds = 0;

  constructor(columns: LineColumns) {
    this.#bare = columns.pid === 'bare';
    this.#bracketed = columns.pid !== 'bare';
    this.#time =
      columns.time === 'none'
        ? NO_TIME
        : columns.time === 'epoch' || columns.time === 'monotonic'
          ? EPOCH
          : columns.time === 'relative'
            ? RELATIVE
            : CLOCK;
    this.#distance = columns.distance;
    this.#brackets = columns.brackets;
    this.#isPlain = this.#bare && columns.time === 'epoch' && !columns.distance && !columns.brackets;
  }

  /** Reads the columns of the line at `from` and gives the place of the call's name, or -1. */
  read({ bytes, view }: ByteWindow, from: number): number {
    if (this.#isPlain) {
      const body = this.#readPlain(bytes, view, from);
      if (body >= 0) return body;
    }
    return this.#readColumns(bytes, from);
  }

  /** `1234 1795202732.293061 `: gives the place behind it, or -1 when anything is not so. */
  #readPlain(bytes: Buffer, view: DataView, from: number): number {
    let at = from;
    let tid = 0;
    let byte = bytes[at] as number;
    while (byte >= 0x30 && byte <= 0x39) {
      tid = (Math.imul(tid, 10) + (byte - 0x30)) | 0;
      byte = bytes[++at] as number;
    }
    if (byte !== 0x20 || at === from || at - from > PID_DIGITS) return -1;
    do byte = bytes[++at] as number;
    while (byte === 0x20);
    if (at + STAMP > bytes.length || bytes[at + 10] !== 0x2e /* . */ || bytes[at + 17] !== 0x20) return -1;
    const digits0 = view.getInt32(at, true);
    const digits4 = view.getInt32(at + 4, true);
    const digits8 = view.getUint16(at + 8, true);
    if (digits8 !== this.#digits8 || digits4 !== this.#digits4 || digits0 !== this.#digits0) {
      const last = twoDigits(digits8);
      if (last < 0 || !areDigits(digits0) || !areDigits(digits4)) return -1;
      this.#digits0 = digits0;
      this.#digits4 = digits4;
      this.#digits8 = digits8;
      this.#plainSeconds = fourDigits(digits0) * 1e6 + fourDigits(digits4) * 100 + last;
    }
    const fraction = view.getInt32(at + 11, true);
    const last = twoDigits(view.getUint16(at + 15, true));
    if (last < 0 || !areDigits(fraction)) return -1;
    this.tid = tid;
    this.commFrom = this.commTo = at;
    this.seconds = this.#plainSeconds;
    this.nanoseconds = (fourDigits(fraction) * 100 + last) * 1_000;
    return at + STAMP;
  }

  #readColumns(bytes: Buffer, from: number): number {
    let at = from;
    this.tid = -1;
    if (this.#bare) {
      at = this.#readPid(bytes, at);
      if (at < 0) return -1;
      if (bytes[at] !== 0x20) return -1;
      do at++;
      while (bytes[at] === 0x20);
    } else if (
      this.#bracketed &&
      bytes[at] === 0x5b &&
      bytes[at + 1] === 0x70 &&
      bytes[at + 2] === 0x69 &&
      bytes[at + 3] === 0x64
    ) {
      at += 4;
      while (bytes[at] === 0x20) at++;
      at = this.#readPid(bytes, at);
      if (at < 0 || bytes[at] !== 0x5d || bytes[at + 1] !== 0x20) return -1;
      at += 2;
    }
    if (this.#brackets) at = skipBrackets(bytes, at);
    if (this.#time !== NO_TIME) {
      at = this.#readTime(bytes, at);
      if (at < 0) return -1;
    }
    if (this.#distance) at = skipDistance(bytes, at);
    if (this.#brackets) at = skipBrackets(bytes, at);
    return at;
  }

  #readPid(bytes: Buffer, from: number): number {
    let at = from;
    let tid = 0;
    let byte = bytes[at] as number;
    while (byte >= 0x30 && byte <= 0x39) {
      tid = (Math.imul(tid, 10) + (byte - 0x30)) | 0;
      byte = bytes[++at] as number;
    }
    if (at === from || at - from > PID_DIGITS) return -1;
    this.tid = tid;
    this.commFrom = at;
    this.commTo = at;
    if (byte !== 0x3c /* < */) return at;
    do byte = bytes[++at] as number;
    while (byte !== 0x3e /* > */ && byte !== 0x0a);
    if (byte !== 0x3e) return -1;
    this.commFrom++;
    this.commTo = at;
    return at + 1;
  }

  #readTime(bytes: Buffer, from: number): number {
    let at = from;
    if (this.#time === RELATIVE) {
      while (bytes[at] === 0x20) at++;
    }
    let seconds = 0;
    let byte = bytes[at] as number;
    const first = at;
    while (byte >= 0x30 && byte <= 0x39) {
      seconds = (Math.imul(seconds, 10) + (byte - 0x30)) >>> 0;
      byte = bytes[++at] as number;
    }
    if (at === first || at - first > 10) return -1;
    if (this.#time === CLOCK) {
      if (byte !== 0x3a /* : */ || bytes[at + 3] !== 0x3a) return -1;
      const minutes = twoDigitsAt(bytes, at + 1);
      const rest = twoDigitsAt(bytes, at + 4);
      if (minutes < 0 || rest < 0) return -1;
      seconds = seconds * 3_600 + minutes * 60 + rest;
      at += 6;
      byte = bytes[at] as number;
    }
    this.seconds = seconds;
    this.nanoseconds = 0;
    if (byte === 0x2e /* . */) {
      const point = at;
      let fraction = 0;
      byte = bytes[++at] as number;
      while (byte >= 0x30 && byte <= 0x39) {
        fraction = (Math.imul(fraction, 10) + (byte - 0x30)) | 0;
        byte = bytes[++at] as number;
      }
      const digits = at - point - 1;
      if (digits === 0 || digits > 9) return -1;
      this.nanoseconds = fraction * (POWERS[digits] as number);
    }
    return byte === 0x20 ? at + 1 : -1;
  }
}

/** Bytes of `1795202732.293061 `. */
const STAMP = 18;

const NO_TIME = 0;
const EPOCH = 1;
const CLOCK = 2;
const RELATIVE = 3;

function twoDigitsAt(bytes: Buffer, at: number): number {
  return twoDigits((bytes[at] as number) | ((bytes[at + 1] as number) << 8));
}

/** `[00007f8c0a063f63] `, `[ 288] `, `[unconfined_u:...] `: any number of them. */
function skipBrackets(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === 0x5b /* [ */) {
    let end = at + 1;
    while (bytes[end] !== 0x5d /* ] */ && bytes[end] !== 0x0a) end++;
    if (bytes[end] !== 0x5d || bytes[end + 1] !== 0x20) return at;
    at = end + 2;
  }
  return at;
}

/** `(+     0.000022) `. */
function skipDistance(bytes: Buffer, from: number): number {
  if (bytes[from] !== 0x28 || bytes[from + 1] !== 0x2b) return from;
  let at = from + 2;
  while (bytes[at] !== 0x29 && bytes[at] !== 0x0a) at++;
  return bytes[at] === 0x29 && bytes[at + 1] === 0x20 ? at + 2 : from;
}
