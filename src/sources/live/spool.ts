import {
  appendFileSync,
  chmodSync,
  closeSync,
  fchmodSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { failureReason } from '../input-error.ts';
import { AttachError } from './attach-error.ts';

export interface SpoolOptions {
  /** Where the capture shall stay; without it a file in the spool directory. */
  readonly save?: string | undefined;
  /** Where the spool directory is made; the temporary folder unless given. */
  readonly spool?: string | undefined;
  readonly mostBytes: number;
  /** Ends the name of a capture that is not saved under another one. */
  readonly engine: 'strace' | 'bpftrace';
}

/** A file system must keep this share free, unless it is so large that less is plenty. */
const LEAST_FREE_SHARE = 0.1;
/** Free space of this many spools is plenty. */
const PLENTY_SPOOLS = 2;
const OWNER_ONLY = 0o600;

/**
 * The files of a tracer: what it captures and what it says. Only their owner may read them, since they hold what clients sent. The
 * tracer writes to them itself: a pipe that drover reads would stop the traced workers whenever drover hangs.
 */
export class Spool {
  /** What the tracer captures. */
  readonly file: string;
  /** What the tracer says. */
  readonly log: string;
  readonly mostBytes: number;
  readonly #folder: string;
  readonly #isSaved: boolean;

  /** Makes both files. Throws `AttachError` when they cannot be made or the disk is nearly full. */
  constructor({ save, spool, mostBytes, engine }: SpoolOptions) {
    this.mostBytes = mostBytes;
    this.#isSaved = save !== undefined;
    const place = spool ?? tmpdir();
    this.#folder = make(place, () => mkdtempSync(join(place, 'drover-')));
    chmodSync(this.#folder, 0o700);
    this.log = join(this.#folder, 'tracer.log');
    this.file = save ?? join(this.#folder, `trace.${engine}`);
    try {
      for (const path of [this.log, this.file]) make(path, () => createPrivate(path));
      const full = this.diskProblem();
      if (full !== null) throw new AttachError(full, { hint: 'Make room, or name another place: --spool DIR or --save FILE' });
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  get bytes(): number {
    return statSync(this.file, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Puts a file of the tracer's beside the capture, which goes with `tidy`, and gives its path. */
  add(name: string, text: string): string {
    const path = join(this.#folder, name);
    writeFileSync(path, text, { mode: OWNER_ONLY });
    return path;
  }

  /** Begins the capture with lines of ours. */
  write(text: string): void {
    appendFileSync(this.file, text);
  }

  /** Whether a word stands in the capture behind that many bytes. For captures that have just begun. */
  includes(word: string, from: number): boolean {
    return readFileSync(this.file).includes(word, from);
  }

  /** Why the capture must stop for want of space, or null. */
  spaceProblem(): string | null {
    const { bytes, mostBytes } = this;
    if (bytes >= mostBytes) return `the capture reached its limit of ${megabytes(mostBytes)} (--max-spool)`;
    const disk = this.diskProblem();
    return disk === null ? null : disk.charAt(0).toLowerCase() + disk.slice(1, -1);
  }

  /** A sentence when the file system is nearly full, or null. */
  diskProblem(): string | null {
    const folder = dirname(this.file);
    const status = statusOf(folder);
    if (status === null) return null;
    const { bavail, blocks, bsize } = status;
    const least = Math.min(blocks * LEAST_FREE_SHARE, (PLENTY_SPOOLS * this.mostBytes) / bsize);
    if (bavail >= least) return null;
    return `Only ${megabytes(bavail * bsize)} are free on the disk of ${folder} (${Math.floor((100 * bavail) / blocks)} %).`;
  }

  /** Removes what nobody asked to keep: the tracer's log and program, and the folder when the capture is not in it. */
  tidy(): void {
    for (const name of namesIn(this.#folder)) {
      const path = join(this.#folder, name);
      if (path !== this.file) rmSync(path, { force: true });
    }
    if (this.#isSaved) rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Removes everything, for a capture that never began. */
  remove(): void {
    if (!this.#isSaved) rmSync(this.file, { force: true });
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** null for a folder that somebody removed meanwhile: what is written into it takes no room that could be measured. */
function statusOf(folder: string) {
  try {
    return statfsSync(folder);
  } catch {
    return null;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // Somebody removed it meanwhile.
    return [];
  }
}

/** `512 MB`, `0.9 MB`. */
export function megabytes(bytes: number): string {
  const value = bytes / 1_048_576;
  return `${value >= 10 ? Math.floor(value) : value.toFixed(1)} MB`;
}

/** A file that was there is emptied and loses the rights of others. */
function createPrivate(path: string): void {
  const descriptor = openSync(path, 'w', OWNER_ONLY);
  try {
    if (fstatSync(descriptor).isFile()) fchmodSync(descriptor, OWNER_ONLY);
  } finally {
    closeSync(descriptor);
  }
}

function make<Result>(path: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    throw new AttachError(`Cannot write the capture to ${path}: ${failureReason(error)}.`, { cause: error });
  }
}
