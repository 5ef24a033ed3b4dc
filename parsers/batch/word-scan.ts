import { type ArgumentWord, argumentWords } from '../../src/trace/argument-words.ts';
import type { Family, Syscall } from '../../src/trace/syscalls.ts';

const FIRST_DATA = Uint8Array.from(Buffer.from('u32='));

/** Which words of a syscall's family its arguments hold, as bits in their order; found in the bytes, without a string being made. */
export class WordScan {
  readonly #words = new Map<Family, readonly Uint8Array[]>();

  /** Bits of the words in `from..to`. */
  bits(called: Syscall, bytes: Buffer, from: number, to: number): number {
    const words = this.#words.get(called.family) ?? this.#add(called.family);
    let bits = 0;
    for (let i = 0; i < words.length; i++) if (indexOf(bytes, from, to, words[i] as Uint8Array) >= 0) bits |= 1 << i;
    return bits;
  }

  #add(family: Family): readonly Uint8Array[] {
    const words = argumentWords(family).map((word) => Uint8Array.from(Buffer.from(word)));
    this.#words.set(family, words);
    return words;
  }
}

/** The bit of a word in `WordScan.bits`, or 0 when it is not one of the family's. */
export function bitOf(family: Family, word: ArgumentWord): number {
  const index = argumentWords(family).indexOf(word);
  return index < 0 ? 0 : 1 << index;
}

/** The number behind the first `u32=`, or -1. */
export function firstData(bytes: Buffer, from: number, to: number): number {
  let at = indexOf(bytes, from, to, FIRST_DATA);
  if (at < 0) return -1;
  at += FIRST_DATA.length;
  let value = 0;
  for (let byte = bytes[at] as number; byte >= 0x30 && byte <= 0x39 && at < to; byte = bytes[++at] as number)
    value = value * 10 + (byte - 0x30);
  return value;
}

function indexOf(bytes: Buffer, from: number, to: number, word: Uint8Array): number {
  const first = word[0] as number;
  const last = to - word.length;
  for (let at = from; at <= last; at++) {
    if (bytes[at] !== first) continue;
    let i = 1;
    while (i < word.length && bytes[at + i] === word[i]) i++;
    if (i === word.length) return at;
  }
  return -1;
}
