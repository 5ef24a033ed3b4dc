import { knownSyscall } from '../../src/trace/syscall-numbers.ts';
import { factsOfWords } from '../timeline/call-in-words.ts';
import type { CallFacts } from '../timeline/printed-call.ts';
import type { PerfLine } from './line.ts';
import { straceWords } from './strace-words.ts';

/**
 * What a line says of a call whose arguments stand in `entry`, the same line unless the call was split; null for names
 * that are no call.
 */
export function factsOf(read: PerfLine, entry: PerfLine, start: number, end: number): CallFacts | null {
  const { name, took, result, error } = read;
  const words = straceWords(knownSyscall(name), entry.args);
  return factsOfWords({ name, words, start, end, isTimed: took !== null, result, error });
}
