import type { Flag } from '../../src/trace/call-arguments.ts';
import type { Family } from '../../src/trace/syscalls.ts';

/** Words that are looked for in the bytes of frequent calls, by the families in which they matter. */
export const ARGUMENT_WORDS = {
  accept: ['SOCK_NONBLOCK'],
  'epoll-wait': ['HUP'],
  ioctl: ['FIONBIO', '[1]'],
  fcntl: ['F_SETFL', 'O_NONBLOCK', 'F_DUPFD', 'SETLK'],
} as const satisfies Partial<Record<Family, readonly string[]>>;

export type ArgumentWord = (typeof ARGUMENT_WORDS)[keyof typeof ARGUMENT_WORDS][number];

/** Whether the flag is looked for in the bytes of calls of that family. */
export function isScanned(family: Family, flag: Flag): flag is Flag & ArgumentWord {
  switch (flag) {
    case 'SOCK_NONBLOCK':
      return family === 'accept';
    case 'HUP':
      return family === 'epoll-wait';
    case 'F_DUPFD':
    case 'SETLK':
      return family === 'fcntl';
    default:
      return false;
  }
}
