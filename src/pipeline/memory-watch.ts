import { getHeapSpaceStatistics, getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Beyond this share of the heap reading ends: a chunk more, and the report, have to fit into the rest. */
const MOST = 0.7;
/** A capture of busy workers stays below: from here on memory is worth more than the time of collections. */
const LARGE_BYTES = 48 * 1_048_576;
const V8 = Number.parseInt(process.versions.v8, 10);
/**
 * What V8 adds to the limit of old objects for young ones, unless it is told otherwise; measured: V8 11 to 12 (Node 20
 * and 22), 13 (Node 24).
 */
const YOUNG_BYTES = (V8 < 13 ? 48 : 192) * 1_048_576;
/**
 * Young objects have room for 8 MB, twice: with the 16 MB of V8 collections are half as many and each copies as much,
 * so that 15 MB buy nothing; with 4 MB half as much time again goes into copying what is not old yet. Newer versions
 * than were measured may not know the flag, and would say so.
 */
const MOST_YOUNG_BYTES = 2 * 8 * 1_048_576;
/** After a collection that made room the heap may grow by this share before the next look. */
const STEP = 0.05;

/** There is no memory for more of the trace: what was read can be reported. */
export class MemoryScarce extends Error {
  constructor() {
    super(
      `drover may take ${Math.round(getHeapStatistics().heap_size_limit / 1_048_576)} MB of memory for its objects`,
    );
  }
}

/** Flags hold for all that a process does: a program that analyses many captures pays for a collection once. */
let isThrifty = false;

/**
 * Looks whether the heap of this thread comes near its limit, where V8 would end the process with SIGABRT and without a
 * word.
 */
export class MemoryWatch {
  #next = MOST;
  #collect: (() => void) | null = null;
  #growsYoung = V8 < 13;

  /** From some size on garbage is collected before it grows to several times what is alive. Takes some microseconds. */
  save(): void {
    if (isThrifty || getHeapStatistics().used_heap_size <= LARGE_BYTES) return;
    // V8 lets a heap grow to four times what is alive before it looks what can go: on a host in trouble half as much
    // again is better. It takes effect with a collection.
    setFlagsFromString('--heap-growing-percent=50');
    this.#collect ??= collector();
    this.#collect();
    isThrifty = true;
  }

  /** Throws `MemoryScarce` when what is alive takes most of the heap. Takes some microseconds. */
  look(): void {
    this.save();
    if (this.#growsYoung && youngBytes() >= MOST_YOUNG_BYTES) {
      setFlagsFromString('--semi-space-growth-factor=1');
      this.#growsYoung = false;
    }
    if (usedShare() < this.#next) return;
    // Much of it may be garbage that V8 had no reason yet to collect; only a collection tells.
    this.#collect ??= collector();
    this.#collect();
    const used = usedShare();
    if (used >= MOST) throw new MemoryScarce();
    this.#next = Math.max(MOST, used + STEP);
  }
}

function youngBytes(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}

function usedShare(): number {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  return used_heap_size / (heap_size_limit - YOUNG_BYTES);
}

/** The function that `node --expose-gc` gives. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  return typeof collect === 'function' ? () => collect() : () => undefined;
}
