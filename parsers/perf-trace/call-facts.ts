import { factsOfWords } from '../timeline/call-in-words.ts';
import type { CallFacts } from '../timeline/printed-call.ts';
import type { PerfLine } from './line.ts';

/**
 * What a line says of a call whose arguments stand in `entry`, the same line unless the call was split; null for names
 * that are no call.
 */
export function factsOf(read: PerfLine, entry: PerfLine, start: number, end: number): CallFacts | null {
  const { name, took, result, error } = read;
  const words = entry.args;
  const facts = factsOfWords({ name, words, start, end, isTimed: took !== null, result, error });
  if (facts?.syscall.takesDescriptor !== true) return facts;
  // Where nothing of its beginning is in the capture the number is not 0, but unknown.
  const isUntold = read.isContinued && entry === read;
  return { ...facts, fd: isUntold ? -1 : descriptorIn(facts.syscall.name, words) };
}

/** Calls whose first argument is always a descriptor number: where perf leaves it out, it is 0. */
const ALWAYS_A_NUMBER: ReadonlySet<string> = new Set(
  'accept accept4 epoll_wait epoll_pwait epoll_pwait2 epoll_ctl shutdown fcntl ioctl'.split(' '),
);

/** The first argument as a descriptor number; -1 for AT_FDCWD and for what is no such number. */
export function descriptorIn(call: string, printed: string): number {
  const digits = /^(?:[a-z_][a-z0-9_]*: )?(\d{1,10})/.exec(printed)?.[1];
  if (digits === undefined) return ALWAYS_A_NUMBER.has(call) ? 0 : -1;
  return Number(digits) <= 0x7fffffff ? Number(digits) : -1;
}
