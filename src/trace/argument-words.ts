import type { Family } from './syscalls.ts';

/** Words that trackers look for in the arguments of frequent calls, by the families in which they matter. */
export const ARGUMENT_WORDS = {
  accept: ['SOCK_NONBLOCK'],
  'epoll-wait': ['HUP'],
  ioctl: ['FIONBIO', '[1]'],
  fcntl: ['F_SETFL', 'O_NONBLOCK', 'F_DUPFD', 'SETLK'],
} as const satisfies Partial<Record<Family, readonly string[]>>;

export type ArgumentWord = (typeof ARGUMENT_WORDS)[keyof typeof ARGUMENT_WORDS][number];
