import type { Flag } from '../../src/trace/call-arguments.ts';
import type { Syscall } from '../../src/trace/syscalls.ts';
import * as kernel from './kernel-words.ts';
import { flagWord } from './kernel-words.ts';
import { readyEvents, splitArguments } from './strace-text.ts';

// What `strace -X raw` prints: the kernel's numbers in the places of words.

/** `EPOLL_CTL_ADD` as `-X raw` prints it: `7, 0x1, 5, …`. */
export function rawEpollChange(args: string): RegExpExecArray | null {
  return /^(?:0x[0-9a-f]+|\d+)(?:<.*?>)?, (0x[123]), (0x[0-9a-f]+|\d+)/.exec(args);
}

/** The flag in the numbers of `-X raw`. */
export function hasRawFlag({ family, name }: Syscall, flag: Flag, args: string): boolean {
  if (!args.includes('0x')) return false;
  const parts = splitArguments(args);
  switch (flag) {
    case 'SOCK_NONBLOCK':
      return flagWord(parts[name === 'accept4' ? 3 : 1] ?? '', kernel.socketFlags).includes(flag);
    case 'HUP':
      return family === 'epoll-wait' && readyEvents(args).some(({ events }) => (events & 0x2010) !== 0);
    case 'F_DUPFD':
    case 'SETLK':
      return family === 'fcntl' && flagWord(parts[1] ?? '', kernel.fcntlCommand).includes(flag);
    case 'CLONE_THREAD':
    case 'CLONE_VFORK':
      return flagWord(/flags=(0x[0-9a-f]+)/.exec(args)?.[1] ?? '', kernel.cloneFlags).includes(flag);
    case 'MSG_DONTWAIT':
    case 'MSG_PEEK':
      return flagWord(parts[name === 'sendto' || name === 'recvfrom' ? 3 : 2] ?? '', kernel.messageFlags).includes(
        flag,
      );
    case 'O_APPEND':
      return flagWord(parts[name === 'openat' ? 2 : 1] ?? '', kernel.statusFlags).includes(flag);
    // The kernel's number of it; the name is a word in any case.
    case 'PR_SET_NAME':
      return parts[0] === '0xf';
    case 'WNOHANG':
      return flagWord(parts[2] ?? '', kernel.waitFlags).includes(flag);
    // Words or not, its arguments are numbers.
    case 'NO_DESCRIPTORS':
      return false;
    // The status of a child is written in words or not at all.
    case 'WCOREDUMP':
      return false;
  }
}
