import { errorInWords } from '../../src/trace/error-words.ts';
import { errorName } from '../../src/trace/errors.ts';
import type { LineParts, Stamp } from '../format.ts';
import { splitResult } from '../text/call-notation.ts';

/** A line of `perf trace`, taken apart. */
export interface PerfLine {
  /** Milliseconds of the entry; null for a call that began before the capture. */
  readonly at: number | null;
  /** Milliseconds; null where the call has not returned, or its beginning is not known. */
  readonly took: number | null;
  readonly comm: string;
  /** -1 when one thread only was traced, and lines name none. */
  readonly tid: number;
  readonly name: string;
  readonly args: string;
  /** The end of a call that an earlier line began. */
  readonly isContinued: boolean;
  /** `...`: it goes on in a later line. */
  readonly isOpen: boolean;
  /** As printed: `5`, `-1`, `0x7f1`, `?`. */
  readonly result: string;
  readonly error: string;
}

const HEAD = /^\s*(\?|\d{1,20}\.\d{1,6})\s+\(\s*(?:(\d{1,12}\.\d{1,6}) ms|\?)?\s*\):\s+(.*)$/s;
/** `--call-graph` prints the frames of a call under it. */
export const FRAME = /^\s{10,}\S.* \(.*\)$/;
/** `gunicorn/27081`; with `--no-comm` the number alone. */
const THREAD = /^(?:(.{0,40}?)\/)?(\d{1,10})\s+(?=\.\.\. \[continued\]: |[a-z_][a-z0-9_:]*\()/s;
const CALL = /^(\.\.\. \[continued\]: )?([a-z_][a-z0-9_]{0,40})\((.*)$/s;
/** With the error's name, or (perf 7, where it does not know the machine) `(unknown)` and the error in words. */
const RESULT =
  /\)\s*=\s*(-?\d{1,20}|0x[0-9a-f]{1,16}|\?)(?:\s+(E[A-Z0-9_]{1,30})\b.*|(?:\s+[\w()]{1,30})?\s*\(([^()]*(?:\([^()]*\))?[^()]*)\))?$/s;
/** The kernel's own codes for a call that it begins again, of which the C library has no words. */
const WORDLESS = /^INTERNAL ERROR: strerror_r\((\d{3}),/;
/** Of a wait that found no child perf prints nothing where 0 should stand, and flags of a descriptor as words. */
const NOTHING = /\)\s*=\s*$/;
const WORDS: ReadonlyMap<string, RegExp> = new Map([
  ['wait4', NOTHING],
  ['waitid', NOTHING],
  ['fcntl', /\)\s*=\s*[A-Z][A-Z0-9_x|]*$/],
]);
/** Times a little below zero come out as 2^64 nanoseconds. */
const WRAPPED = 2 ** 64 / 1_000_000;

/** `     0.032 ( 0.022 ms): ` stands in front of the thread. */
const TIMES = /^\s*(?:\?|\d{1,20}\.\d{1,6})\s+\([^():]{0,40}\):\s+/;

/** A time stands near the beginning of a line. */
const BEGINNING = 80;
const STAMP = /^\s*(\d{1,20}\.\d{1,6})\s+\(/;

/** A line as it is shown where there is little room. */
export function partsOfPerfLine(line: string): LineParts {
  const time = TIMES.exec(line)?.[0] ?? '';
  const rest = line.slice(time.length);
  const [body, results] = splitResult(rest, time === '' ? -1 : rest.lastIndexOf(' = '));
  return { owner: '', time, body, results };
}

/** Milliseconds from the first event, or with `-T` of the monotonic clock. */
export function stampOfPerfLine(line: string): Stamp | null {
  const at = milliseconds(STAMP.exec(line.slice(0, BEGINNING))?.[1] ?? '?');
  return at === null ? null : { clock: 'monotonic', seconds: at / 1_000 };
}

function milliseconds(stamp: string): number | null {
  if (stamp === '?') return null;
  const at = Number(stamp);
  return at > WRAPPED / 2 ? at - WRAPPED : at;
}

/** Whether the line begins an entry; what follows it, up to the next such line, may be its continuation. */
export function isHead(line: string): boolean {
  return HEAD.test(line);
}

/** Reads a whole line; null when it is none, `event` when it is another event than a call. */
export function readPerfLine(line: string): PerfLine | 'event' | null {
  const head = HEAD.exec(line);
  if (head === null) return null;
  const [, stamp = '', took, rest = ''] = head;
  const thread = THREAD.exec(rest);
  const body = thread === null ? rest : rest.slice(thread[0].length);
  const call = CALL.exec(body);
  if (call === null) return /^[a-z_][a-z0-9_]*:[a-z0-9_]+[(:]/.test(body) ? 'event' : null;
  const [, continued, name = '', tail = ''] = call;
  const isOpen = /\.\.\.\s*$/.test(tail);
  const result = isOpen ? null : (RESULT.exec(tail) ?? WORDS.get(name)?.exec(tail) ?? null);
  if (result === null && !isOpen) return null;
  const value = result === null ? '' : (result[1] ?? (name === 'fcntl' ? '?' : '0'));
  const words = result?.[3] ?? '';
  const code = value === '-1' ? Number(WORDLESS.exec(words)?.[1] ?? Number.NaN) : Number.NaN;
  return {
    at: milliseconds(stamp),
    took: took === undefined ? null : Number(took),
    comm: thread?.[1]?.startsWith(':') === true ? '' : (thread?.[1] ?? ''),
    tid: thread === null ? -1 : Number(thread[2]),
    name,
    args: (result === null ? tail.replace(/\)?\s*\.\.\.\s*$/, '') : tail.slice(0, result.index)).trim(),
    isContinued: continued !== undefined,
    isOpen,
    // As strace has it: what the call returned is not known yet.
    result: Number.isNaN(code) ? value : '?',
    error: Number.isNaN(code) ? (result?.[2] ?? (value === '-1' ? errorInWords(words) : '')) : errorName(code),
  };
}
