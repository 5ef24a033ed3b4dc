import { MOST_THREADS } from '../lanes.ts';
import type { Where } from '../text/line-parser.ts';

/** What an `event=in` line says: somebody looked at a thread, and it was in a call. */
export interface EarlierCall {
  readonly tid: number;
  readonly pid: number;
  /** Of the call, as the machine counts them. */
  readonly number: number;
  /** Arguments, hexadecimal. */
  readonly raw: readonly string[];
  readonly data: string;
  /** When somebody looked. */
  readonly stamp: number;
  readonly where: Where;
}

/**
 * Calls that threads were in before the capture began, and in which they still are as far as it shows: nothing else was
 * heard of them.
 */
export class EarlierCalls {
  readonly #calls = new Map<number, EarlierCall>();
  readonly #behind = new Map<number, EarlierCall>();
  #begun = Number.NaN;
  #ended = Number.NaN;

  /** Stamps of the first and the last moment of the capture; NaN while they are not known. */
  get span(): { readonly begun: number; readonly ended: number } {
    return { begun: this.#begun, ended: this.#ended };
  }

  begin(stamp: number): void {
    if (Number.isNaN(this.#begun)) this.#begun = stamp;
  }

  end(stamp: number): void {
    this.#ended = stamp;
  }

  /**
   * Behind the end of the capture only threads count of which it saw nothing: it lists what those it saw are in. Who
   * of them is in another call than in front of the capture went there before the tracer came, if that traces the call.
   */
  note(call: EarlierCall, isTraced: boolean): void {
    const { tid, number, raw } = call;
    if (!Number.isNaN(this.#ended) && this.#behind.size < MOST_THREADS) this.#behind.set(tid, call);
    const before = this.#calls.get(tid);
    if (Number.isNaN(this.#begun)) {
      if (before !== undefined || this.#calls.size < MOST_THREADS) this.#calls.set(tid, call);
    } else if (!Number.isNaN(this.#ended) && before !== undefined) {
      if (before.number === number && String(before.raw) === String(raw)) return;
      if (isTraced) this.#calls.set(tid, call);
      else this.#calls.delete(tid);
    }
  }

  /** Something else was heard of the thread: what it was in until then; undefined when nothing was known of that. */
  moved(tid: number): EarlierCall | undefined {
    if (this.#calls.size === 0) return undefined;
    const call = this.#calls.get(tid);
    if (call !== undefined) this.#calls.delete(tid);
    return call;
  }

  /** What a thread was in behind the end of the capture; undefined when that does not tell. */
  behind(tid: number): EarlierCall | undefined {
    return this.#behind.get(tid);
  }

  /** What threads were in behind the end, of which more was heard than that. */
  *movedTo(): Iterable<EarlierCall> {
    for (const call of this.#behind.values()) if (!this.#calls.has(call.tid)) yield call;
  }

  values(): Iterable<EarlierCall> {
    return this.#calls.values();
  }
}
