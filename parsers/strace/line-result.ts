import { OTHER_ERROR } from '../../src/trace/errors.ts';
import { LONGEST_CAPTURE, UNKNOWN } from '../../src/trace/time.ts';
import type { ByteWindow } from '../text/byte-window.ts';
import { areDigits, fourDigits, twoDigits, word } from '../text/byte-words.ts';
import { hashOf, NAME_BYTES, NameTable } from '../text/name-table.ts';
import type { StraceCall } from './call.ts';

/** The line ends with `) = result`. */
export const RETURNED = 1;
/** ` <unfinished ...>` */
export const UNFINISHED = 2;
/** ` <detached ...>` */
export const DETACHED = 3;
/** Not one of the simple ends: only a scan from the beginning can tell. */
export const UNCLEAR = 0;
export type Ending = typeof RETURNED | typeof UNFINISHED | typeof DETACHED | typeof UNCLEAR;

const UNFINISHED_MARK = Uint8Array.from(Buffer.from(' <unfinished ...>'));
/** Its first sixteen bytes; the last one is known. */
const UNFINISHED_WORDS = [' <un', 'fini', 'shed', ' ...'].map(word) as [number, number, number, number];
const DETACHED_MARK = Uint8Array.from(Buffer.from(' <detached ...>'));
/** Bytes that the text after an errno is made of, in any language: everything but brackets, quotes and `=`. */
const PLAIN_TEXT = plainText();
const POWERS = [1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 1e1, 1];
/** Longer numbers in a duration are no durations. */
const MOST_DIGITS = 15;

/**
 * The end of a call's line. Read backwards, because the result stands at the end and arguments are long: 4 of 5 lines
 * end so simply that nothing in their arguments can imitate it. All others are UNCLEAR.
 */
export class LineResult {
  /** Receives what is read: nothing is copied later. Its values mean something only after RETURNED. */
  readonly #call: StraceCall;
  readonly #errors = new NameTable<string>((name) => name);

  constructor(call: StraceCall) {
    this.#call = call;
  }

  /** The errno at `from..to`; null when there were too many different ones to remember this one. */
  errorNamed(bytes: Buffer, from: number, to: number): string | null {
    return this.#errors.find(bytes, from, to, hashOf(bytes, from, to));
  }

  /** Reads the end of `from..to`, where `from` is behind the opening bracket or behind `resumed>`. */
  read({ bytes, view }: ByteWindow, from: number, to: number): Ending {
    let at = to - 1;
    let byte = bytes[at] as number;
    this.#call.duration = UNKNOWN;
    if (byte === 0x3e /* > */) {
      if (bytes[at - 1] === 0x2e /* . */) return this.#openEnd(bytes, view, from, to);
      at = this.#readMicroseconds(bytes, view, at) || this.#readDuration(bytes, at - 1);
      if (at < from) return UNCLEAR;
      byte = bytes[at] as number;
    }
    this.#call.returnedTo = at + 1;
    if (byte === 0x29 /* ) */) at = this.#readError(bytes, from, at);
    else if (byte === 0x3e /* > */) at = this.#readDecorated(bytes, from, at);
    else if (byte === 0x3f /* ? */) {
      this.#call.result = Number.NaN;
      this.#call.error = '';
      at--;
    } else at = this.#readNumber(bytes, from, at);
    if (at < from) return UNCLEAR;
    this.#call.returnedFrom = at + 1;
    if (bytes[at] !== 0x20 || bytes[at - 1] !== 0x3d /* = */ || bytes[at - 2] !== 0x20) return UNCLEAR;
    at -= 3;
    // strace pads to column 40.
    while (bytes[at] === 0x20) at--;
    if (at < from || bytes[at] !== 0x29 /* ) */) return UNCLEAR;
    this.#call.argsTo = at;
    this.#call.injected = false;
    return RETURNED;
  }

  /** ` <unfinished ...>` or ` <detached ...>`. */
  #openEnd(bytes: Buffer, view: DataView, from: number, to: number): Ending {
    const at = to - UNFINISHED_MARK.length;
    if (
      at >= from &&
      view.getInt32(at, true) === UNFINISHED_WORDS[0] &&
      view.getInt32(at + 4, true) === UNFINISHED_WORDS[1] &&
      view.getInt32(at + 8, true) === UNFINISHED_WORDS[2] &&
      view.getInt32(at + 12, true) === UNFINISHED_WORDS[3]
    ) {
      this.#call.argsTo = at;
      return UNFINISHED;
    }
    const mark = bytes[to - 16] === 0x3c /* < */ ? UNFINISHED_MARK : DETACHED_MARK;
    if (!endsWith(bytes, from, to, mark)) return UNCLEAR;
    this.#call.argsTo = to - mark.length;
    return mark === UNFINISHED_MARK ? UNFINISHED : DETACHED;
  }

  /**
   * ` <0.000058>` with its last byte at `end`: sets the duration and gives the place before it, or 0 when it does not
   * look like that.
   */
  #readMicroseconds(bytes: Buffer, view: DataView, end: number): number {
    if (bytes[end - 7] !== 0x2e /* . */ || bytes[end - 9] !== 0x3c /* < */ || bytes[end - 10] !== 0x20) return 0;
    const whole = (bytes[end - 8] as number) - 0x30;
    const fraction = view.getInt32(end - 6, true);
    const last = twoDigits(view.getUint16(end - 2, true));
    if (whole < 0 || whole > 9 || last < 0 || !areDigits(fraction)) return 0;
    this.#call.duration = whole * 1e9 + (fourDigits(fraction) * 100 + last) * 1_000;
    return end - 11;
  }

  /** `<1.234567>` whose last digit stands at `at`: sets the duration and gives the place before it, or -1. */
  #readDuration(bytes: Buffer, at: number): number {
    const last = at;
    let value = 0;
    let scale = 1;
    let byte = bytes[at] as number;
    while (byte >= 0x30 && byte <= 0x39) {
      value += (byte - 0x30) * scale;
      scale *= 10;
      byte = bytes[--at] as number;
    }
    const digits = last - at;
    if (digits === 0 || digits > MOST_DIGITS) return -1;
    if (byte !== 0x2e /* . */) {
      value *= 1e9;
    } else {
      if (digits > 9) return -1;
      value *= POWERS[digits] as number;
      const point = at;
      scale = 1e9;
      byte = bytes[--at] as number;
      while (byte >= 0x30 && byte <= 0x39) {
        value += (byte - 0x30) * scale;
        scale *= 10;
        byte = bytes[--at] as number;
      }
      if (point - at > MOST_DIGITS) return -1;
    }
    if (byte !== 0x3c /* < */ || bytes[at - 1] !== 0x20 || value > LONGEST_CAPTURE) return -1;
    this.#call.duration = value;
    return at - 2;
  }

  /**
   * `-1 EAGAIN (text)`, `? ERESTARTSYS (text)`, `0 (Timeout)` with the bracket at `at`: gives the place before it, or
   * -1.
   */
  #readError(bytes: Buffer, from: number, at: number): number {
    let open = at - 1;
    while (PLAIN_TEXT[bytes[open] as number] === 1 && open > from) open--;
    if (bytes[open] !== 0x28 /* ( */ || bytes[open - 1] !== 0x20) return -1;
    const nameTo = open - 1;
    let name = nameTo - 1;
    while (NAME_BYTES[bytes[name] as number] === 1) name--;
    const letter = bytes[name + 1] as number;
    if (letter >= 0x30 && letter <= 0x39) {
      // `(INJECTED)` and `(DELAYED)` change the meaning.
      if (isUpper(bytes[open + 1] as number) && isUpper(bytes[open + 2] as number)) return -1;
      at = this.#readNumber(bytes, from, nameTo - 1);
      // `-1 (errno 530)` is an error without a symbol.
      return this.#call.result === -1 ? -1 : at;
    }
    if (letter !== 0x45 /* E */ || bytes[name] !== 0x20) return -1;
    if (bytes[name - 1] === 0x31 && bytes[name - 2] === 0x2d /* -1 */) {
      this.#call.result = -1;
      at = name - 3;
    } else if (bytes[name - 1] === 0x3f /* ? */) {
      this.#call.result = Number.NaN;
      at = name - 2;
    } else return -1;
    let hash = 0;
    for (let i = name + 1; i < nameTo; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
    this.#call.error = this.#errors.find(bytes, name + 1, nameTo, hash) ?? OTHER_ERROR;
    return at;
  }

  /**
   * `5<TCP:[...]>` whose last byte stands at `at`: gives the place before it, or -1. Since 4.22 a decoration holds no
   * `<` but its first byte; the nested ones of devices (`</dev/null<char 1:3>>`) are found out because no number stands
   * before them.
   */
  #readDecorated(bytes: Buffer, from: number, at: number): number {
    do at--;
    while (at > from && bytes[at] !== 0x3c /* < */);
    const byte = bytes[at - 1] as number;
    return byte >= 0x30 && byte <= 0x39 ? this.#readNumber(bytes, from, at - 1) : -1;
  }

  /** A number whose last digit stands at `at`: sets the result and gives the place before it, or -1. */
  #readNumber(bytes: Buffer, from: number, at: number): number {
    let value = 0;
    let scale = 1;
    const last = at;
    let byte = bytes[at] as number;
    while (byte >= 0x30 && byte <= 0x39) {
      value += (byte - 0x30) * scale;
      scale *= 10;
      byte = bytes[--at] as number;
    }
    if (at === last) return this.#readHexadecimal(bytes, from, last);
    if (byte === 0x2d /* - */) {
      value = -value;
      at--;
    } else if (byte !== 0x20) return this.#readHexadecimal(bytes, from, last);
    else if (last - at > 1 && bytes[at + 1] === 0x30)
      value = Number.parseInt(bytes.toString('latin1', at + 1, last + 1), 8);
    this.#call.result = value;
    this.#call.error = '';
    return at;
  }

  /** `0x7f00…` whose last digit stands at `at`. */
  #readHexadecimal(bytes: Buffer, from: number, at: number): number {
    let value = 0;
    let scale = 1;
    for (; at > from; at--) {
      const byte = bytes[at] as number;
      let digit: number;
      if (byte >= 0x30 && byte <= 0x39) digit = byte - 0x30;
      else if (byte >= 0x61 && byte <= 0x66) digit = byte - 0x57;
      else break;
      value += digit * scale;
      scale *= 16;
    }
    if (scale === 1 || bytes[at] !== 0x78 /* x */ || bytes[at - 1] !== 0x30) return -1;
    this.#call.result = value;
    this.#call.error = '';
    return at - 2;
  }
}

function endsWith(bytes: Buffer, from: number, to: number, mark: Uint8Array): boolean {
  let at = to - mark.length;
  if (at < from) return false;
  for (let i = 0; i < mark.length; i++, at++) {
    if (bytes[at] !== mark[i]) return false;
  }
  return true;
}

function isUpper(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a;
}

function plainText(): Uint8Array {
  const table = new Uint8Array(256).fill(1, 0x20);
  for (const special of '()[]{}<>"=\\') table[special.charCodeAt(0)] = 0;
  return table;
}
