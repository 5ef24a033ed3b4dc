import { errorNumber } from '../../src/trace/errors.ts';
import { knownSyscall } from '../../src/trace/syscall-numbers.ts';
import { syscall } from '../../src/trace/syscalls.ts';
import { UNKNOWN } from '../../src/trace/time.ts';
import type { CallFacts } from '../timeline/printed-call.ts';
import type { PerfLine } from './line.ts';
import { straceWords } from './strace-words.ts';

/**
 * What a line says of a call whose arguments stand in `entry`, the same line unless the call was split; null for names
 * that are no call.
 */
export function factsOf(read: PerfLine, entry: PerfLine, start: number, end: number): CallFacts | null {
  const name = knownSyscall(read.name);
  if (name === '') return null;
  const called = syscall(name);
  const words = straceWords(name, entry.args);
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
    fd: called.takesDescriptor ? descriptorIn(words) : -1,
    inFlight: false,
    isPartial: false,
    raw: [],
    data: '',
    eventBytes: 12,
    words,
  };
}

/** The first argument as a descriptor number; -1 for AT_FDCWD and for what is no such number. */
function descriptorIn(words: string): number {
  const fd = Number(/^\d{1,10}/.exec(words)?.[0] ?? -1);
  return fd <= 0x7fffffff ? fd : -1;
}
