import type { Cause } from './cause.ts';

/** Each cause as the end of a sentence: what the worker was in. */
export const CAUSE_IN_WORDS: Readonly<Record<Cause, string>> = {
  'blocking-call': 'a blocking call',
  'futex-ladder': 'short futex waits, one after the other',
  'foreign-poll': "a wait that is not the loop's own",
  dns: 'a name lookup',
  'disk-sync': 'a disk sync',
  'file-lock': 'a file lock',
  sleep: 'a sleep',
  'child-wait': 'a child process',
  log: 'writing a log',
  lock: 'a lock',
  'no-syscall': 'outside system calls',
  'patched-thread-pool': 'work in a patched thread pool',
  'gil-wait': 'the interpreter lock',
  import: 'importing program files',
  'many-requests': 'many requests in one turn',
  'one-connection': 'one connection, served over and over',
};
