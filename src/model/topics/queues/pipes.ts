import type { Descriptor } from '../../machine/descriptors.ts';
import { PerDescriptor } from '../../machine/owned-state.ts';
import { type Process, standsFor } from '../../machine/process.ts';

/** Pipes that are known by what `-y` prints of them. */
const MOST_PIPES = 4_096;

/** A pipe, and who writes to it. */
export class Pipe {
  #writer: Process | null = null;
  /** Another one that wrote, which may turn out to be the same process. */
  #second: Process | null = null;
  #hasMore = false;

  wrote(process: Process): void {
    if (this.#writer === null) this.#writer = process;
    else if (this.writer !== process) {
      if (!this.isShared) this.#second = process;
      else if (this.#second !== null && standsFor(this.#second) !== process) this.#hasMore = true;
    }
  }

  /** Several processes write to it: they report something, or pass a token on. */
  get isShared(): boolean {
    return this.#hasMore || (this.#second !== null && standsFor(this.#second) !== this.writer);
  }

  /** The first process that was seen to write to it; null where nobody was. */
  get writer(): Process | null {
    return this.#writer === null ? null : standsFor(this.#writer);
  }
}

const pipes = new PerDescriptor<Pipe>();

/** The pipes of a capture: both ends of one are found by its inode, or by the call that made it. */
export class Pipes {
  readonly #byLabel = new Map<string, Pipe>();

  /** Null for what is no pipe, and for one of which the capture does not tell the other end. */
  of(descriptor: Descriptor): Pipe | null {
    const known = pipes.of(descriptor);
    if (known !== undefined) return known;
    const { kind, label, otherEnd } = descriptor;
    if (kind !== 'pipe') return null;
    const made = label !== '' ? this.#labelled(label) : otherEnd === null ? null : (pipes.of(otherEnd) ?? new Pipe());
    if (made === null) return null;
    return pipes.set(descriptor, made);
  }

  #labelled(label: string): Pipe | null {
    const known = this.#byLabel.get(label);
    if (known !== undefined) return known;
    if (this.#byLabel.size >= MOST_PIPES) return null;
    const made = new Pipe();
    this.#byLabel.set(label, made);
    return made;
  }
}
