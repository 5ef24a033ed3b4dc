import type { KeptLine } from '../../model/evidence.ts';
import type { Process } from '../../model/machine/process.ts';
import type { WorkerReady } from '../../model/topics/loading/module-tracker.ts';
import { earlier, later, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';

/** Loads kept in full for each family: the first. */
const KEPT_LOADS = 20;
/** Applications that one parent starts, and parents: more are not told apart. */
const MOST_FAMILIES = 16;
/** Workers that share this part of all modules of both load the same application (Jaccard index). */
const SAME_APPLICATION = 0.8;

/** What one worker loaded after its fork. */
export interface Load {
  readonly pid: number;
  readonly modules: number;
  readonly from: Nanoseconds;
  readonly to: Nanoseconds;
  /** null when the capture shows no call that asks for memory. */
  readonly privateBytes: number | null;
  readonly lines: readonly KeptLine[];
}

/** Workers of one parent that load the same application. */
export interface WorkerFamily {
  readonly parent: Process | null;
  readonly server: string;
  /** What the parent had loaded when it forked the first; UNKNOWN when that was not traced. */
  readonly inherited: number;
  readonly reference: ReadonlySet<number>;
  /** What all of them loaded. */
  readonly shared: Set<number>;
  readonly loads: Load[];
  count: number;
  time: Nanoseconds;
  bytes: number;
  readonly pids: Set<number>;
  /** Those that were still there at the last load. */
  alive: Process[];
  mostAlive: number;
  /** When the first of them began to load: it is not always the first to be ready. */
  first: Nanoseconds;
  last: Nanoseconds;
}

/** Sorts workers that are ready into families. */
export class Families {
  readonly all: WorkerFamily[] = [];

  add({ thread, startUp, time }: WorkerReady): void {
    const { process } = thread;
    const family =
      this.all.find((known) => known.parent === process.parent && areAlike(known.reference, startUp.modules)) ??
      this.#begin(process, startUp);
    if (family === null) return;
    for (const module of family.shared) if (!startUp.modules.has(module)) family.shared.delete(module);
    family.count++;
    // Waiting for the lock that serialises accepts is no loading.
    const to = Math.max(startUp.firstAt, time - thread.loop.futexBlocked);
    family.time += to - startUp.firstAt;
    family.bytes += startUp.memory.bytes;
    family.first = earlier(family.first, startUp.firstAt);
    family.last = later(family.last, time);
    family.alive = [...family.alive.filter(({ exitedAt }) => exitedAt === UNKNOWN), process];
    family.mostAlive = Math.max(family.mostAlive, family.alive.length);
    if (family.loads.length === KEPT_LOADS) return;
    family.pids.add(process.pid);
    family.loads.push({
      pid: process.pid,
      modules: startUp.modules.size,
      from: startUp.firstAt,
      to,
      privateBytes: startUp.memory.seen ? Math.max(0, startUp.memory.bytes) : null,
      lines: [startUp.firstLine, startUp.lastLine].filter((line) => line !== null),
    });
  }

  #begin({ parent, server }: Process, { modules, inherited }: WorkerReady['startUp']): WorkerFamily | null {
    if (this.all.length === MOST_FAMILIES) return null;
    const family: WorkerFamily = {
      parent,
      server,
      inherited,
      reference: new Set(modules),
      shared: new Set(modules),
      loads: [],
      count: 0,
      time: 0,
      bytes: 0,
      pids: new Set(),
      alive: [],
      mostAlive: 0,
      first: UNKNOWN,
      last: UNKNOWN,
    };
    this.all.push(family);
    return family;
  }
}

function areAlike(first: ReadonlySet<number>, second: Pick<ReadonlySet<number>, 'has' | 'size'>): boolean {
  let common = 0;
  for (const module of first) if (second.has(module)) common++;
  return common >= SAME_APPLICATION * (first.size + second.size - common);
}
