import type { CaptureFacts, ThreadIdentity } from '../../trace/capture-facts.ts';
import { serverOf } from '../../trace/server-names.ts';
import type { Process } from './process.ts';
import type { Thread } from './thread.ts';

/** Who is told whose a thread is, and whose child a process. */
interface Naming {
  pidNamed(thread: Thread, pid: number): void;
  parentNamed(process: Process, parentTid: number): void;
}

/** Who is who, as noted beside the trace. */
export class NotedThreads {
  readonly #facts: CaptureFacts;
  readonly #naming: Naming;
  /** Those that have not been recognised. */
  readonly #threads: Map<number, ThreadIdentity>;
  readonly #parents: ReadonlySet<number>;
  /** Recognised processes by the number of their parent, which may be seen after its child. */
  readonly #children = new Map<number, Process[]>();

  constructor(facts: CaptureFacts, naming: Naming) {
    this.#facts = facts;
    this.#naming = naming;
    this.#threads = new Map(facts.threads);
    this.#parents = new Set([...facts.threads.values()].map(({ parent }) => parent));
  }

  /** A thread that was there when the facts were noted. A number that comes back later is another thread's. */
  appeared(thread: Thread): void {
    const { tid, lane, process } = thread;
    const identity = this.#threads.get(tid);
    this.#threads.delete(tid);
    if (identity === undefined) return;
    if (lane.comm === '') lane.comm = identity.comm;
    if (identity.pid !== tid) {
      this.#naming.pidNamed(thread, identity.pid);
      return;
    }
    nameAfter(thread);
    process.usesRing ||= this.#facts.rings.has(tid);
    const argv = this.#facts.commands.get(tid);
    if (argv !== undefined && process.argv.length === 0) {
      process.argv = argv;
      process.server = serverOf(argv) || process.server;
    }
    const siblings = this.#children.get(identity.parent);
    if (siblings === undefined) this.#children.set(identity.parent, [process]);
    else siblings.push(process);
    this.#naming.parentNamed(process, identity.parent);
    if (!this.#parents.has(tid)) return;
    for (const child of this.#children.get(tid) ?? []) this.#naming.parentNamed(child, tid);
  }
}

/** This thread is the first of its process. */
export function nameAfter({ process, lane }: Thread): void {
  process.isNamed = true;
  process.isLeaderGuessed = false;
  process.leader = lane;
}
