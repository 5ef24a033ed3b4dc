import { chmodSync, constants, fstatSync, mkdtempSync, openSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { HeldDirectory } from './held-directory.ts';
import { cannotWrite, OutputError } from './output-error.ts';
import { demandTrusted } from './trusted-place.ts';

const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;
const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_APPEND | constants.O_RDWR;

/**
 * A new folder with a name that nobody can foresee, which only this user may enter, held open: what is made in it lands
 * in it, also when somebody who owns the directory around it renames it and puts something else in its place.
 */
export class PrivateFolder {
  /** Where it was made. */
  readonly path: string;
  readonly #place: HeldDirectory;
  readonly #folder: HeldDirectory;

  private constructor(place: HeldDirectory, path: string, folder: HeldDirectory) {
    this.path = path;
    this.#place = place;
    this.#folder = folder;
  }

  /**
   * Makes it in a directory, which must stay open as long as the folder is used. Throws `OutputError`, or what Node
   * throws.
   */
  static make(place: HeldDirectory, prefix: string): PrivateFolder {
    const made = mkdtempSync(place.at(prefix));
    const path = join(place.path, basename(made));
    const folder = HeldDirectory.open(made, { follow: false });
    try {
      demandOurs(folder, path);
    } catch (error) {
      folder.close();
      throw error;
    }
    return new PrivateFolder(place, path, folder);
  }

  /**
   * Makes a file that only its owner may read and gives its descriptor, for reading and for writing at its end. Throws
   * what Node throws.
   */
  create(name: string): number {
    return openSync(this.#folder.at(name), NEW_FILE, OWNER_ONLY);
  }

  /** The same for a file without a name, which is gone with its last descriptor. */
  createNameless(name: string): number {
    const descriptor = this.create(name);
    unlinkSync(this.#folder.at(name));
    return descriptor;
  }

  /** A path that leads to a name in it. */
  at(name: string): string {
    return this.#folder.at(name);
  }

  /** A path that leads to the folder itself. */
  get self(): string {
    return this.#folder.self;
  }

  /** Removes these files, then the folder itself when nothing else is in it, as far as it goes. */
  remove(names: readonly string[]): void {
    for (const name of names) attempt(() => unlinkSync(this.#folder.at(name)));
    attempt(() => rmdirSync(this.#place.at(basename(this.path))));
  }
}

/** A new folder among the temporary files. Throws `OutputError`. */
export function temporaryFolder(): PrivateFolder {
  const path = tmpdir();
  try {
    const place = HeldDirectory.open(path, { follow: true });
    demandTrusted(place, 'Set TMPDIR to a directory that only you can change.');
    return PrivateFolder.make(place, 'drover-');
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** Somebody may have put another folder in its place between its making and its opening. */
function demandOurs(folder: HeldDirectory, path: string): void {
  const { uid, mode } = fstatSync(folder.descriptor);
  const isOurs = uid === process.geteuid?.() && (mode & OTHERS) === 0;
  // mkdtemp leaves it to the umask whether its owner may enter.
  if (isOurs && (mode & OWNER_ONLY_FOLDER) !== OWNER_ONLY_FOLDER) chmodSync(folder.self, OWNER_ONLY_FOLDER);
  if (!isOurs || readdirSync(folder.self).length > 0)
    throw new OutputError(`Cannot write to ${path}: what was made there does not belong to this user alone.`, {
      fault: 'place',
      hint: 'Name a directory that nobody else can change, on a file system that knows owners.',
    });
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // Somebody removed or replaced it meanwhile: what is there now is not ours.
  }
}

/** A path that leads to an open file, whatever becomes of its name; of another process when its number is given. */
export function openedPath(descriptor: number, pid: number | 'self' = 'self'): string {
  return `/proc/${pid}/fd/${descriptor}`;
}
