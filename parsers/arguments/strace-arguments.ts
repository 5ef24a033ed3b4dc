import type {
  CallArguments,
  EpollChange,
  Flag,
  FutexUse,
  LabelledDescriptor,
  LockRequest,
  Mapping,
  ReadyEvent,
  SemaphoreChange,
  SentSignal,
  SocketKind,
  SocketOption,
} from '../../src/trace/call-arguments.ts';
import { errorName } from '../../src/trace/errors.ts';
import type { Family, Syscall } from '../../src/trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../src/trace/time.ts';
import { textOfBytes, textOfEscaped } from '../../src/trace/utf8.ts';
import * as kernel from './kernel-words.ts';
import { eventBits, flagWord } from './kernel-words.ts';
import { hasRawFlag, rawEpollChange } from './raw-words.ts';
import {
  decoration,
  descriptorsOfSet,
  eachOfSet,
  endOfDecoration,
  futexIn,
  integer,
  lastBehindList,
  lowHalf,
  pollDescriptors,
  quotedBytes,
  quotedText,
  readyEvents,
  returnedEvents,
  selectReadDescriptors,
  socketAddress,
  splitArguments,
  timeIn,
} from './strace-text.ts';

/** A call in strace's words: what `StraceArguments` reads. */
export interface TracedText {
  readonly syscall: Syscall;
  /** Arguments without the outer parentheses, halves joined, without the names of `-N`. */
  readonly args: string;
  /** Text between `= ` and the duration. */
  readonly returned: string;
}

const PASSED = 'SCM_RIGHTS, cmsg_data=[';
/** Of `timeout`: where each family of calls has its limit. */
const PLACE_OF_LIMIT: Readonly<Record<string, number>> = {
  epoll_wait: 3,
  epoll_pwait: 3,
  epoll_pwait2: 3,
  poll: 2,
  ppoll: 2,
  ppoll_time64: 2,
  select: 4,
  _newselect: 4,
  pselect6: 4,
  pselect6_time64: 4,
  futex: 3,
  futex_time64: 3,
  nanosleep: 0,
  clock_nanosleep: 2,
  clock_nanosleep_time64: 2,
  rt_sigtimedwait: 2,
  rt_sigtimedwait_time64: 2,
  semtimedop: 3,
  semtimedop_time64: 3,
};

/**
 * Reads arguments in strace's words, of any of its versions, with the decorations of -y, -yy and -X. This room is the
 * only one that knows how arguments are written: this file has the questions, `strace-text.ts` the grammar,
 * `kernel-words.ts` the names of the kernel's numbers, `raw-words.ts` what `-X raw` prints for them,
 * `scanned-arguments.ts` the quick answers from bytes. What a format has of its own (perf's names, bpftrace's numbers)
 * stays in the format's room.
 */
export class StraceArguments implements CallArguments {
  readonly #call: TracedText;
  // A call that waited is asked by all who look into locks: its text is read once.
  #futexIn = '';
  #futex: FutexUse | null = null;
  // So is that of a wait, by all who look at its limit.
  #limitIn = '';
  #limitPlace = -1;
  #limitFound: string | undefined;

  constructor(call: TracedText) {
    this.#call = call;
  }

  get text(): string {
    return this.#call.args;
  }

  get returnedText(): string {
    return this.#call.returned;
  }

  has(flag: Flag): boolean {
    const { args, syscall } = this.#call;
    if (flag === 'NO_DESCRIPTORS') return watchesNothing(syscall.family, args);
    if (args.includes(flag) || hasRawFlag(syscall, flag, args)) return true;
    return flag === 'CLONE_THREAD' && startsThread(syscall.name, args);
  }

  /** -1: the list of `ready` tells as well. */
  get readyData(): number {
    return -1;
  }

  /** -1: the text of `socketAddress` tells as well. */
  get inetAddress(): number {
    return -1;
  }

  get head(): string {
    return '';
  }

  label(): string {
    return decoration(this.#call.args);
  }

  polledLabel(asked?: number): string {
    const { args, syscall } = this.#call;
    if (syscall.family !== 'select') {
      const named = asked === undefined ? '{fd=' : `{fd=${asked}<`;
      const at = args.indexOf(named);
      return at < 0 ? '' : decoration(args.slice(at + '{fd='.length));
    }
    let found: string | null = null;
    eachOfSet(args, args.indexOf('['), (fd, label) => {
      if (asked === undefined || fd === asked) found ??= label;
    });
    return found ?? '';
  }

  returnedLabel(): string {
    return decoration(this.#call.returned);
  }

  path(): string {
    return textOfEscaped(quotedText(this.#behindLabel()));
  }

  payload(limit: number): string | null {
    return quotedBytes(this.#behindLabel(), limit);
  }

  payloads(limit: number): readonly string[] {
    const text = this.#behindLabel();
    const found: string[] = [];
    for (let at = text.indexOf('iov_base="'); at >= 0; at = text.indexOf('iov_base="', at + 10))
      found.push(quotedBytes(text.slice(at), limit) ?? '');
    if (found.length === 0) {
      const only = text.includes('iov_base=') ? null : quotedBytes(text, limit);
      if (only !== null) found.push(only);
    }
    return found;
  }

  socketAddress(): string {
    return socketAddress(this.#call.args);
  }

  socket(): SocketKind | null {
    const [domain = '', type = ''] = splitArguments(this.#call.args);
    if (domain === '' || type === '') return null;
    const kind = flagWord(type, kernel.socketType);
    return {
      domain: flagWord(domain, kernel.addressFamily),
      type: kind.split('|', 1)[0] ?? '',
      isNonblocking: kind.includes('SOCK_NONBLOCK'),
    };
  }

  setsNonblocking(): boolean | 'untold' | null {
    const { args, syscall } = this.#call;
    const [, command = '', value = ''] = splitArguments(args);
    if (command === '') return 'untold';
    if (syscall.family === 'ioctl') {
      if (flagWord(command, kernel.ioctlCommand) !== 'FIONBIO') return null;
      // perf trace and -e raw print where the value stands.
      return value.startsWith('[') ? integer(value.slice(1)) !== 0 : 'untold';
    }
    if (syscall.family !== 'fcntl' || flagWord(command, kernel.fcntlCommand) !== 'F_SETFL') return null;
    if (value === '') return 'untold';
    return flagWord(value, kernel.statusFlags).includes('O_NONBLOCK');
  }

  pair(): readonly [number, number] | null {
    const { args } = this.#call;
    const open = args.indexOf('[');
    const [first, second] = open < 0 ? [] : descriptorsOfSet(args, open);
    return first === undefined || second === undefined ? null : [first, second];
  }

  backlog(): number {
    return integer(splitArguments(this.#call.args)[1]);
  }

  socketError(): string {
    const [, told = ''] = /\bSO_ERROR, \[(E[A-Z0-9]+|\d{1,3})\]/.exec(this.#call.args) ?? [];
    if (!/^\d/.test(told)) return told;
    const number = Number(told);
    return number === 0 ? '' : errorName(number);
  }

  socketOption(): SocketOption | null {
    const [, level = '', name = '', value = ''] = splitArguments(this.#call.args);
    if (name === '') return null;
    const at = flagWord(level, kernel.socketLevel);
    return {
      level: at,
      name: at === 'SOL_SOCKET' ? flagWord(name, kernel.socketOption) : flagWord(name, String),
      value: value.startsWith('[') ? integer(value.slice(1)) : Number.NaN,
    };
  }

  shutdown(): 'read' | 'write' | 'both' | null {
    const word = flagWord(splitArguments(this.#call.args)[1] ?? '', kernel.shutdownWay);
    return word === 'SHUT_RDWR' ? 'both' : word === 'SHUT_WR' ? 'write' : word === 'SHUT_RD' ? 'read' : null;
  }

  epollChange(): EpollChange | null {
    const { args } = this.#call;
    const match = /EPOLL_CTL_(ADD|MOD|DEL)(?: \*\/)?, (?:fd=)?(\d+)/.exec(args) ?? rawEpollChange(args);
    if (match === null) return null;
    const digits = match[2] as string;
    const behind = args.slice(match.index + match[0].length - digits.length);
    return {
      operation: changeOf(match[1] as string),
      fd: Number(digits),
      label: behind.charCodeAt(digits.length) === 0x3c /* < */ ? decoration(behind) : '',
      events: eventBits(/\{(?:events=)?([^,{}]+), (?:data=)?(?:\{|0x)/.exec(behind)?.[1] ?? ''),
      data: userData(behind) ?? Number(digits),
    };
  }

  polled(): readonly number[] {
    const { args, syscall } = this.#call;
    return syscall.family === 'select' ? selectReadDescriptors(args) : pollDescriptors(args);
  }

  ready(): readonly ReadyEvent[] {
    const { args, returned, syscall } = this.#call;
    return syscall.family === 'epoll-wait' ? readyEvents(args) : returnedEvents(returned);
  }

  maxEvents(): number {
    return integer(splitArguments(this.#call.args)[2]);
  }

  timeout(): Nanoseconds {
    const limit = this.#limit();
    if (limit === undefined || this.#isDeadline()) return limit === 'NULL' ? Number.POSITIVE_INFINITY : UNKNOWN;
    if (limit === 'NULL') return Number.POSITIVE_INFINITY;
    if (limit.startsWith('{')) return timeIn(limit, isInMicroseconds(this.#call.syscall));
    // Of a raw argument (`-e raw=all`) that stands for a structure the address is shown.
    if (!/^(?:-?\d+|0x[0-9a-f]{1,8})$/.test(limit)) return UNKNOWN;
    if (limit.startsWith('0x') && this.#call.syscall.family !== 'epoll-wait' && this.#call.syscall.name !== 'poll')
      return UNKNOWN;
    const limitMs = Number(limit) | 0;
    return limitMs < 0 ? Number.POSITIVE_INFINITY : limitMs * MILLISECOND;
  }

  hasTimeout(): boolean | null {
    const limit = this.#limit();
    if (limit === undefined || !/^(?:NULL$|\{|-?\d+$)/.test(limit)) return null;
    return limit !== 'NULL' && (limit.startsWith('{') || (Number(limit) | 0) >= 0);
  }

  passedDescriptors(): readonly LabelledDescriptor[] | null {
    const { args } = this.#call;
    if (!args.includes('SCM_RIGHTS')) return null;
    const found: LabelledDescriptor[] = [];
    for (let at = args.indexOf(PASSED); at >= 0; ) {
      const end = eachOfSet(args, at + PASSED.length - 1, (fd, label) => found.push({ fd, label }));
      at = end < 0 ? -1 : args.indexOf(PASSED, end);
    }
    return found;
  }

  argv(): readonly string[] {
    const list = splitArguments(this.#call.args).find((argument) => argument.startsWith('[')) ?? '';
    if (!list.endsWith(']')) return [];
    return splitArguments(list.slice(1, -1)).map((argument) => textOfBytes(quotedBytes(argument) ?? argument));
  }

  futex(): FutexUse | null {
    const { args, syscall } = this.#call;
    if (syscall.family !== 'futex') return null;
    if (args !== this.#futexIn) {
      this.#futex = futexIn(args);
      this.#futexIn = args;
    }
    return this.#futex;
  }

  lock(): LockRequest | null {
    const { args, syscall } = this.#call;
    if (syscall.family === 'lock') {
      const words = flagWord(splitArguments(args)[1] ?? '', kernel.lockOperation);
      const [, way] = /LOCK_(UN|SH|EX)/.exec(words) ?? [];
      if (way === undefined) return null;
      return { wants: way === 'UN' ? 'release' : way === 'SH' ? 'shared' : 'exclusive', firstByte: 0, length: 0 };
    }
    const [, printed, first, length] = /l_type=([^,}]*)(?:.*?l_start=(\d+), l_len=(\d+))?/.exec(args) ?? [];
    const [, type] = /^F_([A-Z]+)$/.exec(flagWord(printed ?? '', kernel.recordLockType)) ?? [];
    if (type === undefined) return null;
    return {
      wants: type === 'UNLCK' ? 'release' : type === 'RDLCK' ? 'shared' : 'exclusive',
      firstByte: Number(first ?? 0),
      length: Number(length ?? 0),
    };
  }

  semaphore(): SemaphoreChange | null {
    const [, set, number, change] =
      /^(?:semid=)?(\d+), (?:sops=)?\[\{(?:sem_num=)?(\d+), (?:sem_op=)?(-?\d+)/.exec(this.#call.args) ?? [];
    return set === undefined ? null : { set: Number(set), number: Number(number), change: Number(change) };
  }

  signal(): SentSignal | null {
    const { args, syscall } = this.#call;
    const [pid, second, third] = splitArguments(args);
    const signal = flagWord((syscall.name === 'tgkill' ? third : second) ?? '', kernel.signal);
    const number = integer(pid);
    return Number.isNaN(number) || !/^SIG[A-Z0-9]/.test(signal) ? null : { pid: number, signal: signal };
  }

  child(): number {
    const { args, syscall } = this.#call;
    return syscall.name === 'wait4' || syscall.name === 'waitpid' ? integer(args) : Number.NaN;
  }

  mapping(): Mapping | null {
    const [address, length, third = '', flags = ''] = splitArguments(this.#call.args);
    if (length === undefined) return null;
    const { name } = this.#call.syscall;
    const isMade = name.startsWith('mmap');
    const words = isMade ? flagWord(flags, kernel.mapFlags) : '';
    return {
      address: integer(address),
      length: integer(length),
      newLength: name === 'mremap' ? integer(third) : Number.NaN,
      isWritable: isMade && flagWord(third, kernel.protection).includes('PROT_WRITE'),
      isPrivate: words.includes('MAP_PRIVATE'),
      isFixed: words.includes('MAP_FIXED'),
      isStack: words.includes('MAP_STACK'),
    };
  }

  resumes(): string {
    // strace 6 says `read` of whatever a process was in when strace came. The kernel restarts no read in this way.
    return (
      /resuming interrupted (poll|futex|nanosleep|clock_nanosleep|select|epoll_wait)\b/.exec(this.#call.args)?.[1] ?? ''
    );
  }

  /** A label may hold quotes: `5<UNIX-STREAM:[12->13, "/run/x.sock"]>`. */
  #behindLabel(): string {
    const { args } = this.#call;
    const quote = args.indexOf('"');
    const label = args.indexOf('<');
    return label < 0 || label > quote ? args : args.slice(endOfDecoration(args));
  }

  #limit(): string | undefined {
    const { syscall, args } = this.#call;
    const place = PLACE_OF_LIMIT[syscall.name];
    if (place === undefined) return undefined;
    if (args !== this.#limitIn || place !== this.#limitPlace) {
      // Loops wait in these, and are asked at each wait.
      const last = syscall.name === 'epoll_wait' || syscall.name === 'poll' ? lastBehindList(args) : '';
      this.#limitFound = last === '' ? splitArguments(args)[place] : last;
      this.#limitIn = args;
      this.#limitPlace = place;
    }
    const limit = this.#limitFound;
    if (syscall.family !== 'futex' || limit === undefined) return limit;
    // Others have a number of threads, or nothing, in its place.
    const operation = this.futex()?.operation ?? '';
    return operation.startsWith('WAIT') || operation.startsWith('LOCK_PI') ? limit : undefined;
  }

  #isDeadline(): boolean {
    const { syscall, args } = this.#call;
    if (syscall.family === 'futex') return this.futex()?.operation !== 'WAIT';
    return syscall.name.startsWith('clock_nanosleep') && /^[^,]*, (?:TIMER_ABSTIME|0x1)/.test(args);
  }
}

/** The arguments of a call whose line, or the beginning of it, is all that was kept. */
export function argumentsOfLine(line: string, syscall: Syscall): CallArguments {
  return new StraceArguments({ syscall, args: line.slice(line.indexOf('(') + 1), returned: '' });
}

/** The time of `select` has microseconds, that of all others nanoseconds. */
function isInMicroseconds({ name }: Syscall): boolean {
  return name === 'select' || name === '_newselect';
}

function changeOf(printed: string): 'ADD' | 'MOD' | 'DEL' {
  if (printed === 'MOD' || printed === '0x3') return 'MOD';
  return printed === 'DEL' || printed === '0x2' ? 'DEL' : 'ADD';
}

/** A `select` of 0 descriptors without any set, or a `poll` of an empty list. */
function watchesNothing(family: Family, args: string): boolean {
  if (family === 'select') return args.startsWith('0, NULL, NULL, NULL');
  return family === 'poll' && /^(?:NULL|\[\]), 0(?:,|$)/.test(args);
}

/**
 * The end of a clone whose beginning, with the flags, is not in the capture: only a thread gets a memory of its own
 * (`tls`), and glibc asks for the number of a new thread beside the flags.
 */
function startsThread(name: string, args: string): boolean {
  if (args.includes('flags=')) return false;
  return name === 'clone3' ? /\bparent_tid=\[\d/.test(args) : /\btls=/.test(args);
}

/** The low 32 bits of the user data of an `epoll_ctl`; null when the line shows none. */
function userData(text: string): number | null {
  const words = /u32=(\d+)/.exec(text)?.[1];
  if (words !== undefined) return Number(words);
  const raw = /, data=0x([0-9a-f]{1,16})\}/.exec(text)?.[1];
  return raw === undefined ? null : lowHalf(raw);
}
