import type { LongTurn, QueueTaken } from '../../model/facts.ts';
import type { LongWork } from '../../model/machine/long-work.ts';
import type { Process } from '../../model/machine/process.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';
import { isOfOtherPool, worksForLoop } from '../../model/topics/pools/executor-tracker.ts';
import { MOSTLY_IDLE } from '../../model/topics/pools/hold-tracker.ts';
import { type PoolHeld, type PoolWait, servesInPool } from '../../model/topics/pools/pool-tracker.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import type { BusyTurns } from '../busy-at-once/busy-turns.ts';
import { type Interval, mostAtOnce } from '../busy-at-once/intersection.ts';
import { reasonOf } from '../stall-cause/cause.ts';
import { BusyThreads } from './busy-threads.ts';
import { type Crew, crewsOf, queuesOf } from './crews.ts';
import { LeftQueues, together } from './left-queues.ts';

/** So many times that somebody waited for a pool are remembered, the last ones. */
const MOST_WAITS = 20_000;
const AT_ONCE = 50 * MILLISECOND;

/** When threads of pools were busy with long requests, and when somebody waited for one of them. */
export class Pools {
  readonly busy = new BusyThreads();
  /** The same, and when clients that asked nothing held them. */
  readonly taken = new BusyThreads();
  readonly #least: Nanoseconds;
  /** When a thread that accepts for a pool left clients in the queue. */
  readonly queues = new LeftQueues();
  #waits: PoolWait[] = [];
  #aways: PoolWait[] = [];

  /** Who waited for less than `least` counts for nothing. */
  constructor(least: Nanoseconds) {
    this.#least = least;
  }

  /** A thread had a long request. */
  served(work: LongWork): void {
    this.busy.add(work);
    this.taken.add(work);
  }

  /** Who looks for the next request of its client for a moment only is free soon: puma gives it 200 ms. */
  held({ thread, start, end, open, line }: PoolHeld): void {
    if (end - start < this.#least) return;
    this.taken.add({ thread, start, end, open, request: '', call: '', target: '', callTime: end - start, line });
  }

  waited(wait: PoolWait): void {
    if (wait.end - wait.start < this.#least) return;
    if (this.#waits.length === MOST_WAITS) this.#waits = this.#waits.slice(MOST_WAITS / 2);
    this.#waits.push(wait);
  }

  /** Who accepts for a pool stays away from its listener while no thread is free. */
  acceptorAway(fact: LongTurn, timed: boolean): void {
    const { thread, turn } = fact;
    const { handedOver, servedItself } = thread.accepts;
    if (handedOver <= servedItself || reasonOf(fact, timed).cause !== 'lock') return;
    this.#wasAway({ thread, start: turn.start, end: turn.end });
    this.queues.away(thread as Thread, turn);
  }

  /** Some take the listener out of their loop meanwhile, and find connections that had queued up. */
  queued(fact: QueueTaken): void {
    const { thread, since, start } = fact;
    const { handedOver, servedItself } = thread.accepts;
    if (handedOver > servedItself) this.#wasAway({ thread, start: since, end: start });
    this.queues.taken(fact);
  }

  #wasAway(away: PoolWait): void {
    if (this.#aways.length === MOST_WAITS) this.#aways = this.#aways.slice(MOST_WAITS / 2);
    this.#aways.push(away);
  }

  forget(thread: Thread): void {
    this.busy.forget(thread);
    this.taken.forget(thread);
    this.queues.forget(thread);
    this.#waits = this.#waits.filter((wait) => wait.thread !== thread);
    this.#aways = this.#aways.filter((away) => away.thread !== thread);
  }

  /** Pools by whom they serve: the threads that were seen to serve, in processes that accept. */
  crews({ processes }: Model): Crew[] {
    const accepting = new Map<Process, (object | string)[]>();
    for (const { process, accepts } of processes.threads()) {
      if (accepts.listeners.size === 0) continue;
      const known = accepting.get(process);
      if (known === undefined) accepting.set(process, [process, ...queuesOf(accepts.listeners)]);
      else known.push(...queuesOf(accepts.listeners));
    }
    // Those that were busy for long are remembered here, also after their end.
    const serving = [...processes.threads()].filter((thread) => servesInPool(thread) || worksForLoop(thread));
    const known = [...this.busy.turns.keys(), ...this.taken.turns.keys()];
    const threads = [...new Set([...known, ...serving])].filter(
      (thread) => accepting.has(thread.process) && !isOfOtherPool(thread),
    );
    const ofLoops = threads.filter(worksForLoop);
    const common = ({ process }: Thread): (object | string)[] => accepting.get(process) ?? [];
    return [
      ...crewsOf(
        threads.filter((thread) => !worksForLoop(thread)),
        common,
      ).filter((crew) => crew.length >= 2),
      ...crewsOf(ofLoops, common),
    ];
  }

  /**
   * How many of a crew were ever busy at once, where its threads take turns at an epoll instance, so that some are
   * always there (jetty), or where a loop hands each of them its next job; undefined for other crews: all serve.
   */
  mostOf(crew: Crew): number | undefined {
    // Between two jobs of one of them the loop has its turn.
    if (crew.length > 1 && crew.every(worksForLoop)) return crew.length;
    if (crew.every(({ loop }) => !loop.isShared)) return undefined;
    return mostAtOnce(crew.map((thread) => ({ busy: this.busy.turns.get(thread)?.turns ?? [] }))) || undefined;
  }

  /** The same of a crew that connections held whose clients asked nothing for most of these stretches. */
  awaitedByHeld(crew: Crew, stretches: readonly Interval[]): Interval[] {
    const taken = timeIn(this.taken.turns, crew, stretches);
    const isMostlyIdle = taken - timeIn(this.busy.turns, crew, stretches) >= MOSTLY_IDLE * taken;
    return isMostlyIdle ? this.awaited(crew, stretches) : [];
  }

  /** How long a request that had been accepted or read waited at most during such stretches; null where none did. */
  longestWait(crew: Crew, stretches: readonly Interval[]): Nanoseconds | null {
    const ofCrew = inProcessesOf(crew);
    let longest: Nanoseconds | null = null;
    for (const wait of this.#waits) {
      const { start, end } = wait;
      if (!ofCrew(wait) || end - start <= (longest ?? 0)) continue;
      if (stretches.some((stretch) => start < stretch.end && end > stretch.start)) longest = end - start;
    }
    return longest;
  }

  /** The parts of such stretches, in which a crew was busy, in which somebody waited for it. */
  awaited(crew: Crew, stretches: readonly Interval[]): Interval[] {
    const ofCrew = inProcessesOf(crew);
    // Between two of them the acceptor took the one client that a thread was free for.
    const aways = together(this.#aways.filter(ofCrew), AT_ONCE).filter(({ start, end }) => end - start >= this.#least);
    const waits = together([...this.#waits.filter(ofCrew), ...aways], 0);
    return stretches.flatMap((stretch) =>
      waits
        .map(({ start, end }) => ({ start: Math.max(start, stretch.start), end: Math.min(end, stretch.end) }))
        .filter(({ start, end }) => end > start),
    );
  }
}

function inProcessesOf(crew: Crew): (wait: PoolWait) => boolean {
  const own = new Set(crew.map(({ process }) => process));
  return ({ thread }) => own.has(thread.process);
}

/** How long they were in such turns while all were. */
function timeIn(turns: ReadonlyMap<Thread, BusyTurns>, crew: Crew, stretches: readonly Interval[]): Nanoseconds {
  let time = 0;
  for (const thread of crew)
    for (const stretch of stretches)
      for (const { start, end } of turns.get(thread)?.during(stretch) ?? [])
        time += Math.min(end, stretch.end) - Math.max(start, stretch.start);
  return time;
}
