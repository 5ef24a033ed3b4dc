// The simple lines of strace: calls on one line, and halves of calls whose other half stands in the same chunk. A line
// is hard when anything about it is not plain: then nothing was changed, and JavaScript reads it. What is written here
// is exactly what the parser in JavaScript would hand to `BatchWriter`.
import {
  CALL,
  ARGS_FROM as COLUMN_ARGS_FROM,
  ARGS_TO as COLUMN_ARGS_TO,
  ENTRY_FROM as COLUMN_ENTRY_FROM,
  ENTRY_TO as COLUMN_ENTRY_TO,
  FD as COLUMN_FD,
  LANE as COLUMN_LANE,
  START_LINE as COLUMN_START_LINE,
  DOUBLES,
  DURATION,
  END,
  ENTRY_ARGS_FROM,
  ENTRY_ARGS_TO,
  ERROR,
  FLAGS,
  FROM,
  INTEGERS,
  KIND,
  LINE,
  NOTE,
  PREVIOUS_FROM,
  PREVIOUS_LINE,
  PREVIOUS_TO,
  RESULT,
  RETURNED_FROM,
  RETURNED_TO,
  SHORTEST_GAP,
  SPLIT,
  START,
  SYSCALL,
  TO,
} from '../../../columns/layout';
import {
  DAYS,
  LATEST_SECONDS,
  NOW,
  ORIGIN_NANOSECONDS,
  ORIGIN_SECONDS,
  SHIFT,
} from '../../../timeline/clock-registers';
import {
  ALARM,
  ARGS_FROM,
  ARGS_TO,
  AT_END,
  BACKWARD,
  BEFORE_FROM,
  BEFORE_LINE,
  BEFORE_TO,
  CALL_START,
  CALL_TIME,
  CALLS,
  COLUMNS_FULL,
  COUNT,
  UNFINISHED as COUNT_UNFINISHED,
  DECORATION,
  DECORATION_ADDRESS,
  DECORATION_NONE,
  DECORATION_PATH,
  DOUBLE_REGISTERS,
  ENTRY_FROM,
  ENTRY_TO,
  FD,
  FIRST_UNNOTED,
  HALF,
  HARD_LINE,
  HAS_DURATIONS,
  HAS_PREFIXES,
  IS_CLOCK,
  IS_HARD,
  IS_LENT,
  IS_LISTED,
  IS_MIXED,
  IS_SET,
  IS_WRITE,
  LANE,
  LAST_FROM,
  LAST_LINE,
  LAST_TO,
  LINES,
  LISTED,
  NAME_FROM,
  NAME_NUMBER,
  NAME_TO,
  NAME_TRAITS,
  NEW_ERROR,
  NEW_NAME,
  NOTED_FAMILY,
  PAUSE,
  PENDING,
  PID_COLUMN,
  PREVIOUS,
  RECENT,
  RESUMED,
  START_LINE,
  STOPPED,
  TAKES_DESCRIPTOR,
  TIME,
  TURNS,
  UNPREFIXED,
} from '../layout';
import { digitCount, isLower, isUpper, lengthBefore, newlines, numberOfDigits } from './bytes';
import {
  argsTo,
  duration,
  error,
  errorFrom,
  errorTo,
  readEnd,
  result,
  returnedFrom,
  returnedTo,
  UNCLEAR,
  UNFINISHED,
  UNKNOWN_ERROR,
} from './line-end';
import { nanoseconds, readPrefix, seconds, tid } from './line-prefix';
import { findName, teachName } from './names';
import { writeNotes } from './notes';
import { findRow, forgetRows, layThreads, numberOf, rowOf } from './threads';

export { forgetRows, rowOf };

/** Longer lines are JavaScript's: it shortens the longest. */
const LONGEST_LINE: usize = 65_536;
/** A step of the clock that may be a midnight, or damage. */
const HALF_A_DAY: f64 = 43_200;
/** Nobody has descriptors of more digits. */
const DESCRIPTOR_DIGITS = 7;
/** `<...`, ` resumed` */
const RESUMED_BEGINS: u32 = 0x2e2e2e3c;
const RESUMED_ENDS: u64 = 0x64656d7573657220;

/** What `readLine` gives, besides the reasons to stop of the layout: the line was read. */
const READ = -1;

// Where the shared tables lie.
let registers: usize = 0;
let calls: usize = 0;
let errors: usize = 0;
let listed: usize = 0;

// The run that is under way: its chunk, the next row of the columns, and copies of the registers.
let chunk: usize = 0;
let integers: usize = 0;
let doubles: usize = 0;
let room: i32 = 0;
let lines: i32 = 0;
let pidColumn: i32 = 0;
let isClock: bool = false;
let isMixed: bool = false;
let unprefixed: i32 = -1;
let decoration: i32 = 0;
let latestSeconds: f64 = 0;
let now: f64 = 0;
let previous: f64 = 0;
let hasPrefix: bool = false;
/** Room when the run began, and the last row whose notes are JavaScript's. */
let allRoom: i32 = 0;
let unnoted: usize = 0;

/** Says where the tables lie that JavaScript made, which are zeros. */
export function lay(
  registersAt: usize,
  rowsAt: usize,
  slotsAt: usize,
  callsAt: usize,
  errorsAt: usize,
  listedAt: usize,
): void {
  registers = registersAt;
  calls = callsAt;
  errors = errorsAt;
  listed = listedAt;
  layThreads(rowsAt, slotsAt);
}

/** Remembers the name at `at` of a call. */
export function teachCall(at: usize, length: i32, number: i32, traits: i32): void {
  teachName(calls, at, length, number, traits);
}

/** Remembers the errno at `at`. */
export function teachError(at: usize, length: i32, number: i32): void {
  teachName(errors, at, length, number, 0);
}

function double(register: i32): f64 {
  return load<f64>(registers + 8 * register);
}

function setDouble(register: i32, value: f64): void {
  store<f64>(registers + 8 * register, value);
}

function register(number: i32): i32 {
  return load<i32>(registers + 8 * DOUBLE_REGISTERS + 4 * number);
}

function setRegister(number: i32, value: i32): void {
  store<i32>(registers + 8 * DOUBLE_REGISTERS + 4 * number, value);
}

function countOne(number: i32): void {
  setRegister(number, register(number) + 1);
}

function cell(row: usize, column: i32): i32 {
  return load<i32>(row + 4 * column);
}

function setCell(row: usize, column: i32, value: i32): void {
  store<i32>(row + 4 * column, value);
}

/**
 * Reads lines from `at` on in the chunk of `length` bytes at `chunkAt`, until one is hard or no whole one is left, and
 * writes their calls into the columns, where there is room for `rowsLeft` more. Gives the address of the first line
 * that was not read. `PADDING` bytes behind the chunk are readable.
 */
export function run(chunkAt: usize, length: i32, at: usize, integersAt: usize, doublesAt: usize, rowsLeft: i32): usize {
  begin(chunkAt, integersAt, doublesAt, rowsLeft);
  const end = chunkAt + length;
  let from = at;
  let stopped = AT_END;
  for (let place = at; place < end && stopped === AT_END; place += 64) {
    for (let found = newlines(place); found !== 0; found &= found - 1) {
      const to = place + usize(ctz(found));
      if (to >= end) break;
      const outcome = readLine(from, contentEnd(from, to));
      if (outcome !== READ) {
        stopped = outcome;
        break;
      }
      from = to + 1;
    }
  }
  finish(rowsLeft - room, stopped);
  return from;
}

function begin(chunkAt: usize, integersAt: usize, doublesAt: usize, rowsLeft: i32): void {
  chunk = chunkAt;
  integers = integersAt;
  doubles = doublesAt;
  room = rowsLeft;
  allRoom = rowsLeft;
  unnoted = 0;
  lines = register(LINES);
  pidColumn = register(PID_COLUMN);
  isClock = register(IS_CLOCK) !== 0;
  isMixed = register(IS_MIXED) !== 0;
  unprefixed = register(UNPREFIXED);
  decoration = register(DECORATION);
  latestSeconds = double(LATEST_SECONDS);
  now = double(NOW);
  previous = double(PREVIOUS);
  hasPrefix = false;
}

function finish(count: i32, stopped: i32): void {
  setRegister(LINES, lines);
  setRegister(DECORATION, decoration);
  setRegister(UNPREFIXED, unprefixed);
  setRegister(COUNT, count);
  setRegister(STOPPED, stopped);
  if (hasPrefix) setRegister(HAS_PREFIXES, 1);
  setDouble(LATEST_SECONDS, latestSeconds);
  setDouble(NOW, now);
  setDouble(PREVIOUS, previous);
}

/** Leaves out carriage returns and blanks at the end of the line. */
function contentEnd(from: usize, to: usize): usize {
  let end = to;
  while (end > from) {
    const byte = load<u8>(end - 1);
    if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) break;
    end--;
  }
  return end;
}

function readLine(from: usize, to: usize): i32 {
  if (to - from > LONGEST_LINE) return HARD_LINE;
  if (room === 0) return COLUMNS_FULL;
  const body = readPrefix(from, pidColumn, isClock);
  if (body === 0 || body >= to) return HARD_LINE;
  const first = load<u8>(body);
  if (isLower(first) || first === 0x5f) return readCall(from, body, to);
  if (first === 0x3c /* < */) return readResumed(from, body, to);
  return HARD_LINE;
}

/** The name of `length` bytes at `at` was not taught. */
function newName(at: usize, length: i32): i32 {
  return newWord(NEW_NAME, at, at + length);
}

function newWord(reason: i32, from: usize, to: usize): i32 {
  setRegister(NAME_FROM, i32(from - chunk));
  setRegister(NAME_TO, i32(to - chunk));
  return reason;
}

/** The row of the line's thread when it is lent; else 0. */
function rowOfLine(): usize {
  const thread = tid >= 0 ? tid : unprefixed;
  if (thread < 0) return 0;
  const row = findRow(thread);
  return row === 0 || cell(row, IS_LENT) === 0 ? 0 : row;
}

/** The time of the line; NaN when only JavaScript can tell. Nothing is changed. */
function timeOfLine(row: usize): f64 {
  if (abs(seconds - latestSeconds) > HALF_A_DAY) return NaN;
  // In the order of `StampClock.at`: floating-point sums depend on it.
  const time =
    (seconds - double(ORIGIN_SECONDS) + double(DAYS)) * 1e9 +
    (nanoseconds - double(ORIGIN_NANOSECONDS)) +
    double(SHIFT);
  return time > double(ALARM) || time < load<f64>(row + 8 * TIME) ? NaN : time;
}

/** The line is read: what it means for the clock and its thread. */
function enter(row: usize, time: f64): void {
  latestSeconds = seconds;
  if (time > now) now = time;
  if (time < previous) countOne(BACKWARD);
  previous = time;
  store<f64>(row + 8 * TIME, time);
  if (tid >= 0) {
    hasPrefix = true;
    // Who is the only one left is found out again.
    if (isMixed && pidColumn !== 0) unprefixed = -1;
  }
  lines++;
  if (cell(row, IS_LISTED) === 0) {
    setCell(row, IS_LISTED, 1);
    const count = register(LISTED);
    store<i32>(listed + 4 * count, numberOf(row));
    setRegister(LISTED, count + 1);
  }
}

/** `accept4(3, ...) = 5 <0.000012>` and `accept4(3,  <unfinished ...>`. */
function readCall(from: usize, body: usize, to: usize): i32 {
  const length = lengthBefore(body, 0x28 /* ( */);
  if (length < 0) return HARD_LINE;
  const name = findName(calls, body, length);
  if (name === 0) return newName(body, length);
  const traits = load<i32>(name + 4 * NAME_TRAITS);
  if ((traits & IS_HARD) !== 0) return HARD_LINE;
  const args = body + length + 1;
  // What a `write` puts on the terminal may stand inside of its line.
  if ((traits & IS_WRITE) !== 0 && isTerminal(args) && (isMixed || load<u8>(to - 1) !== 0x3e)) return HARD_LINE;
  const ending = readEnd(args, to, errors);
  if (ending === UNCLEAR) return HARD_LINE;
  if (ending === UNKNOWN_ERROR) return newWord(NEW_ERROR, errorFrom, errorTo);
  const row = rowOfLine();
  if (row === 0 || cell(row, PENDING) !== 0) return HARD_LINE;
  let fd = -1;
  let decorated = decoration;
  if ((traits & TAKES_DESCRIPTOR) !== 0) {
    if (isLower(load<u8>(args))) return HARD_LINE;
    // Raw numbers (`-e raw=all`).
    if (load<u16>(args) === 0x7830 /* 0x */) return HARD_LINE;
    const count = digitCount(args);
    if (count > DESCRIPTOR_DIGITS) return HARD_LINE;
    const end = args + count;
    if (load<u8>(end) === 0x3c /* < */ && decoration !== DECORATION_ADDRESS) {
      // Protocols are written in capitals, and only JavaScript knows them.
      if (isUpper(load<u8>(end + 1))) return HARD_LINE;
      decorated = DECORATION_PATH;
    }
    if (count > 0) fd = numberOfDigits(args, count);
  }
  if ((traits & IS_SET) !== 0 && decorated === DECORATION_NONE && isDecoratedSet(args)) return HARD_LINE;
  const time = timeOfLine(row);
  if (Number.isNaN(time)) return HARD_LINE;
  const pause = time - load<f64>(row + 8 * CALL_TIME);
  const wantsLine = ending !== UNFINISHED && pause >= SHORTEST_GAP;
  if (wantsLine && cell(row, LAST_LINE) !== 0 && cell(row, LAST_FROM) < 0) return HARD_LINE;

  decoration = decorated;
  enter(row, time);
  turnLines(row, from, to);
  store<f64>(row + 8 * CALL_TIME, time);
  const number = load<i32>(name + 4 * NAME_NUMBER);
  if (ending === UNFINISHED) {
    countOne(COUNT_UNFINISHED);
    store<f64>(row + 8 * PAUSE, pause);
    store<f64>(row + 8 * CALL_START, time);
    setCell(row, PENDING, number + 1);
    setCell(row, FD, fd);
    setCell(row, START_LINE, lines);
    setCell(row, ARGS_FROM, i32(args - from));
    setCell(row, ARGS_TO, i32(argsTo - from));
    setCell(row, ENTRY_FROM, i32(from - chunk));
    setCell(row, ENTRY_TO, i32(to - chunk));
    setRegister(HALF, numberOf(row));
    return READ;
  }
  countOne(CALLS);
  const end = duration < 0 ? time : time + duration;
  writeCall(row, number, fd, 0, lines, from, to, args);
  noteArguments(traits, args, 0, 0);
  writePrevious(row, wantsLine);
  writeTimes(time, end, duration);
  close(row);
  return READ;
}

/** `<... accept4 resumed>...) = 5 <0.000012>`. */
function readResumed(from: usize, body: usize, to: usize): i32 {
  if (load<u32>(body) !== RESUMED_BEGINS || load<u8>(body, 4) !== 0x20) return HARD_LINE;
  const length = lengthBefore(body + 5, 0x20);
  if (length < 0) return HARD_LINE;
  const name = findName(calls, body + 5, length);
  if (name === 0) return newName(body + 5, length);
  const traits = load<i32>(name + 4 * NAME_TRAITS);
  if ((traits & IS_HARD) !== 0) return HARD_LINE;
  const behind = body + 5 + length;
  const args = behind + 9;
  if (load<u64>(behind) !== RESUMED_ENDS || load<u8>(behind, 8) !== 0x3e || args > to) return HARD_LINE;
  const ending = readEnd(args, to, errors);
  if (ending === UNKNOWN_ERROR) return newWord(NEW_ERROR, errorFrom, errorTo);
  if (ending === UNCLEAR || ending === UNFINISHED) return HARD_LINE;
  const row = rowOfLine();
  const number = load<i32>(name + 4 * NAME_NUMBER);
  // The first half stands in this chunk, or its bytes are not here.
  if (row === 0 || cell(row, PENDING) !== number + 1 || cell(row, ENTRY_FROM) < 0) return HARD_LINE;
  const wantsLine = load<f64>(row + 8 * PAUSE) >= SHORTEST_GAP;
  if (wantsLine && cell(row, BEFORE_LINE) !== 0 && cell(row, BEFORE_FROM) < 0) return HARD_LINE;
  const time = timeOfLine(row);
  if (Number.isNaN(time)) return HARD_LINE;

  enter(row, time);
  store<f64>(row + 8 * CALL_TIME, time);
  countOne(RESUMED);
  const start = load<f64>(row + 8 * CALL_START);
  // Two stamps say better how long a call took than a number that does not fit between them.
  const took = time - start;
  const lasted = duration < 0 || duration > took ? took : duration;
  writeCall(row, number, cell(row, FD), SPLIT, cell(row, START_LINE), from, to, args);
  const record = integers;
  const entry = cell(row, ENTRY_FROM);
  store<i32>(record + 4 * COLUMN_ENTRY_FROM, entry);
  store<i32>(record + 4 * COLUMN_ENTRY_TO, cell(row, ENTRY_TO));
  store<i32>(record + 4 * ENTRY_ARGS_FROM, entry + cell(row, ARGS_FROM));
  store<i32>(record + 4 * ENTRY_ARGS_TO, entry + cell(row, ARGS_TO));
  const entryAt = chunk + usize(entry);
  noteArguments(traits, args, entryAt + usize(cell(row, ARGS_FROM)), entryAt + usize(cell(row, ARGS_TO)));
  writePrevious(row, wantsLine);
  if (duration >= 0) setRegister(HAS_DURATIONS, 1);
  writeTimes(start, time, lasted);
  setCell(row, PENDING, 0);
  setLast(row, from, to);
  close(row);
  return READ;
}

/** The last line of the thread becomes the line before. */
function turnLines(row: usize, from: usize, to: usize): void {
  setCell(row, BEFORE_LINE, cell(row, LAST_LINE));
  setCell(row, BEFORE_FROM, cell(row, LAST_FROM));
  setCell(row, BEFORE_TO, cell(row, LAST_TO));
  setCell(row, TURNS, cell(row, TURNS) + 1);
  setLast(row, from, to);
}

function setLast(row: usize, from: usize, to: usize): void {
  setCell(row, LAST_LINE, lines);
  setCell(row, LAST_FROM, i32(from - chunk));
  setCell(row, LAST_TO, i32(to - chunk));
}

/** The columns that all calls have. */
function writeCall(
  row: usize,
  number: i32,
  fd: i32,
  flags: i32,
  startLine: i32,
  from: usize,
  to: usize,
  args: usize,
): void {
  const record = integers;
  store<i32>(record + 4 * KIND, CALL);
  store<i32>(record + 4 * COLUMN_LANE, cell(row, LANE));
  store<i32>(record + 4 * SYSCALL, number);
  store<i32>(record + 4 * ERROR, error);
  store<i32>(record + 4 * COLUMN_FD, fd);
  store<i32>(record + 4 * FLAGS, flags);
  store<i32>(record + 4 * LINE, lines);
  store<i32>(record + 4 * COLUMN_START_LINE, startLine);
  store<i32>(record + 4 * FROM, i32(from - chunk));
  store<i32>(record + 4 * TO, i32(to - chunk));
  store<i32>(record + 4 * COLUMN_ARGS_FROM, i32(args - chunk));
  store<i32>(record + 4 * COLUMN_ARGS_TO, i32(argsTo - chunk));
  store<i32>(record + 4 * RETURNED_FROM, i32(returnedFrom - chunk));
  store<i32>(record + 4 * RETURNED_TO, i32(returnedTo - chunk));
}

/** What is asked most of the arguments; what only JavaScript can tell is put into a chain of rows, by their notes. */
function noteArguments(traits: i32, args: usize, entryFrom: usize, entryTo: usize): void {
  const family = traits & NOTED_FAMILY;
  if (family === 0 || writeNotes(integers, family, args, argsTo, entryFrom, entryTo)) return;
  const number = allRoom - room;
  if (unnoted === 0) setRegister(FIRST_UNNOTED, number);
  else store<i32>(unnoted + 4 * NOTE, number);
  store<i32>(integers + 4 * NOTE, -1);
  unnoted = integers;
}

/** The line of the thread before the call's first one. */
function writePrevious(row: usize, isWanted: bool): void {
  const record = integers;
  if (!isWanted) {
    store<i32>(record + 4 * PREVIOUS_LINE, 0);
    return;
  }
  const line = cell(row, BEFORE_LINE);
  store<i32>(record + 4 * PREVIOUS_LINE, line);
  store<i32>(record + 4 * PREVIOUS_FROM, line === 0 ? 0 : cell(row, BEFORE_FROM));
  store<i32>(record + 4 * PREVIOUS_TO, line === 0 ? 0 : cell(row, BEFORE_TO));
}

function writeTimes(start: f64, end: f64, lasted: f64): void {
  const record = doubles;
  store<f64>(record + 8 * START, start);
  store<f64>(record + 8 * END, end);
  store<f64>(record + 8 * DURATION, lasted);
  store<f64>(record + 8 * RESULT, result);
}

/** The record is whole. */
function close(row: usize): void {
  if (duration >= 0) setRegister(HAS_DURATIONS, 1);
  setRegister(RECENT, numberOf(row));
  integers += 4 * INTEGERS;
  doubles += 8 * DOUBLES;
  room--;
}

/** Descriptor 1 or 2 stands at `args`: `1, `, `2</dev/pts/0>`, `fd=1`. */
function isTerminal(args: usize): bool {
  const first = load<u8>(args);
  if (first === 0x66 /* f */) return true;
  const second = load<u8>(args, 1);
  return (first === 0x31 || first === 0x32) && (second === 0x2c || second === 0x3c);
}

/** `[{fd=5<`, `1024, [5<`: the first descriptor of a set is, or may be, decorated. */
function isDecoratedSet(args: usize): bool {
  const size = digitCount(args);
  if (size === 8) return true;
  let at = args + size;
  at = at > args && load<u16>(at) === 0x202c /* ',' ' ' */ ? at + 2 : args;
  if (load<u8>(at) !== 0x5b /* [ */) return false;
  at++;
  if (load<u32>(at) === 0x3d64667b /* {fd= */) at += 4;
  const count = digitCount(at);
  return count === 8 || (count > 0 && load<u8>(at + count) === 0x3c);
}
