import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { linkOrEmpty, readOrEmpty } from '../process-facts.ts';
import { pySpy } from './py-spy.ts';
import type { Sampler } from './sampler.ts';

/** How far drover goes to see the code of a stuck worker. */
export type CodeMode = 'auto' | 'off' | 'stopping';

/** Finds the sampler for each process among what is installed. */
export class Samplers {
  readonly #pySpy: Sampler | null;
  readonly #chosen = new Map<number, Sampler | null>();

  constructor() {
    const path = programOnPath('py-spy');
    this.#pySpy = path === null ? null : pySpy(path);
  }

  for(pid: number): Sampler | null {
    const known = this.#chosen.get(pid);
    if (known !== undefined) return known;
    const chosen = this.#pySpy !== null && isPython(pid) ? this.#pySpy : null;
    this.#chosen.set(pid, chosen);
    return chosen;
  }
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
