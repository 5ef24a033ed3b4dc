import type { KeptLine } from '../../model/evidence.ts';
import { acceptedBy } from '../../model/machine/accepted-by.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { QueueDelay } from '../../model/measuring/socket-tracker.ts';
import { earlier, later, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';

const KEPT = 20;

interface Dead {
  readonly thread: Thread;
  readonly peer: string;
  readonly delay: Nanoseconds;
  readonly time: Nanoseconds;
  readonly line: KeptLine;
}

/** What waited on one accept queue. */
export class Queue {
  readonly delays = new Delays();
  readonly threads = new Set<Thread>();
  /** Connections whose client had left before they were accepted. */
  readonly dead: Dead[] = [];
  deadCount = 0;
  first: Nanoseconds = UNKNOWN;
  last: Nanoseconds = UNKNOWN;
  longest: KeptLine | null = null;

  add({ connection, delay, goneBefore, time, line }: QueueDelay): void {
    if (delay > this.delays.longest || this.longest === null) this.longest = line;
    this.delays.add(delay);
    const thread = acceptedBy(connection);
    this.threads.add(thread);
    this.first = earlier(this.first, time - delay);
    this.last = later(this.last, time);
    if (!goneBefore) return;
    this.deadCount++;
    if (this.dead.length < KEPT) this.dead.push({ thread, peer: connection.peer, delay, time, line });
  }
}

/** Sixteen buckets an octave of microseconds: a percentile is right within 5 %. */
const SUB_BUCKETS = 16;
const OCTAVES = 42;

/** Delays as a histogram, so that a million of them take no more room than ten. */
export class Delays {
  readonly #buckets = new Uint32Array(SUB_BUCKETS * OCTAVES);
  count = 0;
  longest: Nanoseconds = 0;

  add(delay: Nanoseconds): void {
    this.count++;
    if (delay > this.longest) this.longest = delay;
    const bucket = bucketOf(delay);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
  }

  /** The delay that `share` (0 to 1) of all do not exceed; 0 when there are none. */
  percentile(share: number): Nanoseconds {
    let left = Math.ceil(share * this.count);
    for (const [bucket, held] of this.#buckets.entries()) {
      left -= held;
      if (left <= 0) return Math.min(upperBound(bucket), this.longest);
    }
    return 0;
  }
}

function bucketOf(delay: Nanoseconds): number {
  const micros = delay / 1_000;
  if (micros < 1) return 0;
  return Math.min(SUB_BUCKETS * OCTAVES - 1, 1 + Math.floor(Math.log2(micros) * SUB_BUCKETS));
}

function upperBound(bucket: number): Nanoseconds {
  return bucket === 0 ? 1_000 : 2 ** (bucket / SUB_BUCKETS) * 1_000;
}
