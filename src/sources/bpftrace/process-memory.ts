import { closeSync, openSync, readSync } from 'node:fs';

/** As much of a path, a request or a set as `calls.bt` prints. */
export const MOST_BYTES = 96;
export const EMPTY = Buffer.alloc(0);

/** The memory of a process, opened at the first read. Reading it stops nobody. */
export class ProcessMemory {
  readonly #path: string;
  #descriptor = -1;

  /** `path` is that of its file `mem`. */
  constructor(path: string) {
    this.#path = path;
  }

  /** At most 96 bytes; nothing where the address is not mapped or the memory may not be read. */
  read(address: bigint, size: number): Buffer {
    const bytes = Buffer.alloc(Math.min(size, MOST_BYTES));
    if (address === 0n || bytes.length === 0) return EMPTY;
    try {
      if (this.#descriptor < 0) this.#descriptor = openSync(this.#path, 'r');
      return bytes.subarray(0, readSync(this.#descriptor, bytes, 0, bytes.length, address));
    } catch {
      // Not mapped any more, or somebody else's.
      return EMPTY;
    }
  }

  close(): void {
    if (this.#descriptor >= 0) closeSync(this.#descriptor);
  }
}
