import { closeSync, constants, fstatSync, openSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf } from './file-identity.ts';

/** Linux: a descriptor for looking up names, which needs no right to list the directory. */
const O_PATH = process.platform === 'linux' ? 0o10000000 : 0;

/**
 * A directory that is open: names in it are looked up in this very directory, whatever becomes of its own name
 * meanwhile. (Node has no `openat`; paths through `/proc/self/fd` do the same.)
 */
export class HeldDirectory {
  /** As it was named. */
  readonly path: string;
  readonly descriptor: number;
  readonly #base: string;

  private constructor(path: string, descriptor: number) {
    this.path = path;
    this.descriptor = descriptor;
    const base = `/proc/self/fd/${descriptor}`;
    // Without /proc there are no live captures, but there are reports.
    this.#base = isSame(base, descriptor) ? base : path;
  }

  /** Opens it; its last name may be a link only when `follow` is set. Throws what Node throws. */
  static open(path: string, { follow }: { readonly follow: boolean }): HeldDirectory {
    return new HeldDirectory(
      path,
      openSync(path, O_PATH | constants.O_DIRECTORY | (follow ? 0 : constants.O_NOFOLLOW)),
    );
  }

  /** A path that leads to a name in it. */
  at(name: string): string {
    return join(this.#base, name);
  }

  /** A path that leads to the directory itself. */
  get self(): string {
    return this.#base;
  }

  /** Where it is now, without links. */
  get realPath(): string {
    try {
      return readlinkSync(this.#base);
    } catch {
      // Without /proc the name is the best that is known.
      return this.path;
    }
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

function isSame(path: string, descriptor: number): boolean {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found !== undefined && identityOf(found) === identityOf(fstatSync(descriptor, { bigint: true }));
}
