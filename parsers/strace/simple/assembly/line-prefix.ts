import { PID_BARE, PID_BRACKET } from '../layout';
import { digitCount, isDigit, numberOfDigits, sixDigits, twoDigits } from './bytes';

/** Linux allows 4,194,304. */
const PID_DIGITS = 7;
/** `[pid` */
const PID_MARK: u32 = 0x6469705b;

/** What was read. `tid` is -1 for a line without a number. */
export let tid: i32 = -1;
export let seconds: f64 = 0;
export let nanoseconds: f64 = 0;

/** The bytes of the last second, which most lines share, and what they stand for. */
let shown: u64 = 0;
let shownEnd: u16 = 0;
let shownSeconds: f64 = 0;

/**
 * Reads `1234 1795202732.293061 `, `[pid 1234] 15:27:11.293061 ` or the time alone, and gives the place behind it; 0
 * when anything is not exactly so.
 */
export function readPrefix(from: usize, pidColumn: i32, isClock: bool): usize {
  let at = from;
  tid = -1;
  if (pidColumn === PID_BARE) {
    at = readPid(at);
    if (at === 0 || load<u8>(at) !== 0x20) return 0;
    do at++;
    while (load<u8>(at) === 0x20);
  } else if (pidColumn === PID_BRACKET && load<u32>(at) === PID_MARK) {
    at += 4;
    while (load<u8>(at) === 0x20) at++;
    at = readPid(at);
    if (at === 0 || load<u16>(at) !== 0x205d /* ']' ' ' */) return 0;
    at += 2;
  }
  return isClock ? readClock(at) : readEpoch(at);
}

function readPid(at: usize): usize {
  const count = digitCount(at);
  if (count === 0 || count > PID_DIGITS) return 0;
  tid = numberOfDigits(at, count);
  return at + count;
}

/** `1795202732.293061 `. */
function readEpoch(at: usize): usize {
  if (load<u8>(at, 10) !== 0x2e || load<u8>(at, 17) !== 0x20) return 0;
  const digits = load<u64>(at);
  const last = load<u16>(at, 8);
  if (digits !== shown || last !== shownEnd) {
    let value: f64 = 0;
    for (let i: usize = 0; i < 10; i++) {
      const byte = load<u8>(at + i);
      if (!isDigit(byte)) return 0;
      value = value * 10 + f64(byte - 0x30);
    }
    shown = digits;
    shownEnd = last;
    shownSeconds = value;
  }
  return readFraction(at + 11);
}

/** `15:27:11.293061 `. */
function readClock(at: usize): usize {
  if (load<u8>(at, 8) !== 0x2e || load<u8>(at, 15) !== 0x20) return 0;
  const digits = load<u64>(at);
  if (digits !== shown) {
    const hours = twoDigits(at);
    const minutes = twoDigits(at + 3);
    const rest = twoDigits(at + 6);
    if (hours < 0 || minutes < 0 || rest < 0 || load<u8>(at, 2) !== 0x3a || load<u8>(at, 5) !== 0x3a) return 0;
    shown = digits;
    shownSeconds = f64(hours * 3600 + minutes * 60 + rest);
  }
  return readFraction(at + 9);
}

function readFraction(at: usize): usize {
  const fraction = sixDigits(at);
  if (fraction < 0) return 0;
  seconds = shownSeconds;
  nanoseconds = f64(fraction) * 1000;
  return at + 7;
}
