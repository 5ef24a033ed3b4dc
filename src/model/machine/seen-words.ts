import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import { PerProcess } from './owned-state.ts';
import type { Process } from './process.ts';
import type { Thread } from './thread.ts';

/** A wake and the end of the wait that it ended are so near; for so long around nothing else happens at the word. */
const NEAR = 2 * MILLISECOND;
/** Once may be chance: processes that were forked from one have their words at the same addresses. */
const ENOUGH = 3;
/** A process knows so many wakes and waits with both ends for each one with one end; by chance it is one for three. */
const MET_FOR_EACH_ALONE = 1.5;
const MOST_WORDS = 4_096;
/** Other processes of which one remembers how often it met them. */
const MOST_OTHERS = 256;
/** Of more uses at one time nobody asks who woke whom. */
const MOST_AT_ONCE = 3;
const MOST_VAIN = 8;

/** A wake of a private word, or a wait for one that somebody ended. */
export interface WordUse {
  readonly thread: Thread;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  /** How many it woke; null for a wait. */
  readonly woke: number | null;
}

/** What happened at one word lately. */
class Word {
  /** Uses that are near each other in time, the last ones. */
  uses: WordUse[] = [];
  last: Nanoseconds = 0;
  /** Wakes that found nobody. */
  vain: WordUse[] = [];
}

/** Whom a process met at private words. */
class Meetings {
  /** Wakes and waits of which the capture shows both ends, and those of which it shows one. */
  met = 0;
  alone = 0;
  /** How often a thread of the one ended a wait of the other; NaN when they are two. */
  readonly others = new Map<Process, number>();
}

const meetings = new PerProcess<Meetings>();

/**
 * Who wakes whom by private words of memory, which only threads of one process share: `FUTEX_WAKE_PRIVATE` of one
 * thread ends `FUTEX_WAIT_PRIVATE` of another. It tells whose a thread is where no clone was seen and no descriptor is
 * named. Forked processes have their words at the same addresses: so only a wake counts that ends a wait while nothing
 * else happens there, and a wake that finds nobody tells that who waits there meanwhile is of another process. Where
 * threads of a process are not traced, most of its wakes and waits have one end in the capture: what meets there meets
 * by chance.
 */
export class SeenWords {
  readonly #words = new Map<string, Word>();

  /** The two processes that turn out to be one, if any. */
  add(address: string, use: WordUse): readonly [Process, Process] | undefined {
    let word = this.#words.get(address);
    if (word === undefined) {
      if (this.#words.size >= MOST_WORDS) this.#words.clear();
      word = new Word();
      this.#words.set(address, word);
    }
    if (use.woke === 0) {
      if (word.vain.length === MOST_VAIN) word.vain.shift();
      word.vain.push(use);
      return undefined;
    }
    if (use.woke === null) tellApart(word.vain, use);
    const at = use.woke === null ? use.end : use.start;
    const isNear = word.uses.length > 0 && at - word.last <= NEAR;
    const before = isNear ? [] : word.uses;
    word.uses = isNear ? [...word.uses, use].slice(0, MOST_AT_ONCE) : [use];
    word.last = Math.max(word.last, at);
    return judge(before);
  }

  /** `gone` turned out to be the same process as `kept`. */
  united(kept: Process, gone: Process): void {
    const old = meetings.of(gone);
    if (old === undefined) return;
    const own = meetingsOf(kept);
    own.met += old.met;
    own.alone += old.alone;
    for (const [other, times] of old.others) {
      meetingsOf(other).others.delete(gone);
      if (other !== kept) met(kept, other, times);
    }
  }
}

function meetingsOf(process: Process): Meetings {
  return meetings.of(process) ?? meetings.set(process, new Meetings());
}

/** Two processes met that often; NaN says that they are two. */
function met(one: Process, other: Process, times: number): number {
  const of = meetingsOf(one).others;
  const back = meetingsOf(other).others;
  const isNew = !of.has(other);
  if (isNew && (of.size >= MOST_OTHERS || back.size >= MOST_OTHERS)) return 0;
  const all = (of.get(other) ?? 0) + times;
  of.set(other, all);
  back.set(one, all);
  return all;
}

/** A wake found nobody at a word at which this thread waited: it looked in another process. */
function tellApart(vain: readonly WordUse[], { thread, start, end }: WordUse): void {
  for (const wake of vain)
    if (wake.thread.process !== thread.process && wake.start > start + NEAR && wake.end < end - NEAR)
      met(thread.process, wake.thread.process, Number.NaN);
}

/** Whether what happened at a word, while nothing else did, tells that two processes are one. */
function judge(uses: readonly WordUse[]): readonly [Process, Process] | undefined {
  const [first, second] = uses;
  if (first === undefined || uses.length > 2) return undefined;
  const [wake, wait] = first.woke === null ? [second, first] : [first, second];
  if (wake === undefined || wait === undefined || !ended(wake, wait)) {
    for (const { thread } of uses) meetingsOf(thread.process).alone++;
    return undefined;
  }
  const own = wake.thread.process;
  const other = wait.thread.process;
  const ofOwn = meetingsOf(own);
  const ofOther = meetingsOf(other);
  ofOwn.met++;
  ofOther.met++;
  if (own === other || !(met(own, other, 1) >= ENOUGH)) return undefined;
  const isSeen = ofOwn.met + ofOther.met >= MET_FOR_EACH_ALONE * (ofOwn.alone + ofOther.alone);
  return isSeen ? [own, other] : undefined;
}

/** Whether this wake may have ended that wait. */
function ended(wake: WordUse, wait: WordUse): boolean {
  return wake.woke === 1 && wait.woke === null && wait.start <= wake.end && wait.end >= wake.start;
}
