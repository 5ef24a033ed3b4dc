import { type BigIntStats, fstatSync, readFileSync, readSync, type StatsFs, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Destination } from '../../files/destination.ts';
import { errorCode, failureReason } from '../../files/failure-reason.ts';
import { HeldDirectory } from '../../files/held-directory.ts';
import { leastFree } from '../../files/least-free.ts';
import { OutputError } from '../../files/output-error.ts';
import { openedPath, PrivateFolder } from '../../files/private-folder.ts';
import { demandTrusted, strangerIn } from '../../files/trusted-place.ts';
import { mebibytes } from '../../trace/format-numbers.ts';
import { AttachError } from '../attach-error.ts';

export interface SpoolOptions {
  /** Where the capture shall be when it is whole; without it a file in the spool directory. */
  readonly save?: string | undefined;
  /** Whether a file of that name may be replaced. */
  readonly force?: boolean | undefined;
  /** Where the capture grows; beside the file that it will be, or among the temporary files, unless given. */
  readonly spool?: string | undefined;
  readonly mostBytes: number;
  /** Only the end of the capture is kept, which frees the rest (`freed`), and it gets no name. */
  readonly isRing?: boolean | undefined;
  /** Somebody reads it while it grows, and it never has a name. */
  readonly isPassedOn?: boolean | undefined;
  /** Ends the name of a capture that is not saved under another one. */
  readonly engine: 'strace' | 'bpftrace';
}

const MAKE_ROOM = 'Make room, or name another place: --spool DIR or --save FILE';
const MAKE_DIRECTORY = 'Make the directory first (mkdir -p DIR), or name another one.';
const ELSEWHERE = 'Name another place: --spool DIR or --save FILE';

/**
 * The files of a tracer: what it captures and what it says. Only their owner may read them, since they hold what
 * clients sent. The tracer writes to them itself: a pipe that drover reads would stop the traced workers whenever
 * drover hangs. They are open from the beginning, and whoever uses them is given a path to what is open: no name is
 * looked up a second time.
 */
export class Spool {
  /** The path under which the capture is found when it is whole. */
  readonly name: string;
  /** A path to the capture for this process. */
  readonly opened: string;
  /** A path to the capture for a program that this process starts, absolute and without a word of the user's. */
  readonly forTracer: string;
  /** A path to what the tracer says, for this process. */
  readonly log: string;
  readonly mostBytes: number;
  /** Who else could replace the capture where it shall be, as a sentence without its end, or null. */
  readonly stranger: string | null;
  readonly #folder: PrivateFolder;
  readonly #destination: Destination | null;
  readonly #fileName: string;
  readonly #descriptor: number;
  /** Nothing of it is kept when it ends. */
  readonly isRing: boolean;
  /** It has no name, and is gone when nobody has it open any more. */
  readonly isPassedOn: boolean;
  #file: string;
  /** Bytes at the beginning of the capture that take no space any more. */
  freed = 0;

  /**
   * Makes both files. Throws `AttachError` when they cannot be made or the disk is nearly full, `OutputError` for a
   * name that must not be written to.
   */
  constructor({ save, force, spool, mostBytes, engine, isRing = false, isPassedOn = false }: SpoolOptions) {
    this.mostBytes = mostBytes;
    this.isRing = isRing;
    this.isPassedOn = isPassedOn;
    this.#destination = save === undefined ? null : destinationOf(save, force === true);
    const place = spool === undefined && this.#destination !== null ? this.#destination.directory : trustedPlace(spool);
    this.stranger = this.#destination === null ? null : strangerIn(this.#destination.directory);
    this.#fileName = `trace.${engine}`;
    const isBeside = place === this.#destination?.directory;
    this.#folder = make(place.path, () => PrivateFolder.make(place, isBeside ? '.drover-' : 'drover-'));
    this.#file = join(this.#folder.path, this.#fileName);
    this.name = this.isKept ? (save ?? this.#file) : this.#fileName;
    try {
      this.#descriptor = make(this.#file, () =>
        isPassedOn ? this.#folder.createNameless(this.#fileName) : this.#folder.create(this.#fileName),
      );
      // Nobody needs its name, and a killed drover leaves nothing of it.
      this.log = openedPath(make(this.#folder.path, () => this.#folder.createNameless('tracer.log')));
      this.opened = openedPath(this.#descriptor);
      this.forTracer = openedPath(this.#descriptor, process.pid);
      const full = this.diskProblem();
      if (full !== null) throw new AttachError(full, { hint: MAKE_ROOM });
    } catch (error) {
      this.remove();
      throw error;
    }
  }

  /** Whether it is found under a name when it ends. */
  get isKept(): boolean {
    return !this.isRing && !this.isPassedOn;
  }

  /** Where the capture is now. */
  get file(): string {
    return this.#file;
  }

  get bytes(): number {
    return Number(this.#status.size);
  }

  /** For reading, and for writing at its end. */
  get descriptor(): number {
    return this.#descriptor;
  }

  /** Whether the last line is whole. */
  get endsLine(): boolean {
    const { bytes } = this;
    const last = Buffer.alloc(1);
    return bytes === 0 || (readSync(this.#descriptor, last, 0, 1, bytes - 1) === 1 && last[0] === 0x0a);
  }

  get #status(): BigIntStats {
    return fstatSync(this.#descriptor, { bigint: true });
  }

  /** Makes a file of the tracer's that is gone with this process, and gives a path to it for the tracer. */
  add(name: string, text: string): string {
    return make(join(this.#folder.path, name), () => {
      const descriptor = this.#folder.createNameless(name);
      writeAll(descriptor, text);
      return openedPath(descriptor, process.pid);
    });
  }

  /** Begins the capture with lines of ours. */
  write(text: string): void {
    make(this.#file, () => writeAll(this.#descriptor, text));
  }

  /** The first line behind that many bytes that begins with a word; '' while it is not whole. For a new capture. */
  lineWith(word: string, from: number): string {
    const [, line = ''] =
      new RegExp(`^(${word}.*\\n)`, 'm').exec(readFileSync(this.opened).toString('latin1', from)) ?? [];
    return line;
  }

  /** Why the capture must stop for want of space, or null. */
  spaceProblem(): string | null {
    const { mostBytes } = this;
    if (this.bytes - this.freed >= mostBytes)
      return `the capture reached its limit of ${mebibytes(mostBytes)} (--max-spool)`;
    const disk = this.diskProblem();
    if (disk === null) return null;
    return `${disk.charAt(0).toLowerCase()}${disk.slice(1, -1)}; make room there, or name another place: --spool DIR`;
  }

  /** A sentence when the file system is nearly full, or null. */
  diskProblem(): string | null {
    const { bavail, blocks, bsize } = this.#room();
    if (bavail * bsize >= leastFree({ blocks, bsize }, this.mostBytes)) return null;
    return (
      `Only ${mebibytes(bavail * bsize)} are free on the disk of ${dirname(this.#folder.path)} ` +
      `(${Math.floor((100 * bavail) / blocks)} %).`
    );
  }

  /**
   * Ends the capture: gives it its name. What cannot be kept under that name stays where it grew, and a sentence says
   * why; '' when all is well. An empty capture is not kept, and replaces nothing.
   */
  keep(): string {
    // What is wanted of a ring, or of what is passed on, was copied.
    if (this.bytes === 0 || !this.isKept) {
      this.remove();
      return '';
    }
    if (this.#destination === null) return '';
    try {
      this.#destination.take(this.#folder.at(this.#fileName), this.#descriptor);
      this.#file = this.#destination.path;
      this.#folder.remove([this.#fileName]);
      return '';
    } catch (error) {
      if (error instanceof OutputError) return error.message;
      throw error;
    }
  }

  /** Removes everything, for a capture that never began. */
  remove(): void {
    this.#folder.remove([this.#fileName]);
  }

  #room(): Pick<StatsFs, 'bavail' | 'blocks' | 'bsize'> {
    return statfsSync(this.#folder.self);
  }
}

/** Throws what a `Spool` of these names would, before anything else is done. */
export function checkPlaces({ save, force, spool }: Pick<SpoolOptions, 'save' | 'force' | 'spool'>): void {
  if (save !== undefined) destinationOf(save, force === true).close();
  if (spool !== undefined) trustedPlace(spool).close();
}

/**
 * A name that cannot be reached is the same as a full disk: nothing can be traced to there. A name that must not be
 * used is the user's to change.
 */
function destinationOf(save: string, force: boolean): Destination {
  try {
    return Destination.find(save, { option: '--save', force, inputs: [] });
  } catch (error) {
    if (error instanceof OutputError && error.cause !== undefined) throw cannotCapture(save, error.cause);
    throw error;
  }
}

/** A directory that only this user and root can change: the capture stays there under its name. */
function trustedPlace(named: string | undefined): HeldDirectory {
  const path = named ?? tmpdir();
  return make(path, () => {
    const place = HeldDirectory.open(path, { follow: true });
    demandTrusted(place, 'Name a directory that only you can change: mkdir -m 700 DIR, then --spool DIR');
    return place;
  });
}

function make<Result>(path: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (error instanceof OutputError) throw new AttachError(error.message, { hint: error.hint, cause: error });
    throw cannotCapture(path, error);
  }
}

function cannotCapture(path: string, error: unknown): AttachError {
  const isMissing = errorCode(error) === 'ENOENT';
  const hint = isMissing ? MAKE_DIRECTORY : errorCode(error) === 'ENOSPC' ? MAKE_ROOM : ELSEWHERE;
  const reason = isMissing ? 'there is no such directory' : failureReason(error);
  return new AttachError(`Cannot write the capture to ${path}: ${reason}.`, { hint, cause: error });
}

function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}
