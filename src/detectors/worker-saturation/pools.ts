import type { LongTurn } from '../../model/facts.ts';
import type { Process } from '../../model/machine/process.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';
import { type PoolTurn, type PoolWait, servesInPool } from '../../model/topics/pools/pool-tracker.ts';
import { isWait, syscall } from '../../trace/syscalls.ts';
import { BusyTurns, type Place } from '../busy-at-once/busy-turns.ts';
import type { Interval } from '../busy-at-once/intersection.ts';
import { reasonOf } from '../stall-cause/cause.ts';
import { type Crew, crewsOf } from './crews.ts';

/** So many times that somebody waited for a pool are remembered, the last ones. */
const MOST_WAITS = 20_000;
const MOST_THREADS = 4_096;
/** The part of a request that one call must take to name what its thread was in. */
const DOMINANT = 0.6;

/** When threads of pools were busy with long requests, and when somebody waited for one of them. */
export class Pools {
  readonly turns = new Map<Thread, BusyTurns>();
  readonly requests = new Map<Thread, number>();
  #waits: PoolWait[] = [];

  busy({ thread, start, end, open, call, target, callTime, line }: PoolTurn): void {
    const own = this.turns.get(thread) ?? new BusyTurns();
    // A thread for each connection is no pool.
    if (this.turns.size >= MOST_THREADS && !this.turns.has(thread)) return;
    this.turns.set(thread, own);
    const length = end - start;
    const outside = Math.max(0, length - callTime);
    const place: Place =
      callTime >= DOMINANT * length
        ? { cause: isWait(syscall(call).family) ? 'foreign-poll' : 'blocking-call', call, target, isBrief: false }
        : { cause: 'no-syscall', call: '', target: '', isBrief: false };
    own.add({ start, end, outside, open, pauseStart: start, pauseEnd: end, lines: [line] }, place);
    this.requests.set(thread, (this.requests.get(thread) ?? 0) + 1);
  }

  waited(wait: PoolWait): void {
    if (this.#waits.length === MOST_WAITS) this.#waits = this.#waits.slice(MOST_WAITS / 2);
    this.#waits.push(wait);
  }

  /** Who accepts for a pool stays away from its listener while no thread is free. */
  acceptorAway(fact: LongTurn, timed: boolean): void {
    const { thread, turn } = fact;
    const { handedOver, servedItself } = thread.accepts;
    if (handedOver <= servedItself || reasonOf(fact, timed).cause !== 'lock') return;
    this.waited({ thread, start: turn.start, end: turn.end });
  }

  forget(thread: Thread): void {
    this.turns.delete(thread);
    this.requests.delete(thread);
    this.#waits = this.#waits.filter((wait) => wait.thread !== thread);
  }

  /** Pools by whom they serve: the threads that were seen to serve, in processes that accept. */
  crews({ processes }: Model): Crew[] {
    const accepting = new Map<Process, object[]>();
    for (const { process, accepts } of processes.threads()) {
      if (accepts.listeners.size === 0) continue;
      const known = accepting.get(process);
      if (known === undefined) accepting.set(process, [process, ...accepts.listeners]);
      else known.push(...accepts.listeners);
    }
    // Those that were busy for long are remembered here, also after their end.
    const serving = [...processes.threads()].filter(servesInPool);
    const threads = [...new Set([...this.turns.keys(), ...serving])].filter(({ process }) => accepting.has(process));
    return crewsOf(threads, ({ process }) => accepting.get(process) ?? []).filter((crew) => crew.length >= 2);
  }

  /** Of stretches in which a crew was busy those in which somebody waited for it. */
  awaited(crew: Crew, stretches: readonly Interval[]): Interval[] {
    const own = new Set(crew.map(({ process }) => process));
    const waits = this.#waits.filter(({ thread }) => own.has(thread.process)).sort((a, b) => a.start - b.start);
    return stretches.filter((stretch) => waits.some(({ start, end }) => start < stretch.end && end > stretch.start));
  }
}
