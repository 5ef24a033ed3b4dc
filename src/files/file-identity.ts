import { type BigIntStats, fstatSync, lstatSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/** What a file is, whatever names it has: device and inode. */
type FileIdentity = string;

export function identityOf({ dev, ino }: Pick<BigIntStats, 'dev' | 'ino'>): FileIdentity {
  return `${dev}:${ino}`;
}

/**
 * The status of what a path names, a link itself when it is one; null when there is nothing. Throws what else goes
 * wrong.
 */
export function entryStatus(path: string): BigIntStats | null {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false }) ?? null;
}

/** Files that must never be written to: those that a result is made of. */
export class Inputs {
  readonly #paths: readonly string[];
  readonly #identities: ReadonlySet<FileIdentity>;

  /**
   * Looks at them now. `-` is standard input. Names that cannot be looked at are no obstacle here: opening them tells
   * why.
   */
  constructor(paths: readonly string[]) {
    this.#paths = paths;
    this.#identities = look(paths);
  }

  /** Whether one of the inputs is this file, as they were at first or as they are at this moment. */
  include(identity: FileIdentity): boolean {
    return this.#identities.has(identity) || look(this.#paths).has(identity);
  }
}

function look(paths: readonly string[]): Set<FileIdentity> {
  return new Set(
    paths.flatMap((path) => {
      try {
        const status = path === '-' ? fstatSync(0, { bigint: true }) : statSync(path, { bigint: true });
        return status.isFile() ? [identityOf(status)] : [];
      } catch {
        // What cannot be looked at is no file that could be overwritten.
        return [];
      }
    }),
  );
}

/** Whether two paths are the same name in the same directory, whether there is a file of that name or not. */
export function areSameName(first: string, second: string): boolean {
  if (basename(first) !== basename(second)) return false;
  const [one, other] = [first, second].map((path) => statSync(dirname(path), { bigint: true, throwIfNoEntry: false }));
  return one !== undefined && other !== undefined && identityOf(one) === identityOf(other);
}
