import type { Listener } from './listener.ts';
import type { Process } from './process.ts';
import type { Thread } from './thread.ts';

/**
 * Processes that watch a listener without ever accepting, while processes that they forked do: php-fpm starts its
 * children when somebody knocks.
 */
export function mastersOf(threads: readonly Thread[]): ReadonlySet<Process> {
  const accepting = new Set<Process>();
  const parents = new Set<Process>();
  for (const { accepts, process } of threads) {
    if (accepts.listenerNumbers.size === 0) continue;
    accepting.add(process);
    if (process.parent !== null) parents.add(process.parent);
  }
  for (const process of accepting) parents.delete(process);
  return parents;
}

/**
 * The threads that accept from a listener or wait for it, without those of masters. Of many listeners,
 * `acceptorsOfEach` asks every thread once.
 */
export function acceptorsOf(listener: Listener, threads: Iterable<Thread>): Thread[] {
  const all = [...threads];
  const masters = mastersOf(all);
  return all.filter(({ accepts, process }) => accepts.listeners.has(listener) && !masters.has(process));
}

/** The threads that accept from each listener or wait for it; a listener without any is not in it. */
export function acceptorsOfEach(threads: Iterable<Thread>): ReadonlyMap<Listener, readonly Thread[]> {
  const acceptors = new Map<Listener, Thread[]>();
  const all = [...threads];
  const masters = mastersOf(all);
  for (const thread of all) {
    if (masters.has(thread.process)) continue;
    for (const listener of thread.accepts.listeners) {
      const known = acceptors.get(listener);
      if (known === undefined) acceptors.set(listener, [thread]);
      else known.push(thread);
    }
  }
  return acceptors;
}
