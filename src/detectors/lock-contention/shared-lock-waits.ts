import type { KeptLine } from '../../model/evidence.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { LockWait, SharedLock } from '../../model/topics/locks/shared-locks.ts';
import { earlier, later, type Nanoseconds } from '../../trace/time.ts';
import { LongestWaits } from '../longest-waits.ts';

const MOST_LOCKS = 200;
const MOST_NAMES = 50;
const EVIDENCE = 6;

/** Waits for one lock, and who had it meanwhile. */
export interface LockStory {
  readonly lock: SharedLock;
  waits: number;
  /** Waits that asked again and again instead of sleeping in one call. */
  polled: number;
  /** Waits without the lock at their end, and those of them that had not ended when the capture did. */
  refused: number;
  open: number;
  total: Nanoseconds;
  longest: Nanoseconds;
  longestHeld: Nanoseconds;
  first: Nanoseconds;
  last: Nanoseconds;
  /**
   * Waiting after the thread had read its first request, and between the turns of a loop that read none so far: what
   * came before was start-up.
   */
  readonly waiters: Map<Thread, { count: number; total: Nanoseconds; served: Nanoseconds; inTurns: Nanoseconds }>;
  /** By pid. */
  readonly holders: Map<number, { waits: number; total: Nanoseconds }>;
  unknownHolder: number;
  /** Time of the waits without a known holder. */
  unknownTotal: Nanoseconds;
  readonly requests: Map<string, number>;
  readonly longestWaits: LongestWaits;
  lines: readonly KeptLine[];
}

/** Collects waits by lock, within bounds. */
export class SharedLockWaits {
  readonly stories = new Map<SharedLock, LockStory>();

  add(wait: LockWait): void {
    const { lock, thread, start, end, holder, request } = wait;
    const story = this.stories.get(lock) ?? this.#begin(lock, start);
    if (story === null) return;
    const length = end - start;
    story.waits++;
    if (wait.tries > 1) story.polled++;
    if (!wait.obtained) story.refused++;
    if (wait.isOpen) story.open++;
    story.total += length;
    story.longestWaits.add(thread, start, end);
    story.first = earlier(story.first, start);
    story.last = later(story.last, end);
    const waiter = entry(story.waiters, thread, () => ({ count: 0, total: 0, served: 0, inTurns: 0 }));
    if (waiter !== null) {
      waiter.count++;
      waiter.total += length;
      if (thread.servesRequests) waiter.served += length;
      else if (thread.loop.inTurn) waiter.inTurns += length;
    }
    if (holder === null) {
      story.unknownHolder++;
      story.unknownTotal += length;
    } else {
      const known = entry(story.holders, holder.process.pid, () => ({ waits: 0, total: 0 }));
      if (known !== null) {
        known.waits++;
        known.total += length;
      }
      story.longestHeld = Math.max(story.longestHeld, wait.held);
    }
    if (request !== '' && (story.requests.has(request) || story.requests.size < MOST_NAMES))
      story.requests.set(request, (story.requests.get(request) ?? 0) + 1);
    if (length > story.longest) {
      story.longest = length;
      story.lines = [...wait.lines, ...story.lines].slice(0, EVIDENCE);
    }
  }

  #begin(lock: SharedLock, first: Nanoseconds): LockStory | null {
    if (this.stories.size >= MOST_LOCKS) return null;
    const story: LockStory = {
      lock,
      waits: 0,
      polled: 0,
      refused: 0,
      open: 0,
      total: 0,
      longest: 0,
      longestHeld: 0,
      first,
      last: first,
      waiters: new Map(),
      holders: new Map(),
      unknownHolder: 0,
      unknownTotal: 0,
      requests: new Map(),
      longestWaits: new LongestWaits(),
      lines: [],
    };
    this.stories.set(lock, story);
    return story;
  }
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value | null {
  const known = map.get(key);
  if (known !== undefined) return known;
  if (map.size >= MOST_NAMES) return null;
  const made = make();
  map.set(key, made);
  return made;
}
