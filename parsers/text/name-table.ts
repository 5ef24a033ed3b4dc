import type { ByteWindow } from './byte-window.ts';
import { viewOf } from './byte-words.ts';

/** Bytes that a syscall's or errno's name is made of: letters, digits, `_`. */
export const NAME_BYTES: Readonly<Uint8Array> = nameBytes();

/** Beyond this many different names the input is no trace but noise; further names are not remembered. */
const LIMIT = 4_096;
/** At first, and so many for each name: the parser of each of five thousand files has tables of its own. */
const FIRST_SLOTS = 256;
const SLOTS_A_NAME = 4;
/** Names that were made to have one hash are not worth a longer search: they are not remembered. */
const LONGEST_SEARCH = 64;
/** Longer names do not exist (the longest of Linux has 28 letters). */
const LONGEST = 64;

/** Names by four of their bytes, for `NameTable.at`. */
const SHORTCUTS = 1_024;

/**
 * Gives equal byte strings one object, without making a string. Made for the few hundred names that a trace repeats
 * millions of times.
 */
export class NameTable<T> {
  readonly #make: (name: string) => T;
  readonly #longest: number;
  /** Hash slot → number of the name + 1; 0 is free. */
  #slots = new Int32Array(FIRST_SLOTS);
  /** Where a name's bytes begin in `#bytes`; the next entry is its end. */
  #starts = new Int32Array(FIRST_SLOTS / SLOTS_A_NAME + 1);
  #bytes = Buffer.alloc((FIRST_SLOTS / SLOTS_A_NAME) * 8);
  #view = viewOf(this.#bytes);
  readonly #values: T[] = [];
  /** By a hash of four bytes: the number of a name that began with them + 1; 0 is free. */
  readonly #shortcuts = new Int16Array(SHORTCUTS);
  /** Behind the name that `at` found. */
  end = 0;

  constructor(make: (name: string) => T, longest = LONGEST) {
    this.#make = make;
    this.#longest = longest;
  }

  /**
   * The object for the name that begins at `from` and ends before the byte `stop`; null for what cannot be a name.
   * `end` is then where it ends. Names that were seen before are found by a look at four bytes (the end of most names,
   * and what tells `getsockname` from `getsockopt`) and compared, without a hash being summed up.
   */
  at({ bytes, view }: ByteWindow, from: number, stop: number): T | null {
    if (from + 9 > bytes.length) return this.#read(bytes, from, stop, -1);
    const word = view.getInt32(from + 5, true);
    const shortcut = (Math.imul(word ^ (word >>> 15), 0x9e3779b1) + (bytes[from] as number)) & (SHORTCUTS - 1);
    const number = this.#shortcuts[shortcut] as number;
    if (number === 0) return this.#read(bytes, from, stop, shortcut);
    const start = this.#starts[number - 1] as number;
    const length = (this.#starts[number] as number) - start;
    if (bytes[from + length] !== stop || !this.#equalsInWords(bytes, view, from, start, length))
      return this.#read(bytes, from, stop, shortcut);
    this.end = from + length;
    return this.#values[number - 1] as T;
  }

  /**
   * The object for the name at `from..to`, made at first sight; null for what cannot be a name. `hash` is the sum of
   * `hash * 31 + byte` over its bytes.
   */
  find(bytes: Buffer, from: number, to: number, hash: number): T | null {
    return this.#values[this.#find(bytes, from, to, hash) - 1] ?? null;
  }

  #read(bytes: Buffer, from: number, stop: number, shortcut: number): T | null {
    let at = from;
    let hash = 0;
    let byte = bytes[at] as number;
    while (NAME_BYTES[byte] === 1) {
      hash = (Math.imul(hash, 31) + byte) | 0;
      byte = bytes[++at] as number;
    }
    if (byte !== stop) return null;
    this.end = at;
    const number = this.#find(bytes, from, at, hash);
    if (number === 0) return null;
    if (shortcut >= 0) this.#shortcuts[shortcut] = number;
    return this.#values[number - 1] as T;
  }

  /** The number of a name + 1, or 0. */
  #find(bytes: Buffer, from: number, to: number, hash: number): number {
    const length = to - from;
    const slots = this.#slots;
    const mask = slots.length - 1;
    const first = slotOf(hash, mask);
    let slot = first;
    for (let number = slots[slot] as number; number !== 0; number = slots[slot] as number) {
      const start = this.#starts[number - 1] as number;
      if ((this.#starts[number] as number) - start === length && this.#equals(bytes, from, start, length))
        return number;
      slot = (slot + 1) & mask;
      if (((slot - first) & mask) === LONGEST_SEARCH) return 0;
    }
    return this.#add(bytes, from, to, slot);
  }

  #equals(bytes: Buffer, from: number, start: number, length: number): boolean {
    const own = this.#bytes;
    for (let i = 0; i < length; i++) {
      if (bytes[from + i] !== own[start + i]) return false;
    }
    return true;
  }

  /** The last four bytes may be compared twice. */
  #equalsInWords(bytes: Buffer, view: DataView, from: number, start: number, length: number): boolean {
    if (length < 4) return this.#equals(bytes, from, start, length);
    const own = this.#view;
    const last = length - 4;
    for (let i = 0; i < last; i += 4) if (view.getInt32(from + i, true) !== own.getInt32(start + i, true)) return false;
    return view.getInt32(from + last, true) === own.getInt32(start + last, true);
  }

  #add(bytes: Buffer, from: number, to: number, slot: number): number {
    const number = this.#values.length;
    const length = to - from;
    if (number === LIMIT || length <= 0 || length > this.#longest) return 0;
    const value = this.#make(bytes.toString('latin1', from, to));
    const start = this.#starts[number] as number;
    if (start + length > this.#bytes.length) {
      const wider = Buffer.alloc(this.#bytes.length * 2);
      wider.set(this.#bytes);
      this.#bytes = wider;
      this.#view = viewOf(wider);
    }
    for (let i = 0; i < length; i++) this.#bytes[start + i] = bytes[from + i] as number;
    this.#starts[number + 1] = start + length;
    this.#values.push(value);
    this.#slots[slot] = number + 1;
    if ((number + 2) * SLOTS_A_NAME > this.#slots.length && number + 1 < LIMIT) this.#grow();
    return number + 1;
  }

  /** Makes room for twice as many names. */
  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let number = 1; number <= this.#values.length; number++) {
      let slot = slotOf(hashOf(this.#bytes, this.#starts[number - 1] as number, this.#starts[number] as number), mask);
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = number;
    }
    const starts = new Int32Array(slots.length / SLOTS_A_NAME + 1);
    starts.set(this.#starts);
    this.#slots = slots;
    this.#starts = starts;
  }
}

function slotOf(hash: number, mask: number): number {
  return (hash ^ (hash >>> 14)) & mask;
}

/** The sum of `hash * 31 + byte` over the bytes of a name. */
export function hashOf(bytes: Buffer, from: number, to: number): number {
  let hash = 0;
  for (let at = from; at < to; at++) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
  return hash;
}

function nameBytes(): Uint8Array {
  const table = new Uint8Array(256);
  for (const letter of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_')
    table[letter.charCodeAt(0)] = 1;
  return table;
}
