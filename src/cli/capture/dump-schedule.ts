interface ScheduleOptions {
  /** Dumps are so far apart, begin to begin, milliseconds: they do not overlap. */
  readonly everyMs: number;
  readonly mostDumps: number;
  /** Writes one for a reason, and says that it holds so many more; gives whether it could be written. */
  readonly write: (reason: string, more: number) => Promise<boolean>;
}

/**
 * Decides when a dump is written: at once when something happens, or as soon as the next one may be, which is while
 * the ring still holds it.
 */
export class DumpSchedule {
  readonly #options: ScheduleOptions;
  #dumps = 0;
  #failed = 0;
  /** What happened since the last dump was begun, and the first of it. */
  #waiting = 0;
  #reason: string | null = null;
  #writing: Promise<void> | null = null;
  #nextAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(options: ScheduleOptions) {
    this.#options = options;
  }

  /** Dumps that were written. */
  get dumps(): number {
    return this.#dumps;
  }

  get failed(): number {
    return this.#failed;
  }

  /** What happened and is in no dump. */
  get unwritten(): number {
    return this.#waiting;
  }

  /** No dump may be begun now. */
  get isBusy(): boolean {
    return this.#writing !== null || performance.now() < this.#nextAt;
  }

  get isComplete(): boolean {
    return this.#dumps >= this.#options.mostDumps;
  }

  /** Something happened; `reason` is a sentence without its end. */
  trigger(reason: string): void {
    if (this.isComplete) return;
    this.#waiting++;
    this.#reason ??= reason;
    if (this.isBusy) this.#plan();
    else this.#begin();
  }

  /**
   * The capture is over: settles when what is being written is, and with `all` writes what still waits for its turn.
   */
  async finish(all: boolean): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    await this.#writing;
    if (!all || this.#reason === null || this.isComplete) return;
    this.#begin();
    await this.#writing;
  }

  #plan(): void {
    clearTimeout(this.#timer);
    // What is written plans the next one when it is there.
    if (this.#isOver || this.#reason === null || this.#writing !== null || this.isComplete) return;
    this.#timer = setTimeout(() => this.#begin(), Math.max(0, this.#nextAt - performance.now()));
  }

  #begin(): void {
    const { everyMs, write } = this.#options;
    const reason = this.#reason ?? '';
    const more = this.#waiting - 1;
    this.#reason = null;
    this.#waiting = 0;
    this.#nextAt = performance.now() + everyMs;
    this.#writing = write(reason, more)
      .then((isWritten) => {
        if (isWritten) this.#dumps++;
        else this.#failed++;
      })
      .finally(() => {
        this.#writing = null;
        this.#plan();
      });
  }
}
