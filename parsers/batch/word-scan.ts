import { type ArgumentWord, argumentWords } from '../../src/trace/argument-words.ts';
import type { Family } from '../../src/trace/syscalls.ts';
import { word } from '../byte-words.ts';
import type { RawCall } from './raw-call.ts';

/** The event that nearly every wait of a server returns, up to its data. */
const ONE_INPUT = words('[{events=EPOLLIN, data={u32=');
const NONBLOCKING = words('FIONBIO, [1]');
const CLOSE_ON_EXEC = words('SOCK_CLOEXEC');
const FIRST_DATA = Uint8Array.from(Buffer.from('u32='));

/**
 * Which words of a syscall's family its arguments hold, as bits in their order; found in the bytes, without a string being made. The usual
 * arguments of the usual calls are recognised as a whole.
 */
export class WordScan {
  readonly #words = new Map<Family, readonly Uint8Array[]>();

  /** Bits of the words in the arguments of a call. */
  bits(call: RawCall): number {
    const { bytes, view, argsFrom, argsTo, entry } = call;
    const { family } = call.syscall;
    switch (family) {
      case 'epoll-wait':
        // Events are written on the way out: the first half of a split call never has them.
        return call.result === 1 && beginsWith(view, argsFrom, argsTo, ONE_INPUT) ? 0 : this.#scan(family, bytes, argsFrom, argsTo);
      case 'accept':
        return endsWith(view, argsFrom, argsTo, CLOSE_ON_EXEC) && bytes[argsTo - 13] === 0x20 && bytes[argsTo - 14] === 0x2c
          ? 0
          : this.#scan(family, bytes, argsFrom, argsTo);
      case 'ioctl':
        if (endsWith(view, argsFrom, argsTo, NONBLOCKING)) return BOTH;
    }
    const bits = this.#scan(family, bytes, argsFrom, argsTo);
    if (entry === null) return bits;
    return bits | this.#scan(family, entry.bytes, entry.from + call.entryArgsFrom, Math.min(entry.to, entry.from + call.entryArgsTo));
  }

  #scan(family: Family, bytes: Buffer, from: number, to: number): number {
    const words = this.#words.get(family) ?? this.#add(family);
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

const BOTH = bitOf('ioctl', 'FIONBIO') | bitOf('ioctl', '[1]');

/** The number behind the first `u32=`, or -1. */
export function firstData(bytes: Buffer, view: DataView, from: number, to: number): number {
  let at = beginsWith(view, from, to, ONE_INPUT) ? from + 4 * ONE_INPUT.length : indexOf(bytes, from, to, FIRST_DATA) + FIRST_DATA.length;
  if (at < FIRST_DATA.length) return -1;
  let value = 0;
  for (let byte = bytes[at] as number; byte >= 0x30 && byte <= 0x39 && at < to; byte = bytes[++at] as number)
    value = value * 10 + (byte - 0x30);
  return value;
}

/** A text whose length is a multiple of four, in words. */
function words(text: string): Int32Array {
  return Int32Array.from({ length: text.length / 4 }, (_, i) => word(text.slice(4 * i)));
}

function beginsWith(view: DataView, from: number, to: number, text: Int32Array): boolean {
  if (from + 4 * text.length > to) return false;
  for (let i = 0; i < text.length; i++) if (view.getInt32(from + 4 * i, true) !== text[i]) return false;
  return true;
}

function endsWith(view: DataView, from: number, to: number, text: Int32Array): boolean {
  const at = to - 4 * text.length;
  return at >= from && beginsWith(view, at, to, text);
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
