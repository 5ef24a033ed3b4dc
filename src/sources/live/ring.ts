import { spawn } from 'node:child_process';
import { readSync } from 'node:fs';
import { AttachError } from './attach-error.ts';

/** Where a dump of the ring may begin: a line of the capture, and what must stand in front of it. */
export interface Checkpoint {
  /** Byte of the capture; a line begins there. */
  readonly offset: number;
  /** Nanoseconds of the monotonic clock, as the capture has them. */
  readonly at: number;
  /** Lines that begin a capture at this moment: descriptors, calls that threads are in, the clock. */
  readonly opening: string;
}

interface RingOptions {
  /** Nanoseconds that are kept. */
  readonly length: number;
  /** What is kept never takes more than this. */
  readonly mostBytes: number;
  /** The capture, open for reading and writing. */
  readonly descriptor: number;
  /** Gives the bytes of the capture that are the guards' limit from now on. */
  readonly limit: (bytes: number) => void;
  readonly opening: () => string;
  /** Frees a part of the file; rejects where the file system cannot. */
  readonly free?: (descriptor: number, from: number, length: number) => Promise<void>;
  /** Nanoseconds of the monotonic clock. */
  readonly now?: () => number;
}

/** A dump begins at most this part of the length earlier than it must. */
const STEPS = 6;
const LEAST_STEP = 1e9;
/** Looking at every descriptor may cost one part in so many of the time. */
const OPENING_SHARE = 200;
/** What is kept is cut at this share of the space: a burst of a second has the rest. */
const FILLED = 0.75;
/** A burst gets checkpoints of its own, so that the ring can be cut in the middle of it. */
const BURST = 1 / 8;
/** The last newline stands in this much of the end of the capture. */
const TAIL_BYTES = 65_536;

/**
 * Keeps the last minute of a file that a tracer writes for days. The tracer is not asked and not stopped: the file
 * grows, and its beginning is given back to the file system (holes), so that it takes no more space than the ring.
 */
export class Ring {
  readonly #options: RingOptions;
  readonly #checkpoints: (Checkpoint & { offset: number })[] = [];
  /** The end of the file at the last checkpoint, while the line that stood there is not whole; -1 else. */
  #cutAt = -1;
  #freed = 0;
  #holders = 0;
  #isFreeing = false;
  #due = 0;

  constructor(options: RingOptions) {
    this.#options = options;
  }

  /** Bytes at the beginning of the file that are gone; a line begins behind them. */
  get freed(): number {
    return this.#freed;
  }

  /** Where the ring begins, or null before its first look. */
  get first(): Checkpoint | null {
    return this.#checkpoints[0] ?? null;
  }

  /** While it is held nothing is given back, so that what is being copied stays. */
  hold(): void {
    this.#holders++;
  }

  release(): void {
    this.#holders--;
  }

  /** To be called a few times a second. `bytes` is the size of the file. */
  look(bytes: number): void {
    const { length, mostBytes, now = monotonic } = this.#options;
    const at = now();
    this.#passCutLine(bytes);
    const last = this.#checkpoints.at(-1);
    const isBurst = last !== undefined && bytes - last.offset > mostBytes * BURST;
    if (at >= this.#due || isBurst) {
      // The capture as it began: what tracers say of calls that they found at work stands at its beginning.
      const offset = last === undefined ? 0 : this.#lineBefore(bytes);
      const opening = last === undefined ? '' : this.#options.opening();
      this.#checkpoints.push({ offset, at, opening });
      this.#cutAt = last !== undefined && offset < bytes ? bytes : -1;
      this.#due = at + Math.max(LEAST_STEP, length / STEPS, (now() - at) * OPENING_SHARE);
    }
    if (this.#holders > 0 || this.#isFreeing) return;
    while (this.#isStale(at, bytes)) this.#checkpoints.shift();
    const begin = this.first?.offset ?? 0;
    if (begin > this.#freed) void this.#free(begin);
  }

  /** A line that had begun before a checkpoint may be of long ago: the dump begins behind it. */
  #passCutLine(bytes: number): void {
    const last = this.#checkpoints.at(-1);
    if (last === undefined || this.#cutAt < 0 || bytes <= this.#cutAt) return;
    const next = Buffer.alloc(Math.min(bytes - this.#cutAt, TAIL_BYTES));
    const read = readSync(this.#options.descriptor, next, 0, next.length, this.#cutAt);
    const end = next.subarray(0, read).indexOf(10);
    if (end >= 0) last.offset = this.#cutAt + end + 1;
    if (end >= 0 || read === TAIL_BYTES) this.#cutAt = -1;
  }

  #isStale(at: number, bytes: number): boolean {
    const [first, second] = this.#checkpoints;
    if (first === undefined || second === undefined) return false;
    return second.at <= at - this.#options.length || bytes - first.offset > this.#options.mostBytes * FILLED;
  }

  async #free(to: number): Promise<void> {
    const { descriptor, limit, mostBytes, free = punch } = this.#options;
    this.#isFreeing = true;
    const from = this.#freed;
    this.#freed = to;
    try {
      await free(descriptor, from, to - from);
      limit(to + mostBytes);
    } catch {
      // The limit of its size ends the capture when the file cannot be freed, and says so.
      this.#freed = from;
    } finally {
      this.#isFreeing = false;
    }
  }

  /** The tracer may be in the middle of a line. */
  #lineBefore(bytes: number): number {
    const tail = Buffer.alloc(Math.min(bytes, TAIL_BYTES));
    const read = readSync(this.#options.descriptor, tail, 0, tail.length, bytes - tail.length);
    return bytes - tail.length + tail.subarray(0, read).lastIndexOf(10) + 1;
  }
}

/** Throws `AttachError` unless the file system of an open file can give back the beginning of it. */
export async function demandHoles(descriptor: number, place: string): Promise<void> {
  try {
    await punch(descriptor, 0, 1);
  } catch (error) {
    throw new AttachError(`The file system of ${place} cannot free the beginning of a file that grows.`, {
      hint: 'Name a directory on ext4, xfs, btrfs or tmpfs: --spool DIR. It needs fallocate (util-linux).',
      cause: error,
    });
  }
}

/** Node has no call for it. */
function punch(descriptor: number, from: number, length: number): Promise<void> {
  return run('fallocate', [
    '--punch-hole',
    '--offset',
    String(from),
    '--length',
    String(length),
    `/proc/${process.pid}/fd/${descriptor}`,
  ]);
}

/** Moves the limit of file size of a running tracer; a tracer that cannot be moved ends at the old one. */
export function raiseFileLimit(pid: number, bytes: number): void {
  if (pid > 0) void run('prlimit', ['--pid', String(pid), `--fsize=${bytes}:`]).catch(() => undefined);
}

function run(program: string, words: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: 'ignore' });
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`${program} ended with ${code}`))));
  });
}

function monotonic(): number {
  return Number(process.hrtime.bigint());
}
