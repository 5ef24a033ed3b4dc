const EVERY_MS = 500;
/** Who sleeps between its rounds, as a master does, is away from its wait for good: nothing was found, twice over. */
const LONGEST_MS = 8_000;

/**
 * When what goes on is worth a report of its own: at once when others are away from their waits than before, and more
 * and more rarely while such reports find nothing.
 */
export class AwayCadence {
  #who = '';
  #due = 0;
  #pauseMs = EVERY_MS;

  /** `who` names those that are away, and how. */
  isDue(who: string, now: number): boolean {
    if (who === this.#who && now < this.#due) return false;
    if (who !== this.#who) this.#pauseMs = EVERY_MS;
    this.#who = who;
    this.#due = now + this.#pauseMs;
    return true;
  }

  /** The last report is there. */
  told(hasFound: boolean): void {
    this.#pauseMs = hasFound ? EVERY_MS : Math.min(LONGEST_MS, this.#pauseMs * 2);
  }
}
