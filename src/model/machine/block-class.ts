import type { CallArguments } from '../../trace/call-arguments.ts';
import { portOf } from '../../trace/payload.ts';
import type { Syscall } from '../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import { cannotSleep, type SleptOn } from './cannot-sleep.ts';

/** What kind of waiting a call is, apart from the loop's own. */
export type BlockClass =
  | 'foreign-poll'
  | 'network'
  | 'dns'
  | 'disk-sync'
  | 'disk'
  | 'file-lock'
  | 'sleep'
  | 'child'
  | 'fork'
  | 'log'
  | 'futex'
  | 'gil'
  | 'accept'
  | 'not-running'
  | 'other';

/** A call that took time, or the silence that followed one. */
export interface BlockingCall {
  readonly syscall: Syscall;
  readonly fd: number;
  readonly arguments: CallArguments;
  readonly error: string;
  readonly duration: Nanoseconds;
}

/** What is asked of the descriptor that is waited for. */
interface WaitedFor extends SleptOn {
  readonly label: string;
  readonly peer: string;
}

/** What kind of waiting a call on a loop thread is. */
export function blockClass(call: BlockingCall, descriptor: WaitedFor | undefined): BlockClass {
  if (cannotSleep(call, descriptor)) return 'not-running';
  switch (call.syscall.family) {
    case 'poll':
    case 'select':
    case 'epoll-wait':
      if (call.arguments.has('NO_DESCRIPTORS')) return 'sleep';
      return isNameServer(descriptor) ? 'dns' : 'foreign-poll';
    case 'read':
    case 'write':
    case 'connect':
      return transferClass(call, descriptor);
    case 'sync':
      return 'disk-sync';
    case 'lock':
    case 'fcntl':
      return 'file-lock';
    case 'open':
    case 'file':
      return 'disk';
    case 'sleep':
      return hasOverslept(call) ? 'not-running' : 'sleep';
    case 'signal-wait':
      return 'sleep';
    case 'wait-child':
      return 'child';
    case 'clone':
      return call.syscall.name === 'vfork' || call.arguments.has('CLONE_VFORK') ? 'child' : 'fork';
    case 'futex':
      return isInterpreterLockWait(call) ? 'gil' : 'futex';
    case 'accept':
      return 'accept';
    default:
      return 'other';
  }
}

/** A timer and a tracer are late by less. */
const LATE: Nanoseconds = 10 * MILLISECOND;

/**
 * Most of a sleep lay behind its end: the thread was woken, and had no processor. The thread of Go's runtime that looks
 * after the others sleeps for 20 µs at a time.
 */
function hasOverslept({ arguments: told, duration }: BlockingCall): boolean {
  if (duration <= LATE) return false;
  const asked = told.timeout();
  return asked >= 0 && duration - LATE > 2 * asked;
}

function isNameServer(descriptor: WaitedFor | undefined): boolean {
  return descriptor !== undefined && portOf(descriptor.peer) === 53;
}

function transferClass(call: BlockingCall, descriptor: WaitedFor | undefined): BlockClass {
  if (descriptor === undefined) return 'other';
  if (isNameServer(descriptor)) return 'dns';
  if (descriptor.peer === 'unix:/dev/log' || descriptor.label.includes('/dev/log')) return 'log';
  const writes = call.syscall.family === 'write';
  if (writes && (call.fd === 1 || call.fd === 2 || /\.log$|\/log\//.test(descriptor.label))) return 'log';
  if (descriptor.kind === 'socket' || descriptor.kind === 'connection' || descriptor.kind === 'datagram')
    return 'network';
  return descriptor.kind === 'file' ? 'disk' : 'other';
}

/**
 * CPython (3.2 to 3.13) waits for its interpreter lock in slices of `sys.getswitchinterval()`, 5 ms, on the monotonic
 * clock. Condition variables of C libraries use CLOCK_REALTIME or other lengths.
 */
export function isInterpreterLockWait(call: Pick<BlockingCall, 'error' | 'duration' | 'arguments'>): boolean {
  if (call.error !== 'ETIMEDOUT' || call.duration < 4.5 * MILLISECOND || call.duration > 9 * MILLISECOND) return false;
  const futex = call.arguments.futex();
  return futex?.operation === 'WAIT_BITSET' && futex.isPrivate && !futex.isRealtime;
}
