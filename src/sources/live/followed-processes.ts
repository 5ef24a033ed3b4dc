import { findFamily, hostView, type ProcessListing } from './family.ts';
import { ParentTable, type ProcessFacts } from './process-facts.ts';
import { socketsOf } from './socket-tables.ts';
import { StartTicks } from './start-ticks.ts';

interface FollowedOptions {
  readonly view?: () => ProcessListing;
  /** When a process started, 0 when there is none of that number. */
  readonly startTicks?: Pick<StartTicks, 'of' | 'sweep'>;
  /** What tells the sockets of a process apart from all others, empty when it has none. */
  readonly sockets?: (pid: number) => ReadonlySet<string>;
}

/**
 * The processes that a capture follows: those of its start, and those that they have forked since then, as long as each
 * of them lives. A capture goes on for days: workers are replaced, a whole server is upgraded, and pids are used again.
 */
export class FollowedProcesses {
  readonly #first: readonly ProcessFacts[];
  readonly #view: () => ProcessListing;
  readonly #startTicks: Pick<StartTicks, 'of' | 'sweep'>;
  /** The rest of the server as it was at the start, which is not traced: when each process started, by its pid. */
  readonly #others: ReadonlyMap<number, number>;
  readonly #members: Map<number, ProcessFacts>;
  readonly #socketsOf: (pid: number) => ReadonlySet<string>;
  /** Sockets that the masters had at the start; null where a part of the server is followed, which has no heirs. */
  readonly #sockets: ReadonlySet<string> | null;
  /** Who was there at the last look. */
  #present: ReadonlySet<number>;

  constructor(
    first: readonly ProcessFacts[],
    { view = hostViews(), startTicks = new StartTicks(), sockets = socketsOf }: FollowedOptions = {},
  ) {
    this.#first = first;
    this.#view = view;
    this.#startTicks = startTicks;
    this.#socketsOf = sockets;
    this.#members = new Map(first.map((process) => [process.pid, process]));
    const host = view();
    const family = findFamily([...this.#members.keys()], host);
    this.#others = new Map(family.map(({ pid, startTicks: ticks }) => [pid, ticks]));
    this.#present = new Set(host.parents.keys());
    const masters = first.filter(({ parent }) => !this.#members.has(parent));
    const isWhole = family.every(({ pid }) => this.#members.has(pid));
    this.#sockets = isWhole ? new Set(masters.flatMap(({ pid }) => [...sockets(pid)])) : null;
  }

  /** Those that lived at the last look. */
  get pids(): readonly number[] {
    return [...this.#members.keys()];
  }

  /** Those of the start, and those that were forked and live. */
  get all(): readonly ProcessFacts[] {
    const later = [...this.#members.values()].filter((process) => !this.#first.includes(process));
    return [...this.#first, ...later];
  }

  /** None of them is left. */
  get haveEnded(): boolean {
    return [...this.#members.values()].every((process) => !this.#lives(process));
  }

  /** Forgets those that have ended, also where another process has the pid. */
  dropEnded(): void {
    for (const process of this.#members.values()) if (!this.#lives(process)) this.#members.delete(process.pid);
    this.#startTicks.sweep();
  }

  /** Does so, and finds workers that replaced others, and servers that replaced themselves. */
  refresh(): void {
    this.dropEnded();
    const view = this.#view();
    for (const heir of this.#heirs(view)) this.#add(heir);
    // Of 200 workers all that is known would be read anew every two seconds, for 6 % of a core.
    const known = { ...view, read: (pid: number) => this.#known(pid, view) };
    // Parents stand before their children.
    for (const process of findFamily([...this.#members.keys()], known)) {
      const { pid, parent, startTicks } = process;
      const isNew = !this.#members.has(pid) && this.#members.has(parent) && this.#others.get(pid) !== startTicks;
      if (isNew) this.#add(process);
    }
  }

  #known(pid: number, view: ProcessListing): ProcessFacts | null {
    const member = this.#members.get(pid);
    return member === undefined ? view.read(pid) : { ...member, parent: view.parents.get(pid) ?? member.parent };
  }

  #add(process: ProcessFacts): void {
    this.#members.set(process.pid, { ...process, state: 'S' });
  }

  /**
   * A server that replaced itself and whose old processes have ended since the last look: the new one runs the same
   * program, in the same session, on the same sockets. systemd would have begun a session for it.
   */
  #heirs(view: ProcessListing): readonly ProcessFacts[] {
    const before = this.#present;
    this.#present = new Set(view.parents.keys());
    const sockets = this.#sockets;
    if (sockets === null) return [];
    return [...this.#present].flatMap((pid) => {
      const process = before.has(pid) ? null : view.read(pid);
      if (process === null || this.#members.has(process.parent)) return [];
      const isHeir = this.#first.some(
        ({ program, session }) => program !== '' && program === process.program && session === process.session,
      );
      return isHeir && [...this.#socketsOf(pid)].some((socket) => sockets.has(socket)) ? [process] : [];
    });
  }

  #lives({ pid, startTicks }: ProcessFacts): boolean {
    return this.#startTicks.of(pid) === startTicks;
  }
}

function hostViews(): () => ProcessListing {
  const table = new ParentTable();
  return () => hostView(table);
}
