import type { Nanoseconds } from '../../trace/time.ts';

/** Eight buckets an octave of microseconds: a percentile is right within 9 %. */
const SUB_BUCKETS = 8;
const BUCKETS = SUB_BUCKETS * 40;

/** Many lengths of time: their sum, the longest, and a histogram. 1.3 KB, however many they are. */
export class Durations {
  total: Nanoseconds = 0;
  longest: Nanoseconds = 0;
  /** How many they are. */
  timed = 0;
  readonly #histogram = new Uint32Array(BUCKETS);

  /** Adds one; it is not negative. */
  took(duration: Nanoseconds): void {
    this.timed++;
    this.total += duration;
    if (duration > this.longest) this.longest = duration;
    const bucket = bucketOf(duration);
    this.#histogram[bucket] = (this.#histogram[bucket] ?? 0) + 1;
  }

  /** How many of them took under 1 us, 1 to 2, 2 to 4, and so on by powers of two. */
  octaves(): number[] {
    const counts: number[] = [];
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = this.#histogram[bucket] ?? 0;
      if (count === 0) continue;
      const octave = bucket < SUB_BUCKETS ? 32 - Math.clz32(bucket) : Math.floor(bucket / SUB_BUCKETS) + 3;
      while (counts.length <= octave) counts.push(0);
      counts[octave] = (counts[octave] ?? 0) + count;
    }
    return counts;
  }

  /** The duration that `share` (0 to 1) of them do not exceed, by histogram; null when nothing was timed. */
  percentile(share: number): Nanoseconds | null {
    if (this.timed === 0) return null;
    let left = Math.ceil(share * this.timed);
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#histogram[bucket] ?? 0;
      if (left <= 0) return bucket === LAST_BUCKET ? this.longest : Math.min(upperBound(bucket), this.longest);
    }
    return this.longest;
  }
}

function bucketOf(duration: Nanoseconds): number {
  const micros = Math.min(duration / 1000, 0x7fffffff) | 0;
  if (micros < SUB_BUCKETS) return micros;
  const octave = 31 - Math.clz32(micros);
  return (octave - 2) * SUB_BUCKETS + ((micros >> (octave - 3)) & (SUB_BUCKETS - 1));
}

/** Holds all from 2,048 s on. */
const LAST_BUCKET = bucketOf(Number.POSITIVE_INFINITY);

function upperBound(bucket: number): Nanoseconds {
  if (bucket < SUB_BUCKETS) return bucket * 1000;
  const octave = Math.floor(bucket / SUB_BUCKETS) + 2;
  const sub = bucket % SUB_BUCKETS;
  return (2 ** octave + (sub + 1) * 2 ** (octave - 3)) * 1000;
}
