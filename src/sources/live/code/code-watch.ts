import type { CodeFrame } from '../../../trace/code-frame.ts';
import { isWait, syscall } from '../../../trace/syscalls.ts';
import { innerNumber, readOrEmpty } from '../process-facts.ts';
import type { ProcessSight, ThreadSight } from '../sights.ts';
import { runSampler } from './run-sampler.ts';
import type { Sampler, ThreadStack } from './sampler.ts';
import { underOwnName } from './started-as.ts';

/** The code that a thread was in. Times are those of the watch, nanoseconds. */
export interface CodeSight {
  readonly pid: number;
  readonly tid: number;
  /** When the sampler was started, and when it had ended. */
  readonly from: number;
  readonly at: number;
  readonly by: string;
  readonly frames: readonly CodeFrame[];
}

interface CodeWatchOptions {
  /** The sampler for a thread of a process; null where there is none. */
  readonly samplerFor: (pid: number, thread: ThreadSight) => Sampler | null;
  /** Runs one about a process and gives what it printed; null when it failed. */
  readonly run?: (sampler: Sampler, pid: number, tid: number, cancelled: AbortSignal) => Promise<string | null>;
  /** Nanoseconds of the clock of the watch. */
  readonly now?: () => number;
}

/** In one call for so long a thread is stuck. */
const STUCK: number = 900e6;
/** In no wait at any look for so long it is away: in short calls, or in none. */
const AWAY: number = 1_900e6;
/** Samplers that run at once, and that are run in an hour; what they saw is kept, the latest. */
const MOST_AT_ONCE = 2;
const MOST_IN_HOUR = 200;
const HOUR: number = 3_600e9;
const MOST_KEPT = 400;
const MOST_THREADS = 4_096;
/** A thread is not looked at again before. */
const LEAST_PAUSE: number = 3e9;
/** Whoever waits for the end of the capture waits for a sampler so long, and so long again for the end of it. */
const PATIENCE_MS = 1_500;
const END_PATIENCE_MS = 4_500;
/** What computes was on a processor, or ready for one, for this share of the time. */
const COMPUTES = 0.5;

/**
 * Asks what stuck threads run: once for each stall, and bounded. A sampler that fails is not asked about that stall
 * again.
 */
export class CodeWatch {
  readonly #options: Required<CodeWatchOptions>;
  readonly #seen: CodeSight[] = [];
  readonly #last = new Map<number, CodeSight>();
  /** When each thread was asked about last. */
  readonly #asked = new Map<number, number>();
  readonly #running = new Set<Promise<void>>();
  readonly #cancelling = new AbortController();
  #count = 0;
  #hourFrom = 0;

  constructor({ samplerFor, run = runSampler, now = () => Number(process.hrtime.bigint()) }: CodeWatchOptions) {
    this.#options = { samplerFor, run, now };
  }

  /** What was seen so far, in the order of time. */
  get seen(): readonly CodeSight[] {
    return this.#seen;
  }

  /** The code that a thread is in, where it has not come back to its wait since somebody looked; else null. */
  now({ tid, awayFrom, since, at }: ThreadSight): CodeSight | null {
    const last = this.#last.get(tid);
    if (last === undefined || Math.min(awayFrom, since) > last.from) return null;
    // It is in another call by now, which lasts.
    return since > last.from && at - since >= STUCK ? null : last;
  }

  /** Takes what the kernel says of the processes, and asks about those that are stuck. */
  look(processes: readonly ProcessSight[]): void {
    if (this.#asked.size > MOST_THREADS) this.#forget();
    for (const process of processes) {
      const stuck = process.threads.filter((thread) => isStuck(process, thread) && this.#isDue(thread));
      const [first] = stuck;
      if (first === undefined) continue;
      if (this.#running.size >= MOST_AT_ONCE || !this.#hasBudget()) return;
      const sampler = this.#options.samplerFor(process.pid, first);
      const now = this.#options.now();
      for (const { tid } of stuck) this.#asked.set(tid, now);
      if (sampler === null) continue;
      this.#count++;
      const asking = this.#ask(sampler, process.pid, stuck);
      this.#running.add(asking);
      void asking.finally(() => this.#running.delete(asking));
    }
  }

  /**
   * Settles when no sampler runs any more. One that takes longer is told to end, and killed a second later; one that
   * even then does not come back is left behind.
   */
  async settle(): Promise<void> {
    const patience = setTimeout(() => this.#cancelling.abort(), PATIENCE_MS);
    let over: NodeJS.Timeout | undefined;
    const given = new Promise((resolve) => {
      over = setTimeout(resolve, PATIENCE_MS + END_PATIENCE_MS);
    });
    await Promise.race([Promise.all(this.#running), given]);
    clearTimeout(patience);
    clearTimeout(over);
  }

  /** Days of workers that come and go: what is known of all of them at once. */
  #forget(): void {
    this.#asked.clear();
    this.#last.clear();
  }

  #hasBudget(): boolean {
    const now = this.#options.now();
    if (now - this.#hourFrom >= HOUR) {
      this.#hourFrom = now;
      this.#count = 0;
    }
    return this.#count < MOST_IN_HOUR;
  }

  #isDue({ tid, since, awayFrom, at }: ThreadSight): boolean {
    const asked = this.#asked.get(tid);
    if (asked === undefined) return true;
    // It had come back in between, or is in another call that takes long by itself.
    const isNew = awayFrom > asked || (since > asked && at - since >= STUCK);
    return isNew && this.#options.now() - asked >= LEAST_PAUSE;
  }

  async #ask(sampler: Sampler, pid: number, stuck: readonly ThreadSight[]): Promise<void> {
    const { run, now } = this.#options;
    const first = stuck[0]?.tid ?? pid;
    const from = now();
    const printed = await run(sampler, pid, first, this.#cancelling.signal);
    const at = now();
    const stacks = printed === null ? [] : sampler.read(printed, pid, first);
    for (const { tid } of stuck) {
      const frames = stackOf(stacks, pid, tid);
      if (frames === null) continue;
      const sight = { pid, tid, from, at, by: sampler.name, frames: underOwnName(frames, pid) };
      this.#seen.push(sight);
      if (this.#seen.length > MOST_KEPT) this.#seen.shift();
      this.#last.set(tid, sight);
    }
  }
}

/** A thread that does not come back, as far as one can tell from outside. */
export function isStuck({ pid, clients, threads }: ProcessSight, thread: ThreadSight): boolean {
  const { tid, call, since, at, awayFrom, ran, target, isOfClient } = thread;
  const { family } = syscall(call);
  if (family === 'accept' || family === 'epoll-wait') return false;
  // A worker of one connection waits for its database in poll, and for its next client as well.
  if (call !== '' && isWait(family)) return tid === pid && clients > 0 && at - since >= AWAY;
  if (at - since < STUCK && at - awayFrom < AWAY) return false;
  if (call === '') return ran < 0 || ran >= (at - since) * COMPUTES;
  if (tid === pid) return family !== 'wait-child';
  // Threads of a pool wait for work in a lock, and helpers on a pipe; with a client for each, all of them may serve.
  if (family === 'futex') return clients >= threads.length - 1 && at - since >= AWAY;
  const isOnPeer = /:\d+$/.test(target) && !isOfClient;
  return isOnPeer || family === 'sleep' || family === 'sync' || family === 'lock';
}

/** The stack of a thread among those of its process; null when it is not there. */
function stackOf(stacks: readonly ThreadStack[], pid: number, tid: number): readonly CodeFrame[] | null {
  const own =
    stacks.find((stack) => stack.tid === tid) ??
    // py-spy prints the number that a thread has in its container.
    stacks.find(
      (stack) => stack.tid > 0 && stack.tid === innerNumber(readOrEmpty(`/proc/${pid}/task/${tid}/status`)),
    ) ??
    (tid === pid ? stacks.find((stack) => stack.tid === 0 && stack.isMain) : undefined);
  return own?.frames ?? null;
}
