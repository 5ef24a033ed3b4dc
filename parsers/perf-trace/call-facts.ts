import { errorNumber } from '../../src/trace/errors.ts';
import { knownSyscall } from '../../src/trace/syscall-numbers.ts';
import { syscall } from '../../src/trace/syscalls.ts';
import { UNKNOWN } from '../../src/trace/time.ts';
import type { CallFacts } from '../timeline/printed-call.ts';
import type { PerfLine } from './line.ts';

/**
 * What a line says of a call whose arguments stand in `entry`, the same line unless the call was split; null for names
 * that are no call.
 */
export function factsOf(read: PerfLine, entry: PerfLine, start: number, end: number): CallFacts | null {
  const name = knownSyscall(read.name);
  if (name === '') return null;
  const called = syscall(name);
  const value = Number(read.result);
  const isKnown = read.result !== '' && read.result !== '?' && Number.isFinite(value);
  const isTimed = read.took !== null && end >= start;
  return {
    syscall: called,
    start,
    end,
    duration: isTimed ? end - start : UNKNOWN,
    result: isKnown ? value : Number.NaN,
    error: read.error,
    value: read.error === '' ? (isKnown ? value : 0) : -errorNumber(read.error) || -1,
    fd: called.takesDescriptor ? descriptorIn(name, entry.args) : -1,
    inFlight: false,
    raw: [],
    data: '',
    eventBytes: 12,
    words: entry.args,
  };
}

/** Calls whose first argument is always a descriptor number: where perf leaves it out, it is 0. */
const ALWAYS_A_NUMBER: ReadonlySet<string> = new Set(
  'accept accept4 epoll_wait epoll_pwait epoll_pwait2 epoll_ctl shutdown fcntl ioctl'.split(' '),
);

/** The first argument as a descriptor number; -1 for AT_FDCWD and for what is no such number. */
function descriptorIn(call: string, printed: string): number {
  const digits = /^(?:[a-z_][a-z0-9_]*: )?(\d{1,10})/.exec(printed)?.[1];
  if (digits === undefined) return ALWAYS_A_NUMBER.has(call) ? 0 : -1;
  return Number(digits) <= 0x7fffffff ? Number(digits) : -1;
}
