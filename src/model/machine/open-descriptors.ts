import { type DescriptorGroup, groupOf } from './descriptor-groups.ts';
import type { Descriptor } from './descriptors.ts';

/** So many descriptors may be followed at a time, over all processes: a process may have 65,536. */
const MOST_OPEN = 131_072;
/** When there are more, so many go. */
const GOING = MOST_OPEN / 4;

/** A table of descriptors, as far as it is asked to let go of some. */
interface Table {
  /** How many were opened in it and are open. */
  readonly own: number;
  entries(): Iterable<[number, Descriptor]>;
  /** Lets go of one that is open. */
  forget(fd: number, group: DescriptorGroup | null): void;
}

/** Counts the descriptors that are followed. Beyond a bound those go that are least likely to be heard of again. */
export class OpenDescriptors {
  readonly #most: number;
  readonly #tables: () => Iterable<Table>;
  #count = 0;
  /** Open ones that were let go of. */
  forgotten = 0;

  constructor(tables: () => Iterable<Table>, most = MOST_OPEN) {
    this.#tables = tables;
    this.#most = most;
  }

  get count(): number {
    return this.#count;
  }

  added(): void {
    if (++this.#count > this.#most) this.#relieve();
  }

  removed(count: number): void {
    this.#count -= count;
  }

  /**
   * Clients that never said anything go first, then clients without a request in progress, then files and the like, in
   * each table the oldest.
   */
  #relieve(): void {
    const target = this.#most - Math.min(GOING, Math.ceil(this.#most / 4));
    const tables = [...this.#tables()].toSorted((a, b) => b.own - a.own);
    for (let rank = 0; rank <= LAST_RANK; rank++) {
      for (const table of tables) {
        if (this.#count <= target || table.own === 0) break;
        this.#letGo(table, rank, this.#count - target);
      }
    }
  }

  #letGo(table: Table, rank: number, most: number): void {
    const going: [number, Descriptor][] = [];
    for (const [fd, descriptor] of table.entries())
      if (fd > 2 && rankOf(descriptor) === rank) going.push([fd, descriptor]);
    const oldest = going.toSorted(([, a], [, b]) => openedAt(a) - openedAt(b)).slice(0, most);
    for (const [fd, descriptor] of oldest) {
      table.forget(fd, groupOf(descriptor));
      this.forgotten++;
    }
  }
}

const LAST_RANK = 3;

function rankOf({ connection, listener, epoll, reusePort, isNeeded }: Descriptor): number {
  if (listener !== null || reusePort !== null || isNeeded) return LAST_RANK + 1;
  if (connection !== null)
    return !connection.used ? 0 : connection.request.inProgress || connection.request.hungUpAt >= 0 ? LAST_RANK : 1;
  return epoll !== null && epoll.members.size > 0 ? LAST_RANK : 2;
}

/** Where nothing tells, all are as old: the order of the numbers stays. */
function openedAt({ connection }: Descriptor): number {
  return connection?.openedAt ?? 0;
}
