import { LONGEST_CAPTURE, type Nanoseconds, SECOND, type TimeOrigin } from '../../src/trace/time.ts';

/** Turns stamps of the kernel's monotonic clock into nanoseconds since the origin of the analysis. */
export class TimeAxis {
  readonly #origin: TimeOrigin;
  readonly #clock: 'monotonic' | 'clock' | 'none';
  #zero = Number.NaN;
  #first = Number.NaN;
  /** What the wall clock showed at a stamp: whole seconds and nanoseconds. */
  #anchor: { readonly stamp: number; readonly seconds: number; readonly nanoseconds: number } | null = null;

  /** `clock`: stamps are times of day in nanoseconds, not those of the monotonic clock; `none`: there are none. */
  constructor(origin: TimeOrigin, clock: 'monotonic' | 'clock' | 'none' = 'monotonic') {
    this.#origin = origin;
    this.#clock = clock;
  }

  /** `clock` is what the wall clock showed at `stamp`: `1795568264.330464`. */
  anchor(stamp: number, clock: string): void {
    const [, seconds, fraction = ''] = /^(\d{1,11})(?:\.(\d{1,9}))?$/.exec(clock) ?? [];
    if (seconds === undefined || Number.isNaN(stamp)) return;
    this.#anchor = { stamp, seconds: Number(seconds), nanoseconds: Number(fraction.padEnd(9, '0')) };
    if (!Number.isNaN(this.#zero)) this.#zero = Number.NaN;
  }

  /** NaN for stamps that cannot be true: those that lie too far from the first one. */
  at(stamp: number): Nanoseconds {
    if (this.#clock === 'none') return 0;
    if (Number.isNaN(this.#first)) this.#first = stamp;
    if (!(Math.abs(stamp - this.#first) <= LONGEST_CAPTURE)) return Number.NaN;
    if (Number.isNaN(this.#zero)) this.#start(stamp);
    return stamp - this.#zero;
  }

  get kind(): 'epoch' | 'clock' | 'monotonic' | 'none' {
    return this.#anchor !== null ? 'epoch' : this.#clock;
  }

  /** What stands in front of what happened, in the words of strace: `4711 1795568264.330464 `. */
  prefix(tid: number, time: Nanoseconds): string {
    return this.#clock === 'none' ? `${tid} ` : `${tid} ${this.stamp(time)} `;
  }

  /** `1795568264.330464` of a capture that tells the wall clock, else seconds of the monotonic one. */
  stamp(time: Nanoseconds): string {
    const micros = Math.floor((this.#origin.nanoseconds + time) / 1_000);
    const seconds = Math.floor(micros / 1_000_000);
    return `${(this.#origin.seconds ?? 0) + seconds}.${String(micros - seconds * 1_000_000).padStart(6, '0')}`;
  }

  #start(stamp: number): void {
    const origin = this.#origin;
    const anchor = this.#anchor;
    const { kind } = this;
    // The wall clock's whole seconds and the rest are kept apart: a double does not hold both to the nanosecond.
    const seconds = anchor === null ? Math.floor(stamp / SECOND) : anchor.seconds;
    const nanoseconds = anchor === null ? stamp - seconds * SECOND : anchor.nanoseconds + (stamp - anchor.stamp);
    if (origin.seconds === null) {
      const whole = Math.floor(nanoseconds / SECOND);
      origin.kind = kind;
      origin.seconds = seconds + whole;
      origin.nanoseconds = nanoseconds - whole * SECOND;
      this.#zero = stamp;
    } else if (origin.kind === kind) {
      this.#zero = stamp - ((seconds - origin.seconds) * SECOND + nanoseconds - origin.nanoseconds);
    } else this.#zero = stamp;
  }
}
