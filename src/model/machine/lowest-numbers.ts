import type { Nanoseconds } from '../../trace/time.ts';
import { PerProcess } from './owned-state.ts';
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
  process: Process;
  from: Nanoseconds;
  until: Nanoseconds;
}

/** What the numbers of one process tell. */
class Table {
  /** When a number was not free that this process does not have, as it got a higher one last; NaN for the others. */
  readonly others: Nanoseconds[] = [];
  readonly proofs = new WeakMap<Process, number>();
  /** These have tables of their own. */
  readonly apart = new WeakSet<Process>();
}

const tables = new PerProcess<Table>();

function tableOf(process: Process): Table {
  return tables.of(process) ?? tables.set(process, new Table());
}

/**
 * Who shares a table of descriptors, by their numbers: the kernel gives the lowest that is free when a call begins, to
 * an `accept` that then waits as well. A process that gets 12, and later 11 without having closed one of that number,
 * shares its table with whoever had 11 at first and closed it between. Two that had one number at the same time have
 * tables of their own. Of processes whose beginning is in the capture all that is known.
 */
export class LowestNumbers {
  readonly #holdings = new Map<number, Holding[]>();

  /**
   * A process got a descriptor of this number, between these times. Returns another one that must be the same, if it is
   * known now.
   */
  opened(process: Process, number: number, start: Nanoseconds, end: Nanoseconds): Process | undefined {
    if (number >= MOST_NUMBERS) return undefined;
    const table = tableOf(process);
    const { others } = table;
    while (others.length <= number) others.push(Number.NaN);
    const taken = others[number] ?? Number.NaN;
    others[number] = Number.NaN;
    const lowest = Math.max(3, number - REACH);
    for (let below = number - 1; below >= lowest; below--)
      if (process.descriptors.get(below) === undefined) others[below] = start;
    let holdings = this.#holdings.get(number);
    if (holdings === undefined) {
      holdings = [];
      this.#holdings.set(number, holdings);
    }
    const found = Number.isNaN(taken) ? undefined : this.#holderOf(holdings, process, table, taken, start);
    for (const { process: holder, until } of holdings) if (until > end) areApart(process, table, standsFor(holder));
    const oldest = holdings.length === MOST_HOLDINGS ? holdings.shift() : undefined;
    if (oldest === undefined) holdings.push({ process, from: start, until: Number.POSITIVE_INFINITY });
    else holdings.push(heldAnew(oldest, process, start));
    return found !== undefined && proved(table, found) >= LEAST_PROOFS ? found : undefined;
  }

  closed(process: Process, number: number, at: Nanoseconds): void {
    const others = tables.of(process)?.others;
    if (others !== undefined && number >= 0 && number < others.length) others[number] = Number.NaN;
    for (const holding of this.#holdings.get(number) ?? [])
      if (holding.until > at && standsFor(holding.process) === process) holding.until = at;
  }

  /**
   * The only one that had this number at `taken` and closed it before `start`; undefined for several, or none.
   */
  #holderOf(
    holdings: readonly Holding[],
    process: Process,
    { apart }: Table,
    taken: Nanoseconds,
    start: Nanoseconds,
  ): Process | undefined {
    let only: Process | undefined;
    for (const { process: holder, from, until } of holdings) {
      if (!(from <= taken && taken < until && until <= start)) continue;
      const one = standsFor(holder);
      if (only !== undefined && only !== one) return undefined;
      only = one;
    }
    if (only === undefined || only === process || apart.has(only)) return undefined;
    return mayBeOne(process, only) ? only : undefined;
  }
}

/** An object that is needed no more takes the place of a new one: every connection opens a descriptor. */
function heldAnew(holding: Holding, process: Process, from: Nanoseconds): Holding {
  holding.process = process;
  holding.from = from;
  holding.until = Number.POSITIVE_INFINITY;
  return holding;
}

function areApart(process: Process, { apart }: Table, other: Process): void {
  if (process === other || apart.has(other)) return;
  apart.add(other);
  tableOf(other).apart.add(process);
}

function proved({ proofs }: Table, other: Process): number {
  const known = (proofs.get(other) ?? 0) + 1;
  proofs.set(other, known);
  return known;
}
