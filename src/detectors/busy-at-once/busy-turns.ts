import type { KeptLine } from '../../model/evidence.ts';
import type { LongTurn } from '../../model/facts.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';
import { requestShape } from '../../trace/request-shape.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import { type Cause, reasonOf } from '../stall-cause/cause.ts';
import type { HeldStretches } from '../stall-cause/unwinding.ts';
import type { Interval } from './intersection.ts';

// What service-stall and worker-saturation have in common: the long turns of each worker, and (intersection.ts) when
// all workers were in one. Which workers make a service, and how much is too much, is theirs.

/** What a worker was in, as findings name it. */
export interface NamedPlace {
  readonly cause: Cause;
  readonly call: string;
  readonly target: string;
}

/** What a worker was in; one object for all turns that say the same. */
export interface Place extends NamedPlace {
  /** A step on a file so small that it rarely waits. */
  readonly isBrief: boolean;
  /** What it served, by its shape: `GET /item/*`; empty when the capture does not say. */
  readonly request: string;
}

export interface BusyTurn extends Interval {
  readonly place: Place;
  /** Time outside any call: the most that can have been computing. */
  readonly outside: Nanoseconds;
  readonly open: boolean;
  /** Where in it the worker did not run, if it did not. */
  readonly pauseStart: Nanoseconds;
  readonly pauseEnd: Nanoseconds;
  /** Stretches in which a tracer that prints stacks may have held the worker, where that is known. */
  readonly holds?: HeldStretches | null;
  /** Kept for the longest turns only. */
  readonly lines: readonly KeptLine[];
}

/** About 15 MB a worker: a hundred thousand stalls of 100 ms fill nearly three hours. */
export const MOST_TURNS = 100_000;
const MOST_PLACES = 1000;

/** The long turns of one worker in order of time. The oldest make room, which `dropped` counts. */
export class BusyTurns {
  turns: BusyTurn[] = [];
  dropped = 0;
  #longest: Nanoseconds = 0;
  readonly #places = new Map<string, Place>();

  add(turn: Omit<BusyTurn, 'place'>, place: Place): void {
    const length = turn.end - turn.start;
    this.#longest = Math.max(this.#longest, length);
    if (this.turns.length === MOST_TURNS) {
      this.dropped += MOST_TURNS / 2;
      this.turns.splice(0, MOST_TURNS / 2);
    }
    const lines = length * 2 >= this.#longest ? turn.lines : [];
    this.turns.push({ ...turn, lines, place: this.#same(place) });
  }

  /** The turns that overlap the interval. Turns of one thread follow each other, so they are sorted by both ends. */
  during({ start, end }: Interval): BusyTurn[] {
    let low = 0;
    let high = this.turns.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.turns[middle] as BusyTurn).end > start) high = middle;
      else low = middle + 1;
    }
    const found: BusyTurn[] = [];
    for (let turn = this.turns[low]; turn !== undefined && turn.start < end; turn = this.turns[++low]) found.push(turn);
    return found;
  }

  /** The same without those. */
  without(isLeftOut: (turn: BusyTurn) => boolean): BusyTurns {
    const others = new BusyTurns();
    others.turns = this.turns.filter((turn) => !isLeftOut(turn));
    others.dropped = this.dropped;
    return others;
  }

  /** The same without what a tracer that prints stacks may have added: its turns end that much sooner. */
  withoutHolds(heldIn: (holds: HeldStretches) => Nanoseconds): BusyTurns {
    const others = new BusyTurns();
    others.turns = this.turns.map((turn) =>
      turn.holds == null ? turn : { ...turn, end: Math.max(turn.start, turn.end - heldIn(turn.holds)) },
    );
    others.dropped = this.dropped;
    return others;
  }

  #same(place: Place): Place {
    const { cause, call, target, isBrief, request } = place;
    const key = `${cause} ${isBrief} ${call} ${target} ${request}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    if (this.#places.size < MOST_PLACES) this.#places.set(key, place);
    return place;
  }
}

/** The turns of which the capture holds the lines: a worker that has none for a time may have done anything in it. */
export function recordedTurns(
  turns: ReadonlyMap<Thread, BusyTurns>,
  { completeness }: Pick<Model, 'completeness'>,
): ReadonlyMap<Thread, BusyTurns> {
  if (completeness.holes.length === 0) return turns;
  return new Map([...turns].map(([thread, own]) => [thread, own.without((turn) => completeness.isHidden(turn))]));
}

/** The turns without what a tracer that prints stacks may have added; the same ones where it printed none. */
export function withoutHolds(
  turns: ReadonlyMap<Thread, BusyTurns>,
  { calibration: { queue } }: Pick<Model, 'calibration'>,
): ReadonlyMap<Thread, BusyTurns> {
  if (queue === null) return turns;
  return new Map([...turns].map(([thread, own]) => [thread, own.withoutHolds((holds) => queue.heldIn(holds))]));
}

/** Adds a long turn of a worker to those of all. `timed` says that calls have durations. */
export function addTurn(turns: Map<Thread, BusyTurns>, fact: LongTurn, timed: boolean): void {
  const { thread, turn, length, open } = fact;
  const { cause, call, target, lines, isBrief, pauseStart, pauseEnd } = reasonOf(fact, timed);
  const own = turns.get(thread) ?? new BusyTurns();
  turns.set(thread, own);
  const outside = Math.max(0, length - turn.inCalls);
  const { held, longHolds } = turn;
  const holds = held > 0 || longHolds !== null ? { held, longHolds } : null;
  own.add(
    { start: turn.start, end: turn.end, outside, open, lines, pauseStart, pauseEnd, holds },
    { cause, call, target, isBrief, request: requestShape(turn.owner?.name ?? '') },
  );
}
