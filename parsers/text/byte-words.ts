/**
 * Four bytes of a line as one number, the first one lowest (`DataView.getInt32(at, true)`): a load and a few operations
 * where a loop over bytes takes four of each. Measured on whole captures: a third of the parser's time.
 */

const NEWLINES = 0x0a0a0a0a;

/**
 * The place of the first newline in `from..to`, or -1. For lines of 100 bytes twice as fast as `Buffer.indexOf`, which
 * leaves JavaScript.
 */
export function newlineAt(view: DataView, from: number, to: number): number {
  let at = from;
  for (; at <= to - 8; at += 8) {
    let found = zeroBytes(view.getInt32(at, true) ^ NEWLINES);
    if (found !== 0) return at + ((31 - Math.clz32(found & -found)) >> 3);
    found = zeroBytes(view.getInt32(at + 4, true) ^ NEWLINES);
    if (found !== 0) return at + 4 + ((31 - Math.clz32(found & -found)) >> 3);
  }
  for (; at < to; at++) if (view.getUint8(at) === 0x0a) return at;
  return -1;
}

/** The highest bit of each byte that is zero; of bytes behind the first such one it may be wrong. */
function zeroBytes(word: number): number {
  return (word - 0x01010101) & ~word & 0x80808080;
}

/** All four bytes are digits. */
export function areDigits(word: number): boolean {
  return (word & 0xf0f0f0f0) === DIGITS && ((word + 0x06060606) & 0xf0f0f0f0) === DIGITS;
}
const DIGITS = 0x30303030;

/** The number that four digits stand for. */
export function fourDigits(word: number): number {
  const values = word - DIGITS;
  const pairs = Math.imul(values, 10) + (values >>> 8);
  return (pairs & 0xff) * 100 + ((pairs >>> 16) & 0xff);
}

/** The number that two digits (`getUint16(at, true)`) stand for, or -1. */
export function twoDigits(half: number): number {
  const tens = (half & 0xff) - 0x30;
  const ones = (half >> 8) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

/** A text of four bytes as `getInt32(at, true)` gives it. */
export function word(text: string): number {
  return Buffer.from(text, 'latin1').readInt32LE(0);
}

/** The bytes of a buffer, for `getInt32`. */
export function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length);
}
