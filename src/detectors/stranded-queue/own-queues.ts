import type { Listener } from '../../model/machine/listeners.ts';
import { acceptorsOfEach, pidsOf } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';

/**
 * The addresses that several sockets listen on, each of a process of its own, with the threads that accept from each.
 */
export function ownQueues(model: Model): Map<string, Map<Listener, readonly Thread[]>> {
  const byName = new Map<string, Map<Listener, readonly Thread[]>>();
  const acceptors = acceptorsOfEach(model.processes.threads());
  for (const listener of model.listeners.all) {
    const threads = acceptors.get(listener);
    if (threads === undefined) continue;
    const queues = byName.get(listener.name) ?? new Map<Listener, readonly Thread[]>();
    byName.set(listener.name, queues.set(listener, threads));
  }
  for (const [name, queues] of byName)
    if (pidsOf([...queues.values()].flat()).length < 2 || queues.size < 2) byName.delete(name);
  return byName;
}
