import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import type { ThreadSight } from '../kernel-watch.ts';
import { linkOrEmpty, readOrEmpty } from '../process-facts.ts';
import { cpuStacks } from './cpu-stacks.ts';
import { pySpy } from './py-spy.ts';
import type { Sampler } from './sampler.ts';
import { euStack, gdb } from './stopping-samplers.ts';

/** How far drover goes to see the code of a stuck worker. */
export type CodeMode = 'auto' | 'off' | 'stopping';

/** Finds the sampler for each process among what is installed. */
export class Samplers {
  readonly #pySpy = found('py-spy', pySpy);
  /** Others than root may not run it. */
  readonly #cpuStacks = process.geteuid?.() === 0 ? found('bpftrace', cpuStacks) : null;
  readonly #stopping: Sampler | null;
  readonly #isPython = new Map<number, boolean>();

  constructor(mode: CodeMode) {
    this.#stopping = mode === 'stopping' ? (found('eu-stack', euStack) ?? found('gdb', gdb)) : null;
  }

  /** The one that says most of those that may be used. Of a thread in a call only a stopped one shows its stack. */
  for(pid: number, { call }: Pick<ThreadSight, 'call'>): Sampler | null {
    if (this.#pySpy !== null && this.#hasPython(pid)) return this.#pySpy;
    return this.#stopping ?? (call === '' ? this.#cpuStacks : null);
  }

  #hasPython(pid: number): boolean {
    const known = this.#isPython.get(pid) ?? isPython(pid);
    this.#isPython.set(pid, known);
    return known;
  }
}

function found(name: string, make: (program: string) => Sampler): Sampler | null {
  const path = programOnPath(name);
  return path === null ? null : make(path);
}

/** CPython runs in it: as its program, or as a library of it. */
export function isPython(pid: number): boolean {
  const program = linkOrEmpty(`/proc/${pid}/exe`);
  if (/\/python[\d.]*t?(?: \(deleted\))?$/.test(program)) return true;
  return /\/libpython\d[\w.]*\.so/.test(readOrEmpty(`/proc/${pid}/maps`));
}

/** The full path of a program on the PATH; null when there is none, or when others than root and this user own it. */
export function programOnPath(name: string): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (isOwn(realpathSync(path))) return path;
    } catch {
      // Not there, or not for this user.
    }
  }
  return null;
}

const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/** Only root and this user can change the file, and what stands in its folders. */
function isOwn(path: string): boolean {
  const user = process.geteuid?.() ?? 0;
  for (let at = path; ; at = dirname(at)) {
    const { uid, mode } = statSync(at);
    if (uid !== 0 && uid !== user) return false;
    if ((mode & OTHERS_WRITE) !== 0 && (at === path || (mode & STICKY) === 0)) return false;
    if (at === dirname(at)) return true;
  }
}
