/** Sixteen bytes at once, wherever they lie. Numbers of bytes are told as masks with a bit for each. */
const PLACES = i8x16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);

/** A bit for each of the 64 bytes at `at` that is a newline. */
export function newlines(at: usize): u64 {
  const newline = i8x16.splat(0x0a);
  const first = u64(u32(i8x16.bitmask(i8x16.eq(v128.load(at), newline))));
  const second = u64(u32(i8x16.bitmask(i8x16.eq(v128.load(at, 16), newline))));
  const third = u64(u32(i8x16.bitmask(i8x16.eq(v128.load(at, 32), newline))));
  const fourth = u64(u32(i8x16.bitmask(i8x16.eq(v128.load(at, 48), newline))));
  return first | (second << 16) | (third << 32) | (fourth << 48);
}

/** How many bytes stand before the first `stop` at `at`, of the first 32; -1 when there is none among them. */
export function lengthBefore(at: usize, stop: u8): i32 {
  const wanted = i8x16.splat(stop);
  const first = i8x16.bitmask(i8x16.eq(v128.load(at), wanted));
  if (first !== 0) return ctz(first);
  const second = i8x16.bitmask(i8x16.eq(v128.load(at, 16), wanted));
  return second === 0 ? -1 : 16 + ctz(second);
}

/** The sixteen bytes at `at`, those from `length` on as zeros. `length` may be less than 0 or more than 16. */
export function firstBytes(at: usize, length: i32): v128 {
  const kept = i8x16.lt_u(PLACES, i8x16.splat(u8(max(0, min(16, length)))));
  return v128.and(v128.load(at), kept);
}

export function isDigit(byte: u8): bool {
  return u8(byte - 0x30) <= 9;
}

export function isLower(byte: u8): bool {
  return u8(byte - 0x61) < 26;
}

export function isUpper(byte: u8): bool {
  return u8(byte - 0x41) < 26;
}

/** Letters, digits, `_`: what the names of calls and errnos are made of. */
export function isNameByte(byte: u8): bool {
  return isLower(byte) || isUpper(byte) || isDigit(byte) || byte === 0x5f;
}

// Digits are read eight at a time: V8 looks for interrupts in each turn of a loop.

/** Every byte `0`; and the bits that tell what is no digit. */
const ZEROS: u64 = 0x3030303030303030;
const TO_HIGH: u64 = 0x7676767676767676;
const HIGH: u64 = 0x8080808080808080;
/** Of the last six bytes. */
const SIX: u64 = 0x0000ffffffffffff;

/** The number of eight values from 0 to 9, the first in the lowest byte. */
function joined(values: u64): u64 {
  const pairs = (values * 2561) >> 8;
  const fours = ((pairs & 0x00ff00ff00ff00ff) * 6553601) >> 16;
  return ((fours & 0x0000ffff0000ffff) * 42949672960001) >> 32;
}

/** How many of the eight bytes at `at` are digits before the first that is none. */
export function digitCount(at: usize): i32 {
  const values = load<u64>(at) ^ ZEROS;
  // What is carried goes to bytes behind the first that is no digit.
  const others = ((values + TO_HIGH) | values) & HIGH;
  return others === 0 ? 8 : i32(ctz(others)) >> 3;
}

/** The number of the first 1 to 8 digits at `at`. */
export function numberOfDigits(at: usize, count: i32): i32 {
  return i32(joined((load<u64>(at) ^ ZEROS) << (u64(8 - count) << 3)));
}

/** How many digits stand before and at `last`, up to 16. */
export function digitCountBefore(last: usize): i32 {
  const values = i8x16.sub(v128.load(last - 15), i8x16.splat(0x30));
  const digits = u32(i8x16.bitmask(i8x16.lt_u(values, i8x16.splat(10))));
  const others = ~digits << 16;
  return others === 0 ? 16 : i32(clz(others));
}

/** The number of the 1 to 8 digits of which the last stands at `last`. */
export function numberBefore(last: usize, count: i32): i32 {
  const others = u64(8 - count) << 3;
  return i32(joined(((load<u64>(last - 7) ^ ZEROS) >> others) << others));
}

/** The number that six digits stand for, or -1. */
export function sixDigits(at: usize): i32 {
  const values = (load<u64>(at) ^ ZEROS) & SIX;
  return (((values + (TO_HIGH & SIX)) | values) & HIGH) !== 0 ? -1 : i32(joined(values << 16));
}

/** The number that two digits stand for, or -1. */
export function twoDigits(at: usize): i32 {
  const tens = u32(load<u8>(at)) - 0x30;
  const ones = u32(load<u8>(at, 1)) - 0x30;
  return tens > 9 || ones > 9 ? -1 : i32(tens * 10 + ones);
}
