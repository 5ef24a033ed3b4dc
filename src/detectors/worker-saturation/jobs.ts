import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';
import { type JobArrival, type JobQueue, type JobTurn, queueOf } from '../../model/topics/queues/job-tracker.ts';
import { isWait, syscall } from '../../trace/syscalls.ts';
import { BusyTurns, type Place } from '../busy-at-once/busy-turns.ts';
import type { Interval } from '../busy-at-once/intersection.ts';
import { type Crew, crewsOf } from './crews.ts';

const MOST_THREADS = 4_096;
const MOST_NEXT = 20_000;
/** The part of a job that one call must take to name what its thread was in. */
const DOMINANT = 0.6;

/** When threads that take jobs from a queue were busy with long ones, and whether the next job was there already. */
export class Jobs {
  readonly turns = new Map<Thread, BusyTurns>();
  readonly requests = new Map<Thread, number>();
  readonly #queues = new Map<Thread, JobQueue>();
  #next: JobTurn[] = [];
  #arrivals: JobArrival[] = [];

  busy(turn: JobTurn): void {
    const { thread, start, end, open, call, target, callTime, line, nextWasThere } = turn;
    if (this.turns.size >= MOST_THREADS && !this.turns.has(thread)) return;
    const own = this.turns.get(thread) ?? new BusyTurns();
    this.turns.set(thread, own);
    const queue = queueOf(thread as Thread);
    if (queue !== null) this.#queues.set(thread, queue);
    const length = end - start;
    const place: Place =
      callTime >= DOMINANT * length
        ? { cause: isWait(syscall(call).family) ? 'foreign-poll' : 'blocking-call', call, target, isBrief: false }
        : { cause: 'no-syscall', call: '', target: '', isBrief: false };
    const outside = Math.max(0, length - callTime);
    own.add({ start, end, outside, open, lines: [line], pauseStart: start, pauseEnd: end }, place);
    this.requests.set(thread, (this.requests.get(thread) ?? 0) + 1);
    if (!nextWasThere) return;
    if (this.#next.length === MOST_NEXT) this.#next = this.#next.slice(MOST_NEXT / 2);
    this.#next.push(turn);
  }

  /** Somebody took a job from the broker, to have another one do it. */
  arrived(arrival: JobArrival): void {
    if (this.#arrivals.length === MOST_NEXT) this.#arrivals = this.#arrivals.slice(MOST_NEXT / 2);
    this.#arrivals.push(arrival);
  }

  forget(thread: Thread): void {
    this.turns.delete(thread);
    this.requests.delete(thread);
    this.#queues.delete(thread);
    this.#next = this.#next.filter((turn) => turn.thread !== thread);
  }

  /** Those who take jobs from one queue, without those who serve requests: their waits are known better. */
  crews({ processes }: Model, serving: ReadonlySet<Thread>): { readonly crew: Crew; readonly isPool: boolean }[] {
    // Of those that have ended only they count who were busy for long.
    const queues = new Map(this.#queues);
    for (const thread of processes.threads()) {
      const queue = thread.ended ? null : queueOf(thread);
      if (queue !== null) queues.set(thread, queue);
    }
    const threads = [...queues.keys()].filter((thread) => !serving.has(thread));
    const ofKind = (isPool: boolean): Thread[] =>
      threads.filter((thread) => (queues.get(thread)?.kind === 'word') === isPool);
    const common = (thread: Thread): string[] => {
      const { kind = 'pipe', queue = '' } = queues.get(thread) ?? {};
      return kind === 'pipe' ? [] : [queue];
    };
    return [false, true].flatMap((isPool) =>
      crewsOf(ofKind(isPool), common, !isPool)
        .filter((crew) => crew.length >= 2 && crew.some((thread) => this.turns.has(thread)))
        .map((crew) => ({ crew, isPool })),
    );
  }

  /** Whether a job waited for one of these threads during such stretches. */
  isAwaited(crew: Crew, stretches: readonly Interval[]): boolean {
    const members = new Set<object>(crew);
    // A job that came while all were busy. Of those that were attached the parent may be unknown.
    const masters = new Set(crew.flatMap(({ process }) => [process, process.parent]));
    return (
      this.#next.some(
        (turn) => members.has(turn.thread) && stretches.some(({ start, end }) => turn.start < end && turn.end > start),
      ) ||
      this.#arrivals.some(
        ({ process, at }) =>
          (masters.has(process) || masters.has(null)) && stretches.some(({ start, end }) => start < at && at < end),
      )
    );
  }
}
