import type { Listener } from './listener.ts';
import type { Process } from './process.ts';
import type { Thread } from './thread.ts';

/** A thread whose role is known, and when it was added. */
interface Known<Role> {
  readonly process: Process;
  readonly role: Role;
  readonly place: number;
}

/**
 * The first threads of a known role at each listener, and of each parent. Of a key two are enough, of two processes: a
 * thread asks for those of other processes than its own. Every thread is looked at once for each of its listeners,
 * never for each other thread.
 */
export class Siblings<Role> {
  readonly #atListener = new Map<Listener, Known<Role>[]>();
  readonly #ofParent = new Map<Process, Known<Role>[]>();
  #count = 0;

  add({ process, accepts }: Thread, role: Role): void {
    const place = this.#count++;
    if (accepts.listeners.size === 0) return;
    const known: Known<Role> = { process, role, place };
    for (const listener of accepts.listeners) keep(this.#atListener, listener, known);
    if (process.parent !== null) keep(this.#ofParent, process.parent, known);
  }

  /**
   * The role of the first that accepts from the same listener, or accepts and has the same parent; undefined when
   * there is none.
   */
  roleFor({ process, accepts }: Thread): Role | undefined {
    let first: Known<Role> | undefined;
    const look = (candidates: readonly Known<Role>[] = []): void => {
      const found = candidates.find((known) => known.process !== process);
      if (found !== undefined && (first === undefined || found.place < first.place)) first = found;
    };
    for (const listener of accepts.listeners) look(this.#atListener.get(listener));
    if (process.parent !== null) look(this.#ofParent.get(process.parent));
    return first?.role;
  }
}

function keep<Key, Role>(siblings: Map<Key, Known<Role>[]>, key: Key, known: Known<Role>): void {
  const kept = siblings.get(key);
  if (kept === undefined) siblings.set(key, [known]);
  else if (kept.length === 1 && kept[0]?.process !== known.process) kept.push(known);
}
