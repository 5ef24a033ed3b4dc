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
 * Who shares a table of descriptors, by their numbers: the kernel gives the lowest that is free. A process that gets
 * 12, and later 11 without having closed one of that number, shares its table with whoever had 11 at first and closed
 * it between. Of processes whose beginning is in the capture that is known.
 */
export class LowestNumbers {
  readonly #holdings = new Map<number, Holding[]>();
  /** Numbers that were not free when a process got a higher one, and that it does not have itself: since when. */
  readonly #others = new WeakMap<Process, Map<number, Nanoseconds>>();
  readonly #proofs = new WeakMap<Process, WeakMap<Process, number>>();

  /**
   * A process got a descriptor of this number, between these times. Returns another one that must be the same,
   * if it is known now.
   */
  opened(process: Process, number: number, start: Nanoseconds, end: Nanoseconds): Process | undefined {
    if (number >= MOST_NUMBERS) return undefined;
    const others = this.#others.get(process) ?? new Map<number, Nanoseconds>();
    this.#others.set(process, others);
    const since = others.get(number);
    others.delete(number);
    for (let below = number - 1; below > 2 && below >= number - REACH; below--)
      if (process.descriptors.get(below) === undefined) others.set(below, start);
    const holdings = this.#holdings.get(number) ?? [];
    this.#holdings.set(number, holdings);
    const found = since === undefined ? undefined : this.#holderOf(holdings, process, since, end);
    if (holdings.length === MOST_HOLDINGS) holdings.shift();
    holdings.push({ process, from: start, until: Number.POSITIVE_INFINITY });
    return found !== undefined && this.#proved(process, found) >= LEAST_PROOFS ? found : undefined;
  }

  closed(process: Process, number: number, at: Nanoseconds): void {
    this.#others.get(process)?.delete(number);
    for (const holding of this.#holdings.get(number) ?? [])
      if (standsFor(holding.process) === process && holding.until > at) holding.until = at;
  }

  /** The only one that had this number since then and closed it before `end`; undefined for several, or none. */
  #holderOf(holdings: readonly Holding[], process: Process, since: Nanoseconds, end: Nanoseconds): Process | undefined {
    const all = new Set<Process>();
    for (const { process: holder, from, until } of holdings)
      if (from <= since && since < until && until <= end) all.add(standsFor(holder));
    const [only] = all;
    return all.size === 1 && only !== undefined && only !== process && mayBeOne(process, only) ? only : undefined;
  }

  #proved(process: Process, other: Process): number {
    const proofs = this.#proofs.get(process) ?? new WeakMap<Process, number>();
    this.#proofs.set(process, proofs);
    const known = (proofs.get(other) ?? 0) + 1;
    proofs.set(other, known);
    return known;
  }
}
