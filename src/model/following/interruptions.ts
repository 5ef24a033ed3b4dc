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

/** Whether a thread goes on with the call that this signal interrupted. */
export function passes(signal: string): boolean {
  return PASSING.has(signal);
}
