import type { Call, Lane, Observed } from '../../trace/record.ts';
import { isWait, syscall } from '../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { LongTurn } from '../facts.ts';
import { isEnding } from '../machine/ending.ts';
import type { Listeners } from '../machine/listeners.ts';
import type { Processes } from '../machine/processes.ts';
import type { PastSighting, Sighting } from '../machine/sighting.ts';
import type { Thread } from '../machine/thread.ts';
import type { Turn } from '../machine/turn.ts';
import { seenIn } from './seen-in.ts';
import { chargeStop } from './stops.ts';
import { leftIn, noteGap, noteSilence, withSighting } from './turn-notes.ts';
import { recognizeListeners } from './wait-contents.ts';

/** What is known of a capture at work besides the records that were read. */
export interface StillOpen {
  /** Calls that have not come back. The object may be reused for the next one. */
  readonly calls: Iterable<Call>;
  /** What somebody saw from outside at the last look. */
  readonly seen: readonly Observed[];
  /** How long before that look the thread was seen elsewhere, by number; absent where it never was. */
  readonly elsewhere: ReadonlyMap<number, Nanoseconds>;
  /** So long before the last record that was read others may be missing; none unless given. */
  readonly unsettled?: Nanoseconds;
  /** The lane of the records that were read. */
  readonly laneOf: (tid: number) => Lane;
}

/** Shorter turns are told when they end. */
const LEAST_TURN = 900 * MILLISECOND;
/** Who was seen in one thing for less may have been elsewhere in between. */
const LEAST_STAY = 500 * MILLISECOND;

interface Kept {
  readonly isUnread: boolean;
  readonly seen: Sighting | null;
  readonly stuckAtFirst: PastSighting | null;
  readonly leftIn: Thread['leftIn'];
  readonly turn: Turn;
  readonly turns: number;
}

/**
 * What goes on at this moment, put into the threads as if the capture ended now, and taken out again by `forget`: the
 * capture goes on as if nobody had asked.
 */
export class OpenThreads {
  readonly #processes: Processes;
  readonly #listeners: Listeners;
  readonly #open: StillOpen;
  readonly #kept = new Map<Thread, Kept>();
  readonly #looks = new Map<Thread, Observed>();
  /** Threads of which the trace tells when their call began. */
  readonly #exact = new Set<Thread>();
  readonly #readTo: Nanoseconds;

  /** `readTo`: the last moment of the records that were read, which may lag behind whoever looked. */
  constructor(processes: Processes, listeners: Listeners, open: StillOpen, readTo: Nanoseconds) {
    this.#processes = processes;
    this.#listeners = listeners;
    this.#open = open;
    this.#readTo = readTo - (open.unsettled ?? 0);
  }

  /** `observe` takes in what somebody saw. */
  suppose(observe: (record: Observed) => void, begin: Nanoseconds): void {
    for (const record of this.#open.seen) {
      const thread = this.#thread(record.lane.tid, record.since);
      if (thread === null) continue;
      this.#keep(thread);
      observe({ ...record, lane: thread.lane, leader: this.#open.laneOf(record.leader.tid) });
      if (!record.isOver) this.#looks.set(thread, record);
    }
    for (const call of this.#open.calls) {
      const thread = this.#thread(call.lane.tid, call.start);
      if (thread === null || thread.ended || this.#isElsewhere(call, thread)) continue;
      this.#keep(thread);
      recognizeListeners(call, thread, this.#listeners);
      const left = leftIn(call, thread);
      const since = this.#sinceOf(thread, call.start);
      if (since > thread.lastTime && thread.lastTime !== UNKNOWN && thread.loop.inTurn) {
        const gap = since - thread.lastTime;
        if (gap > thread.loop.turn.longestGap) noteGap(call, thread, gap);
      }
      thread.leftIn = withSighting({ ...left, since }, thread, begin);
    }
    for (const [thread, { time }] of this.#looks) thread.leftIn ??= seenIn(thread, time);
    for (const [thread, look] of this.#looks) thread.isUnread = !this.#isReadTo(thread, look);
    for (const process of this.#processes.all()) process.inProgress.finish(process);
  }

  /** Turns that go on, as far as the trace and whoever looked agree that they do. */
  turns(): readonly LongTurn[] {
    return [...this.#processes.threads()].flatMap((thread) => {
      const turn = this.#turnOf(thread);
      return turn === null ? [] : [turn];
    });
  }

  forget(): void {
    for (const [thread, { seen, stuckAtFirst, leftIn: left, turn, turns, isUnread }] of this.#kept) {
      thread.isUnread = isUnread;
      thread.seen = seen;
      thread.stuckAtFirst = stuckAtFirst;
      thread.leftIn = left;
      thread.loop.turn = turn;
      thread.loop.turns = turns;
    }
    for (const { inProgress } of this.#processes.all()) inProgress.goesOn();
  }

  #thread(tid: number, time: Nanoseconds): Thread | null {
    const lane = this.#open.laneOf(tid);
    return this.#processes.isOver(lane) ? null : this.#processes.at(lane, time);
  }

  #keep(thread: Thread): void {
    if (this.#kept.has(thread)) return;
    const { seen, stuckAtFirst, leftIn: left, loop, isUnread } = thread;
    this.#kept.set(thread, { seen, stuckAtFirst, leftIn: left, turn: loop.turn, turns: loop.turns, isUnread });
    if (loop.inTurn) loop.turn = loop.turn.copy();
  }

  /** The last look found it in something else: what the trace says of one of the two moments is old. */
  #isElsewhere(call: Call, thread: Thread): boolean {
    const look = this.#looks.get(thread);
    if (look === undefined || call.start > look.time || call.syscall.family === 'restart') return false;
    return look.call !== call.syscall.name;
  }

  /** Where the trace does not tell, the call began between two looks, and after the last one that was read. */
  #sinceOf(thread: Thread, told: Nanoseconds): Nanoseconds {
    const look = this.#looks.get(thread);
    const elsewhere = look === undefined ? Number.NEGATIVE_INFINITY : this.#elsewhereAt(look);
    if (look === undefined || told > elsewhere + MILLISECOND) {
      this.#exact.add(thread);
      return told;
    }
    return this.#isReadTo(thread, look) ? Math.max(told, thread.lastTime) : look.since;
  }

  /** When the thread was seen in something else last; -Infinity when it never was. */
  #elsewhereAt({ lane, time }: Observed): Nanoseconds {
    return time - (this.#open.elsewhere.get(lane.tid) ?? Number.POSITIVE_INFINITY);
  }

  /**
   * Everything was read that the thread did until it came to where it was seen: its own last record alone does not say
   * so, for more of them may be on their way.
   */
  #isReadTo(thread: Thread, look: Observed): boolean {
    return this.#exact.has(thread) || this.#readTo >= look.since;
  }

  #turnOf(thread: Thread): LongTurn | null {
    const { loop, leftIn: left, lastTime } = thread;
    if (loop.turn.beganBefore || isEnding(thread, lastTime)) return null;
    if (thread.ended || !loop.inTurn || loop.waitIsUntimed || loop.isShared || left?.isHubWait === true) return null;
    const look = this.#looks.get(thread);
    // Nobody knows by now whether it went back to its wait.
    if (look === undefined || (left === null && look.call !== '' && isWait(syscall(look.call).family))) return null;
    let { start } = loop.turn;
    let end = lastTime;
    if (look.time > lastTime && look.time - look.since >= LEAST_STAY) {
      if (!this.#isReadTo(thread, look)) start = look.since;
      end = look.time;
    }
    if (end - start < LEAST_TURN) return null;
    this.#keep(thread);
    const { turn } = loop;
    turn.start = start;
    turn.end = end;
    // The first turn of a worker shows that it has a loop, as the end of the capture would.
    loop.turns++;
    if (left === null) noteSilence(thread, end);
    if (thread.stop !== null && thread.continued === null) chargeStop(thread, thread.stop, end);
    creditOwner(thread, end);
    thread.process.inProgress.noteWaiting(turn, end, thread.process);
    return { thread, turn, length: end - start, open: true, stuckIn: left };
  }
}

/** The request that runs has had the time since its span began, too. */
function creditOwner({ loop: { owner, spanStart, turn } }: Thread, end: Nanoseconds): void {
  if (owner === null || spanStart === UNKNOWN) return;
  const time = (owner.turn === turn.number ? owner.inTurn : 0) + Math.max(0, end - spanStart);
  if (time <= turn.ownerTime) return;
  turn.ownerTime = time;
  turn.owner = owner;
}
