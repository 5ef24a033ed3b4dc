import type { Call, CallCount as CountedCalls } from '../../trace/record.ts';
import { type Syscall, syscallById } from '../../trace/syscalls.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import { type KeptLine, keptLine } from '../evidence.ts';

/** Eight buckets an octave of microseconds: a percentile is right within 9 %. */
const SUB_BUCKETS = 8;
const BUCKETS = SUB_BUCKETS * 40;
/** Linux has some 150 errors. */
const MOST_ERRORS = 256;

/** Counts, errors and durations of one syscall. */
export class CallCount {
  readonly syscall: Syscall;
  count = 0;
  readonly errors = new Map<string, number>();
  /** The first call that failed with each error. */
  readonly examples = new Map<string, KeptLine>();
  /** Failed calls whose error is not among those, for there were too many different ones. */
  otherErrors = 0;
  total: Nanoseconds = 0;
  longest: Nanoseconds = 0;
  /** Calls whose duration is known. */
  timed = 0;
  /** A table gave the total. */
  hasTotal = false;
  readonly #histogram = new Uint32Array(BUCKETS);

  constructor(syscall: Syscall) {
    this.syscall = syscall;
  }

  add(call: Call): void {
    this.count++;
    if (call.error !== '') {
      if (!this.errors.has(call.error) && this.errors.size < MOST_ERRORS) this.examples.set(call.error, keptLine(call));
      this.#failed(call.error, 1);
    }
    const { duration } = call;
    if (duration < 0) return;
    this.timed++;
    this.total += duration;
    if (duration > this.longest) this.longest = duration;
    const bucket = bucketOf(duration);
    this.#histogram[bucket] = (this.#histogram[bucket] ?? 0) + 1;
  }

  #failed(error: string, times: number): void {
    const known = this.errors.get(error);
    if (known !== undefined || this.errors.size < MOST_ERRORS) this.errors.set(error, (known ?? 0) + times);
    else this.otherErrors += times;
  }

  /** How many of the timed calls took under 1 us, 1 to 2, 2 to 4, and so on by powers of two. */
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

  /** Takes over what a table says: no single durations. */
  addCounted({ count, errors, total, longest }: CountedCalls): void {
    this.count += count;
    for (const [error, failed] of errors) this.#failed(error, failed);
    if (total >= 0) {
      this.total += total;
      this.hasTotal = true;
    }
    if (longest > this.longest) this.longest = longest;
  }

  /** The duration that `share` (0 to 1) of the timed calls do not exceed, by histogram; null when nothing was timed. */
  percentile(share: number): Nanoseconds | null {
    if (this.timed === 0) return null;
    let left = Math.ceil(share * this.timed);
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#histogram[bucket] ?? 0;
      if (left <= 0) return Math.min(upperBound(bucket), this.longest);
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

function upperBound(bucket: number): Nanoseconds {
  if (bucket < SUB_BUCKETS) return bucket * 1000;
  const octave = Math.floor(bucket / SUB_BUCKETS) + 2;
  const sub = bucket % SUB_BUCKETS;
  return (2 ** octave + (sub + 1) * 2 ** (octave - 3)) * 1000;
}

/** Counts every call of the trace. */
export class CallStatistics {
  readonly #counts: (CallCount | undefined)[] = [];
  /** Sums were taken over from a table. */
  fromTables = false;

  add(call: Call): void {
    (this.#counts[call.syscall.id] ?? this.#first(call.syscall)).add(call);
  }

  addCounted(count: CountedCalls): void {
    this.fromTables = true;
    (this.#counts[count.syscall.id] ?? this.#first(count.syscall)).addCounted(count);
  }

  #first(syscall: Syscall): CallCount {
    while (this.#counts.length <= syscall.id) this.#counts.push(undefined);
    const made = new CallCount(syscallById(syscall.id));
    this.#counts[syscall.id] = made;
    return made;
  }

  /** Most total time first, then most calls. */
  all(): CallCount[] {
    return this.#counts.filter((count) => count !== undefined).sort((a, b) => b.total - a.total || b.count - a.count);
  }
}
