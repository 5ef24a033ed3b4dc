import { type ColumnRole, namedColumn, UNIT_NAMES, UNITS } from '../../src/trace/column-names.ts';
import { groupedBy } from '../../src/trace/grouped-by.ts';
import { isPid } from '../../src/trace/process-number.ts';
import { syscallName, syscallNumber } from '../../src/trace/syscall-numbers.ts';
import { syscall } from '../../src/trace/syscalls.ts';
import { type Column, columnsUnder, headingOf } from './headings.ts';
import { printedWords, wordsOf } from './printed-words.ts';

const NUMBER = /^-?\d{1,20}(?:\.\d{1,9})?$/;
const INTEGER = /^-?\d{1,20}$/;
/** A label of a number that says which error it was: `failed errno=11` beside `ok ret=12`. */
const ERROR = /^err(?:no|or)?$/i;
const FRACTION = /^\d{1,9}\.\d{1,9}$/;
/** A time of day: `02:13:37.123`. */
export const CLOCK = /^(\d\d):(\d\d):(\d\d)(?:[.,:](\d{1,9}))?$/;
const CALL = /^(?:(?:tracepoint:)?syscalls:)?(?:sys_(?:enter|exit)_|__(?:x64|arm64)_sys_|sys_)?([a-z]\w{1,40})$/;

/** Of fewer lines nobody can tell which column is which. */
const LEAST_LINES = 3;
/** So many of the lines must agree on a column. */
const AGREED = 0.9;
/** Processors hand their lines over in turns: some stand before earlier ones. */
const RISING = 0.8;
/** A thread may be in two calls at once in so few of the lines. */
const OVERLAPPING = 0.05;
const MANY_VALUES = 10;
/** No machine prints more lines in a second: the unit of the time column is larger. */
const MOST_LINES_A_SECOND = 2e6;

/** How lines of somebody else's program are read. */
export interface ForeignLayout {
  /** The columns in order, as `--columns` takes them: `ts pid tid comm call fd ret dur:ns`. */
  readonly description: string;
  /** The times are times of day. */
  readonly isClock: boolean;
  /** No column is a time: what a call took is told, not when. */
  readonly isTimeless: boolean;
  /** The lines are `key=value` already, of another meaning. */
  readonly isKeyed?: boolean;
  /** The line as `key=value`; null when it is not of this form. */
  translate(line: string): string | null;
}

export interface Plan {
  readonly words: number;
  /** Lines that voted for it. */
  readonly rows: number;
  readonly columns: readonly Column[];
  /** The time is that of the return, so that the entry lies before it. */
  readonly isAtReturn: boolean;
}

/**
 * Finds out by a vote of the lines which column is which: a column of names (or numbers) of syscalls, one of rising
 * times, one or two of processes and threads, results (some are negative) and durations. Words such as `fd=`, `after`
 * and `us` say it outright. Null when no call, no time or no thread is found; without a time when a line does not say
 * outright what is the thread, the call and, with its unit, how long the call took.
 */
export function learnColumns(lines: readonly string[]): ForeignLayout | null {
  const heading = headingOf(lines);
  const groups = groupedBy(
    lines.filter((_, at) => at !== heading?.at),
    (line) => wordsOf(line).length,
  );
  const all = [...groups].flatMap(([count, same]) => {
    const under = heading === null ? [] : columnsUnder(heading, same);
    return planOf(count, same.map(wordsOf), under) ?? [];
  });
  const timed = all.filter(isTimed);
  const plans = timed.length > 0 ? timed : all;
  return plans.length === 0 ? null : columnsOf(plans);
}

/** How lines are read by these plans, one for each number of words. */
export function columnsOf(plans: readonly Plan[]): ForeignLayout {
  const byWords = new Map(plans.map((plan) => [plan.words, plan]));
  const widest = plans.reduce((best, plan) => (plan.rows > best.rows ? plan : best));
  const largest = plans.reduce((best, plan) => (plan.columns.length > best.columns.length ? plan : best));
  const named = largest.columns
    .toSorted((a, b) => a.at - b.at)
    .map(({ role, unit }) =>
      role === 'dur' || (role === 'ts' && unit > 0) ? `${role}:${UNIT_NAMES[unit] ?? 'ns'}` : role,
    );
  return {
    description: named.join(' '),
    isTimeless: !plans.some(isTimed),
    isClock: largest.columns.some(({ role, unit }) => role === 'ts' && unit === 0),
    translate(line) {
      const words = wordsOf(line);
      const own = byWords.get(words.length);
      if (own !== undefined) return translated(own, words);
      // Some calls print more than others: what follows the columns of all of them are arguments or bytes.
      const fields = words.length > widest.words ? translated(widest, words) : null;
      return fields === null ? null : `${fields}${extrasOf(line, widest.words, fields)}`;
    },
  };
}

function isTimed({ columns }: Plan): boolean {
  return columns.some(({ role }) => role === 'ts');
}

/** `under`: the columns that a heading names. */
function planOf(count: number, rows: readonly (readonly string[])[], under: readonly Column[]): Plan | null {
  const columns: Column[] = [];
  const isFree = (at: number): boolean => !columns.some((column) => column.at === at);
  const share = (at: number, holds: (word: string) => boolean): number =>
    rows.filter((row) => holds(row[at] ?? '')).length / rows.length;
  const add = (role: ColumnRole, at: number, unit = Number.NaN): void => {
    if (isFree(at) && !columns.some((column) => column.role === role)) columns.push({ role, at, unit });
  };
  const places = Array.from({ length: count }, (_, at) => at);
  for (const { role, at, unit } of under) if (share(at, HOLDS[role]) >= AGREED) add(role, at, unit);
  for (const at of places) {
    const word = rows[0]?.[at] ?? '';
    const label = namedColumn(word);
    if (label === null || label.role === null || share(at, (other) => other === word) < AGREED) continue;
    if (share(at + 1, HOLDS[label.role]) < AGREED) continue;
    const isClock = label.role === 'ts' && share(at + 1, (other) => CLOCK.test(other)) >= AGREED;
    const told = Number.isNaN(label.unit) ? UNITS[rows[0]?.[at + 2] ?? ''] : label.unit;
    add(label.role, at + 1, isClock ? 0 : (told ?? Number.NaN));
  }
  const saysOutright = isSaidOutright(columns);
  const areEnough = rows.length >= LEAST_LINES || under.length > 0;
  if (!areEnough && !saysOutright) return null;
  const call = places.find((at) => isFree(at) && share(at, isCall) >= AGREED);
  if (call !== undefined) add('call', call);
  const clock = places.find((at) => share(at, (word) => CLOCK.test(word)) >= AGREED);
  if (clock !== undefined) add('ts', clock, 0);
  const times = places.find((at) => isFree(at) && isRising(rows.map((row) => row[at] ?? '')));
  if (times !== undefined) add('ts', times);
  const integers = places.filter((at) => isFree(at) && share(at, (word) => INTEGER.test(word)) >= AGREED);
  if (call === undefined && !saysOutright) addNumbersOfCalls(rows, integers, add);
  const called = columns.find(({ role }) => role === 'call' || role === 'nr');
  if (called === undefined) return null;
  const pivot = called.at;
  const ids = integers.filter((at) => isFree(at) && at < pivot && share(at, isThread) >= AGREED);
  const [pid, tid] = ids;
  if (pid !== undefined) add(tid === undefined ? 'tid' : 'pid', pid);
  if (tid !== undefined) add('tid', tid);
  const isWord = (at: number): boolean => isFree(at) && share(at, (word) => !NUMBER.test(word)) >= AGREED;
  const name = places.find((at) => at < pivot && isWord(at));
  if (name !== undefined) add('comm', name);
  if (!columns.some(({ role }) => role === 'pid' || role === 'tid')) {
    // Behind the call: the number that follows a name.
    const owner = places.find(
      (at) =>
        at > pivot && isWord(at) && isFree(at + 1) && integers.includes(at + 1) && share(at + 1, isThread) >= AGREED,
    );
    if (owner !== undefined) add('tid', owner + 1);
    if (owner !== undefined) add('comm', owner);
  }
  // A number with a unit behind it is a duration.
  const lasted = integers.find((at) => isFree(at) && share(at + 1, (word) => UNITS[word] !== undefined) >= AGREED);
  if (lasted !== undefined) add('dur', lasted, UNITS[rows[0]?.[lasted + 1] ?? '']);
  const fraction = places.findLast(
    (at) => at > pivot && isFree(at) && share(at, (word) => FRACTION.test(word)) >= AGREED,
  );
  if (fraction !== undefined) add('dur', fraction);
  addOutcome(
    rows,
    integers.filter((at) => at > pivot && isFree(at)),
    called,
    add,
  );
  if (saysOutright && !columns.some(({ role }) => role === 'ts')) return finished(count, columns, rows);
  return isEnough(columns) && areEnough ? finished(count, columns, rows) : null;
}

/** Words name the thread, the call and, with its unit, how long that took: one such line is enough. */
function isSaidOutright(columns: readonly Column[]): boolean {
  const has = (role: ColumnRole): boolean => columns.some((column) => column.role === role);
  return has('call') && (has('pid') || has('tid')) && columns.some(({ role, unit }) => role === 'dur' && unit > 0);
}

/** A call, a time and a thread are told. */
function isEnough(columns: readonly Column[]): boolean {
  const has = (role: ColumnRole): boolean => columns.some((column) => column.role === role);
  return (has('call') || has('nr')) && has('ts') && (has('pid') || has('tid'));
}

type Add = (role: ColumnRole, at: number, unit?: number) => void;

/** A column of numbers of syscalls: all are some, and there are several. */
function addNumbersOfCalls(rows: readonly (readonly string[])[], integers: readonly number[], add: Add): void {
  for (const at of integers) {
    const values = new Set(rows.map((row) => row[at] ?? ''));
    if (values.size >= LEAST_LINES && [...values].every((value) => syscallName('x86-64', Number(value)) !== '')) {
      add('nr', at);
      return;
    }
  }
}

/** Calls that return 0 unless they fail. */
const RETURNING_0: ReadonlySet<string> = new Set(
  (
    'close epoll_ctl munmap mprotect madvise bind listen shutdown setsockopt getsockopt getsockname getpeername stat ' +
    'lstat fstat newfstatat access nanosleep rt_sigaction rt_sigprocmask sigaltstack fsync fdatasync unlink mkdir'
  ).split(' '),
);

/** What stands behind the call: its first argument, its result, how long it took. Any of them may be missing. */
function addOutcome(
  rows: readonly (readonly string[])[],
  places: readonly number[],
  { role, at: pivot }: Column,
  add: Add,
): void {
  const values = (at: number): number[] => rows.map((row) => Number(row[at]));
  // A first argument may be -1, AT_FDCWD (-100) or 2^32 - 100; errors are other numbers, too.
  const isNegative = (at: number): boolean => values(at).some((value) => value < -1 && value !== -100);
  const nameIn = (row: readonly string[]): string =>
    (role === 'nr' ? syscallName('x86-64', Number(row[pivot])) : CALL.exec(row[pivot] ?? '')?.[1]) ?? '';
  const zeros = rows.filter((row) => RETURNING_0.has(nameIn(row)));
  const isZero = (at: number): boolean => zeros.length > 0 && zeros.every((row) => Number(row[at]) <= 0);
  const told = places.find(isNegative) ?? places.findLast(isZero);
  const last = places.at(-1);
  // Behind the result a duration is likely: the number of a processor has few values.
  const isBehind = told !== undefined && (last ?? 0) > told;
  const isLarge = (at: number): boolean =>
    values(at).every((value) => value >= 0) &&
    (values(at).some((value) => value >= 1_000) || (isBehind && new Set(values(at)).size >= MANY_VALUES));
  const lasted = last !== undefined && last !== told && isLarge(last) && places.length > 1 ? last : undefined;
  const rest = places.filter((at) => at !== lasted);
  const result = told ?? rest.at(-1);
  if (lasted !== undefined) add('dur', lasted);
  if (result !== undefined) add('ret', result);
  const [first] = rest;
  if (first !== undefined && first !== result) add('fd', first);
}

/** What the word of a column looks like. */
const HOLDS: Readonly<Record<ColumnRole, (word: string) => boolean>> = {
  ts: (word) => NUMBER.test(word) || CLOCK.test(word),
  pid: isThread,
  tid: isThread,
  comm: (word) => word !== '',
  call: (word) => word !== '',
  nr: (word) => INTEGER.test(word),
  fd: (word) => INTEGER.test(word),
  ret: (word) => INTEGER.test(word),
  dur: (word) => NUMBER.test(word),
};

/** Finds the units of times and durations that nobody named, and whether a line was printed at entry or return. */
export function finished(words: number, columns: readonly Column[], rows: readonly (readonly string[])[]): Plan {
  const time = columns.find(({ role }) => role === 'ts');
  const duration = columns.find(({ role }) => role === 'dur');
  const thread = columns.find(({ role }) => role === 'tid') ?? columns.find(({ role }) => role === 'pid');
  if (time === undefined || thread === undefined) return { words, rows: rows.length, columns, isAtReturn: true };
  if (Number.isNaN(time.unit)) time.unit = unitOfTimes(rows.map((row) => row[time.at] ?? ''));
  if (duration === undefined) return { words, rows: rows.length, columns, isAtReturn: true };
  const overlaps = (unit: number, isAtReturn: boolean): number => {
    const free = new Map<string, number>();
    let count = 0;
    for (const row of rows) {
      const stamp = nanosecondsOf(row[time.at] ?? '', time.unit);
      const length = Number(row[duration.at]) * unit;
      const start = isAtReturn ? stamp - length : stamp;
      const name = row[thread.at] ?? '';
      if (start < (free.get(name) ?? Number.NEGATIVE_INFINITY)) count++;
      free.set(name, start + length);
    }
    return count;
  };
  if (Number.isNaN(duration.unit)) {
    // The largest unit in which no thread is in two calls at a time.
    const units = rows.some((row) => FRACTION.test(row[duration.at] ?? '')) ? [1e9, 1e6, 1e3] : [1e6, 1e3, 1];
    const fits = (unit: number): boolean =>
      Math.min(overlaps(unit, true), overlaps(unit, false)) <= rows.length * OVERLAPPING;
    duration.unit = units.find(fits) ?? 1;
    // Short calls fit in any unit: the unit of the times is the likelier one.
    if (time.unit > 0 && duration.unit > time.unit && time.unit < 1e9) duration.unit = time.unit;
  }
  return {
    words,
    rows: rows.length,
    columns,
    isAtReturn: overlaps(duration.unit, true) <= overlaps(duration.unit, false),
  };
}

function unitOfTimes(values: readonly string[]): number {
  if (values.some((value) => value.includes('.'))) return 1e9;
  const numbers = values.map(Number);
  const span = Math.max(...numbers) - Math.min(...numbers);
  // One moment says nothing of its unit; what bpftrace calls the time are nanoseconds.
  if (span === 0) return 1;
  return [1, 1e3, 1e6].find((unit) => values.length / ((span * unit) / 1e9) <= MOST_LINES_A_SECOND) ?? 1e9;
}

function nanosecondsOf(word: string, unit: number): number {
  if (unit !== 0) return Math.round(Number(word) * unit);
  const [, hours, minutes, seconds, fraction = ''] = CLOCK.exec(word) ?? [];
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1e9 + Number(fraction.padEnd(9, '0'));
}

function isCall(word: string): boolean {
  const name = CALL.exec(word)?.[1];
  return name !== undefined && (syscall(name).family !== 'other' || syscallNumber('x86-64', name) >= 0);
}

function isThread(word: string): boolean {
  return isPid(Number(word));
}

/** Nearly every value is at least the one before it, and they are no small numbers. */
function isRising(values: readonly string[]): boolean {
  if (!values.every((value) => NUMBER.test(value))) return false;
  const numbers = values.map(Number);
  const steps = numbers.slice(1).filter((value, i) => value >= (numbers[i] ?? 0)).length;
  const isLarge = numbers.every((value) => value >= 1e6) || values.every((value) => /\.\d{3,9}$/.test(value));
  return isLarge && new Set(values).size > values.length / 2 && steps >= (numbers.length - 1) * RISING;
}

function translated({ columns, isAtReturn }: Plan, words: readonly string[]): string | null {
  const keys: string[] = [];
  const isTimeless = !columns.some(({ role }) => role === 'ts');
  let stamp = isTimeless ? 0 : Number.NaN;
  let duration = Number.NaN;
  for (const { role, at, unit } of columns) {
    const word = words[at] ?? '';
    if (role === 'ts') {
      if (!(unit === 0 ? CLOCK : NUMBER).test(word)) return null;
      stamp = nanosecondsOf(word, unit);
    } else if (role === 'dur') {
      if (!NUMBER.test(word)) return null;
      duration = Math.max(0, Math.round(Number(word) * unit));
    } else if (role === 'call') {
      const name = CALL.exec(word)?.[1];
      if (name === undefined || !isCall(word)) return null;
      keys.push(`call=${name}`);
    } else if (role === 'nr') {
      const name = syscallName('x86-64', Number(word));
      if (name === '') return null;
      keys.push(`call=${name}`);
    } else if (role === 'comm') keys.push(`comm="${word}"`);
    else if (!INTEGER.test(word)) return null;
    else if (role === 'ret' && ERROR.test(words[at - 1] ?? '') && Number(word) > 0) keys.push(`ret=-${word}`);
    else keys.push(`${role}=${word}`);
  }
  const start = Number.isNaN(duration) || !isAtReturn || isTimeless ? stamp : stamp - duration;
  if (!(start >= 0)) return null;
  if (!Number.isNaN(duration)) keys.unshift(`dur=${duration}`);
  return `ts=${start} ${keys.join(' ')}`;
}

/** What stands behind so many words: the operation of an `epoll_ctl`, or bytes that were read or written. */
function extrasOf(line: string, words: number, fields: string): string {
  const rest = line.slice(printedWords(line)[words - 1]?.end ?? line.length).trim();
  const [, op, fd] = /^op=([123]) fd=(\d{1,10})$/.exec(rest) ?? [];
  const epoll = / call=epoll_ctl .*?\bfd=(\d+)/.exec(fields)?.[1];
  if (op !== undefined && fd !== undefined && epoll !== undefined)
    return ` args=${epoll}, EPOLL_CTL_${['ADD', 'DEL', 'MOD'][Number(op) - 1]}, ${fd}`;
  return / call=(?:read|write|send|recv)\w* /.test(fields) ? ` data=${rest}` : '';
}
