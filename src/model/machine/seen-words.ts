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
const MOST_AT_ONCE = 8;
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
  /** Whose waits here each process ended: a pool of threads waits at one word, and each of them is woken once. */
  readonly ended = new Map<Process, Set<Process>>();
}

/** Two processes that turn out to be one. */
type Pair = readonly [Process, Process];

const NONE: readonly Pair[] = [];

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
 * by chance. Threads of a pool that one process wakes at one word count together.
 */
export class SeenWords {
  readonly #words = new Map<string, Word>();

  /** The processes that turn out to be one. */
  add(address: string, use: WordUse): readonly Pair[] {
    let word = this.#words.get(address);
    if (word === undefined) {
      if (this.#words.size >= MOST_WORDS) this.#words.clear();
      word = new Word();
      this.#words.set(address, word);
    }
    if (use.woke === 0) {
      if (word.vain.length === MOST_VAIN) word.vain.shift();
      word.vain.push(use);
      return NONE;
    }
    if (use.woke === null) tellApart(word.vain, use);
    const at = use.woke === null ? use.end : use.start;
    const isNear = word.uses.length > 0 && at - word.last <= NEAR;
    const before = isNear ? [] : word.uses;
    word.uses = isNear ? [...word.uses, use].slice(0, MOST_AT_ONCE + 1) : [use];
    word.last = Math.max(word.last, use.end);
    return judge(before, word);
  }

  /** Nothing more happens at any word. Returns the processes that turn out to be one by what happened last. */
  finish(): Pair[] {
    return [...this.#words.values()].flatMap((word) => judge(word.uses.splice(0), word));
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

/** Which processes are one, as what happened at a word tells, while nothing else did. */
function judge(uses: readonly WordUse[], word: Word): readonly Pair[] {
  if (uses.length === 0 || uses.length > MOST_AT_ONCE) return NONE;
  const wakes = uses.filter(({ woke }) => woke !== null).toSorted((one, other) => one.start - other.start);
  const waits = uses.filter(({ woke }) => woke === null).toSorted((one, other) => one.end - other.end);
  const own = wakes[0]?.thread.process;
  const isWhole = wakes.length === waits.length && wakes.every((wake, index) => ended(wake, waits[index] as WordUse));
  // Of several processes nobody can tell who woke whom.
  if (own === undefined || !isWhole || wakes.some(({ thread }) => thread.process !== own)) {
    if (uses.length <= 2) for (const { thread } of uses) meetingsOf(thread.process).alone++;
    return NONE;
  }
  return waits.flatMap(({ thread: { process } }) => metAt(word, own, process));
}

/** A process ended a wait of another one at this word. */
function metAt(word: Word, own: Process, other: Process): readonly Pair[] {
  meetingsOf(own).met++;
  meetingsOf(other).met++;
  if (own === other) return NONE;
  const times = met(own, other, 1);
  if (times >= ENOUGH) return isSeen(own, other) ? [[own, other]] : NONE;
  return times >= 1 ? poolOf(own, other, word) : NONE;
}

/** Those whose waits at one word this process ended, from `ENOUGH` of them on. */
function poolOf(own: Process, other: Process, word: Word): readonly Pair[] {
  const waiters = word.ended.get(own) ?? new Set<Process>();
  if (word.ended.size < MOST_OTHERS) word.ended.set(own, waiters);
  if (waiters.size < MOST_OTHERS) waiters.add(other);
  if (waiters.size < ENOUGH) return NONE;
  return [...waiters]
    .filter((each) => isSeen(own, each) && !Number.isNaN(meetingsOf(own).others.get(each)))
    .map((each): Pair => [own, each]);
}

/** Of most of their wakes and waits the capture shows both ends. */
function isSeen(own: Process, other: Process): boolean {
  const ofOwn = meetingsOf(own);
  const ofOther = meetingsOf(other);
  return ofOwn.met + ofOther.met >= MET_FOR_EACH_ALONE * (ofOwn.alone + ofOther.alone);
}

/** Whether this wake may have ended that wait. */
function ended(wake: WordUse, wait: WordUse): boolean {
  return wake.woke === 1 && wait.woke === null && wait.start <= wake.end && wait.end >= wake.start;
}
