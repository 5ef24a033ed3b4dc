import { closeSync, openSync, readSync } from 'node:fs';
import { PROC, readOrEmpty } from './process-facts.ts';

/** Files that are kept open; of more threads each look opens its own. */
const MOST_OPEN = 512;
const MOST_BYTES = 256;

/**
 * Reads `schedstat` of threads that are looked at again and again: of a file that stays open that takes a fifth of the
 * time. A file of a thread that has ended reads as nothing, also where its number was given to another one meanwhile.
 */
export class ThreadFiles {
  readonly #root: string;
  readonly #open = new Map<number, number>();
  readonly #buffer = Buffer.alloc(MOST_BYTES);
  #used = new Set<number>();

  /** Files of another folder than that of the kernel are read anew each time: a name may lead to another file there. */
  constructor(root = PROC) {
    this.#root = root;
  }

  /** `ON READY SLICES`, as the kernel prints it; '' of who is gone, and on a kernel that does not tell. */
  schedstat(pid: number, tid: number): string {
    this.#used.add(tid);
    const known = this.#open.get(tid);
    if (known !== undefined) {
      const text = this.#read(known);
      if (text !== '') return text;
      this.#close(tid, known);
    }
    const path = `${this.#root}/${pid}/task/${tid}/schedstat`;
    if (this.#root !== PROC || this.#open.size >= MOST_OPEN) return readOrEmpty(path).trimEnd();
    try {
      const opened = openSync(path, 'r');
      this.#open.set(tid, opened);
      return this.#read(opened);
    } catch {
      // It ended a moment ago, or no more files can be opened.
      return readOrEmpty(path).trimEnd();
    }
  }

  /** The thread of that number is the one whose file was opened: it reads as long as that one is there. */
  isStill(tid: number): boolean {
    this.#used.add(tid);
    const known = this.#open.get(tid);
    return known !== undefined && this.#read(known) !== '';
  }

  /** Closes the files of whom nobody asked for since the last time. */
  sweep(): void {
    for (const [tid, file] of this.#open) if (!this.#used.has(tid)) this.#close(tid, file);
    this.#used = new Set();
  }

  #read(file: number): string {
    try {
      return this.#buffer.toString('latin1', 0, readSync(file, this.#buffer, 0, MOST_BYTES, 0)).trimEnd();
    } catch {
      // ESRCH: it has ended.
      return '';
    }
  }

  #close(tid: number, file: number): void {
    this.#open.delete(tid);
    closeSync(file);
  }
}
