import { errorNumber } from '../../src/trace/errors.ts';
import { knownSyscall } from '../../src/trace/syscall-numbers.ts';
import { syscall } from '../../src/trace/syscalls.ts';
import { type Nanoseconds, UNKNOWN } from '../../src/trace/time.ts';
import type { CallFacts } from './printed-call.ts';

/** A call as a line prints it. */
export interface CallInWords {
  readonly name: string;
  /** In strace's words: `5, NULL, NULL, SOCK_CLOEXEC`. What the line leaves out has to be put in. */
  readonly words: string;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  /** False where `end` is a guess: the call then has no duration. */
  readonly isTimed: boolean;
  /** As printed: `5`, `-1`, `0x7f1`; `?` or nothing where it is not known. */
  readonly result: string;
  /** `EAGAIN`; empty for a call that succeeded. */
  readonly error: string;
}

/** What a line says of a call that has ended; null for names that are no call. */
export function factsOfWords({ name, words, start, end, isTimed, result, error }: CallInWords): CallFacts | null {
  const known = knownSyscall(name);
  if (known === '') return null;
  const called = syscall(known);
  const value = Number(result);
  const isKnown = result !== '' && result !== '?' && Number.isFinite(value);
  return {
    syscall: called,
    start,
    end,
    duration: isTimed && end >= start ? end - start : UNKNOWN,
    // Some tracers print the number of the error.
    result: isKnown ? (error === '' ? value : -1) : Number.NaN,
    error,
    value: error === '' ? (isKnown ? value : 0) : -errorNumber(error) || -1,
    fd: called.takesDescriptor ? descriptorIn(words) : -1,
    inFlight: false,
    raw: [],
    data: '',
    eventBytes: 12,
    words,
  };
}

/** The same for a call that was entered and has not returned. */
export function pendingFacts(call: Pick<CallInWords, 'name' | 'words' | 'start'>): CallFacts | null {
  const facts = factsOfWords({ ...call, end: call.start, isTimed: false, result: '?', error: '' });
  return facts === null ? null : { ...facts, inFlight: true };
}

/** The first argument as a descriptor number, `3` or `0x64`; -1 for AT_FDCWD and for what is no such number. */
function descriptorIn(words: string): number {
  const fd = Number(/^(?:0x[0-9a-f]{1,8}|\d{1,10})(?!\w)/.exec(words)?.[0] ?? -1);
  return fd <= 0x7fffffff ? fd : -1;
}
