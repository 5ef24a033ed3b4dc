import type { Call } from '../../trace/record.ts';

/** Signals that a process handles in passing, or ignores: what it was in goes on. */
const PASSING: ReadonlySet<string> = new Set([
  'SIGALRM',
  'SIGVTALRM',
  'SIGPROF',
  'SIGCHLD',
  'SIGURG',
  'SIGWINCH',
  'SIGCONT',
  'SIGSTOP',
  'SIGIO',
]);

/** Whether a call that ended with this error was interrupted, and the kernel begins it again. */
export function isInterruption(error: string): boolean {
  return error.startsWith('ERESTART');
}

/**
 * Whether its thread was killed in a call of which no result is known: strace prints its first half and then the end of
 * the thread, or `= ?`. In other captures all calls are without results.
 */
export function isCutShort({ startLine, line, text }: Call): boolean {
  return startLine !== line || text.endsWith(' = ?');
}

/** Whether a thread goes on with the call that this signal interrupted. */
export function passes(signal: string): boolean {
  return PASSING.has(signal);
}
