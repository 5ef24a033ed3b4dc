import type { Nanoseconds } from './time.ts';
import { UNKNOWN } from './time.ts';

/**
 * What trackers ask of the arguments of a call. Each format answers from what it has: words, numbers, raw bytes. An
 * answer is worked out when somebody asks, and belongs to the call: it is valid as long as the call is, but strings,
 * numbers and lists that were handed out stay. Whatever the trace does not tell, or tells in a way that makes no sense,
 * is `null`, '', -1, NaN or an empty list as the question says; no question throws.
 */
export interface CallArguments {
  /** Whether the flag or command is among the arguments. */
  has(flag: Flag): boolean;
  /** Low 32 bits of the user data of the only event that an `epoll_wait` returned; -1 for none, several, not told. */
  readonly readyData: number;
  /** The IPv4 socket address among the arguments, as address × 65,536 + port; -1 when there is none, or unsure. */
  readonly inetAddress: number;
  /**
   * Of a read that returned something: the traced text of its buffer up to the first escape, if it begins with a
   * capital as request lines do; else ''. Of a write it may be the status line of HTTP, and is '' where `payload`
   * must be asked. Equal ones are one string where that is cheap.
   */
  readonly head: string;

  /** What the trace says the first argument, a descriptor, stands for: `socket:[123]`, `/var/log/x`; '' if nothing. */
  label(): string;
  /** The same of a member of what `poll` or `select` waits for: the first, unless one is named. */
  polledLabel(fd?: number): string;
  /** The same of a returned descriptor. */
  returnedLabel(): string;
  /** The first path of `open`, `stat`, `unlink`, `execve`…; '' when not told. */
  path(): string;
  /** Bytes of the first buffer as a string of bytes, at most `limit`; null when none was traced. */
  payload(limit: number): string | null;
  /** Bytes of each buffer of `sendmsg`, `writev`, `sendmmsg`…; of other calls the one of `payload`. */
  payloads(limit: number): readonly string[];
  /** `10.0.0.7:443`, `[::1]:443`, `unix:/run/x.sock`; '' when the arguments hold no address. */
  socketAddress(): string;
  socket(): SocketKind | null;
  /**
   * Whether `ioctl(FIONBIO)` or `fcntl(F_SETFL)` makes the descriptor non-blocking; null for anything else they do,
   * `untold` where the capture does not show what they do, or the value.
   */
  setsNonblocking(): boolean | 'untold' | null;
  /** Both descriptors that `pipe` or `socketpair` made. */
  pair(): readonly [number, number] | null;
  /** Of `listen`; NaN when not told. */
  backlog(): number;
  socketOption(): SocketOption | null;
  /** Of `getsockopt` with SO_ERROR: how the connect ended, `ECONNREFUSED`; '' for well, and where it is not told. */
  socketError(): string;
  /** What `shutdown` ends. */
  shutdown(): 'read' | 'write' | 'both' | null;
  epollChange(): EpollChange | null;
  /** The descriptors that a `poll` asks about, or those of the read set of a `select`. */
  polled(): readonly number[];
  /** What a wait (`epoll_wait`, `poll`, `select`) reported. */
  ready(): readonly ReadyEvent[];
  /** Events that an `epoll_wait` takes at once; NaN when not told. */
  maxEvents(): number;
  /** The longest that a wait or sleep may last; Infinity without a limit, UNKNOWN (-1) when not told or a deadline. */
  timeout(): Nanoseconds;
  /** Whether a wait has a limit, be it a length or a deadline; null when not told. */
  hasTimeout(): boolean | null;
  /** Descriptors in the control data of `sendmsg` or `recvmsg`; null when none are passed. */
  passedDescriptors(): readonly LabelledDescriptor[] | null;
  /** Of `execve`; empty when not told. */
  argv(): readonly string[];
  futex(): FutexUse | null;
  /** Of `flock`, and of `fcntl` with a lock. */
  lock(): LockRequest | null;
  /** The first operation of a `semop`. */
  semaphore(): SemaphoreChange | null;
  /** Of `kill`, `tkill`, `tgkill`. */
  signal(): SentSignal | null;
  /** The process that `wait4` waits for, -1 for any; NaN when not told. */
  child(): number;
  /** Of `mmap`, `munmap`, `mremap`. */
  mapping(): Mapping | null;
  /** The call that a `restart_syscall` goes on with: `poll`, `futex`, `nanosleep`; '' when not told. */
  resumes(): string;

  /** The arguments without the outer parentheses, halves joined, as evidence shows them. Nobody reads them. */
  readonly text: string;
  /** What evidence shows between `= ` and the duration: `5<socket:[123]>`, `-1 EAGAIN (…)`. */
  readonly returnedText: string;
}

/**
 * `HUP` is an event of a wait, also RDHUP; `SETLK` any lock command of `fcntl`, `F_DUPFD` also the one with CLOEXEC;
 * `NO_DESCRIPTORS` a `select` or `poll` that watches nothing: a sleep.
 */
export type Flag =
  | 'SOCK_NONBLOCK'
  | 'HUP'
  | 'F_DUPFD'
  | 'SETLK'
  | 'CLONE_THREAD'
  | 'CLONE_VFORK'
  | 'MSG_DONTWAIT'
  | 'MSG_PEEK'
  | 'O_APPEND'
  | 'PR_SET_NAME'
  | 'NO_DESCRIPTORS'
  | 'WNOHANG'
  | 'WCOREDUMP';

/** Bits of the events of poll and epoll, as the kernel numbers them. */
export const EVENT = {
  IN: 0x1,
  PRI: 0x2,
  OUT: 0x4,
  ERR: 0x8,
  HUP: 0x10,
  NVAL: 0x20,
  RDHUP: 0x2000,
  EXCLUSIVE: 1 << 28,
  ONESHOT: 1 << 30,
  ET: 1 << 31,
} as const;

export interface ReadyEvent {
  /** Bits of `EVENT`. */
  readonly events: number;
  /** The descriptor; of epoll the low 32 bits of the user data, by the custom of most programs the descriptor. */
  readonly data: number;
}

export interface EpollChange {
  readonly operation: 'ADD' | 'MOD' | 'DEL';
  readonly fd: number;
  /** What the trace says that `fd` stands for, or ''. */
  readonly label: string;
  /** Bits of `EVENT`; 0 when not told. */
  readonly events: number;
  /** Low 32 bits of the user data; `fd` when not told. */
  readonly data: number;
}

export interface SocketKind {
  /** `AF_INET`. */
  readonly domain: string;
  /** `SOCK_STREAM`. */
  readonly type: string;
  readonly isNonblocking: boolean;
}

export interface SocketOption {
  /** `SOL_SOCKET`. */
  readonly level: string;
  /** `SO_REUSEPORT`. */
  readonly name: string;
  /** NaN when it is no single number. */
  readonly value: number;
}

export interface LabelledDescriptor {
  readonly fd: number;
  readonly label: string;
}

export interface FutexUse {
  /** Address of the word, as printed. */
  readonly word: string;
  /** `WAIT`, `WAIT_BITSET`, `LOCK_PI`… without `_PRIVATE`. */
  readonly operation: string;
  /** The word belongs to one process. */
  readonly isPrivate: boolean;
  /** A deadline is on the wall clock. */
  readonly isRealtime: boolean;
  /** What the word is expected to hold, or how many are woken: of a join the tid; NaN when not told. */
  readonly value: number;
}

export interface LockRequest {
  readonly wants: 'exclusive' | 'shared' | 'release';
  readonly firstByte: number;
  /** Bytes; 0 for all from the first on. */
  readonly length: number;
}

export interface SemaphoreChange {
  readonly set: number;
  readonly number: number;
  /** Less than 0 takes, more gives back. */
  readonly change: number;
}

export interface SentSignal {
  /** As passed: 0 and less than 0 mean groups. */
  readonly pid: number;
  /** `SIGABRT`. */
  readonly signal: string;
}

/** Addresses and lengths are NaN when not told. */
export interface Mapping {
  readonly address: number;
  readonly length: number;
  /** Of `mremap`. */
  readonly newLength: number;
  readonly isWritable: boolean;
  readonly isPrivate: boolean;
  /** It takes the place of what was there. */
  readonly isFixed: boolean;
  readonly isStack: boolean;
}

/** The answers of a format without arguments. */
export const NO_ARGUMENTS: CallArguments = {
  has: () => false,
  readyData: -1,
  inetAddress: -1,
  head: '',
  label: () => '',
  polledLabel: () => '',
  returnedLabel: () => '',
  path: () => '',
  payload: () => null,
  payloads: () => [],
  socketAddress: () => '',
  socket: () => null,
  setsNonblocking: () => 'untold',
  pair: () => null,
  backlog: () => Number.NaN,
  socketOption: () => null,
  socketError: () => '',
  shutdown: () => null,
  epollChange: () => null,
  polled: () => [],
  ready: () => [],
  maxEvents: () => Number.NaN,
  timeout: () => UNKNOWN,
  hasTimeout: () => null,
  passedDescriptors: () => null,
  argv: () => [],
  futex: () => null,
  lock: () => null,
  semaphore: () => null,
  signal: () => null,
  child: () => Number.NaN,
  mapping: () => null,
  resumes: () => '',
  text: '',
  returnedText: '',
};

/** `127.0.0.1:3306` for what `CallArguments.inetAddress` gives. */
export function inetText(inetAddress: number): string {
  const address = Math.floor(inetAddress / 65_536);
  return `${[24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')}:${inetAddress % 65_536}`;
}
