import { EVENT } from '../../src/trace/call-arguments.ts';
import { signalName } from '../../src/trace/signals.ts';

/**
 * The words of an argument that stands for a constant: `O_RDWR` as it is, `0x2 /* O_RDWR *\/` (`-X verbose`) without
 * its number, and of a number alone (`-X raw`) what `name` makes of it.
 */
export function flagWord(argument: string, name: (value: number) => string): string {
  if (argument === '') return argument;
  const first = argument.charCodeAt(0);
  if (!(first >= 0x30 && first <= 0x39)) return argument;
  const comment = /^\w+ \/\* ([^*]+) \*\//.exec(argument)?.[1];
  if (comment !== undefined) return comment;
  const value = Number(/^(?:0x[0-9a-f]{1,8}|\d{1,10})$/i.exec(argument)?.[0] ?? Number.NaN);
  return Number.isNaN(value) ? argument : name(value);
}

/** Names of the bits that are set, as strace joins them; `0` for none. */
export function flagWords(value: number, words: readonly (readonly [bit: number, word: string])[]): string {
  const set = words.filter(([bit]) => (value & bit) !== 0).map(([, word]) => word);
  return set.length === 0 ? '0' : set.join('|');
}

export function wordOf(value: number, words: Readonly<Record<number, string>>): string {
  return words[value] ?? String(value);
}

const SOCKET_FLAGS = [
  [0o4000, 'SOCK_NONBLOCK'],
  [0o2000000, 'SOCK_CLOEXEC'],
] as const;
export function socketFlags(value: number): string {
  return flagWords(value, SOCKET_FLAGS);
}

export function socketType(value: number): string {
  const flags = flagWords(value, SOCKET_FLAGS);
  const type = wordOf(value & 0xf, { 1: 'SOCK_STREAM', 2: 'SOCK_DGRAM', 3: 'SOCK_RAW', 5: 'SOCK_SEQPACKET' });
  return flags === '0' ? type : `${type}|${flags}`;
}

export function addressFamily(value: number): string {
  return wordOf(value, {
    1: 'AF_UNIX',
    2: 'AF_INET',
    10: 'AF_INET6',
    16: 'AF_NETLINK',
    17: 'AF_PACKET',
    40: 'AF_VSOCK',
  });
}

export function epollEvents(value: number): string {
  return flagWords(value, [
    [0x1, 'EPOLLIN'],
    [0x2, 'EPOLLPRI'],
    [0x4, 'EPOLLOUT'],
    [0x2000, 'EPOLLRDHUP'],
    [0x8, 'EPOLLERR'],
    [0x10, 'EPOLLHUP'],
    [1 << 28, 'EPOLLEXCLUSIVE'],
    [1 << 30, 'EPOLLONESHOT'],
    [1 << 31, 'EPOLLET'],
  ]).replace(/^0$/, '0x0');
}

export function pollEvents(value: number): string {
  return flagWords(value, [
    [0x1, 'POLLIN'],
    [0x2, 'POLLPRI'],
    [0x4, 'POLLOUT'],
    [0x8, 'POLLERR'],
    [0x10, 'POLLHUP'],
    [0x20, 'POLLNVAL'],
    [0x2000, 'POLLRDHUP'],
  ]);
}

export function statusFlags(value: number): string {
  const mode = wordOf(value & 3, { 0: 'O_RDONLY', 1: 'O_WRONLY', 2: 'O_RDWR' });
  const flags = flagWords(value, [
    [0o100, 'O_CREAT'],
    [0o1000, 'O_TRUNC'],
    [0o2000, 'O_APPEND'],
    [0o4000, 'O_NONBLOCK'],
    [0o2000000, 'O_CLOEXEC'],
  ]);
  return flags === '0' ? mode : `${mode}|${flags}`;
}

/** `FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME`. */
export function futexOperation(value: number): string {
  const name = FUTEX_OPERATIONS[value & 0x7f] ?? `0x${(value & 0x7f).toString(16)}`;
  return `${name}${(value & 0x80) !== 0 ? '_PRIVATE' : ''}${(value & 0x100) !== 0 ? '|FUTEX_CLOCK_REALTIME' : ''}`;
}
export const FUTEX_OPERATIONS: Readonly<Record<number, string>> = {
  0: 'FUTEX_WAIT',
  1: 'FUTEX_WAKE',
  3: 'FUTEX_REQUEUE',
  4: 'FUTEX_CMP_REQUEUE',
  5: 'FUTEX_WAKE_OP',
  6: 'FUTEX_LOCK_PI',
  7: 'FUTEX_UNLOCK_PI',
  8: 'FUTEX_TRYLOCK_PI',
  9: 'FUTEX_WAIT_BITSET',
  10: 'FUTEX_WAKE_BITSET',
  11: 'FUTEX_WAIT_REQUEUE_PI',
  12: 'FUTEX_CMP_REQUEUE_PI',
  13: 'FUTEX_LOCK_PI2',
};

export function cloneFlags(value: number): string {
  return flagWords(value, [
    [0x100, 'CLONE_VM'],
    [0x200, 'CLONE_FS'],
    [0x400, 'CLONE_FILES'],
    [0x800, 'CLONE_SIGHAND'],
    [0x4000, 'CLONE_VFORK'],
    [0x10000, 'CLONE_THREAD'],
    [0x1000000, 'CLONE_CHILD_SETTID'],
  ]);
}

export function lockOperation(value: number): string {
  return flagWords(value, [
    [1, 'LOCK_SH'],
    [2, 'LOCK_EX'],
    [8, 'LOCK_UN'],
    [4, 'LOCK_NB'],
  ]);
}

export function socketLevel(value: number): string {
  return wordOf(value, { 0: 'SOL_IP', 1: 'SOL_SOCKET', 6: 'SOL_TCP', 41: 'SOL_IPV6' });
}

/** Options of SOL_SOCKET. */
export function socketOption(value: number): string {
  return wordOf(value, {
    2: 'SO_REUSEADDR',
    4: 'SO_ERROR',
    7: 'SO_SNDBUF',
    8: 'SO_RCVBUF',
    9: 'SO_KEEPALIVE',
    13: 'SO_LINGER',
    15: 'SO_REUSEPORT',
  });
}

export function shutdownWay(value: number): string {
  return wordOf(value, { 0: 'SHUT_RD', 1: 'SHUT_WR', 2: 'SHUT_RDWR' });
}

export function fcntlCommand(value: number): string {
  return wordOf(value, FCNTL_COMMANDS);
}
const FCNTL_COMMANDS: Readonly<Record<number, string>> = {
  0: 'F_DUPFD',
  1: 'F_GETFD',
  2: 'F_SETFD',
  3: 'F_GETFL',
  4: 'F_SETFL',
  6: 'F_SETLK',
  7: 'F_SETLKW',
  37: 'F_OFD_SETLK',
  38: 'F_OFD_SETLKW',
  1030: 'F_DUPFD_CLOEXEC',
};

export function ioctlCommand(value: number): string {
  return wordOf(value, { 21537: 'FIONBIO' });
}

/** Of `fcntl` with a lock. */
export function recordLockType(value: number): string {
  return wordOf(value, { 0: 'F_RDLCK', 1: 'F_WRLCK', 2: 'F_UNLCK' });
}

export function protection(value: number): string {
  return flagWords(value, [
    [1, 'PROT_READ'],
    [2, 'PROT_WRITE'],
    [4, 'PROT_EXEC'],
  ]);
}

export function mapFlags(value: number): string {
  return flagWords(value, [
    [0x1, 'MAP_SHARED'],
    [0x2, 'MAP_PRIVATE'],
    [0x10, 'MAP_FIXED'],
    [0x20, 'MAP_ANONYMOUS'],
    [0x20000, 'MAP_STACK'],
  ]);
}

export function messageFlags(value: number): string {
  return flagWords(value, [
    [0x2, 'MSG_PEEK'],
    [0x40, 'MSG_DONTWAIT'],
    [0x4000, 'MSG_NOSIGNAL'],
  ]);
}

export function waitFlags(value: number): string {
  return flagWords(value, [[1, 'WNOHANG']]);
}

/** '' for 0, which only asks whether the process is there. */
export function signal(value: number): string {
  return value === 0 ? '' : signalName(value);
}

/** A trace has few different sets of events; beyond so many the text is noise. */
const MOST_KNOWN = 256;
const knownEvents = new Map<string, number>();

/** Bits of `EPOLLIN|EPOLLRDHUP`, `POLLHUP`, `0x2011`, `0x1 /* POLLIN *\/`; names that are none count nothing. */
export function eventBits(printed: string): number {
  const found = knownEvents.get(printed);
  if (found !== undefined) return found;
  const bits = readEvents(printed);
  if (knownEvents.size < MOST_KNOWN) knownEvents.set(printed, bits);
  return bits;
}

function readEvents(printed: string): number {
  let bits = 0;
  for (const part of printed.split('|')) {
    const name = /^E?POLL([A-Z]+)$/.exec(part)?.[1];
    if (name !== undefined) bits |= BITS[name] ?? 0;
    else bits |= Number(/^0x[0-9a-f]{1,8}/.exec(part)?.[0] ?? 0);
  }
  return bits;
}

const BITS: Readonly<Record<string, number>> = { ...EVENT, RDNORM: EVENT.IN, WRNORM: EVENT.OUT };
