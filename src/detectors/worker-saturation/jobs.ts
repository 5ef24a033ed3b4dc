import type { Process } from '../../model/machine/process.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { threadsOf } from '../../model/machine/threads-of.ts';
import type { Model } from '../../model/model.ts';
import { type JobArrival, type JobQueue, type JobTurn, queueOf } from '../../model/topics/queues/job-tracker.ts';
import { type Demand, masterOf, worksFor } from '../../model/topics/queues/masters.ts';
import type { Interval } from '../busy-at-once/intersection.ts';
import { BusyThreads } from './busy-threads.ts';
import { type Crew, crewsOf } from './crews.ts';

const MOST_NEXT = 20_000;

/** Those who take jobs from one queue. */
export interface JobCrew {
  readonly crew: Crew;
  /** Threads that work for others of their process. */
  readonly isPool: boolean;
  /** For whom the jobs are; 'unknown' where nothing tells who hands them out. */
  readonly demand: Demand | 'unknown';
}

/** When threads that take jobs from a queue were busy with long ones, and whether the next job was there already. */
export class Jobs {
  readonly busy = new BusyThreads();
  readonly #queues = new Map<Thread, JobQueue>();
  #next: JobTurn[] = [];
  #arrivals: JobArrival[] = [];

  add(turn: JobTurn): void {
    const { thread } = turn;
    if (!this.busy.add(turn)) return;
    const queue = queueOf(thread as Thread);
    if (queue !== null) this.#queues.set(thread, queue);
    if (!turn.nextWasThere) return;
    if (this.#next.length === MOST_NEXT) this.#next = this.#next.slice(MOST_NEXT / 2);
    this.#next.push(turn);
  }

  /** Somebody took a job from the broker, to have another one do it. */
  arrived(arrival: JobArrival): void {
    if (this.#arrivals.length === MOST_NEXT) this.#arrivals = this.#arrivals.slice(MOST_NEXT / 2);
    this.#arrivals.push(arrival);
  }

  forget(thread: Thread): void {
    this.busy.forget(thread);
    this.#queues.delete(thread);
    this.#next = this.#next.filter((turn) => turn.thread !== thread);
  }

  /** Those who take jobs from one queue, without those who serve requests: their waits are known better. */
  crews({ processes }: Model, serving: ReadonlySet<Thread>): JobCrew[] {
    // Of those that have ended only they count who were busy for long.
    const queues = new Map(this.#queues);
    for (const thread of processes.threads()) {
      const queue = thread.ended ? null : queueOf(thread);
      if (queue !== null) queues.set(thread, queue);
    }
    const all = [...queues].filter(([thread]) => !serving.has(thread));
    const ofKind = (kind: JobQueue['kind']): Thread[] =>
      all.filter(([, queue]) => queue.kind === kind).map(([thread]) => thread);
    const common = (thread: Thread): string[] => [queues.get(thread)?.queue ?? ''];
    const ofBroker = new Set<Thread | undefined>(ofKind('broker'));
    return [
      ...childrenOf(ofKind('pipe')),
      ...crewsOf(ofKind('broker'), common).map((crew) => ({ crew, isPool: false, demand: 'others' as const })),
      ...crewsOf(ofKind('word'), common, false)
        .flatMap(byProcess)
        .map((crew) => ({ crew, isPool: true, demand: demandOf(crew) })),
    ].filter(({ crew }) => {
      if (!crew.some((thread) => this.busy.turns.has(thread))) return false;
      // A broker would have given the next job to another worker that waits for one, traced or not.
      return crew.length >= 2 || (ofBroker.has(crew[0]) && this.#next.some(({ thread }) => thread === crew[0]));
    });
  }

  /** Such stretches at the end of which the next job was there already. */
  followedAtOnce(crew: Crew, stretches: readonly Interval[]): Interval[] {
    const ends = new Set(this.#next.filter(({ thread }) => thread === crew[0]).map(({ end }) => end));
    return stretches.filter(({ end }) => ends.has(end));
  }

  /** Whether a job waited for one of these threads during such stretches. */
  isAwaited(crew: Crew, stretches: readonly Interval[]): boolean {
    const members = new Set<object>(crew);
    // A job that came while all were busy.
    const masters = new Set<unknown>(crew.flatMap((thread) => [thread.process, masterOf(thread)]));
    return (
      this.#next.some(
        (turn) => members.has(turn.thread) && stretches.some(({ start, end }) => turn.start < end && turn.end > start),
      ) ||
      this.#arrivals.some(
        ({ process, at }) => masters.has(process) && stretches.some(({ start, end }) => start < at && at < end),
      )
    );
  }
}

/** Those who read jobs from pipes, by who writes these; who was seen to take none belongs to all whose it may be. */
function childrenOf(threads: readonly Thread[]): JobCrew[] {
  const known = new Map<Process, Thread[]>();
  const others: Thread[] = [];
  for (const thread of threads) {
    const master = masterOf(thread);
    if (master === 'unknown') others.push(thread);
    else if (master !== 'nobody') known.set(master, [...(known.get(master) ?? []), thread]);
  }
  const found: JobCrew[] = [...known].map(([master, crew]) => ({
    crew: [...crew, ...others.filter((other) => isIdleLike(other, crew))],
    isPool: false,
    demand: worksFor(master),
  }));
  return others.length === 0 ? found : [...found, { crew: others, isPool: false, demand: 'unknown' }];
}

/** It has waited at a pipe since before the capture, and nothing says that it is another program. */
function isIdleLike(thread: Thread, crew: Crew): boolean {
  const { comm } = thread.lane;
  return (
    queueOf(thread)?.taken === 0 &&
    crew.every(
      ({ process, lane }) => process !== thread.process && (comm === '' || lane.comm === '' || lane.comm === comm),
    )
  );
}

/**
 * The crews of threads that wait at one address. Processes that were forked from one have the same addresses, and each
 * its own memory: two of which several threads are known share no word. What may be a thread of either stands apart.
 */
function byProcess(crew: Crew): Crew[] {
  const known = new Set(crew.filter(isOneOfSeveral).map(({ process }) => process));
  if (known.size < 2) return [crew];
  const others = crew.filter((thread) => !isOneOfSeveral(thread));
  return [...[...known].map((owner) => crew.filter(({ process }) => process === owner)), others];
}

const isOneOfSeveral = ({ process }: Thread): boolean => threadsOf(process).length > 1;

function demandOf(crew: Crew): JobCrew['demand'] {
  const causes = new Set(crew.map(({ process }) => worksFor(process)));
  if (causes.has('others')) return 'others';
  return causes.has('perhaps') ? 'perhaps' : 'itself';
}
