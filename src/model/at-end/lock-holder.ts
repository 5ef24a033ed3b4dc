import type { LeftIn } from '../machine/left-in.ts';
import type { Thread } from '../machine/thread.ts';
import { lockOf } from '../topics/locks/shared-locks.ts';

/** Who has the lock that a thread waits for, as the end of "a lock which …"; '' when the trace does not tell. */
export function lockHolder({ descriptor }: LeftIn, thread: Thread): string {
  const holder = descriptor === null ? null : (lockOf(descriptor)?.holder ?? null);
  if (holder === null) return '';
  if (holder.process === thread.process) return 'it holds itself on another descriptor: a deadlock with itself';
  return `process ${holder.process.pid} holds`;
}
