import type { BareAccept } from '../../model/facts.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { MILLISECOND } from '../../trace/time.ts';

const NEAR = 5 * MILLISECOND;
/** The last refused accepts that wait for a winner: in a capture without times all of them are near. */
const MOST_OPEN = 512;

/**
 * Counts lost races in a capture that holds accepts and no waits (`-e trace=accept4`): an EAGAIN is lost when another
 * thread accepted within 5 ms before or after it, and a drain when the thread's own last accept had just succeeded and
 * nobody else's did.
 */
export class BareAccepts {
  accepted = 0;
  lost = 0;
  readonly threads = new Set<Thread>();
  readonly shares = new Map<Thread, number>();
  #open: BareAccept[] = [];
  #lastWinner: BareAccept | null = null;

  /** Acceptors that the model let go: it had no room for more threads. */
  gone = 0;

  forget(thread: Thread): void {
    if (this.threads.delete(thread)) this.gone++;
    this.shares.delete(thread);
  }

  add(accept: BareAccept): void {
    this.threads.add(accept.thread);
    this.#open = this.#open.filter((waiting) => this.#stillOpen(waiting, accept));
    if (accept.accepted) {
      this.accepted++;
      this.shares.set(accept.thread, (this.shares.get(accept.thread) ?? 0) + 1);
      this.#lastWinner = accept;
      return;
    }
    const winner = this.#lastWinner;
    if (winner !== null && winner.thread !== accept.thread && accept.start - winner.end <= NEAR) this.lost++;
    else {
      if (this.#open.length === MOST_OPEN) this.#open.shift();
      this.#open.push(accept);
    }
  }

  /** Whether an EAGAIN still waits for a later winner that explains it. */
  #stillOpen(waiting: BareAccept, next: BareAccept): boolean {
    if (next.accepted && next.thread !== waiting.thread && next.end - waiting.end <= NEAR) {
      this.lost++;
      return false;
    }
    return next.start - waiting.end <= NEAR;
  }
}
