import type { Mapping } from '../../../trace/call-arguments.ts';
import type { Call } from '../../../trace/record.ts';

/** Mappings followed one by one; what comes after is only added up. */
const MOST_RANGES = 4096;
/** A process that asked so often is no longer starting: one that never accepts is followed no further. */
const MOST_CALLS = 50_000;

/**
 * What a process asked of the kernel in memory of its own: writable anonymous and private file mappings, less what it
 * gave back, and what `brk` added. An upper bound: a page that was never written takes no room.
 */
export class PrivateMemory {
  bytes = 0;
  /** A call that asks for memory was seen: else `bytes` says nothing. */
  seen = false;
  /** The end of the heap; NaN before it is known. */
  #heapEnd: number;
  #ranges: Map<number, number> | null = null;
  #calls = 0;

  constructor(heapEnd = Number.NaN) {
    this.#heapEnd = heapEnd;
  }

  get heapEnd(): number {
    return this.#heapEnd;
  }

  called(call: Call): void {
    if (++this.#calls > MOST_CALLS) return;
    const { result } = call;
    if (call.error !== '' || Number.isNaN(addressOf(call))) return;
    switch (call.syscall.name) {
      case 'mmap':
      case 'mmap2':
        this.seen = true;
        this.#mapped(call.arguments.mapping(), result);
        break;
      case 'munmap': {
        const asked = call.arguments.mapping();
        if (asked !== null) this.#gaveBack(asked.address, asked.length);
        break;
      }
      case 'mremap':
        this.#moved(call.arguments.mapping(), result);
        break;
      case 'brk':
        this.seen = true;
        if (!Number.isNaN(this.#heapEnd)) this.bytes += result - this.#heapEnd;
        this.#heapEnd = result;
        break;
    }
  }

  #mapped(asked: Mapping | null, address: number): void {
    if (asked === null || !(asked.length > 0)) return;
    // A new mapping at a fixed place takes the place of what was there.
    if (asked.isFixed) this.#gaveBack(address, asked.length);
    if (asked.isWritable && asked.isPrivate && !asked.isStack) this.#add(address, asked.length);
  }

  #moved(asked: Mapping | null, address: number): void {
    if (asked === null) return;
    const known = this.#ranges?.has(asked.address) === true;
    this.#gaveBack(asked.address, asked.length);
    if (known && asked.newLength > 0) this.#add(address, asked.newLength);
  }

  #add(address: number, bytes: number): void {
    this.bytes += bytes;
    this.#ranges ??= new Map();
    if (this.#ranges.size < MOST_RANGES) this.#ranges.set(address, bytes);
  }

  #gaveBack(from: number, length: number): void {
    const ranges = this.#ranges;
    if (ranges === null) return;
    const whole = ranges.get(from);
    if (whole !== undefined && whole <= length) {
      ranges.delete(from);
      this.bytes -= whole;
      // As a rule one mapping is given back whole.
      if (whole === length) return;
    }
    const to = from + length;
    for (const [start, bytes] of ranges) {
      const end = start + bytes;
      if (end <= from || start >= to) continue;
      ranges.delete(start);
      this.bytes -= bytes;
      if (start < from) this.#add(start, from - start);
      if (end > to) this.#add(to, end - to);
    }
  }
}

/**
 * Addresses are printed in hexadecimal, and a double holds those of user space; NaN where the call did not return a
 * number.
 */
function addressOf({ result }: Call): number {
  return result >= 0 ? result : Number.NaN;
}
