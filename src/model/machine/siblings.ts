import type { Listener } from './listeners.ts';
import type { Process } from './process.ts';
import type { Role } from './roles.ts';
import type { Thread } from './thread.ts';

/** A thread whose role is known, and when it was added. */
interface Known {
  readonly process: Process;
  readonly role: Role;
  readonly place: number;
}

/**
 * The first threads of a known role at each listener, and of each parent. Of a key two are enough, of two processes: a
 * thread asks for those of other processes than its own. Every thread is looked at once for each of its listeners,
 * never for each other thread.
 */
export class Siblings {
  readonly #atListener = new Map<Listener, Known[]>();
  readonly #ofParent = new Map<Process, Known[]>();
  #count = 0;

  add({ process, accepts }: Thread, role: Role): void {
    const place = this.#count++;
    if (role === 'master' || role === 'unknown' || accepts.listeners.size === 0) return;
    const known: Known = { process, role, place };
    for (const listener of accepts.listeners) keep(this.#atListener, listener, known);
    if (process.parent !== null) keep(this.#ofParent, process.parent, known);
  }

  /**
   * The role of the first that accepts from the same listener, or accepts and has the same parent; `unknown` when there
   * is none.
   */
  roleFor({ process, accepts }: Thread): Role {
    let first: Known | undefined;
    const look = (candidates: readonly Known[] = []): void => {
      const found = candidates.find((known) => known.process !== process);
      if (found !== undefined && (first === undefined || found.place < first.place)) first = found;
    };
    for (const listener of accepts.listeners) look(this.#atListener.get(listener));
    if (process.parent !== null) look(this.#ofParent.get(process.parent));
    return first?.role ?? 'unknown';
  }
}

function keep<Key>(siblings: Map<Key, Known[]>, key: Key, known: Known): void {
  const kept = siblings.get(key);
  if (kept === undefined) siblings.set(key, [known]);
  else if (kept.length === 1 && kept[0]?.process !== known.process) kept.push(known);
}
