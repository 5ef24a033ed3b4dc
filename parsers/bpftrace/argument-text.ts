import { signalName } from '../../src/trace/signals.ts';
import type { Syscall } from '../../src/trace/syscalls.ts';
import * as words from '../arguments/kernel-words.ts';
import { quoted, rawBytes, uint16, uint32, uint64 } from './raw-bytes.ts';
import { socketAddressText } from './socket-bytes.ts';

/** What a line of `calls.bt` tells of a call. */
export interface RawCall {
  readonly syscall: Syscall;
  /** The returned number, negative for errors. */
  readonly value: number;
  /** Its arguments, hexadecimal. */
  readonly raw: readonly string[];
  readonly data: string;
  /** Bytes of a `struct epoll_event`: it is packed on x86-64. */
  readonly eventBytes: number;
  /** What a descriptor stands for: `socket:[4711]`, or ''. */
  labelOf(fd: number): string;
}

/** The arguments in the words of strace, which the trackers read. */
export function argumentText(call: RawCall): string {
  const { name, family } = call.syscall;
  switch (family) {
    case 'accept':
      return `${fd(call, 0)}, ${call.value < 0 ? '0x0, [0]' : `${socketAddressText(rawBytes(call.data))}, [16]`}${
        name === 'accept4' ? `, ${words.socketFlags(int(call, 3))}` : ''
      }`;
    case 'epoll-wait':
      return (
        `${fd(call, 0)}, [${readyList(call)}], ${int(call, 2)}, ` +
        `${name === 'epoll_pwait2' ? hex(call, 3) : int(call, 3)}`
      );
    case 'epoll-ctl':
      return epollControl(call);
    case 'poll':
      return (
        `[${polled(call, 'events', () => true)}], ${int(call, 1)}, ` +
        `${name === 'ppoll' ? hex(call, 2) : int(call, 2)}`
      );
    case 'select':
      return `64, ${setOf(BigInt(`0x${call.raw[0] || '0'}`))}, ${nullOr(call, 2)}, ${nullOr(call, 3)}`;
    case 'read':
    case 'write':
      return transfer(call);
    case 'connect':
    case 'bind':
      return `${fd(call, 0)}, ${socketAddressText(rawBytes(call.data))}, ${int(call, 2)}`;
    case 'socket':
      return `${words.addressFamily(int(call, 0))}, ${words.socketType(int(call, 1))}, ${int(call, 2)}`;
    case 'listen':
      return `${fd(call, 0)}, ${int(call, 1)}`;
    case 'shutdown':
      return `${fd(call, 0)}, ${words.shutdownWay(int(call, 1))}`;
    case 'setsockopt': {
      const level = words.socketLevel(int(call, 1));
      const option = level === 'SOL_SOCKET' ? words.socketOption(int(call, 2)) : String(int(call, 2));
      return `${fd(call, 0)}, ${level}, ${option}, [${uint32(rawBytes(call.data), 0)}], 4`;
    }
    case 'close':
      return fd(call, 0);
    case 'dup':
      return name === 'dup' ? fd(call, 0) : `${fd(call, 0)}, ${int(call, 1)}`;
    case 'fcntl':
      return fcntl(call);
    case 'ioctl':
      return int(call, 1) === 0x5421
        ? `${fd(call, 0)}, FIONBIO, [${uint32(rawBytes(call.data), 0)}]`
        : `${fd(call, 0)}, ${hex(call, 1)}`;
    case 'pipe':
      return pair(call);
    case 'socketpair':
      return `${words.addressFamily(int(call, 0))}, ${words.socketType(int(call, 1))}, ${int(call, 2)}, ${pair(call)}`;
    case 'futex':
      return `0x${call.raw[0]}, ${words.futexOperation(int(call, 1))}, ${int(call, 2)}`;
    case 'clone':
      return cloned(call);
    case 'open':
      return name === 'openat'
        ? `${int(call, 0) === -100 ? 'AT_FDCWD' : fd(call, 0)}, ${path(call)}, ${words.statusFlags(int(call, 2))}`
        : `${path(call)}, ${words.statusFlags(int(call, 1))}`;
    case 'execve':
      return `${path(call)}, ${hex(call, 1)}`;
    case 'lock':
      return `${fd(call, 0)}, ${words.lockOperation(int(call, 1))}`;
    case 'kill':
      return name === 'tgkill'
        ? `${int(call, 0)}, ${int(call, 1)}, ${signalName(int(call, 2))}`
        : `${int(call, 0)}, ${signalName(int(call, 1))}`;
    case 'wait-child':
    case 'exit':
      return String(int(call, 0));
    default:
      if (name === 'getsockname') return `${fd(call, 0)}, ${socketAddressText(rawBytes(call.data))}, [16]`;
      if (call.syscall.takesDescriptor) return `${fd(call, 0)}, ${hex(call, 1)}`;
      if (name === 'getppid' || name === 'gettid' || name === 'getpid') return '';
      return call.raw.map((_, i) => hex(call, i)).join(', ');
  }
}

/** What stands behind the `=`, for the calls of which it tells more than the number. */
export function resultText(call: RawCall, plain: string): string {
  if (!(call.value > 0)) return plain;
  const { family } = call.syscall;
  if (family === 'poll') return `${plain} ([${polled(call, 'revents', (ready) => ready !== 0)}])`;
  if (family === 'select') return `${plain} (in ${setOf(uint64(rawBytes(call.data)))})`;
  return plain;
}

/** The low 32 bits of an argument as a signed number. */
function int(call: RawCall, index: number): number {
  return Number.parseInt((call.raw[index] ?? '0').slice(-8), 16) | 0;
}

function hex(call: RawCall, index: number): string {
  return `0x${call.raw[index] ?? '0'}`;
}

function nullOr(call: RawCall, index: number): string {
  const text = hex(call, index);
  return text === '0x0' ? 'NULL' : text;
}

function fd(call: RawCall, index: number): string {
  const number = int(call, index);
  return labelled(call, number);
}

/** As `-y` of strace prints it: `5<socket:[4711]>`. */
function labelled(call: RawCall, fd: number): string {
  const label = call.labelOf(fd);
  return label === '' ? String(fd) : `${fd}<${label}>`;
}

function readyList(call: RawCall): string {
  const bytes = rawBytes(call.data);
  const { eventBytes } = call;
  const dataAt = eventBytes === 12 ? 4 : 8;
  const events: string[] = [];
  for (let at = 0; at + dataAt + 4 <= bytes.length && events.length < call.value; at += eventBytes)
    events.push(
      `{events=${words.epollEvents(uint32(bytes, at))}, data={u32=${uint32(bytes, at + dataAt)}, ` +
        `u64=${uint64(bytes.slice(at + dataAt))}}}`,
    );
  return `${events.join(', ')}${events.length < call.value ? '...' : ''}`;
}

function epollControl(call: RawCall): string {
  const operation = words.wordOf(int(call, 1), { 1: 'EPOLL_CTL_ADD', 2: 'EPOLL_CTL_DEL', 3: 'EPOLL_CTL_MOD' });
  const bytes = rawBytes(call.data);
  const dataAt = call.eventBytes === 12 ? 4 : 8;
  const event =
    bytes.length < dataAt + 4
      ? hex(call, 3)
      : `{events=${words.epollEvents(uint32(bytes, 0))}, data={u32=${uint32(bytes, dataAt)}, ` +
        `u64=${uint32(bytes, dataAt)}}}`;
  return `${fd(call, 0)}, ${operation}, ${fd(call, 2)}, ${event}`;
}

function polled(call: RawCall, key: 'events' | 'revents', wanted: (ready: number) => boolean): string {
  const bytes = rawBytes(call.data);
  const found: string[] = [];
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    const number = uint32(bytes, at) | 0;
    const ready = uint16(bytes, at + 6);
    if (wanted(ready))
      found.push(
        `{fd=${labelled(call, number)}, ` +
          `${key}=${words.pollEvents(key === 'events' ? uint16(bytes, at + 4) : ready)}}`,
      );
  }
  return found.join(', ');
}

function transfer(call: RawCall): string {
  const { name } = call.syscall;
  if (name.startsWith('sendfile')) return `${fd(call, 0)}, ${fd(call, 1)}, ${hex(call, 2)}, ${int(call, 3)}`;
  const wholeSize = call.value >= 0 ? call.value : int(call, 2);
  const text = `${quoted(call.data)}${rawBytes(call.data).length < wholeSize ? '...' : ''}`;
  if (name === 'sendmsg' || name === 'recvmsg')
    return `${fd(call, 0)}, {msg_iov=[{iov_base=${text}, iov_len=${wholeSize}}], msg_iovlen=1}, ${hex(call, 2)}`;
  if (name.endsWith('v') || name.endsWith('v2'))
    return `${fd(call, 0)}, [{iov_base=${text}, iov_len=${wholeSize}}], ${int(call, 2)}`;
  const flags = name === 'recvfrom' || name === 'sendto' ? `, ${hex(call, 3)}` : '';
  return `${fd(call, 0)}, ${text}, ${int(call, 2)}${flags}`;
}

function fcntl(call: RawCall): string {
  const command = words.fcntlCommand(int(call, 1));
  return `${fd(call, 0)}, ${command}, ${command === 'F_SETFL' ? words.statusFlags(int(call, 2)) : int(call, 2)}`;
}

function pair(call: RawCall): string {
  const bytes = rawBytes(call.data);
  return bytes.length < 8 ? '[]' : `[${uint32(bytes, 0) | 0}, ${uint32(bytes, 4) | 0}]`;
}

function cloned(call: RawCall): string {
  const { name } = call.syscall;
  if (name === 'fork' || name === 'vfork') return '';
  const flags = words.cloneFlags(name === 'clone3' ? uint32(rawBytes(call.data), 0) : int(call, 0));
  return name === 'clone3' ? `{flags=${flags}}` : `child_stack=${hex(call, 1)}, flags=${flags}`;
}

/** Up to the NUL; what follows in memory is not part of it. */
function path(call: RawCall): string {
  const end = call.data.indexOf('\\x00');
  return `${quoted(end < 0 ? call.data : call.data.slice(0, end))}${end < 0 && call.data !== '' ? '...' : ''}`;
}

/** The first 64 descriptors of a set: `[5 7]`. */
function setOf(bits: bigint): string {
  const found: number[] = [];
  for (let number = 0; number < 64; number++) if ((bits >> BigInt(number)) & 1n) found.push(number);
  return `[${found.join(' ')}]`;
}
