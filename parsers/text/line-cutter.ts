import type { ByteWindow } from './byte-window.ts';
import { newlineAt } from './byte-words.ts';

/** Of a longer line the head and the last `KEPT_END` bytes are kept. */
const LONGEST_LINE = 1 << 20;
const KEPT_END = 4_096;
const KEPT_HEAD = LONGEST_LINE - KEPT_END;
const NEWLINE = 0x0a;
/** Of the buffer for a line that goes on, when there is one. */
const FIRST_BYTES = 512;
const EMPTY = Buffer.alloc(0);
/** Fewer bytes behind a line that was taken back are waited for: each time it is read again. */
const WORTH_READING = 4_096;

/**
 * Cuts pushed bytes into lines. A line that lies whole in one chunk is read where it lies; one that goes over the end
 * of a chunk is gathered in a buffer of its own. After `next()` returned true the line is `window.bytes[from..to]`, and
 * a newline byte stands at `to`.
 */
export class LineCutter {
  readonly #window: ByteWindow;
  /** Called before the bytes of earlier lines go away. */
  readonly #release: () => void;
  from = 0;
  to = 0;
  /** Bytes that were left out of the middle of the line because it was too long. */
  skipped = 0;
  #chunk: Buffer | null = null;
  #position = 0;
  /** The beginning of a line whose end has not come yet. */
  #partial = EMPTY;
  #length = 0;
  #dropped = 0;
  #readsPartial = false;
  /** What was taken back and what came after it; empty when nothing was. */
  #held: Buffer[] = [];
  #heldBytes = 0;

  constructor(window: ByteWindow, release: () => void) {
    this.#window = window;
    this.#release = release;
  }

  /** Takes the current line back. It comes again with the bytes behind it, when enough more of them are there. */
  hold(): void {
    this.#release();
    const behind = this.#chunk?.subarray(this.#position) ?? EMPTY;
    this.#held = [Buffer.concat([this.#window.bytes.subarray(this.from, this.to + 1), behind])];
    this.#heldBytes = 0;
    this.#chunk = null;
  }

  /** The bytes behind the current line, so many at the most, as far as they were pushed. */
  behind(most: number): Buffer {
    return this.#chunk?.subarray(this.#position, this.#position + most) ?? EMPTY;
  }

  /** A line was taken back and has not come again. */
  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** Lets what was taken back come again, whatever is behind it. */
  release(): void {
    const bytes = Buffer.concat(this.#held);
    this.#held = [];
    this.push(bytes);
  }

  push(pushed: Buffer): void {
    let chunk = pushed;
    if (this.#held.length > 0) {
      // Whoever pushed uses the buffer again.
      this.#held.push(Buffer.from(pushed));
      this.#heldBytes += pushed.length;
      if (this.#heldBytes < WORTH_READING) return;
      chunk = Buffer.concat(this.#held);
      this.#held = [];
    }
    this.#chunk = chunk;
    this.#position = 0;
    if (this.#length === 0 && this.#dropped === 0) {
      this.#window.bytes = chunk;
      return;
    }
    const end = chunk.indexOf(NEWLINE);
    this.#gather(chunk, 0, end < 0 ? chunk.length : end);
    this.#position = end < 0 ? chunk.length : end + 1;
    this.#readsPartial = end >= 0;
  }

  /** Moves to the next whole line. */
  next(): boolean {
    const chunk = this.#chunk;
    if (chunk === null) return false;
    if (this.#readsPartial) return this.#takePartial();
    if (this.#window.bytes !== chunk) this.#leavePartial(chunk);
    const from = this.#position;
    const to = newlineAt(this.#window.view, from, chunk.length);
    if (to < 0) return this.#runDry(chunk, from);
    this.#position = to + 1;
    this.from = from;
    this.to = to;
    return to - from <= LONGEST_LINE || this.#shorten(chunk, from, to);
  }

  /** Where the next line begins in the pushed chunk; -1 when it is not read where it lies there. */
  get place(): number {
    const chunk = this.#chunk;
    if (chunk === null || this.#readsPartial) return -1;
    if (this.#window.bytes !== chunk) this.#leavePartial(chunk);
    return this.#position;
  }

  /** Goes on at `place`, where a line begins: those before were read by somebody else. */
  goOnAt(place: number): void {
    this.#position = place;
  }

  /** Makes what is left without a newline the last line. False when nothing is left. */
  end(): boolean {
    if (this.#length === 0 && this.#dropped === 0) return false;
    this.#chunk = EMPTY;
    this.#position = 0;
    this.#readsPartial = true;
    return true;
  }

  #takePartial(): boolean {
    this.#readsPartial = false;
    this.#partial[this.#length] = NEWLINE;
    // Behind it stand leftovers; who looks at the lines that follow must not take them for such.
    this.#window.bytes = this.#partial.subarray(0, this.#length + 1);
    this.from = 0;
    this.to = this.#length;
    this.skipped = this.#dropped;
    this.#length = 0;
    this.#dropped = 0;
    return true;
  }

  #leavePartial(chunk: Buffer): void {
    this.#release();
    this.#window.bytes = chunk;
    this.skipped = 0;
  }

  #runDry(chunk: Buffer, from: number): boolean {
    this.#release();
    this.#gather(chunk, from, chunk.length);
    this.#chunk = null;
    return false;
  }

  /**
   * A line that is too long is copied as if it had come in pieces, so that its reading does not depend on the chunks.
   */
  #shorten(chunk: Buffer, from: number, to: number): boolean {
    this.#release();
    this.#gather(chunk, from, to);
    return this.#takePartial();
  }

  #gather(chunk: Buffer, from: number, to: number): void {
    const added = to - from;
    if (added === 0) return;
    if (this.#length + added <= LONGEST_LINE) {
      this.#reserve(this.#length + added + 1);
      chunk.copy(this.#partial, this.#length, from, to);
      this.#length += added;
      return;
    }
    this.#reserve(LONGEST_LINE + 1);
    const partial = this.#partial;
    if (this.#length < KEPT_HEAD) {
      const missing = KEPT_HEAD - this.#length;
      chunk.copy(partial, this.#length, from, from + missing);
      this.#length = KEPT_HEAD;
      this.#gather(chunk, from + missing, to);
      return;
    }
    // The kept end slides: the last bytes of what is there, then the last bytes of what comes.
    const total = this.#length - KEPT_HEAD + added;
    const kept = Math.min(total, KEPT_END);
    const stay = Math.max(0, kept - added);
    partial.copy(partial, KEPT_HEAD, this.#length - stay, this.#length);
    chunk.copy(partial, KEPT_HEAD + stay, to - (kept - stay), to);
    this.#dropped += total - kept;
    this.#length = KEPT_HEAD + kept;
  }

  #reserve(size: number): void {
    if (size <= this.#partial.length) return;
    const wider = Buffer.allocUnsafeSlow(
      Math.max(size, Math.min(Math.max(FIRST_BYTES, this.#partial.length * 2), LONGEST_LINE + 1)),
    );
    this.#partial.copy(wider, 0, 0, this.#length);
    this.#partial = wider;
  }
}
