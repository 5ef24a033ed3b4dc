import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Thread } from './thread.ts';
import type { Turn } from './turn.ts';

/** Stretches and turns that are not judged yet, at most: of more the oldest are judged with what is known. */
const MOST_OPEN = 64;
/** Waits of a millisecond and more that others may turn out to have been in at the same time, at most. */
const MOST_GAPS = 256;

/** A stretch of time in which no thread waited. */
interface Stretch {
  readonly start: Nanoseconds;
  end: Nanoseconds;
}

/** A long time that one thread spent outside the wait and outside its park. */
export interface LongAbsence {
  readonly thread: Thread;
  readonly turn: Turn;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  /** It had not ended when the trace did. */
  readonly open: boolean;
}

/** A stretch in which no thread waited, with the absence of the thread that was at work in it for longest. */
export interface Unattended {
  readonly absence: LongAbsence;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
}

/**
 * Threads of one process that take turns at one epoll instance, as those of Go and of tokio: together they are one
 * loop. It is away while none of them waits there and one that could is at work. One that is parked in a futex has
 * nothing to do. What a thread did is known when it comes back, so that a stretch is judged when all have been heard of
 * after it.
 */
export class SharedWait {
  readonly threads = new Set<Thread>();
  /** How many there were, those that have ended among them. */
  joined = 0;
  /** The thread that stands for all of them. */
  readonly speaker: Thread;
  /** Time in which at least one of them waited. */
  attended: Nanoseconds = 0;
  /** The longest stretch that was told. */
  longest: Nanoseconds = 0;
  /** When the first of them was seen to look, and when the last look ended. */
  first: Nanoseconds = UNKNOWN;
  #until: Nanoseconds = UNKNOWN;
  /** How far `attended` goes, and what lies between the waits in it. */
  #attendedUntil: Nanoseconds = UNKNOWN;
  readonly #gaps: Stretch[] = [];
  readonly #stretches: Stretch[] = [];
  readonly #absences: LongAbsence[] = [];
  readonly #least: Nanoseconds;

  /** Stretches shorter than `least` are of no interest. */
  constructor(speaker: Thread, least: Nanoseconds) {
    this.speaker = speaker;
    this.#least = least;
  }

  join(thread: Thread): void {
    this.threads.add(thread);
    this.joined++;
  }

  /** Looks come in the order in which they ended. A glance counts as well: who looks takes what is there. */
  looked(start: Nanoseconds, end: Nanoseconds): void {
    if (end - start >= MILLISECOND) this.#attend(start, end);
    if (this.#until === UNKNOWN) {
      this.first = start;
      this.#until = end;
      return;
    }
    cover(this.#stretches, start);
    if (start - this.#until >= this.#least) this.#stretches.push({ start: this.#until, end: start });
    this.#until = Math.max(this.#until, end);
  }

  /** A thread that joins now had looked before: what is not judged yet is known better. */
  lookedBefore(start: Nanoseconds, end: Nanoseconds): void {
    if (this.#until === UNKNOWN) {
      this.looked(start, end);
      return;
    }
    for (const stretch of this.#stretches.splice(0)) {
      if (stretch.start < start) this.#stretches.push({ start: stretch.start, end: Math.min(stretch.end, start) });
      if (stretch.end > end) this.#stretches.push({ start: Math.max(stretch.start, end), end: stretch.end });
    }
    if (start - this.#until >= this.#least) this.#stretches.push({ start: this.#until, end: start });
    this.#until = Math.max(this.#until, end);
  }

  /** There are stretches that are not judged. */
  get hasOpen(): boolean {
    return this.#stretches.length > 0;
  }

  absent(absence: LongAbsence): void {
    this.#absences.push(absence);
    if (this.#absences.length > MOST_OPEN) this.#absences.shift();
  }

  /** No records come any more: what follows the last look is a stretch as well. */
  finish(at: Nanoseconds): void {
    if (this.#until !== UNKNOWN && at - this.#until >= this.#least)
      this.#stretches.push({ start: this.#until, end: at });
    this.#until = at;
  }

  /** The stretches that can be judged now, or all that are left, and in which a thread was at work. */
  *judged(isLast: boolean): Iterable<Unattended> {
    while (this.#stretches.length > 0) {
      const [stretch] = this.#stretches as [Stretch];
      if (!isLast && this.#stretches.length <= MOST_OPEN && !this.#isOver(stretch)) return;
      this.#stretches.shift();
      const { start, end } = stretch;
      if (end - start < this.#least) continue;
      const worst = this.#worstIn(stretch);
      while ((this.#absences[0]?.end ?? Number.POSITIVE_INFINITY) <= start) this.#absences.shift();
      if (worst === null) continue;
      this.longest = Math.max(this.longest, worst.end - worst.start);
      yield worst;
    }
  }

  /** Every thread was heard of after it, so that none can turn out to have waited, or worked, all through it. */
  #isOver({ end }: Stretch): boolean {
    for (const { ended, lastTime, loop } of this.threads) {
      if (ended) continue;
      if (lastTime < end || (loop.inTurn && loop.turn.start < end)) return false;
    }
    return true;
  }

  #worstIn(stretch: Stretch): Unattended | null {
    let worst: Unattended | null = null;
    for (const absence of this.#absences) {
      const start = Math.max(stretch.start, absence.start);
      const end = Math.min(stretch.end, absence.end);
      if (end - start >= Math.max(this.#least, worst === null ? 0 : worst.end - worst.start + 1))
        worst = { absence, start, end };
    }
    return worst;
  }

  #attend(start: Nanoseconds, end: Nanoseconds): void {
    this.attended += end - start;
    if (this.#attendedUntil === UNKNOWN) {
      this.#attendedUntil = end;
      return;
    }
    if (start > this.#attendedUntil) this.#gaps.push({ start: this.#attendedUntil, end: start });
    else {
      // It overlaps what is counted, but for the gaps in that.
      this.attended -= this.#attendedUntil - start;
      this.attended += cover(this.#gaps, start);
    }
    if (this.#gaps.length > MOST_GAPS) this.#gaps.shift();
    this.#attendedUntil = Math.max(this.#attendedUntil, end);
  }
}

/** Takes everything from `start` on out of stretches in order of time. Returns how much that was. */
function cover(stretches: Stretch[], start: Nanoseconds): Nanoseconds {
  let taken = 0;
  for (let last = stretches.at(-1); last !== undefined && last.end > start; last = stretches.at(-1)) {
    taken += last.end - Math.max(start, last.start);
    if (last.start < start) {
      last.end = start;
      break;
    }
    stretches.pop();
  }
  return taken;
}
