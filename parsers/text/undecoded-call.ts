import type { Call } from '../../src/trace/record.ts';
import type { Nanoseconds } from '../../src/trace/time.ts';
import type { ArgumentWord } from '../arguments/argument-words.ts';

/** A line as a range of bytes that stays valid until the parser is asked for the next record. */
export interface RawLine {
  /** 1-based; 0 when there is no line. */
  readonly line: number;
  readonly bytes: Buffer;
  /** The same bytes. */
  readonly view: DataView;
  readonly from: number;
  readonly to: number;
}

/** A call whose strings were not decoded yet: what a parser hands to a batch. */
export interface UndecodedCall extends Call {
  /** The bytes that the ranges below belong to. */
  readonly bytes: Buffer;
  /** The same bytes. */
  readonly view: DataView;
  /** The first half of a split call holds the word. */
  firstHalfHolds(word: ArgumentWord): boolean;
  /** The line with the result; empty for a call in flight. */
  readonly from: number;
  readonly to: number;
  /** The arguments, or their second half. */
  readonly argsFrom: number;
  readonly argsTo: number;
  readonly returnedFrom: number;
  readonly returnedTo: number;
  /** The line of the first half of a split call. */
  readonly entry: RawLine | null;
  /** The arguments of the first half, counted from the beginning of `entry`. */
  readonly entryArgsFrom: number;
  readonly entryArgsTo: number;
  readonly previous: RawLine;
  /** Time from the line before that told of a call of this thread: no gap before this call is longer. */
  readonly pause: Nanoseconds;
  /** The arguments carry the names of `-N`: `arguments` leaves them out. */
  readonly hasNames: boolean;
}
