import {
  LONGEST_CAPTURE,
  type Nanoseconds,
  SECOND,
  type TimeOrigin,
  type TimestampKind,
} from '../../src/trace/time.ts';
import { DAYS, LATEST_SECONDS, NOW, ORIGIN_NANOSECONDS, ORIGIN_SECONDS, SHIFT } from './clock-registers.ts';

const DAY = 86_400;
const HALF_A_DAY = DAY / 2;
/** A stamp so far from the one before is believed only when the next one agrees: it may be a damaged digit. */
const WEEK = 7 * DAY;

/** Turns the stamps of one capture into nanoseconds since the origin of the analysis. */
export class StampClock {
  readonly kind: TimestampKind;
  readonly #isWhole: boolean;
  readonly #origin: TimeOrigin;
  readonly #hasDays: boolean;
  #started = false;
  #originSeconds = 0;
  #originNanoseconds = 0.5;
  /** Seconds that midnights add, and nanoseconds that backward steps of the clock add and forward ones take. */
  #days = 0;
  #shift = 0.5;
  #latestSeconds = -1;
  #suspect = Number.NEGATIVE_INFINITY;
  /** The latest time that was told: the end of the capture so far. */
  now: Nanoseconds = 0.5;

  /** `isWhole`: its stamps have no fraction of a second. */
  constructor(kind: TimestampKind, origin: TimeOrigin, isWhole = false) {
    this.kind = kind;
    this.#isWhole = isWhole;
    this.#origin = origin;
    this.#hasDays = kind === 'clock' || kind === 'clock-seconds';
    this.#originNanoseconds = 0;
    this.#shift = 0;
    this.now = 0;
  }

  /** The time of an absolute stamp. */
  at(seconds: number, nanoseconds: number): Nanoseconds {
    let day = this.#days;
    if (seconds !== this.#latestSeconds) {
      if (!this.#started) this.#start(seconds, nanoseconds);
      if (this.#hasDays) day = this.#dayOf(seconds);
      else if (Math.abs(seconds - this.#latestSeconds) > WEEK && Math.abs(seconds - this.#suspect) > DAY) {
        this.#suspect = seconds;
        return this.now;
      } else this.#latestSeconds = seconds;
    }
    const time = (seconds - this.#originSeconds + day) * SECOND + (nanoseconds - this.#originNanoseconds) + this.#shift;
    if (time > this.now) this.now = time;
    return time;
  }

  /**
   * The time after a `-r` column, which counts from the printed line before. A distance that is longer than captures
   * are is a damaged number.
   */
  after(distance: Nanoseconds): Nanoseconds {
    if (!this.#started) this.#start(0, 0);
    if (distance <= LONGEST_CAPTURE) this.now += distance;
    return this.now;
  }

  /** The clock was set back: `time` and all later stamps move behind what was told before. Gives the moved time. */
  stepBack(time: Nanoseconds): Nanoseconds {
    this.#shift += this.now - time;
    return this.now;
  }

  /** The clock was set forward by so much after `before`: all later stamps are so much earlier. */
  leapt(by: Nanoseconds, before: Nanoseconds): void {
    this.#shift -= by;
    this.now = before;
  }

  /** What the assembly of `strace/simple` computes times with: false before the first stamp. */
  lend(registers: Float64Array): boolean {
    registers[ORIGIN_SECONDS] = this.#originSeconds;
    registers[ORIGIN_NANOSECONDS] = this.#originNanoseconds;
    registers[DAYS] = this.#days;
    registers[SHIFT] = this.#shift;
    registers[LATEST_SECONDS] = this.#latestSeconds;
    registers[NOW] = this.now;
    return this.#started;
  }

  /** What it read. */
  takeBack(registers: Float64Array): void {
    this.#latestSeconds = registers[LATEST_SECONDS] as number;
    this.now = registers[NOW] as number;
  }

  /** Seconds to add for the midnights that have passed. */
  #dayOf(seconds: number): number {
    const step = seconds - this.#latestSeconds;
    // Out of order (-z) around midnight: a line of the day before.
    if (step > HALF_A_DAY && this.#days > 0) return this.#days - DAY;
    if (step < -HALF_A_DAY) this.#days += DAY;
    this.#latestSeconds = seconds;
    return this.#days;
  }

  #start(seconds: number, nanoseconds: number): void {
    this.#started = true;
    const origin = this.#origin;
    if (origin.seconds === null) {
      origin.kind = this.kind;
      origin.seconds = seconds;
      origin.nanoseconds = nanoseconds;
      if (this.#isWhole) origin.isWhole = true;
    }
    this.#latestSeconds = seconds;
    // Stamps of another kind do not compare: this capture gets a zero of its own.
    const shared =
      origin.kind === this.kind || (this.#hasDays && (origin.kind === 'clock' || origin.kind === 'clock-seconds'));
    this.#originSeconds = shared ? (origin.seconds as number) : seconds;
    this.#originNanoseconds = shared ? origin.nanoseconds : nanoseconds;
    // A later file of the same set may begin after midnight.
    if (this.#hasDays && this.#originSeconds - seconds > HALF_A_DAY) this.#days = DAY;
  }
}
