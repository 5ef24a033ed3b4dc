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

/** The number that six digits stand for, or -1. */
export function sixDigits(at: usize): f64 {
  let value: u32 = 0;
  for (let i: usize = 0; i < 6; i++) {
    const digit = u32(load<u8>(at + i)) - 0x30;
    if (digit > 9) return -1;
    value = value * 10 + digit;
  }
  return f64(value);
}

/** The number that two digits stand for, or -1. */
export function twoDigits(at: usize): i32 {
  const tens = u32(load<u8>(at)) - 0x30;
  const ones = u32(load<u8>(at, 1)) - 0x30;
  return tens > 9 || ones > 9 ? -1 : i32(tens * 10 + ones);
}
