import type { BareAccept } from '../../model/facts.ts';
import type { Thread } from '../../model/thread.ts';
import { MILLISECOND } from '../../trace/time.ts';

const NEAR = 5 * MILLISECOND;

/**
 * Counts lost races in a capture that holds accepts and no waits (`-e trace=accept4`): an EAGAIN is lost when another thread accepted within
 * 5 ms before or after it. Any other EAGAIN ended an accept loop, or nobody knows why it was tried.
 */
export class BareAccepts {
  accepted = 0;
  lost = 0;
  readonly threads = new Set<Thread>();
  /** EAGAINs that a later winner may explain. */
  #open: BareAccept[] = [];
  #lastWinner: BareAccept | null = null;

  add(accept: BareAccept): void {
    this.threads.add(accept.thread);
    if (this.#open.length > 0) this.#open = this.#open.filter((waiting) => this.#stillOpen(waiting, accept));
    if (accept.accepted) {
      this.accepted++;
      this.#lastWinner = accept;
      return;
    }
    const winner = this.#lastWinner;
    if (winner !== null && winner.thread !== accept.thread && accept.start - winner.end <= NEAR) this.lost++;
    else this.#open.push(accept);
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
