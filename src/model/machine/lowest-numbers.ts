import type { Nanoseconds } from '../../trace/time.ts';
import { type Process, standsFor } from './process.ts';
import { mayBeOne } from './seen-sockets.ts';

/** Higher numbers are not looked at. */
const MOST_NUMBERS = 4_096;
/** How far below a new number others are looked at. */
const REACH = 16;
/** The last times in which somebody held a number, for each number. */
const MOST_HOLDINGS = 16;
/** One coincidence is chance. */
const LEAST_PROOFS = 2;

/** A process had a descriptor of a number. */
interface Holding {
  readonly process: Process;
  readonly from: Nanoseconds;
  until: Nanoseconds;
}

/**
 * Who shares a table of descriptors, by their numbers: the kernel gives the lowest that is free when a call begins, to
 * an `accept` that then waits as well. A process that gets 12, and later 11 without having closed one of that number,
 * shares its table with whoever had 11 at first and closed it between. Two that had one number at the same time have
 * tables of their own. Of processes whose beginning is in the capture all that is known.
 */
export class LowestNumbers {
  readonly #holdings = new Map<number, Holding[]>();
  /** Numbers that were not free when a process got a higher one last, and that it does not have itself. */
  readonly #others = new WeakMap<Process, Map<number, Nanoseconds>>();
  readonly #proofs = new WeakMap<Process, WeakMap<Process, number>>();
  readonly #apart = new WeakMap<Process, WeakSet<Process>>();

  /**
   * A process got a descriptor of this number, between these times. Returns another one that must be the same, if it is
   * known now.
   */
  opened(process: Process, number: number, start: Nanoseconds, end: Nanoseconds): Process | undefined {
    if (number >= MOST_NUMBERS) return undefined;
    const others = this.#others.get(process) ?? new Map<number, Nanoseconds>();
    this.#others.set(process, others);
    const taken = others.get(number);
    others.delete(number);
    for (let below = number - 1; below > 2 && below >= number - REACH; below--)
      if (process.descriptors.get(below) === undefined) others.set(below, start);
    const holdings = this.#holdings.get(number) ?? [];
    this.#holdings.set(number, holdings);
    const found = taken === undefined ? undefined : this.#holderOf(holdings, process, taken, start);
    for (const { process: holder, until } of holdings) if (until > end) this.#areApart(process, standsFor(holder));
    if (holdings.length === MOST_HOLDINGS) holdings.shift();
    holdings.push({ process, from: start, until: Number.POSITIVE_INFINITY });
    return found !== undefined && this.#proved(process, found) >= LEAST_PROOFS ? found : undefined;
  }

  closed(process: Process, number: number, at: Nanoseconds): void {
    this.#others.get(process)?.delete(number);
    for (const holding of this.#holdings.get(number) ?? [])
      if (standsFor(holding.process) === process && holding.until > at) holding.until = at;
  }

  /**
   * The only one that had this number at `taken` and closed it before `start`; undefined for several, or none.
   */
  #holderOf(
    holdings: readonly Holding[],
    process: Process,
    taken: Nanoseconds,
    start: Nanoseconds,
  ): Process | undefined {
    const all = new Set<Process>();
    for (const { process: holder, from, until } of holdings)
      if (from <= taken && taken < until && until <= start) all.add(standsFor(holder));
    const [only] = all;
    if (all.size !== 1 || only === undefined || only === process || this.#apart.get(process)?.has(only))
      return undefined;
    return mayBeOne(process, only) ? only : undefined;
  }

  #areApart(process: Process, other: Process): void {
    if (process === other) return;
    for (const [one, two] of [
      [process, other],
      [other, process],
    ] as const) {
      const known = this.#apart.get(one) ?? new WeakSet<Process>();
      this.#apart.set(one, known);
      known.add(two);
    }
  }

  #proved(process: Process, other: Process): number {
    const proofs = this.#proofs.get(process) ?? new WeakMap<Process, number>();
    this.#proofs.set(process, proofs);
    const known = (proofs.get(other) ?? 0) + 1;
    proofs.set(other, known);
    return known;
  }
}
