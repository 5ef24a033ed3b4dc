import {
  type CallArguments,
  type EpollChange,
  EVENT,
  type Flag,
  type FutexUse,
  type LockRequest,
  type Mapping,
  type ReadyEvent,
  type SentSignal,
  type SocketKind,
  type SocketOption,
} from '../../src/trace/call-arguments.ts';
import { signalName } from '../../src/trace/signals.ts';
import type { Syscall } from '../../src/trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../src/trace/time.ts';
import { textOfEscaped } from '../../src/trace/utf8.ts';
import * as kernel from '../arguments/kernel-words.ts';
import { bytesOf, returnedBy } from '../arguments/worded-arguments.ts';
import type { CallFacts } from '../timeline/printed-call.ts';
import { argumentText, type RawCall, resultText } from './argument-text.ts';
import { quoted, rawBytes, uint16, uint32 } from './raw-bytes.ts';
import { inetAddressOf, socketAddressOf } from './socket-bytes.ts';

/** What is known of descriptors by number. */
export type Labels = { get(fd: number): string | undefined };

const O_NONBLOCK = 0o4000;
const SOCK_NONBLOCK = 0o4000;
const O_APPEND = 0o2000;
const HANG_UP = EVENT.HUP | EVENT.RDHUP;
const MILLISECONDS_AT: Readonly<Record<string, number>> = { epoll_wait: 3, epoll_pwait: 3, poll: 2 };
/** Limits that are a pointer: only whether there is one is told. */
const POINTER_AT: Readonly<Record<string, number>> = { epoll_pwait2: 3, futex: 3, ppoll: 2, pselect6: 4, select: 4 };

/** Arguments as `calls.bt` writes them: numbers in hexadecimal, and the bytes that one of them points to. */
export class RawArguments implements CallArguments, RawCall {
  readonly #facts: CallFacts;
  readonly #labels: Labels | undefined;
  #raw: readonly string[] | null = null;
  #memory: string | null = null;
  #text: string | null = null;

  constructor(facts: CallFacts, labels: Labels | undefined) {
    this.#facts = facts;
    this.#labels = labels;
  }

  get syscall(): Syscall {
    return this.#facts.syscall;
  }

  get value(): number {
    return this.#facts.value;
  }

  get raw(): readonly string[] {
    this.#raw ??= this.#facts.raw;
    return this.#raw;
  }

  get data(): string {
    return this.#facts.data;
  }

  get eventBytes(): number {
    return this.#facts.eventBytes;
  }

  /** In strace's words, which evidence is shown in. */
  get text(): string {
    this.#text ??= bytesOf(argumentText(this));
    return this.#text;
  }

  get returnedText(): string {
    return bytesOf(resultText(this, returnedBy(this.#facts)));
  }

  labelOf(fd: number): string {
    return this.#labels?.get(fd) ?? '';
  }

  has(flag: Flag): boolean {
    const { name, family } = this.syscall;
    switch (flag) {
      case 'SOCK_NONBLOCK':
        if (name !== 'accept4' && family !== 'socket' && family !== 'socketpair') return false;
        return (this.#int(name === 'accept4' ? 3 : 1) & SOCK_NONBLOCK) !== 0;
      case 'HUP':
        return family === 'epoll-wait' && this.ready().some(({ events }) => (events & HANG_UP) !== 0);
      case 'F_DUPFD':
      case 'SETLK':
        return family === 'fcntl' && kernel.fcntlCommand(this.#int(1)).includes(flag);
      case 'CLONE_THREAD':
        return (this.#cloneFlags() & 0x10000) !== 0;
      case 'CLONE_VFORK':
        return (this.#cloneFlags() & 0x4000) !== 0 || name === 'vfork';
      case 'MSG_DONTWAIT':
        return (this.#messageFlags() & 0x40) !== 0;
      case 'MSG_PEEK':
        return (this.#messageFlags() & 0x2) !== 0;
      case 'O_APPEND':
        return (this.#int(name === 'openat' ? 2 : 1) & O_APPEND) !== 0;
      // Neither its text nor the status of a child is in the record.
      case 'PR_SET_NAME':
      case 'WCOREDUMP':
      // Of what a `select` watches only the read set is.
      case 'NO_DESCRIPTORS':
        return false;
      case 'WNOHANG':
        return name === 'wait4' && (this.#int(2) & 1) !== 0;
    }
  }

  #messageFlags(): number {
    const { name } = this.syscall;
    if (name === 'sendto' || name === 'recvfrom') return this.#int(3);
    return name === 'sendmsg' || name === 'recvmsg' ? this.#int(2) : 0;
  }

  get readyData(): number {
    if (this.#facts.result !== 1 || this.syscall.family !== 'epoll-wait') return -1;
    return this.data === '' ? -1 : uint32(this.#bytes, this.#dataAt);
  }

  get inetAddress(): number {
    return this.#hasAddress() ? inetAddressOf(this.#bytes) : -1;
  }

  get head(): string {
    return this.#facts.result > 0 ? bytesOf(/^[A-Z][^\\"]*/.exec(this.data)?.[0] ?? '') : '';
  }

  label(): string {
    const { takesDescriptor, name } = this.syscall;
    if (!takesDescriptor && name !== 'openat') return '';
    return textOfEscaped(bytesOf(this.labelOf(this.#int(0))));
  }

  polledLabel(asked?: number): string {
    const [first = -1] = this.polled();
    return textOfEscaped(bytesOf(this.labelOf(asked ?? first)));
  }

  returnedLabel(): string {
    return '';
  }

  path(): string {
    const { family } = this.syscall;
    if (family !== 'open' && family !== 'execve') return '';
    const end = this.data.indexOf('\\x00');
    return textOfEscaped(bytesOf(quoted(end < 0 ? this.data : this.data.slice(0, end)).slice(1, -1)));
  }

  payload(limit: number): string | null {
    const { family, name } = this.syscall;
    if ((family !== 'read' && family !== 'write') || name.startsWith('sendfile')) return null;
    return this.#bytes.slice(0, limit);
  }

  payloads(limit: number): readonly string[] {
    const only = this.payload(limit);
    return only === null ? [] : [only];
  }

  socketAddress(): string {
    return this.#hasAddress() ? socketAddressOf(this.#bytes) : '';
  }

  socket(): SocketKind | null {
    if (this.raw.length < 2) return null;
    const [type = ''] = kernel.socketType(this.#int(1)).split('|', 1);
    return { domain: kernel.addressFamily(this.#int(0)), type, isNonblocking: (this.#int(1) & SOCK_NONBLOCK) !== 0 };
  }

  setsNonblocking(): boolean | 'untold' | null {
    const { family } = this.syscall;
    if (this.raw.length < 2) return 'untold';
    if (family === 'ioctl') {
      if (this.#int(1) !== 0x5421) return null;
      return this.#bytes.length < 4 ? 'untold' : uint32(this.#bytes, 0) !== 0;
    }
    return family === 'fcntl' && this.#int(1) === 4 ? (this.#int(2) & O_NONBLOCK) !== 0 : null;
  }

  pair(): readonly [number, number] | null {
    const bytes = this.#bytes;
    return bytes.length < 8 ? null : [uint32(bytes, 0) | 0, uint32(bytes, 4) | 0];
  }

  backlog(): number {
    return this.#number(1);
  }

  /** What was written for the process is not recorded. */
  socketError(): string {
    return '';
  }

  socketOption(): SocketOption | null {
    if (this.raw.length < 3) return null;
    const level = kernel.socketLevel(this.#int(1));
    const name = level === 'SOL_SOCKET' ? kernel.socketOption(this.#int(2)) : String(this.#int(2));
    return { level, name, value: this.data === '' ? Number.NaN : uint32(this.#bytes, 0) };
  }

  shutdown(): 'read' | 'write' | 'both' | null {
    return WAYS[this.#number(1)] ?? null;
  }

  epollChange(): EpollChange | null {
    const operation = CHANGES[this.#number(1)];
    const fd = this.#number(2);
    if (operation === undefined || !(fd >= 0)) return null;
    const bytes = this.#bytes;
    const isTold = bytes.length >= this.#dataAt + 4;
    return {
      operation,
      fd,
      label: textOfEscaped(bytesOf(this.labelOf(fd))),
      events: isTold ? uint32(bytes, 0) | 0 : 0,
      data: isTold ? uint32(bytes, this.#dataAt) : fd,
    };
  }

  polled(): readonly number[] {
    if (this.syscall.family === 'select') {
      // The map of calls that have not returned has the number of its descriptors in place of the set.
      return this.#facts.inFlight && this.data === '' ? [] : membersOf(this.raw[0] ?? '').map(({ data }) => data);
    }
    const bytes = this.#bytes;
    const found: number[] = [];
    for (let at = 0; at + 8 <= bytes.length; at += 8) found.push(uint32(bytes, at) | 0);
    return found;
  }

  ready(): readonly ReadyEvent[] {
    const found: ReadyEvent[] = [];
    if (!(this.value > 0)) return found;
    const bytes = this.#bytes;
    const { family } = this.syscall;
    if (family === 'select')
      return membersOf(Array.from({ length: 4 }, (_, i) => hex(uint16(bytes, 6 - 2 * i))).join(''));
    if (family === 'epoll-wait') {
      const dataAt = this.#dataAt;
      for (let at = 0; at + dataAt + 4 <= bytes.length && found.length < this.value; at += this.eventBytes)
        found.push({ events: uint32(bytes, at) | 0, data: uint32(bytes, at + dataAt) });
      return found;
    }
    for (let at = 0; at + 8 <= bytes.length; at += 8) {
      const events = uint16(bytes, at + 6);
      if (events !== 0) found.push({ events, data: uint32(bytes, at) | 0 });
    }
    return found;
  }

  maxEvents(): number {
    return this.#number(2);
  }

  timeout(): Nanoseconds {
    const { name } = this.syscall;
    const place = MILLISECONDS_AT[name];
    if (place === undefined) return this.hasTimeout() === false ? Number.POSITIVE_INFINITY : UNKNOWN;
    const limit = this.#number(place);
    return Number.isNaN(limit) ? UNKNOWN : limit < 0 ? Number.POSITIVE_INFINITY : limit * MILLISECOND;
  }

  hasTimeout(): boolean | null {
    const { name, family } = this.syscall;
    const place = MILLISECONDS_AT[name];
    if (place !== undefined) return place < this.raw.length ? this.#int(place) >= 0 : null;
    const pointer = this.raw[POINTER_AT[name] ?? this.raw.length];
    if (pointer === undefined || (family === 'futex' && !/^(?:WAIT|LOCK)/.test(this.futex()?.operation ?? '')))
      return null;
    return pointer !== '0';
  }

  passedDescriptors(): null {
    return null;
  }

  argv(): readonly string[] {
    return [];
  }

  futex(): FutexUse | null {
    const [word] = this.raw;
    if (word === undefined || this.syscall.family !== 'futex') return null;
    const operation = this.#int(1);
    return {
      word: `0x${word}`,
      operation: kernel.FUTEX_OPERATIONS[operation & 0x7f]?.slice('FUTEX_'.length) ?? '',
      isPrivate: (operation & 0x80) !== 0,
      isRealtime: (operation & 0x100) !== 0,
      value: this.#number(2),
    };
  }

  lock(): LockRequest | null {
    if (this.syscall.family !== 'lock') return null;
    const operation = this.#int(1);
    const wants = (operation & 8) !== 0 ? 'release' : (operation & 1) !== 0 ? 'shared' : 'exclusive';
    return (operation & 0b1011) === 0 ? null : { wants, firstByte: 0, length: 0 };
  }

  semaphore(): null {
    return null;
  }

  signal(): SentSignal | null {
    const number = this.#number(this.syscall.name === 'tgkill' ? 2 : 1);
    return number > 0 ? { pid: this.#int(0), signal: signalName(number) } : null;
  }

  child(): number {
    return this.syscall.name === 'wait4' ? this.#number(0) : Number.NaN;
  }

  mapping(): Mapping | null {
    const { name } = this.syscall;
    const [address = '', length, third = ''] = this.raw;
    if (length === undefined) return null;
    const isMade = name.startsWith('mmap');
    const flags = isMade ? this.#int(3) : 0;
    return {
      address: Number.parseInt(address, 16),
      length: Number.parseInt(length, 16),
      newLength: name === 'mremap' ? Number.parseInt(third, 16) : Number.NaN,
      isWritable: isMade && (this.#int(2) & 2) !== 0,
      isPrivate: (flags & 2) !== 0,
      isFixed: (flags & 0x10) !== 0,
      isStack: (flags & 0x20000) !== 0,
    };
  }

  resumes(): string {
    return '';
  }

  get #bytes(): string {
    this.#memory ??= rawBytes(bytesOf(this.data));
    return this.#memory;
  }

  get #dataAt(): number {
    return this.eventBytes === 12 ? 4 : 8;
  }

  /** An accept that failed wrote no address. */
  #hasAddress(): boolean {
    const { family, name } = this.syscall;
    if (family === 'accept') return this.value >= 0;
    return family === 'connect' || family === 'bind' || name === 'getsockname';
  }

  #cloneFlags(): number {
    const { name } = this.syscall;
    return name === 'clone' ? this.#int(0) : name === 'clone3' ? uint32(this.#bytes, 0) : 0;
  }

  /** The low 32 bits of an argument as a signed number; 0 without one. */
  #int(index: number): number {
    return Number.parseInt((this.raw[index] ?? '0').slice(-8), 16) | 0;
  }

  /** The same; NaN without one. */
  #number(index: number): number {
    return index < this.raw.length ? this.#int(index) : Number.NaN;
  }
}

const WAYS: Readonly<Record<number, 'read' | 'write' | 'both'>> = { 0: 'read', 1: 'write', 2: 'both' };
const CHANGES: Readonly<Record<number, 'ADD' | 'DEL' | 'MOD'>> = { 1: 'ADD', 2: 'DEL', 3: 'MOD' };

/** The first 64 descriptors of a set, whose bits are printed in hexadecimal. */
function membersOf(bits: string): ReadyEvent[] {
  const found: ReadyEvent[] = [];
  for (let digit = bits.length - 1, fd = 0; digit >= 0; digit--, fd += 4) {
    const value = Number.parseInt(bits.charAt(digit), 16);
    for (let bit = 0; bit < 4; bit++) if ((value & (1 << bit)) !== 0) found.push({ events: EVENT.IN, data: fd + bit });
  }
  return found;
}

function hex(value: number): string {
  return value.toString(16).padStart(4, '0');
}
