import { closeSync, openSync, readSync } from 'node:fs';

/** Events that a tracer said it had lost, up to a moment of the monotonic clock, nanoseconds. */
export interface ToldLoss {
  readonly at: number;
  readonly count: number;
}

const LOST = /(?:^|\n)Lost (\d{1,15}) events(?=\n)/g;
const IN_ALL = /(?:^|\n)WARNING: Total lost event count: (\d{1,15})(?=\n)/g;
const CHUNK_BYTES = 65_536;
/** So much is read at a look: a tracer that says more is behind, and is heard at the next one. */
const MOST_CHUNKS = 64;
/** So many moments are kept apart; later losses are added to the last. */
const MOST = 10_000;

/** What a tracer says of losses beside its output, as bpftrace does from 0.24 on. Reads its log as it grows. */
export class LossLog {
  readonly #path: string;
  readonly #losses: { at: number; count: number }[] = [];
  readonly #chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  #offset = 0;
  /** The end of a line that was not whole at the last look. */
  #rest = '';
  #total = 0;

  constructor(path: string) {
    this.#path = path;
  }

  get losses(): readonly ToldLoss[] {
    return this.#losses;
  }

  get total(): number {
    return this.#total;
  }

  /** Takes in what came since the last look; `at` is now. */
  look(at: number): void {
    let descriptor: number;
    try {
      descriptor = openSync(this.#path, 'r');
    } catch {
      // It is removed with the capture.
      return;
    }
    try {
      for (let chunks = 0; chunks < MOST_CHUNKS; chunks++) {
        const bytes = readSync(descriptor, this.#chunk, 0, CHUNK_BYTES, this.#offset);
        if (bytes === 0) return;
        this.#offset += bytes;
        this.#take(this.#rest + this.#chunk.toString('latin1', 0, bytes), at);
      }
    } finally {
      closeSync(descriptor);
    }
  }

  #take(text: string, at: number): void {
    const end = text.lastIndexOf('\n') + 1;
    this.#rest = text.slice(end).slice(-CHUNK_BYTES);
    const whole = text.slice(0, end);
    for (const [, count] of whole.matchAll(LOST)) this.#add(Number(count), at);
    // It sums up what was said before, or what was not.
    for (const [, count] of whole.matchAll(IN_ALL)) this.#add(Number(count) - this.#total, at);
  }

  #add(count: number, at: number): void {
    if (!(count > 0)) return;
    this.#total += count;
    const last = this.#losses.at(-1);
    if (last === undefined || (last.at !== at && this.#losses.length < MOST)) this.#losses.push({ at, count });
    else last.count += count;
  }
}
