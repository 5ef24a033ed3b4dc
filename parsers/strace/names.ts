/** Bytes that a syscall's or errno's name is made of: letters, digits, `_`. */
export const NAME_BYTES: Readonly<Uint8Array> = nameBytes();

/** Beyond this many different names the input is no trace but noise; further names are not remembered. */
const LIMIT = 4_096;
const SLOTS = 16_384;
/** Longer names do not exist (the longest of Linux has 28 letters). */
const LONGEST = 64;

/** Gives equal byte strings one object, without making a string. Made for the few hundred names that a trace repeats millions of times. */
export class NameTable<T> {
  readonly #make: (name: string) => T;
  /** Hash slot → number of the name + 1; 0 is free. */
  readonly #slots = new Int32Array(SLOTS);
  /** Where a name's bytes begin in `#bytes`; the next entry is its end. */
  readonly #starts = new Int32Array(LIMIT + 1);
  #bytes = new Uint8Array(LIMIT * 8);
  readonly #values: T[] = [];

  constructor(make: (name: string) => T) {
    this.#make = make;
  }

  /** The object for the name at `from..to`, made at first sight; null for what cannot be a name. `hash` is the sum of `hash * 31 + byte` over its bytes. */
  find(bytes: Buffer, from: number, to: number, hash: number): T | null {
    const length = to - from;
    const slots = this.#slots;
    let slot = (hash ^ (hash >>> 14)) & (SLOTS - 1);
    for (let number = slots[slot] as number; number !== 0; number = slots[slot] as number) {
      const start = this.#starts[number - 1] as number;
      if ((this.#starts[number] as number) - start === length && this.#equals(bytes, from, start, length))
        return this.#values[number - 1] as T;
      slot = (slot + 1) & (SLOTS - 1);
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

  #add(bytes: Buffer, from: number, to: number, slot: number): T | null {
    const number = this.#values.length;
    const length = to - from;
    if (number === LIMIT || length <= 0 || length > LONGEST) return null;
    const value = this.#make(bytes.toString('latin1', from, to));
    const start = this.#starts[number] as number;
    if (start + length > this.#bytes.length) {
      const wider = new Uint8Array(this.#bytes.length * 2);
      wider.set(this.#bytes);
      this.#bytes = wider;
    }
    for (let i = 0; i < length; i++) this.#bytes[start + i] = bytes[from + i] as number;
    this.#starts[number + 1] = start + length;
    this.#values.push(value);
    this.#slots[slot] = number + 1;
    return value;
  }
}

function nameBytes(): Uint8Array {
  const table = new Uint8Array(256);
  for (const letter of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_') table[letter.charCodeAt(0)] = 1;
  return table;
}
