import type { KeptLine } from '../../model/evidence.ts';
import type { EpollSet } from '../../model/machine/epoll-set.ts';
import type { Process } from '../../model/machine/process.ts';
import { rolesIn } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';

/** Event loops that wait for the same listeners. */
export interface Service {
  readonly name: string;
  readonly threads: Set<Thread>;
  readonly processes: Set<Process>;
  readonly sets: Set<EpollSet>;
}

/** Event loops with an epoll set, by the listeners that they wait for. */
export function servicesOf({ processes }: Model): Service[] {
  const services = new Map<string, Service>();
  for (const [thread, role] of rolesIn(processes)) {
    const epoll = (thread.loop.hub ?? thread.loop.formerHub)?.descriptor?.epoll ?? null;
    if (epoll === null || (role !== 'event-loop' && role !== 'acceptor')) continue;
    const names = new Set([...thread.accepts.listeners].map(({ name }) => name));
    const name = [...names].sort().join(', ');
    const service = services.get(name) ?? { name, threads: new Set(), processes: new Set(), sets: new Set() };
    services.set(name, service);
    service.threads.add(thread);
    service.processes.add(thread.process);
    service.sets.add(epoll);
  }
  return [...services.values()];
}

/** Changes of the sets of a service, and what it served meanwhile. */
export interface Figures {
  readonly added: number;
  readonly modified: number;
  readonly removed: number;
  readonly toggles: number;
  readonly changes: number;
  readonly requests: number;
  readonly connections: number;
  readonly lines: readonly KeptLine[];
}

/** Adds up the counts of all sets and processes of a service. */
export function figuresOf({ sets, processes }: Service): Figures {
  const sum = (of: (set: EpollSet) => number): number => [...sets].reduce((total, set) => total + of(set), 0);
  const total = (of: (process: Process) => number): number =>
    [...processes].reduce((all, process) => all + of(process), 0);
  return {
    added: sum(({ added }) => added),
    modified: sum(({ modified }) => modified),
    removed: sum(({ removed }) => removed),
    toggles: sum(({ listenersRemoved }) => listenersRemoved),
    changes: sum(({ added, modified, removed }) => added + modified + removed),
    requests: total(({ requests }) => requests),
    connections: total(({ accepted }) => accepted),
    lines: [...sets].flatMap(({ changeLine }) => (changeLine === null ? [] : [changeLine])),
  };
}
