import { plural } from '../../trace/format-numbers.ts';
import { MICROSECOND, type Nanoseconds } from '../../trace/time.ts';
import type { MarkKind, SliceKind } from '../../trace/timeline-sink.ts';

/** About 15 MB of Perfetto's format and 60 MB of JSON; viewers take more than that badly. */
const MOST_EVENTS = 400_000;
/** While there is little room left, slices must be so long at least; twice as long with each step. */
const FIRST_LEAST: Nanoseconds = 100 * MICROSECOND;
const STEPS = 8;
const MOST_MARKS: Readonly<Record<MarkKind, number>> = { 'failed-write': 2_000, 'wasted-wakeup': 2_000, reply: 20_000 };
const WORDS = {
  turn: ['turn', 'turns'],
  call: ['call', 'calls'],
  request: ['request', 'requests'],
  thread: ['thread', 'threads'],
  'failed-write': ['failed write', 'failed writes'],
  'wasted-wakeup': ['wasted wake-up', 'wasted wake-ups'],
  reply: ['reply', 'replies'],
} as const;

/**
 * How many events a timeline still takes. Everything has a place in the first half; then only what is long, and longer
 * the less room there is, so that a stall at the end of a long capture is in the file.
 */
export class TimelineRoom {
  readonly #most: number;
  #used = 0;
  readonly #marks = new Map<MarkKind, number>();
  readonly #leftOut = new Map<keyof typeof WORDS, number>();

  constructor(most = MOST_EVENTS) {
    this.#most = most;
  }

  admits(kind: SliceKind, length: Nanoseconds): boolean {
    if (this.#used < this.#most && length >= this.#least()) {
      this.#used++;
      return true;
    }
    this.leaveOut(kind);
    return false;
  }

  admitsMark(kind: MarkKind): boolean {
    const count = this.#marks.get(kind) ?? 0;
    if (count < MOST_MARKS[kind] && this.#used < this.#most) {
      this.#marks.set(kind, count + 1);
      this.#used++;
      return true;
    }
    this.leaveOut(kind);
    return false;
  }

  leaveOut(kind: keyof typeof WORDS, count = 1): void {
    this.#leftOut.set(kind, (this.#leftOut.get(kind) ?? 0) + count);
  }

  /** What was left out, in words: `12,101 turns and 3 calls`; '' for nothing. */
  leftOut(): string {
    const parts = [...this.#leftOut].map(([kind, number]) => plural(number, WORDS[kind][0], WORDS[kind][1]));
    const last = parts.pop() ?? '';
    return parts.length === 0 ? last : `${parts.join(', ')} and ${last}`;
  }

  #least(): Nanoseconds {
    const half = this.#most / 2;
    if (this.#used < half) return 0;
    return FIRST_LEAST * 2 ** Math.floor(((this.#used - half) / half) * STEPS);
  }
}
