import type { Syscall } from '../../src/trace/syscalls.ts';
import type { ArgumentWord } from '../arguments/argument-words.ts';
import { holdsWord } from '../text/argument-scan.ts';
import { viewOf } from '../text/byte-words.ts';
import type { RawLine, UndecodedCall } from '../text/undecoded-call.ts';
import * as column from './layout.ts';

/** What `ArgumentNotes` looks at. */
export type NotedCall = Pick<
  UndecodedCall,
  | 'bytes'
  | 'view'
  | 'argsFrom'
  | 'argsTo'
  | 'result'
  | 'syscall'
  | 'entry'
  | 'entryArgsFrom'
  | 'entryArgsTo'
  | 'firstHalfHolds'
>;

/** A row of the columns as a call, as far as its notes need it. Both its halves stand in one chunk. */
export class WrittenRow implements NotedCall {
  bytes: Buffer = NOTHING;
  view = viewOf(NOTHING);
  syscall: Syscall;
  argsFrom = 0;
  argsTo = 0;
  result = Number.NaN;
  entry: RawLine | null = null;
  /** The arguments of the first half, counted from the beginning of `entry`. */
  entryArgsFrom = 0;
  entryArgsTo = 0;
  readonly #entry = { line: 0, bytes: NOTHING as Buffer, view: viewOf(NOTHING), from: 0, to: 0 };

  constructor(called: Syscall) {
    this.syscall = called;
  }

  set chunk(chunk: Buffer) {
    this.bytes = chunk;
    this.view = viewOf(chunk);
    this.#entry.bytes = chunk;
    this.#entry.view = this.view;
  }

  /** The row whose columns begin at `at`. */
  set(called: Syscall, integers: Int32Array, at: number, result: number): void {
    this.syscall = called;
    this.argsFrom = integers[at + column.ARGS_FROM] as number;
    this.argsTo = integers[at + column.ARGS_TO] as number;
    this.result = result;
    if (((integers[at + column.FLAGS] as number) & column.SPLIT) === 0) {
      this.entry = null;
      return;
    }
    const from = integers[at + column.ENTRY_FROM] as number;
    this.#entry.from = from;
    this.#entry.to = integers[at + column.ENTRY_TO] as number;
    this.entry = this.#entry;
    this.entryArgsFrom = (integers[at + column.ENTRY_ARGS_FROM] as number) - from;
    this.entryArgsTo = (integers[at + column.ENTRY_ARGS_TO] as number) - from;
  }

  firstHalfHolds(word: ArgumentWord): boolean {
    const { entry, syscall, bytes, view } = this;
    if (entry === null || syscall.family === 'epoll-wait' || syscall.family === 'accept') return false;
    const { from, to } = entry;
    return holdsWord(
      syscall.family,
      word,
      bytes,
      view,
      from + this.entryArgsFrom,
      Math.min(to, from + this.entryArgsTo),
    );
  }
}

const NOTHING = Buffer.alloc(0);
