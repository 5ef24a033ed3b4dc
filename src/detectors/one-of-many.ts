import { type Runtime, runtimeOf } from '../model/machine/runtime.ts';
import type { Thread } from '../model/machine/thread.ts';
import { hasUnseenThreads } from '../model/machine/threads-of.ts';
import type { Model } from '../model/model.ts';

/** Their loop is that of one thread, whatever other threads do. */
const ONE_LOOP: ReadonlySet<Runtime> = new Set<Runtime>(['python', 'node', 'ruby', 'php']);

/**
 * The capture shows this thread alone (strace without `-f`), others that it does not show wake it, and nothing says
 * that its loop is its own: in Go, Rust or Java any of them may go on with the loop while this one is parked.
 */
export function isOneOfMany({ process }: Thread, { processes }: Model): boolean {
  const [, other] = processes.threads();
  return other === undefined && hasUnseenThreads(process) && !ONE_LOOP.has(runtimeOf(process));
}

/** A thread that rests on a lock for this share of its waiting does not rest in its loop alone. */
const PARKED = 0.1;

/** Such a thread rests on a lock until another one has work for it: the rest is no turn of a loop of its own. */
export function isParkedByOthers(thread: Thread, model: Model): boolean {
  const { futexBlocked, blockedElsewhere, idle } = thread.loop;
  return isOneOfMany(thread, model) && futexBlocked >= (blockedElsewhere + idle) * PARKED;
}
