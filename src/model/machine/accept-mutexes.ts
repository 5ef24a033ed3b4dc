import type { CallArguments } from '../../trace/call-arguments.ts';
import type { Syscall } from '../../trace/syscalls.ts';
import type { Thread } from './thread.ts';

/** What a call says that waits for a lock. */
interface LockCall {
  readonly syscall: Syscall;
  readonly fd: number;
  readonly arguments: CallArguments;
}

/** Locks around the accept of one listener: one of a server, as a rule. */
const MOST_KEYS = 8;

/**
 * What tells a lock that processes share, or that gives its turn to one after the other, from others: a file, a word
 * of memory, a semaphore; '' for a call that waits for no such lock.
 */
function keyOf({ syscall, fd, arguments: told }: LockCall, { process }: Thread): string {
  switch (syscall.family) {
    case 'futex': {
      const use = told.futex();
      if (use === null || use.word === '') return '';
      const isLock = use.operation.startsWith('LOCK_PI') || (use.operation === 'WAIT' && !use.isPrivate);
      return isLock ? `futex ${use.word}` : '';
    }
    case 'fcntl':
      if (!told.has('SETLK')) return '';
      break;
    case 'lock':
      break;
    case 'semaphore': {
      const asked = told.semaphore();
      return asked !== null && asked.change < 0 ? `semaphore ${asked.set} ${asked.number}` : '';
    }
    default:
      return '';
  }
  const label = process.descriptors.get(fd)?.label ?? told.label();
  return label === '' ? `fd ${fd}` : label;
}

/**
 * A call waited for a lock, or does. Tells whether the lock is known to guard the accepts of the thread's listeners:
 * then the thread waited for its turn to get a connection. If not, the next accept of the thread may show that.
 */
export function waitsForItsTurn(call: LockCall, thread: Thread): boolean {
  const key = keyOf(call, thread);
  if (key === '') return false;
  const { accepts } = thread;
  for (const { mutexes } of accepts.listeners) if (mutexes.has(key)) return true;
  accepts.lockedBy = key;
  return false;
}

/** The thread accepts from its listener: a lock that it got since it served somebody guards that. */
export function acceptsLocked({ accepts }: Thread): void {
  const { listener, lockedBy } = accepts;
  accepts.lockedBy = '';
  if (listener !== null && listener.mutexes.size < MOST_KEYS) listener.mutexes.add(lockedBy);
}
