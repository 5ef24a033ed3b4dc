import { NAME_NUMBER } from '../layout';
import { digitCountBefore, isDigit, isNameByte, isUpper, numberBefore, sixDigits } from './bytes';
import { findName } from './names';

/** `) = result` stands at the end. */
export const RETURNED = 1;
export const UNFINISHED = 2;
/** Any other end. */
export const UNCLEAR = 0;
/** The errno at `errorFrom..errorTo` was not taught. */
export const UNKNOWN_ERROR = 3;

/** ` <unfinished ...>`, without its last byte: ` <unfini`, `shed ...`. */
const UNFINISHED_BEGINS: u64 = 0x696e69666e753c20;
const UNFINISHED_ENDS: u64 = 0x2e2e2e2064656873;
const UNFINISHED_BYTES: usize = 17;
/** Longer numbers are not exact in a double. */
const MOST_DIGITS = 15;
/** Octal numbers of more digits are no modes of files. */
const OCTAL_DIGITS: usize = 15;

/** What was read. Places are addresses. `duration` is -1 when the line tells none, `error` is 0 for none. */
export let duration: f64 = -1;
export let result: f64 = 0;
export let error: i32 = 0;
export let argsTo: usize = 0;
export let returnedFrom: usize = 0;
export let returnedTo: usize = 0;
export let errorFrom: usize = 0;
export let errorTo: usize = 0;

/**
 * Reads the end of `from..to`, backwards, where `from` is behind the opening bracket or behind `resumed>`. What this
 * accepts `LineResult` accepts with the same numbers; it is allowed to accept less.
 */
export function readEnd(from: usize, to: usize, errors: usize): i32 {
  let at = to - 1;
  duration = -1;
  error = 0;
  if (load<u8>(at) === 0x3e /* > */) {
    if (load<u8>(at - 1) === 0x2e /* . */) return readUnfinished(from, to);
    if (load<u8>(at - 7) !== 0x2e || load<u8>(at - 9) !== 0x3c || load<u8>(at - 10) !== 0x20) return UNCLEAR;
    const whole = load<u8>(at - 8);
    const fraction = sixDigits(at - 6);
    if (!isDigit(whole) || fraction < 0) return UNCLEAR;
    duration = f64(whole - 0x30) * 1e9 + f64(fraction) * 1000;
    at -= 11;
    if (at < from) return UNCLEAR;
  }
  returnedTo = at + 1;
  const last = load<u8>(at);
  if (last === 0x29 /* ) */) {
    at = readError(from, at, errors);
    if (at === 1) return UNKNOWN_ERROR;
  } else if (last === 0x3e /* > */) at = readDecorated(from, at);
  else if (last === 0x3f /* ? */) {
    result = NaN;
    at--;
  } else at = readNumber(from, at);
  if (at < from) return UNCLEAR;
  returnedFrom = at + 1;
  if (load<u8>(at) !== 0x20 || load<u8>(at - 1) !== 0x3d /* = */ || load<u8>(at - 2) !== 0x20) return UNCLEAR;
  at -= 3;
  // strace pads to column 40.
  while (load<u8>(at) === 0x20) at--;
  if (at < from || load<u8>(at) !== 0x29 /* ) */) return UNCLEAR;
  argsTo = at;
  return RETURNED;
}

function readUnfinished(from: usize, to: usize): i32 {
  const at = to - UNFINISHED_BYTES;
  if (at < from || load<u64>(at) !== UNFINISHED_BEGINS || load<u64>(at, 8) !== UNFINISHED_ENDS) return UNCLEAR;
  argsTo = at;
  return UNFINISHED;
}

/**
 * `-1 EAGAIN (text)`, `? ERESTARTSYS (text)`, `0 (Timeout)` with the bracket at `at`: gives the place before it, 0, or
 * 1 for an errno that was not taught.
 */
function readError(from: usize, at: usize, errors: usize): usize {
  let open = at - 1;
  while (isPlainText(load<u8>(open)) && open > from) open--;
  if (load<u8>(open) !== 0x28 /* ( */ || load<u8>(open - 1) !== 0x20) return 0;
  const nameTo = open - 1;
  let name = nameTo - 1;
  while (isNameByte(load<u8>(name)) && name > from) name--;
  const letter = load<u8>(name + 1);
  if (isDigit(letter)) {
    // `(INJECTED)` and `(DELAYED)` change the meaning; `-1 (errno 530)` is an error without a symbol.
    if (isUpper(load<u8>(open + 1)) && isUpper(load<u8>(open + 2))) return 0;
    const before = readNumber(from, nameTo - 1);
    return result === -1 ? 0 : before;
  }
  if (letter !== 0x45 /* E */ || load<u8>(name) !== 0x20) return 0;
  let before: usize = 0;
  if (load<u8>(name - 1) === 0x31 && load<u8>(name - 2) === 0x2d /* -1 */) {
    result = -1;
    before = name - 3;
  } else if (load<u8>(name - 1) === 0x3f /* ? */) {
    result = NaN;
    before = name - 2;
  } else return 0;
  const known = findName(errors, name + 1, i32(nameTo - name - 1));
  if (known === 0) {
    errorFrom = name + 1;
    errorTo = nameTo;
    return 1;
  }
  error = load<i32>(known + 4 * NAME_NUMBER);
  return before;
}

/** `5<TCP:[...]>` whose last byte stands at `at`: gives the place before it, or 0. */
function readDecorated(from: usize, last: usize): usize {
  let at = last;
  do at--;
  while (at > from && load<u8>(at) !== 0x3c /* < */);
  return isDigit(load<u8>(at - 1)) ? readNumber(from, at - 1) : 0;
}

/** A number whose last digit stands at `at`: sets the result and gives the place before it, or 0. */
function readNumber(from: usize, last: usize): usize {
  const count = digitCountBefore(last);
  if (count === 0) return readHexadecimal(from, last);
  if (count > MOST_DIGITS) return 0;
  let value = count <= 8 ? f64(numberBefore(last, count)) : longNumber(last, count);
  let at = last - count;
  const before = load<u8>(at);
  if (before === 0x2d /* - */) {
    value = -value;
    at--;
  } else if (before !== 0x20) return readHexadecimal(from, last);
  else if (last - at > 1 && load<u8>(at, 1) === 0x30) {
    if (last - at > OCTAL_DIGITS) return 0;
    value = 0;
    for (let place = at + 1; place <= last; place++) {
      const digit = load<u8>(place) - 0x30;
      if (digit > 7) return 0;
      value = value * 8 + f64(digit);
    }
  }
  result = value;
  return at;
}

/** The number of 9 to 16 digits. */
function longNumber(last: usize, count: i32): f64 {
  return f64(numberBefore(last - 8, count - 8)) * 1e8 + f64(numberBefore(last, 8));
}

/** `0x7f00…` whose last digit stands at `at`. */
function readHexadecimal(from: usize, last: usize): usize {
  let at = last;
  let value: f64 = 0;
  let scale: f64 = 1;
  for (; at > from; at--) {
    const byte = load<u8>(at);
    let digit: u8 = 0;
    if (isDigit(byte)) digit = byte - 0x30;
    else if (u8(byte - 0x61) < 6) digit = byte - 0x57;
    else break;
    value += f64(digit) * scale;
    scale *= 16;
  }
  if (scale === 1 || load<u8>(at) !== 0x78 /* x */ || load<u8>(at - 1) !== 0x30) return 0;
  result = value;
  return at - 2;
}

/** Bytes that the text after an errno is made of, in any language: everything but brackets, quotes, `=` and `\`. */
function isPlainText(byte: u8): bool {
  if (isNameByte(byte) || byte === 0x20) return true;
  return (
    byte > 0x20 &&
    byte !== 0x22 &&
    byte !== 0x28 &&
    byte !== 0x29 &&
    byte !== 0x3c &&
    byte !== 0x3d &&
    byte !== 0x3e &&
    byte !== 0x5b &&
    byte !== 0x5c &&
    byte !== 0x5d &&
    byte !== 0x7b &&
    byte !== 0x7d
  );
}
