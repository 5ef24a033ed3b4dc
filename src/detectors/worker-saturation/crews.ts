import type { Listener } from '../../model/machine/listener.ts';
import type { Thread } from '../../model/machine/thread.ts';

/** Threads that serve the same clients: any of them may take the next one. */
export type Crew = readonly Thread[];

/**
 * Threads by whom they serve. `common` says what a thread shares with its crew, as its listeners are. Processes that
 * share nothing, as with SO_REUSEPORT, belong together when they have one parent, or none that is known, unless
 * `byParent` is false.
 */
export function crewsOf(
  threads: readonly Thread[],
  common: (thread: Thread) => Iterable<object | string>,
  byParent = true,
): Crew[] {
  const crews = new Map<Thread, Thread[]>();
  for (const thread of threads) crews.set(thread, [thread]);
  const unite = (one: Thread, other: Thread): void => {
    const kept = crews.get(one) as Thread[];
    const gone = crews.get(other) as Thread[];
    if (kept === gone) return;
    kept.push(...gone);
    for (const each of gone) crews.set(each, kept);
  };
  const uniteBy = (some: readonly Thread[], keysOf: (thread: Thread) => Iterable<object | string | null>): void => {
    const first = new Map<object | string | null, Thread>();
    for (const thread of some) {
      for (const key of keysOf(thread)) {
        const known = first.get(key);
        if (known === undefined) first.set(key, thread);
        else unite(known, thread);
      }
    }
  };
  uniteBy(threads, common);
  if (!byParent) return [...new Set(crews.values())];
  const alone = threads.filter((thread) => crews.get(thread)?.every(({ process }) => process === thread.process));
  uniteBy(alone, ({ process }) => [process.parent]);
  return [...new Set(crews.values())];
}

/** What those who serve the clients of these listeners have in common: the queues, and the addresses that are told. */
export function* queuesOf(listeners: Iterable<Listener>): Iterable<Listener | string> {
  for (const listener of listeners) {
    yield listener;
    if (!listener.name.startsWith('fd ')) yield listener.name;
  }
}
