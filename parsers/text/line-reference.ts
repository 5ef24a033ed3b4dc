import { decodeUtf8 } from '../../src/trace/utf8.ts';
import type { ByteWindow } from './byte-window.ts';
import { viewOf } from './byte-words.ts';

/** Raw lines are told up to this length. */
export const LINE_LIMIT = 1_000;
/** Of the first half of a split call so many bytes are kept. */
export const ENTRY_LIMIT = 4_096;

const NOTHING = Buffer.alloc(0);

/**
 * A line that may still be asked for: a range of the current buffer, or, when that buffer goes, a copy of the line's
 * beginning.
 */
export class LineReference {
  readonly #window: ByteWindow;
  readonly #limit: number;
  /** 1-based; 0 when there is no line. */
  line = 0;
  from = 0;
  to = 0;
  #copied = false;
  #copy = NOTHING;

  constructor(window: ByteWindow, limit: number) {
    this.#window = window;
    this.#limit = limit;
  }

  set(line: number, from: number, to: number): void {
    this.line = line;
    this.from = from;
    this.to = to;
    this.#copied = false;
  }

  /** Makes this reference independent of the current buffer. */
  keep(): void {
    if (this.#copied || this.line === 0) return;
    const length = Math.min(this.to - this.from, this.#limit);
    if (length > this.#copy.length) this.#copy = Buffer.allocUnsafeSlow(Math.min(this.#limit, (length + 255) & ~255));
    this.#window.bytes.copy(this.#copy, 0, this.from, this.from + length);
    this.from = 0;
    this.to = length;
    this.#copied = true;
  }

  /** It is independent of the current buffer. */
  get isCopied(): boolean {
    return this.#copied;
  }

  /** The bytes of `bytes`. */
  get view(): DataView {
    return this.#copied ? viewOf(this.#copy) : this.#window.view;
  }

  /** The bytes that `from` and `to` belong to. */
  get bytes(): Buffer {
    return this.#copied ? this.#copy : this.#window.bytes;
  }

  /** The line, cut at `LINE_LIMIT` bytes. */
  get text(): string {
    return this.slice(0, Math.min(this.to - this.from, LINE_LIMIT));
  }

  /** Part of the line, counted in bytes from its beginning, as far as it is kept. */
  slice(from: number, to: number): string {
    return decode(this.bytes, this.from + from, this.#end(to));
  }

  /** The same, one character a byte. */
  latin1(from: number, to: number): string {
    return latin1(this.bytes, this.from + from, Math.max(this.from + from, this.#end(to)));
  }

  #end(to: number): number {
    return Math.min(this.from + Math.min(to, this.#limit), this.to);
  }
}

/**
 * Bytes as text, one character each: arguments, where strace escapes everything else (and old versions' raw bytes stay
 * telling apart).
 */
export function latin1(bytes: Buffer, from: number, to: number): string {
  return (bytes as Latin1Buffer).latin1Slice(from, to);
}

/** `toString('latin1')` without its checks, which cost more than the conversion; untyped in Node's declarations. */
interface Latin1Buffer extends Buffer {
  latin1Slice(from: number, to: number): string;
}

/** Bytes as text: Latin-1 when they are ASCII (fast), else UTF-8, with `\xNN` for what is none. */
export function decode(bytes: Buffer, from: number, to: number): string {
  const text = latin1(bytes, from, to);
  if (!NOT_ASCII.test(text)) return text;
  const decoded = bytes.toString('utf8', from, to);
  return decoded.includes('\ufffd') ? decodeUtf8(text) : decoded;
}
const NOT_ASCII = /[\x80-\xff]/;
