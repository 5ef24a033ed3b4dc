import type { CodeFrame } from '../../../trace/code-frame.ts';
import { isWait, syscall } from '../../../trace/syscalls.ts';
import type { ProcessSight, ThreadSight } from '../kernel-watch.ts';
import type { Command } from '../launch.ts';
import { readOrEmpty } from '../process-facts.ts';
import { runSampler } from './run-sampler.ts';
import type { Sampler, ThreadStack } from './sampler.ts';

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
  /** The sampler for a process; null where there is none. */
  readonly samplerFor: (pid: number) => Sampler | null;
  /** Runs one and gives what it printed; null when it failed. */
  readonly run?: (command: Command) => Promise<string | null>;
  /** Nanoseconds of the clock of the watch. */
  readonly now?: () => number;
}

/** In one call for so long a thread is stuck. */
const STUCK: number = 900e6;
/** In no wait at any look for so long it is away: in short calls, or in none. */
const AWAY: number = 1_900e6;
/** Samplers that run at once, and that are run in a whole capture. */
const MOST_AT_ONCE = 2;
const MOST_IN_ALL = 200;
/** A thread is not looked at again before. */
const LEAST_PAUSE: number = 3e9;
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
  #count = 0;

  constructor({ samplerFor, run = runSampler, now = () => Number(process.hrtime.bigint()) }: CodeWatchOptions) {
    this.#options = { samplerFor, run, now };
  }

  /** What was seen so far, in the order of time. */
  get seen(): readonly CodeSight[] {
    return this.#seen;
  }

  /** The code that a thread is in, where it has not come back to its wait since somebody looked; else null. */
  now({ tid, awayFrom, since }: ThreadSight): CodeSight | null {
    const last = this.#last.get(tid);
    return last !== undefined && Math.min(awayFrom, since) <= last.from ? last : null;
  }

  /** Takes what the kernel says of the processes, and asks about those that are stuck. */
  look(processes: readonly ProcessSight[]): void {
    for (const process of processes) {
      const stuck = process.threads.filter((thread) => isStuck(process, thread) && this.#isDue(thread));
      if (stuck.length === 0) continue;
      if (this.#running.size >= MOST_AT_ONCE || this.#count >= MOST_IN_ALL) return;
      const sampler = this.#options.samplerFor(process.pid);
      const now = this.#options.now();
      for (const { tid } of stuck) this.#asked.set(tid, now);
      if (sampler === null) continue;
      this.#count++;
      const asking = this.#ask(sampler, process.pid, stuck);
      this.#running.add(asking);
      void asking.finally(() => this.#running.delete(asking));
    }
  }

  /** Settles when no sampler runs any more, which takes as long as one may at most. */
  async settle(): Promise<void> {
    await Promise.all(this.#running);
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
    const from = now();
    const printed = await run(sampler.command(pid));
    const at = now();
    const stacks = printed === null ? [] : sampler.read(printed);
    for (const { tid } of stuck) {
      const frames = stackOf(stacks, pid, tid);
      if (frames === null) continue;
      const sight = { pid, tid, from, at, by: sampler.name, frames };
      this.#seen.push(sight);
      this.#last.set(tid, sight);
    }
  }
}

/** A thread that does not come back, as far as one can tell from outside. */
function isStuck({ pid, clients }: ProcessSight, thread: ThreadSight): boolean {
  const { tid, call, since, at, awayFrom, ran, target, isOfClient } = thread;
  const { family } = syscall(call);
  if (family === 'accept' || family === 'epoll-wait') return false;
  // A worker of one connection waits for its database in poll, and for its next client as well.
  if (call !== '' && isWait(family)) return tid === pid && clients > 0 && at - since >= AWAY;
  if (at - since < STUCK && at - awayFrom < AWAY) return false;
  if (call === '') return ran < 0 || ran >= (at - since) * COMPUTES;
  if (tid === pid) return family !== 'wait-child';
  // Threads of a pool wait for work in a lock, and helpers on a pipe.
  const isOnPeer = /:\d+$/.test(target) && !isOfClient;
  return isOnPeer || family === 'sleep' || family === 'sync' || family === 'lock';
}

/** The stack of a thread among those of its process; null when it is not there. */
function stackOf(stacks: readonly ThreadStack[], pid: number, tid: number): readonly CodeFrame[] | null {
  const own =
    stacks.find((stack) => stack.tid === tid) ??
    // py-spy prints the number that a thread has in its container.
    stacks.find((stack) => stack.tid > 0 && stack.tid === innerNumber(pid, tid)) ??
    (tid === pid ? stacks.find((stack) => stack.tid === 0 && stack.isMain) : undefined);
  return own?.frames ?? null;
}

function innerNumber(pid: number, tid: number): number {
  const numbers = /^NSpid:\t(.*)$/m.exec(readOrEmpty(`/proc/${pid}/task/${tid}/status`))?.[1]?.split('\t');
  return Number(numbers?.at(-1) ?? 0);
}
