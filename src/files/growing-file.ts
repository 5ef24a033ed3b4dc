import { closeSync, fsyncSync, unlinkSync, writeSync } from 'node:fs';
import { cannotWrite } from './output-error.ts';

interface Beginning {
  /** What errors call it. */
  readonly path: string;
  /** What it is called until it is whole. */
  readonly temporary: string;
  /** Open for writing, and from now on ours. */
  readonly descriptor: number;
  /** Gives the whole file its name. */
  readonly place: () => void;
}

/**
 * A file that is written piece by piece. Unless it is kept nothing is left of it: not after an error, and not when the
 * process exits first.
 */
export class GrowingFile {
  readonly #beginning: Beginning;
  #isOpen = true;
  readonly #drop = (): void => this.#end();

  constructor(beginning: Beginning) {
    this.#beginning = beginning;
    process.once('exit', this.#drop);
  }

  /** Adds all of it. Throws `OutputError`. */
  write(bytes: Uint8Array): void {
    this.#orDrop(() => {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#beginning.descriptor, bytes, at);
    });
  }

  /** The file is whole and gets its name. Throws `OutputError`. */
  keep(): void {
    this.#orDrop(() => {
      // Otherwise a power cut could leave an empty file where an old one was.
      fsyncSync(this.#beginning.descriptor);
      this.#beginning.place();
    });
    this.#end();
  }

  #orDrop(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#end();
      throw cannotWrite(this.#beginning.path, error);
    }
  }

  #end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off('exit', this.#drop);
    closeSync(this.#beginning.descriptor);
    try {
      unlinkSync(this.#beginning.temporary);
    } catch {
      // It has its name already.
    }
  }
}
