import type { Thread } from '../model/machine/thread.ts';
import type { Model } from '../model/model.ts';

/** What a finding says of a thread that may take turns with others. */
export const TURNS_NOTE =
  ' Cannot tell whether that is a stall: the capture has no names of descriptors (-y), and other threads wait on an ' +
  'epoll set of the same number. If they are threads of one process that take turns there, as those of Go do, this ' +
  'one had nothing to do meanwhile. Record with -y.';

/** The same of a scheduler, where descriptors have names: those of epoll sets tell nothing. */
export const SCHEDULERS_NOTE =
  ' Cannot tell whether that is a stall: another thread, which nothing in the capture ties to a process, waits on an ' +
  'epoll set of the same number. If both are schedulers of one runtime, as that of Erlang, one of them waits for all.';

/** A thread that yields so often looks for work that others may have taken, as a scheduler of Erlang does. */
const YIELDS_OF_SCHEDULER = 20;

/** Whether a thread with so many calls of `sched_yield` is one of a runtime that share what there is to do. */
export function isScheduler(yields: number): boolean {
  return yields >= YIELDS_OF_SCHEDULER;
}

/**
 * Whether the thread may be one of several that take turns at one epoll instance, and the capture does not tell: it was
 * there before the capture, without names of descriptors nothing says whose thread it is, and others like it wait under
 * the same number.
 */
export function mayTakeTurns(thread: Thread, { processes }: Model): boolean {
  const { hub } = thread.loop;
  if (hub?.kind !== 'epoll' || thread.loop.isShared || !isUntold(thread)) return false;
  for (const other of processes.threads())
    if (other.process !== thread.process && !other.process.isWhole && other.loop.hub?.fd === hub.fd) return true;
  return false;
}

/**
 * Whether a thread that yields as a scheduler does may be one of several that take turns: another one waits under the
 * same number, and neither accepts nor reads what clients ask, so that no socket tells whose it is.
 */
export function mayBeOneOfSchedulers(thread: Thread, yields: number, { processes }: Model): boolean {
  const { hub } = thread.loop;
  if (!isScheduler(yields) || hub?.kind !== 'epoll' || thread.loop.isShared || thread.process.isWhole) return false;
  for (const { process, loop } of processes.threads())
    if (
      process !== thread.process &&
      !process.isWhole &&
      loop.hub?.fd === hub.fd &&
      process.accepted + process.requests === 0
    )
      return true;
  return false;
}

function isUntold({ process, accepts }: Thread): boolean {
  return !process.isWhole && accepts.listener?.grade === 'same-number';
}
