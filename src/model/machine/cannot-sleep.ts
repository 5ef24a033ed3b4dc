import type { CallArguments } from '../../trace/call-arguments.ts';
import type { Syscall } from '../../trace/syscalls.ts';
import type { DescriptorKind } from './descriptor-kind.ts';

/** What decides whether a call can have slept. */
interface Asked {
  readonly syscall: Syscall;
  readonly arguments: CallArguments;
  readonly error: string;
}

/** What is asked of the descriptor that the call is on. */
export interface SleptOn {
  readonly kind: DescriptorKind;
  readonly nonblocking: boolean | null;
}

/** The kernel works on these for long without sleeping, or sleeps for all processors to pass. */
const SLOW: ReadonlySet<string> = new Set(['membarrier', 'getrandom']);
/** Calls of the family `file` that only look at what the process has open. */
const FROM_MEMORY: ReadonlySet<string> = new Set(['lseek', '_llseek', 'getcwd']);

/**
 * Whether a call can have waited for nothing: it returns at once by its nature. What it took beyond that, the thread
 * did not run: its quota was used up, it had no processor, its pages were not there, or the tracer held it.
 */
export function cannotSleep(asked: Asked, descriptor: SleptOn | undefined): boolean {
  const { syscall, error } = asked;
  switch (syscall.family) {
    case 'trivial':
      return !SLOW.has(syscall.name);
    case 'getsockopt':
    case 'setsockopt':
    case 'epoll-ctl':
    case 'epoll-create':
    case 'eventfd':
    case 'dup':
    case 'socket':
    case 'listen':
    case 'shutdown':
    case 'pipe':
    case 'socketpair':
    case 'sigreturn':
    case 'memory':
    case 'kill':
      return true;
    // A thread shares all memory with its maker. A fork copies the tables of it, and vfork waits for the child.
    case 'clone':
      return asked.arguments.has('CLONE_THREAD');
    case 'fcntl':
      return !asked.arguments.has('SETLK');
    case 'ioctl':
      return isSocket(descriptor) || asked.arguments.setsNonblocking() !== null;
    case 'futex':
      return /WAKE|REQUEUE|UNLOCK/.test(asked.arguments.futex()?.operation ?? '');
    // A file may be on a server that has to be told. A socket is closed at once unless it lingers, as hardly any does.
    case 'close':
      return isSocket(descriptor) || descriptor?.kind === 'epoll' || descriptor?.kind === 'event';
    case 'poll':
    case 'select':
    case 'epoll-wait':
      return asked.arguments.timeout() === 0;
    case 'read':
    case 'write':
    case 'accept':
    case 'connect':
      return (
        error === 'EAGAIN' ||
        error === 'EWOULDBLOCK' ||
        error === 'EINPROGRESS' ||
        (descriptor?.nonblocking === true && descriptor.kind !== 'file') ||
        // The counter of an eventfd has no room for one more only after 2^64 of them.
        (syscall.family === 'write' && descriptor?.kind === 'event') ||
        asked.arguments.has('MSG_DONTWAIT')
      );
    case 'file':
      return FROM_MEMORY.has(syscall.name);
    default:
      return false;
  }
}

function isSocket(descriptor: SleptOn | undefined): boolean {
  switch (descriptor?.kind) {
    case 'socket':
    case 'connection':
    case 'listener':
    case 'datagram':
      return true;
    default:
      return false;
  }
}

/** Calls that only look at what a file system has, which is in memory as a rule. */
const LOOKS = /stat|access|readlink|getdents/;
/** Bytes that the page cache takes or gives without a wait, as a rule. */
const BRIEF = 65_536;

/**
 * Whether a call is so small a step on a regular file that the page cache serves it as a rule: it can have waited for
 * the disk, and more likely has not run.
 */
export function isBrief(
  { syscall: { family, name }, result }: { readonly syscall: Syscall; readonly result: number },
  descriptor: SleptOn | undefined,
): boolean {
  if (family === 'file') return LOOKS.test(name);
  if (family !== 'read' && family !== 'write') return false;
  return descriptor?.kind === 'file' && result >= 0 && result < BRIEF && !/^(?:sendfile|splice)/.test(name);
}
