import type { Thread } from '../../model/thread.ts';
import { MILLISECOND, type Nanoseconds, SECOND } from '../../trace/time.ts';
import { Chains } from './chains.ts';

/** Cycles are told when they end; they are put in order of their start within this time. */
const HORIZON = 2 * SECOND;
/** So many wake-ups wait for order at most. */
const CAPACITY = 8192;

/**
 * Finds bursts among wake-ups: one connection (or a few at once) and everybody it woke. Wake-ups wait for order as numbers in columns: as
 * objects they outlive several garbage collections.
 */
export class Bursts {
  readonly #starts = new Float64Array(CAPACITY);
  readonly #threads = new Int32Array(CAPACITY);
  readonly #won = new Uint8Array(CAPACITY);
  #length = 0;
  readonly #numbers = new Map<Thread, number>();
  readonly #settled: Chains;

  constructor(distance: Nanoseconds = 5 * MILLISECOND) {
    this.#settled = new Chains(distance);
  }

  add(thread: Thread, start: Nanoseconds, won: boolean): void {
    if (this.#length === CAPACITY) this.#settle();
    const starts = this.#starts;
    let at = this.#length++;
    for (; at > 0 && (starts[at - 1] as number) > start; at--) {
      starts[at] = starts[at - 1] as number;
      this.#threads[at] = this.#threads[at - 1] as number;
      this.#won[at] = this.#won[at - 1] as number;
    }
    starts[at] = start;
    this.#threads[at] = this.#number(thread);
    this.#won[at] = won ? 1 : 0;
  }

  /** The bursts so far, with those that still wait for order. Changes nothing: more may come before them. */
  soFar(): Pick<Chains, 'count' | 'won' | 'firstWon' | 'largest'> {
    const chains = this.#settled.copy();
    for (let i = 0; i < this.#length; i++) this.#link(chains, i);
    chains.close();
    return chains;
  }

  /** Takes in those that are older than the horizon, and at least half of all. */
  #settle(): void {
    const newest = this.#starts[this.#length - 1] as number;
    let settled = 0;
    while (settled < CAPACITY / 2 || newest - (this.#starts[settled] as number) > HORIZON) this.#link(this.#settled, settled++);
    this.#starts.copyWithin(0, settled, this.#length);
    this.#threads.copyWithin(0, settled, this.#length);
    this.#won.copyWithin(0, settled, this.#length);
    this.#length -= settled;
  }

  #link(chains: Chains, at: number): void {
    chains.link(this.#threads[at] as number, this.#starts[at] as number, this.#won[at] === 1);
  }

  #number(thread: Thread): number {
    const known = this.#numbers.get(thread);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(thread, number);
    return number;
  }
}
