import type { Flag } from '../../src/trace/call-arguments.ts';
import type { Family } from '../../src/trace/syscalls.ts';

/**
 * Words that are looked for in the bytes of frequent calls, by the families in which they matter. The last of each is
 * what `-X raw` prints before a number in place of the word.
 */
export const ARGUMENT_WORDS = {
  accept: ['SOCK_NONBLOCK', ', 0x8'],
  'epoll-wait': ['HUP', 'events=0x'],
  ioctl: ['FIONBIO', '[1]', ', 0x5'],
  fcntl: ['F_SETFL', 'O_NONBLOCK', 'F_DUPFD', 'SETLK', ', 0x'],
} as const satisfies Partial<Record<Family, readonly string[]>>;

/** By family, the word that says that numbers stand in place of words: then the text must be read. */
export const RAW_WORD = {
  accept: ', 0x8',
  'epoll-wait': 'events=0x',
  ioctl: ', 0x5',
  fcntl: ', 0x',
} as const satisfies Record<keyof typeof ARGUMENT_WORDS, ArgumentWord>;

/** A family whose arguments are looked into. */
export type ScannedFamily = keyof typeof ARGUMENT_WORDS;

export type ArgumentWord = (typeof ARGUMENT_WORDS)[keyof typeof ARGUMENT_WORDS][number];

/** The family of these calls, if the flag is looked for in their bytes; else null. */
export function scannedFor(family: Family, flag: Flag): ScannedFamily | null {
  switch (flag) {
    case 'SOCK_NONBLOCK':
      return family === 'accept' ? family : null;
    case 'HUP':
      return family === 'epoll-wait' ? family : null;
    case 'F_DUPFD':
    case 'SETLK':
      return family === 'fcntl' ? family : null;
    default:
      return null;
  }
}
