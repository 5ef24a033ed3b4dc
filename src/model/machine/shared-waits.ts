import { type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Descriptor } from './descriptors.ts';
import { PerDescriptor, PerProcess, PerThread } from './owned-state.ts';
import type { Process } from './process.ts';
import { SharedWait } from './shared-wait.ts';
import type { Thread } from './thread.ts';
import { threadsOf } from './threads-of.ts';

/** Who looks at an epoll instance. */
interface Looking {
  /** The thread that looked first. */
  readonly first: Thread;
  /** What it has in common with others of its process that do; null while there are none. */
  shared: SharedWait | null;
}

/** Asked at every wait of every loop. */
const NOBODY: readonly Thread[] = [];

const looking = new PerDescriptor<Looking>();
const ofThreads = new PerThread<SharedWait>();
const firstOfProcesses = new PerProcess<SharedWait>();

/** What this thread takes turns at with others of its process; null where its loop is its own. */
export function sharedWaitOf(thread: Thread): SharedWait | null {
  return thread.loop.isShared ? (ofThreads.of(thread) ?? null) : null;
}

/** The first wait that threads of this process have in common; null where they have none. */
export function sharedWaitIn(process: Process): SharedWait | null {
  return firstOfProcesses.of(process) ?? null;
}

/**
 * A thread with a loop of its own looks at its hub, an epoll instance. Threads of one process that look at the same are
 * one loop; stretches in which none of them waits count from `least` on. Returns those of which this turns out now.
 */
export function lookAt(descriptor: Descriptor, thread: Thread, least: Nanoseconds): readonly Thread[] {
  const found = looking.of(descriptor);
  if (found?.first === thread) return NOBODY;
  if (found === undefined || (found.first.ended && found.shared === null)) {
    looking.set(descriptor, { first: thread, shared: null });
    return NOBODY;
  }
  const { first } = found;
  const { process } = thread;
  // A fork has an epoll instance in common with its parent, and is a worker of its own.
  if (first.process !== process) return NOBODY;
  found.shared ??= new SharedWait(first, least);
  const { shared } = found;
  process.takesTurns = true;
  if (sharedWaitIn(process) === null) firstOfProcesses.set(process, shared);
  const joining = threadsOf(process).filter(({ loop }) => loop.hub?.descriptor === descriptor && !loop.isShared);
  const looks = joining.map(({ loop }) => ({ from: loop.lookedFrom, to: loop.lookedTo }));
  for (const { from, to } of looks.sort((one, other) => one.to - other.to))
    if (to !== UNKNOWN) shared.lookedBefore(from, to);
  for (const each of joining) {
    shared.join(each);
    ofThreads.set(each, shared);
    each.loop.join();
  }
  return joining;
}

/** Two descriptors turned out to be one, `descriptor`, which stands for both. */
export function lookedAtBoth(descriptor: Descriptor, other: Descriptor): void {
  const found = looking.of(other);
  if (found === undefined) return;
  const known = looking.of(descriptor);
  if (known === undefined) looking.set(descriptor, { ...found });
  else known.shared ??= found.shared;
}

/** `other` turned out to be the same process as `process`. */
export function sharedByBoth(process: Process, other: Process): void {
  const found = sharedWaitIn(other);
  if (found !== null && sharedWaitIn(process) === null) firstOfProcesses.set(process, found);
}
