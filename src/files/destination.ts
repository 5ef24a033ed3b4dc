import { randomBytes } from 'node:crypto';
import {
  accessSync,
  type BigIntStats,
  closeSync,
  constants,
  linkSync,
  openSync,
  readSync,
  realpathSync,
  renameSync,
  unlinkSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';
import { errorCode } from './failure-reason.ts';
import { entryStatus, Inputs, identityOf } from './file-identity.ts';
import { GrowingFile } from './growing-file.ts';
import { HeldDirectory } from './held-directory.ts';
import { asOperand } from './operand.ts';
import { cannotWrite, OutputError } from './output-error.ts';

/** File systems that know no second names say so in several ways. */
const NO_LINKS = new Set(['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EMLINK']);
const OWNER_ONLY = 0o600;
const COPY_BYTES = 1_048_576;
const RANDOM_BYTES = 9;
const NEW_FILE = constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW | constants.O_WRONLY;

/** How a name is to be treated. */
export interface DestinationOptions {
  /** What the user calls it by: `-o`, `--save`. */
  readonly option: string;
  /** Whether a file of that name may be replaced. */
  readonly force: boolean;
  /** What must not be replaced in any case. */
  readonly inputs: readonly string[];
}

/**
 * A name under which a file shall appear when it is whole. Until then nothing of that name is made or changed: what is
 * written has another name, or lies beside it. The directory stays open, so that the name means the same at the end as
 * at the beginning.
 */
export class Destination {
  readonly path: string;
  readonly directory: HeldDirectory;
  readonly #name: string;
  readonly #options: DestinationOptions;
  readonly #inputs: Inputs;

  private constructor(path: string, directory: HeldDirectory, options: DestinationOptions) {
    this.path = path;
    this.directory = directory;
    this.#name = basename(path);
    this.#options = options;
    // What is never replaced cannot be an input.
    this.#inputs = new Inputs(options.force ? options.inputs : []);
  }

  /**
   * Finds out, before anything is read or traced, that a file of this name may and can be made. Throws `OutputError`.
   */
  static find(path: string, options: DestinationOptions): Destination {
    if (path === '')
      throw new OutputError(`${options.option} names no file.`, {
        fault: 'name',
        hint: 'Give it the name of a new file.',
      });
    // Elsewhere that means standard output, and nobody wants a file of that name.
    if (path === '-')
      throw new OutputError(`${options.option} - names no file: standard output has the report.`, {
        fault: 'name',
        hint: `Name a file: ${options.option} FILE`,
      });
    try {
      if (/(?:^|\/)\.{0,2}$/.test(path)) throw isDirectory(path, options);
      const directory = directoryOf(path, options);
      try {
        const destination = new Destination(path, directory, options);
        destination.#demandFree();
        accessSync(directory.self, constants.W_OK | constants.X_OK);
        return destination;
      } catch (error) {
        directory.close();
        throw error;
      }
    } catch (error) {
      throw cannotWrite(path, error);
    }
  }

  /** Writes a whole file. What was there before is there until the new one is complete. Throws `OutputError`. */
  write(text: string | Uint8Array): void {
    const file = this.grow();
    file.write(typeof text === 'string' ? Buffer.from(text) : text);
    file.keep();
  }

  /**
   * Gives a whole file, which is open and has this path now, the name. Where the name is on another file system, or the
   * path is gone, it is copied. Throws `OutputError`.
   */
  take(from: string, descriptor: number): void {
    try {
      this.#place(from);
    } catch (error) {
      if (errorCode(error) !== 'EXDEV' && errorCode(error) !== 'ENOENT') throw cannotWrite(this.path, error);
      const file = this.grow();
      copy(descriptor, file);
      file.keep();
    }
  }

  /** Begins a file that is written piece by piece and gets the name when it is whole. Throws `OutputError`. */
  grow(): GrowingFile {
    const temporary = this.directory.at(randomName());
    try {
      const descriptor = openSync(temporary, NEW_FILE, OWNER_ONLY);
      return new GrowingFile({ path: this.path, temporary, descriptor, place: () => this.#place(temporary) });
    } catch (error) {
      throw cannotWrite(this.path, error);
    }
  }

  close(): void {
    this.directory.close();
  }

  #place(from: string): void {
    const to = this.directory.at(this.#name);
    this.#demandFree();
    if (this.#options.force) {
      renameSync(from, to);
      return;
    }
    try {
      // Unlike a rename, a second name never replaces what somebody made meanwhile.
      linkSync(from, to);
    } catch (error) {
      if (errorCode(error) === 'EEXIST') throw this.#exists();
      if (!NO_LINKS.has(errorCode(error))) throw error;
      claim(to);
      renameSync(from, to);
      return;
    }
    unlinkSync(from);
  }

  /** Looks at what has the name now. */
  #demandFree(): void {
    const status = entryStatus(this.directory.at(this.#name));
    if (status === null) return;
    const { option, force, inputs } = this.#options;
    if (status.isDirectory()) throw isDirectory(this.path, this.#options);
    if (status.isSymbolicLink()) throw isLink(this.path, option);
    if (!status.isFile()) throw isNoFile(this.path, status);
    const protectedFiles = force ? this.#inputs : new Inputs(inputs);
    if (protectedFiles.include(identityOf(status)))
      throw new OutputError(`Cannot write ${this.path}: it is the trace itself.`, {
        fault: 'name',
        hint: `Give ${option} another name.`,
      });
    if (!force) throw this.#exists();
  }

  #exists(): OutputError {
    return new OutputError(`Cannot write ${this.path}: it exists already.`, {
      fault: 'name',
      isTaken: true,
      hint: `Give ${this.#options.option} another name, or replace the file with --force.`,
    });
  }
}

function isDirectory(path: string, { option }: DestinationOptions): OutputError {
  return new OutputError(`Cannot write ${path}: it is a directory.`, {
    fault: 'name',
    isTaken: true,
    hint: `Name a file in it: ${option} ${asOperand(`${path.replace(/\/$/, '')}/NAME`)}`,
  });
}

function isLink(path: string, option: string): OutputError {
  let hint = `Give ${option} the name of a file.`;
  try {
    hint = `Name the file itself: ${option} ${asOperand(realpathSync(path))}`;
  } catch {
    // It leads nowhere.
  }
  return new OutputError(`Cannot write ${path}: it is a symbolic link.`, { fault: 'name', isTaken: true, hint });
}

function isNoFile(path: string, status: BigIntStats): OutputError {
  return new OutputError(`Cannot write ${path}: it is ${kindOf(status)}, not a file.`, {
    fault: 'name',
    isTaken: true,
    hint: 'Name a new file.',
  });
}

/** What an entry that is no file is, in words. */
export function kindOf(status: Pick<BigIntStats, 'isFIFO' | 'isSocket' | 'isBlockDevice'>): string {
  if (status.isFIFO()) return 'a named pipe';
  if (status.isSocket()) return 'a socket';
  return status.isBlockDevice() ? 'a disk' : 'a device';
}

function copy(source: number, target: GrowingFile): void {
  const buffer = Buffer.allocUnsafe(COPY_BYTES);
  for (let position = 0; ; ) {
    const length = readSync(source, buffer, 0, buffer.length, position);
    if (length === 0) return;
    target.write(buffer.subarray(0, length));
    position += length;
  }
}

/** Where there are no second names, an empty file of ours is what may be replaced. */
function claim(path: string): void {
  closeSync(openSync(path, NEW_FILE, OWNER_ONLY));
}

/** A name that nobody can foresee: `.drover-` and twelve characters. */
function randomName(): string {
  return `.drover-${randomBytes(RANDOM_BYTES).toString('base64url')}`;
}

function directoryOf(path: string, { option }: DestinationOptions): HeldDirectory {
  const directory = dirname(path);
  try {
    return HeldDirectory.open(directory, { follow: true });
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    throw new OutputError(`Cannot write ${path}: there is no directory ${directory}.`, {
      fault: 'name',
      hint: `Make it first, or give ${option} another name.`,
      cause: error,
    });
  }
}
