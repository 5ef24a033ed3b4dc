import { MILLISECOND, type Nanoseconds } from '../../../trace/time.ts';
import type { KeptLine } from '../../evidence.ts';
import { AnsweredJobs, type DoneJob } from '../../machine/answered-jobs.ts';
import type { Request } from '../../machine/connections.ts';
import { PerProcess, PerThread } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';
import type { Thread } from '../../machine/thread.ts';
import type { RequestView, ThreadView } from '../../machine/views.ts';
import type { ConnectionUse } from './connection-uses.ts';
import type { Peer } from './peer.ts';
import { linesOf } from './waits.ts';

/** A wait of nobody in particular, and in which turn of its thread. */
interface Unowned {
  readonly peer: Peer;
  readonly length: Nanoseconds;
  readonly start: Nanoseconds;
  readonly turn: number;
  readonly query: string;
  readonly lines: readonly KeptLine[];
}

/** What a thread did for a loop, and waited for meanwhile. */
interface HandJob extends DoneJob {
  readonly process: Process;
  readonly waits: readonly Unowned[];
  readonly use: ConnectionUse | null;
}

/** A request that is answered so soon after the wait, of which the wait was so much, had waited for it. */
const ANSWERS_SOON = 100 * MILLISECOND;
const MOST_OF_IT = 0.8;

/** Those that ended last on a thread: behind a long one a short one may follow, for the end of the same answer. */
const last = new PerThread<readonly Unowned[]>();
const MOST_KEPT = 4;
const handJobs = new PerProcess<AnsweredJobs<HandJob>>();

/**
 * Waits for a service of which no request is known when they end: of a thread that works for a loop, or of a coroutine
 * that is resumed later. Whose they were shows when a request is answered.
 */
export class UnownedWaits {
  /** Those that have jobs of which the request is not known yet. */
  readonly #withJobs = new Set<Process>();

  add(thread: Thread, wait: Unowned): void {
    last.set(thread, [...(last.of(thread) ?? []).slice(1 - MOST_KEPT), wait]);
  }

  /** Whoever is answered in the turn that read an answer had waited for it. */
  answered(thread: ThreadView, request: RequestView | null, repliedAt: Nanoseconds): void {
    if (request === null) return;
    let longest: Unowned | null = null;
    for (const each of last.of(thread) ?? []) {
      if (each.start < request.startedAt) continue;
      if (each.turn !== thread.loop.turn.number && !tookItsTime(each, request, repliedAt)) continue;
      if (longest === null || each.length > longest.length) longest = each;
    }
    if (longest === null) return;
    longest.peer.wasFor(request, longest);
    last.clear(thread);
  }

  /**
   * What a thread waited for in a job that its loop gave it was waited for by the request that the job is for, and so
   * was the connection that it used. Of a job that ended outside the window nothing is told.
   */
  handDone(thread: Thread, start: Nanoseconds, end: Nanoseconds, use: ConnectionUse | null, isInWindow: boolean): void {
    const waits = (last.of(thread) ?? []).filter((wait) => wait.start >= start);
    last.clear(thread);
    if (!isInWindow || (waits.length === 0 && use === null)) return;
    const { process } = thread;
    this.#jobsOf(process).ended({ thread, start, end, process, waits, use });
  }

  /** A loop begins its reply at that moment. */
  replied({ process }: Thread, request: Request, at: Nanoseconds): void {
    handJobs.of(process)?.replied(request, at);
  }

  merged(process: Process, other: Process): void {
    const gone = handJobs.of(other);
    if (gone !== undefined) this.#jobsOf(process).add(gone);
  }

  finish(): void {
    for (const process of this.#withJobs) handJobs.of(process)?.finish();
    this.#withJobs.clear();
  }

  #jobsOf(process: Process): AnsweredJobs<HandJob> {
    this.#withJobs.add(process);
    return handJobs.of(process) ?? handJobs.set(process, new AnsweredJobs(tellHandJob));
  }
}

function tellHandJob({ process, waits, use }: HandJob, request: Request | null): void {
  if (use !== null) use.peer.used(request, process, use, () => linesOf(use.line));
  if (request !== null) for (const wait of waits) wait.peer.wasFor(request, wait);
}

/**
 * The wait fills nearly all of the time of a request that is answered a few turns later: asyncio resumes a coroutine,
 * and whoever waits for that one, in a turn each.
 */
function tookItsTime({ start, length }: Unowned, { startedAt }: RequestView, repliedAt: Nanoseconds): boolean {
  return repliedAt - (start + length) <= ANSWERS_SOON && length >= MOST_OF_IT * (repliedAt - startedAt);
}
