import { integer, splitArguments } from '../../../trace/arguments.ts';
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
        this.#mapped(call);
        break;
      case 'munmap': {
        const [address, length] = splitArguments(call.args);
        this.#gaveBack(integer(address), integer(length));
        break;
      }
      case 'mremap':
        this.#moved(call);
        break;
      case 'brk':
        this.seen = true;
        if (!Number.isNaN(this.#heapEnd)) this.bytes += result - this.#heapEnd;
        this.#heapEnd = result;
        break;
    }
  }

  #mapped({ args, result }: Call): void {
    this.seen = true;
    // A new mapping at a fixed place takes the place of what was there.
    const [, length, protection = '', flags = ''] = splitArguments(args);
    const bytes = integer(length);
    if (!(bytes > 0)) return;
    if (flags.includes('MAP_FIXED')) this.#gaveBack(result, bytes);
    if (!protection.includes('PROT_WRITE') || !flags.includes('MAP_PRIVATE') || flags.includes('MAP_STACK')) return;
    this.#add(result, bytes);
  }

  #moved({ args, result }: Call): void {
    const [address, before, after] = splitArguments(args);
    const known = this.#ranges?.has(integer(address)) === true;
    this.#gaveBack(integer(address), integer(before));
    if (known && integer(after) > 0) this.#add(result, integer(after));
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
