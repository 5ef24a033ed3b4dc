import type { Family } from '../../src/trace/syscalls.ts';
import { ARGUMENT_WORDS, type ArgumentWord } from '../arguments/argument-words.ts';
import {
  asksNonblocking,
  firstData,
  headEnd,
  headStart,
  holdsWord,
  inetAddress,
  isOneInput,
  replyStart,
} from '../text/argument-scan.ts';
import { NameTable } from '../text/name-table.ts';
import type { NotedCall } from './written-row.ts';

/** Of a longer first line, or of one more than so many different ones, the reader decodes the text itself. */
const LONGEST_HEAD = 200;
const MOST_HEADS = 4_000;

/**
 * Families whose arguments are looked into for the reader: while their bytes are at hand that costs a third of what it
 * costs there.
 */
export const NOTED_FAMILIES: ReadonlySet<Family> = new Set<Family>([
  'accept',
  'epoll-wait',
  'ioctl',
  'fcntl',
  'read',
  'write',
]);
/** The arguments hold an IPv4 address: `data` is its 32 bits, and the port stands in `note` from this bit on. */
export const HAS_INET = 0x80;
export const PORT_SHIFT = 8;

/** What the arguments of a call say, as two numbers whose meaning depends on the family. */
export class ArgumentNotes {
  /** Bits of the family's words, in their order; for accept also the client's port. */
  note = 0;
  /**
   * epoll-wait: the user data of the only event, or -1. accept: the client's address. read, write: the number of the
   * head, from 1; 0 for none, -1 for one that the reader must decode itself.
   */
  data = 0;
  /** Heads of buffers, in order of their numbers; the reader is told those that came after the last batch. */
  newHeads: string[] = [];
  readonly #heads = new NameTable<number>((text) => this.#add(text), LONGEST_HEAD);
  #count = 0;

  look(call: NotedCall): void {
    const { bytes, view, argsFrom, argsTo, result } = call;
    const { family } = call.syscall;
    this.note = 0;
    this.data = family === 'epoll-wait' ? -1 : 0;
    switch (family) {
      case 'epoll-wait':
        // Events are written on the way out: the first half of a split call never has them.
        if (result === 1) this.data = firstData(bytes, view, argsFrom, argsTo);
        if (result !== 1 || !isOneInput(view, argsFrom, argsTo)) this.note = this.#words(call, 'epoll-wait');
        break;
      case 'accept':
        this.note = this.#words(call, 'accept');
        this.#client(inetAddress(bytes, view, argsFrom, argsTo));
        break;
      case 'ioctl':
        this.note = isNonblocking(call) ? NONBLOCKING : this.#words(call, 'ioctl');
        break;
      case 'fcntl':
        this.note = this.#words(call, 'fcntl');
        break;
      case 'read':
        if (result > 0) this.data = this.#head(bytes, headStart(bytes, argsFrom, argsTo), argsTo);
        break;
      case 'write':
        if (result > 0) this.data = this.#status(call);
    }
  }

  #words(call: NotedCall, family: keyof typeof ARGUMENT_WORDS): number {
    const { bytes, view, argsFrom, argsTo, entry } = call;
    const words: readonly ArgumentWord[] = ARGUMENT_WORDS[family];
    let bits = 0;
    for (let i = 0; i < words.length; i++) {
      const word = words[i] as ArgumentWord;
      if (holdsWord(family, word, bytes, view, argsFrom, argsTo) || (entry !== null && call.firstHalfHolds(word)))
        bits |= 1 << i;
    }
    return bits;
  }

  #client(address: number): void {
    if (address < 0) return;
    this.note |= HAS_INET | ((address % 65_536) << PORT_SHIFT);
    this.data = Math.floor(address / 65_536) | 0;
  }

  /** What is written stands in the first half of a split call. */
  #status({ bytes, view, argsFrom, argsTo, entry, entryArgsFrom, entryArgsTo }: NotedCall): number {
    if (entry === null) return this.#head(bytes, replyStart(bytes, view, argsFrom, argsTo), argsTo);
    const to = Math.min(entry.to, entry.from + entryArgsTo);
    const start = replyStart(entry.bytes, entry.view, entry.from + entryArgsFrom, to);
    return this.#head(entry.bytes, start, to);
  }

  #head(bytes: Buffer, start: number, to: number): number {
    if (start < 0) return 0;
    const end = headEnd(bytes, start, Math.min(to, start + LONGEST_HEAD));
    if (end === start + LONGEST_HEAD) return -1;
    let hash = 0;
    for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + (bytes[at] as number)) | 0;
    return this.#heads.find(bytes, start, end, hash) ?? -1;
  }

  #add(text: string): number {
    if (this.#count === MOST_HEADS) return -1;
    this.newHeads.push(text);
    return ++this.#count;
  }
}

/** What nearly every `ioctl` of a server asks, in one look. */
function isNonblocking({ view, argsFrom, argsTo, entry, entryArgsFrom, entryArgsTo }: NotedCall): boolean {
  if (entry === null) return asksNonblocking(view, argsFrom, argsTo);
  return asksNonblocking(entry.view, entry.from + entryArgsFrom, Math.min(entry.to, entry.from + entryArgsTo));
}

/** The bit of each word in `note`, in calls of its family. */
export const BIT_OF = Object.fromEntries(
  Object.values(ARGUMENT_WORDS).flatMap((words: readonly ArgumentWord[]) => words.map((word, at) => [word, 1 << at])),
) as Readonly<Record<ArgumentWord, number>>;

const NONBLOCKING = BIT_OF.FIONBIO | BIT_OF['[1]'];
