import { hasHostPids } from '../host-facts.ts';
import { linkOrEmpty, readOrEmpty, readStartTicks } from '../process-facts.ts';
import type { ThreadSight } from '../sights.ts';
import { cpuStacks } from './cpu-stacks.ts';
import { programOnPath } from './program-on-path.ts';
import { pySpy } from './py-spy.ts';
import type { Sampler } from './sampler.ts';
import { euStack, gdb } from './stopping-samplers.ts';

/** How far drover goes to see the code of a stuck worker. */
export type CodeMode = 'auto' | 'off' | 'stopping';

/** Workers come and go for days. */
const MOST_KNOWN = 4_096;

/** Finds the sampler for each process among what is installed. */
export class Samplers {
  readonly #pySpy = found('py-spy', pySpy);
  /** Others than root may not run it, and in a pid namespace it counts other pids. */
  readonly #cpuStacks =
    process.geteuid?.() === 0 && hasHostPids(linkOrEmpty('/proc/self/ns/pid')) ? found('bpftrace', cpuStacks) : null;
  readonly #stopping: Sampler | null;
  /** By the pid of a process and its start: a pid is used again. */
  readonly #isPython = new Map<string, boolean>();

  constructor(mode: CodeMode) {
    this.#stopping = mode === 'stopping' ? (found('eu-stack', euStack) ?? found('gdb', gdb)) : null;
  }

  /** The one that says most of those that may be used. Of a thread in a call only a stopped one shows its stack. */
  for(pid: number, { call }: Pick<ThreadSight, 'call'>): Sampler | null {
    if (this.#pySpy !== null && this.#hasPython(pid)) return this.#pySpy;
    return this.#stopping ?? (call === '' ? this.#cpuStacks : null);
  }

  #hasPython(pid: number): boolean {
    const key = `${pid} ${readStartTicks(pid)}`;
    const known = this.#isPython.get(key) ?? isPython(pid);
    if (this.#isPython.size >= MOST_KNOWN) this.#isPython.clear();
    this.#isPython.set(key, known);
    return known;
  }
}

function found(name: string, make: (program: string) => Sampler): Sampler | null {
  const path = programOnPath(name);
  return path === null ? null : make(path);
}

/** CPython runs in it: as its program, or as a library of it. */
function isPython(pid: number): boolean {
  const program = linkOrEmpty(`/proc/${pid}/exe`);
  if (/\/python[\d.]*t?(?: \(deleted\))?$/.test(program)) return true;
  return /\/libpython\d[\w.]*\.so/.test(readOrEmpty(`/proc/${pid}/maps`));
}
