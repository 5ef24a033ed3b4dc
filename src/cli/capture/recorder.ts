import { setTimeout as pause } from 'node:timers/promises';
import type { AnalysisOptions } from '../../analysis/options.ts';
import { OutputError } from '../../files/output-error.ts';
import { analyzeInputs, type Progress } from '../../pipeline/analyze-inputs.ts';
import { Cadence } from '../../pipeline/cadence.ts';
import { InputError } from '../../sources/input-error.ts';
import type { LiveCapture } from '../../sources/live/capture.ts';
import { fileSize } from '../../trace/format-numbers.ts';
import type { Condition } from '../options/until.ts';
import { AwayWatch } from './away-watch.ts';
import { writeDump } from './dump.ts';
import { DumpSchedule } from './dump-schedule.ts';
import { begunAnew, endingAt, ringInput } from './ring-input.ts';
import { Triggers } from './triggers.ts';

const LOOK_EVERY_MS = 500;
/** Looking at what was read, and reading all of the ring again, may cost one part in so many of the time. */
const SNAPSHOT_SHARE = 50;
const OPEN_SHARE = 30;
/** What led to it may still be in the tracer's buffer, and what it led to comes next. */
const SETTLE_MS = 800;
const LEAST_HELD_MS = 1_500;
/** What an analysis knows grows with what it saw: after so long a new one begins at the start of the ring. */
const GENERATION_MS = 6 * 3_600_000;
const BETWEEN_GENERATIONS_MS = 1_000;

interface RecorderOptions {
  readonly capture: LiveCapture;
  readonly conditions: readonly Condition[];
  readonly ringSeconds: number;
  readonly mostDumps: number;
  /** The ring takes no more. */
  readonly mostBytes: number;
  /** What dumps are called; each gets its time. */
  readonly name: string;
  /** Tells the user something. */
  readonly say: (sentence: string) => void;
  /** Takes the path of each dump. */
  readonly written: (path: string) => Promise<void>;
}

/**
 * Watches a capture of which only the last minute is kept, and writes that into a file when something happens. Dumps do
 * not overlap: the next one is written when the ring has been filled anew.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #triggers: Triggers;
  readonly #schedule: DumpSchedule;
  readonly #snapshots: Cadence;
  readonly #opens: Cadence;
  /** null where no stall is waited for. */
  readonly #away: AwayWatch | null;
  #isLookingAtOpen = false;

  constructor(options: RecorderOptions) {
    const { capture, conditions, ringSeconds, mostDumps } = options;
    this.#options = options;
    this.#triggers = new Triggers(conditions);
    const { stallMs } = this.#triggers;
    this.#away = stallMs === null ? null : new AwayWatch(stallMs);
    this.#schedule = new DumpSchedule({
      everyMs: ringSeconds * 1_000,
      mostDumps,
      // What led to it stays, however long the rest takes.
      write: (reason, more) => capture.holding(() => this.#settleAndDump(reason, more)),
    });
    // What happened must still be in the ring when it is seen.
    const longest = (ringSeconds * 1_000) / 6;
    this.#snapshots = new Cadence({ first: 0, every: LOOK_EVERY_MS, share: SNAPSHOT_SHARE, longest });
    // What goes on will still do so later, or is seen at its end.
    this.#opens = new Cadence({ first: 0, every: LOOK_EVERY_MS, share: OPEN_SHARE });
  }

  /** Dumps that were written. */
  get dumps(): number {
    return this.#schedule.dumps;
  }

  get failed(): number {
    return this.#schedule.failed;
  }

  /** What happened that was waited for, and is in no dump. */
  get unwritten(): number {
    return this.#schedule.unwritten;
  }

  /**
   * Judges what the tracer writes until it is gone, and all dumps are written. Throws what an analysis throws.
   */
  async run(): Promise<void> {
    const { capture } = this.#options;
    for (let generation = 0; generation === 0 || !capture.isOver; generation++) {
      await this.#judge(generation > 0);
      // An analysis that ends early for want of memory would be begun again and again.
      await Promise.race([capture.ended, pause(BETWEEN_GENERATIONS_MS)]);
    }
    const { reason } = await capture.ended;
    // Who ends it is told what is not written; a server that ends after a stall is what it was started for.
    await this.#schedule.finish(reason !== 'asked');
  }

  /** Writes what is there; `reason` is a sentence without its end. */
  trigger(reason: string): void {
    this.#schedule.trigger(reason);
  }

  async #judge(isLater: boolean): Promise<void> {
    const { capture } = this.#options;
    const options: AnalysisOptions = { ...this.#analysis, growing: true };
    const until = performance.now() + GENERATION_MS;
    let progress: Progress | null = null;
    // What was read before was judged before.
    let isNew = isLater;
    const upTo = capture.input.bytesRead + capture.bytes - (capture.ringStart?.offset ?? 0);
    const look = (): void => {
      const now = performance.now();
      if (!this.#snapshots.isDue(now)) return;
      // Workers that were stuck before the tracer came make no line.
      this.#lookAtOpen();
      if (progress === null) return;
      const report = progress.snapshot();
      const reason = this.#triggers.look(report);
      if (!isNew && reason !== null) this.trigger(reason);
      if (capture.input.bytesRead >= upTo) isNew = false;
      this.#snapshots.took(now, performance.now());
    };
    const looking = setInterval(look, LOOK_EVERY_MS);
    try {
      const input = isLater ? begunAnew(capture) : capture.input;
      const report = await analyzeInputs(
        { kind: 'live', paths: [capture.name], inputs: [endingAt(input, until)], leftOut: [], notices: [] },
        options,
        {
          progress: (state) => {
            progress = state;
            look();
          },
        },
      );
      const reason = this.#triggers.look(report);
      if (capture.isOver && !isNew && reason !== null) this.trigger(reason);
    } catch (error) {
      // Not one line was traced.
      if (!(error instanceof InputError && capture.isOver)) throw error;
    } finally {
      clearInterval(looking);
    }
  }

  get #analysis(): AnalysisOptions {
    const { stallMs } = this.#triggers;
    return stallMs === null ? {} : { thresholds: { 'stall-ms': stallMs } };
  }

  /** A stall is told when it ends: one that goes on shows in what the kernel says, and in a report on the ring. */
  #lookAtOpen(): void {
    const { capture } = this.#options;
    const away = this.#away;
    if (away === null || this.#isLookingAtOpen || capture.isOver) return;
    const now = Number(process.hrtime.bigint());
    this.#triggers.stillAway(away.look(capture.sights, now), performance.now());
    // What the ring holds must be long enough to show it.
    const held = (now - (capture.ringStart?.at ?? Number.POSITIVE_INFINITY)) / 1e6;
    if (!(held >= Math.max(LEAST_HELD_MS, this.#triggers.stallMs ?? 0))) return;
    if (!this.#opens.isDue(performance.now()) || this.#schedule.isBusy) return;
    if (!away.isWorthALook((pid) => this.#triggers.isOpen(pid))) return;
    away.looked();
    this.#isLookingAtOpen = true;
    void this.#reportOnRing().finally(() => {
      this.#isLookingAtOpen = false;
    });
  }

  async #reportOnRing(): Promise<void> {
    const { capture } = this.#options;
    const started = performance.now();
    const input = ringInput(capture);
    try {
      const set = { kind: 'live', paths: [capture.name], inputs: [input], leftOut: [], notices: [] } as const;
      const report = await capture.holding(() => analyzeInputs(set, this.#analysis));
      const reason = this.#triggers.lookAtOpen(report);
      if (reason !== null) this.trigger(reason);
    } catch (error) {
      // The ring holds no line yet.
      if (!(error instanceof InputError)) throw error;
    } finally {
      this.#opens.took(started, performance.now());
    }
  }

  /** Gives whether it could be written. */
  async #settleAndDump(reason: string, more: number): Promise<boolean> {
    const { capture, name, say, written, mostDumps, mostBytes } = this.#options;
    if (!capture.isOver) await Promise.race([capture.ended, pause(SETTLE_MS)]);
    const begin = capture.ringStart;
    const about = capture.bytes - (begin?.offset ?? 0);
    const count = this.dumps + 1;
    try {
      const { path, bytes } = await writeDump(ringInput(capture), name, { about, most: mostBytes });
      const held = begin === null ? null : (Number(process.hrtime.bigint()) - begin.at) / 1e9;
      const span = held === null ? '' : `, the last ${Math.round(held)} s`;
      const others = more === 0 ? '' : ` It also holds ${more} more that happened after the dump before.`;
      say(`${reason}: dump ${count} of ${mostDumps} (${fileSize(bytes)}${span}) is ${path}.${others}`);
      await written(path);
    } catch (error) {
      if (!(error instanceof OutputError)) throw error;
      say(`${reason}: no dump. ${error.message}${capture.isOver ? '' : ' The recorder goes on.'}`);
      return false;
    }
    if (count >= mostDumps && !capture.isOver) {
      say(`${mostDumps} dumps were written (--dumps): the recorder ends.`);
      capture.stop();
    }
    return true;
  }
}
