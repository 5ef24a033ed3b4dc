import type { AnalysisOptions } from '../../analysis/options.ts';
import type { Report } from '../../analysis/report.ts';
import { OutputError } from '../../files/output-error.ts';
import { analyzeInputs, type Progress } from '../../pipeline/analyze-inputs.ts';
import { Cadence } from '../../pipeline/cadence.ts';
import { captureSoFar } from '../../pipeline/capture-so-far.ts';
import { InputError } from '../../sources/input-error.ts';
import type { LiveCapture } from '../../sources/live/capture.ts';
import type { TraceInput } from '../../sources/trace-input.ts';
import { mebibytes } from '../../trace/format-numbers.ts';
import { isWait, syscall } from '../../trace/syscalls.ts';
import type { Condition } from '../options/until.ts';
import { writeDump } from './dump.ts';
import { Triggers } from './triggers.ts';

const LOOK_EVERY_MS = 500;
/** Looking at what was read, and reading all of the ring again, may cost one part in so many of the time. */
const SNAPSHOT_SHARE = 50;
const OPEN_SHARE = 30;
/** What led to it may still be in the tracer's buffer, and what it led to comes next. */
const SETTLE_MS = 800;
/** Who is seen in one call, or in no wait, for less than this may just be busy. */
const AWAY_MS = 900;
const RESTLESS_MS = 1_900;
/** What an analysis knows grows with what it saw: after so long a new one begins at the start of the ring. */
const GENERATION_MS = 6 * 3_600_000;

interface RecorderOptions {
  readonly capture: LiveCapture;
  readonly conditions: readonly Condition[];
  readonly ringSeconds: number;
  readonly mostDumps: number;
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
  readonly #snapshots: Cadence;
  readonly #opens = new Cadence({ first: 0, every: LOOK_EVERY_MS, share: OPEN_SHARE });
  #dumps = 0;
  #failed = 0;
  #missed = 0;
  #dumping: Promise<void> | null = null;
  #nextDumpAt = 0;
  #pending: NodeJS.Timeout | undefined;
  #isLookingAtOpen = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#triggers = new Triggers(options.conditions);
    // What happened must still be in the ring when it is seen.
    const longest = (options.ringSeconds * 1_000) / 6;
    this.#snapshots = new Cadence({ first: 0, every: LOOK_EVERY_MS, share: SNAPSHOT_SHARE, longest });
  }

  /** Dumps that were written. */
  get dumps(): number {
    return this.#dumps;
  }

  get failed(): number {
    return this.#failed;
  }

  /** Judges what the tracer writes until it is gone. Throws what an analysis throws. */
  async run(): Promise<void> {
    const { capture } = this.#options;
    for (let generation = 0; generation === 0 || !capture.isOver; generation++) await this.#judge(generation > 0);
    await capture.ended;
    clearTimeout(this.#pending);
    await this.#dumping;
  }

  /** Writes what is there; `reason` is a sentence without its end. */
  trigger(reason: string): void {
    const now = performance.now();
    if (this.#dumping !== null || now < this.#nextDumpAt) {
      this.#missed++;
      // The ring still holds it then.
      this.#pending ??= setTimeout(() => this.#catchUp(reason), Math.max(0, this.#nextDumpAt - now));
      return;
    }
    this.#nextDumpAt = now + this.#options.ringSeconds * 1_000;
    // What led to it stays, however long the rest takes.
    const dump = this.#options.capture.holding(() => this.#settleAndDump(reason));
    this.#dumping = dump.finally(() => {
      this.#dumping = null;
    });
  }

  #catchUp(reason: string): void {
    this.#pending = undefined;
    this.#missed--;
    if (!this.#options.capture.isOver) this.trigger(reason);
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
      if (progress === null || !this.#snapshots.isDue(now)) return;
      const report = progress.snapshot();
      if (isNew) this.#triggers.skip(report);
      else this.#judged(report);
      if (capture.input.bytesRead >= upTo) isNew = false;
      this.#snapshots.took(now, performance.now());
      this.#lookAtOpen();
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
      if (capture.isOver && !isNew) this.#judged(report);
    } finally {
      clearInterval(looking);
    }
  }

  #judged(report: Report): void {
    const reason = this.#triggers.look(report);
    if (reason !== null) this.trigger(reason);
  }

  get #analysis(): AnalysisOptions {
    const { stallMs } = this.#triggers;
    return stallMs === null ? {} : { thresholds: { 'stall-ms': stallMs } };
  }

  /** A stall is told when it ends: one that goes on shows in what the kernel says, and in a report on the ring. */
  #lookAtOpen(): void {
    const { stallMs } = this.#triggers;
    const { capture } = this.#options;
    if (stallMs === null || this.#isLookingAtOpen || capture.isOver) return;
    if (!isSomebodyAway(capture, stallMs)) {
      this.#triggers.allAreBack();
      return;
    }
    if (!this.#opens.isDue(performance.now()) || performance.now() < this.#nextDumpAt) return;
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

  async #settleAndDump(reason: string): Promise<void> {
    const { capture, name, say, written, mostDumps } = this.#options;
    if (!capture.isOver) await Promise.race([capture.ended, new Promise((resolve) => setTimeout(resolve, SETTLE_MS))]);
    const begin = capture.ringStart;
    const about = capture.bytes - (begin?.offset ?? 0);
    try {
      const { path, bytes } = await writeDump(ringInput(capture), name, about);
      this.#dumps++;
      const held = begin === null ? null : (Number(process.hrtime.bigint()) - begin.at) / 1e9;
      const span = held === null ? '' : `, the last ${Math.round(held)} s`;
      const more = this.#missed === 0 ? '' : ` It holds what happened since the dump before: ${this.#missed} more.`;
      this.#missed = 0;
      say(`${reason}: dump ${this.#dumps} of ${mostDumps} (${mebibytes(bytes)}${span}) is ${path}.${more}`);
      await written(path);
    } catch (error) {
      if (!(error instanceof OutputError)) throw error;
      this.#failed++;
      say(`${reason}: no dump. ${error.message} The recorder goes on.`);
      return;
    }
    if (this.#dumps >= mostDumps && !capture.isOver) {
      say(`${mostDumps} dumps were written (--dumps): the recorder ends.`);
      capture.stop();
    }
  }
}

/** What the ring holds, as a capture that ended now. */
function ringInput(capture: LiveCapture): TraceInput {
  const begin = capture.ringStart;
  const lastIsOpen = capture.engine.name === 'strace' && !capture.isOver;
  if (begin === null) return captureSoFar(capture.name, capture.opened, { lines: capture.sightsSoFar(), lastIsOpen });
  return captureSoFar(capture.name, capture.opened, { begin, lines: capture.sightsSince(begin), lastIsOpen });
}

/** The growing capture from the start of the ring on. */
function begunAnew({ input, ringStart }: LiveCapture): TraceInput {
  return withChunks(input, async function* () {
    yield Buffer.from(ringStart?.opening ?? '', 'latin1');
    yield* input.chunks();
  });
}

/** Ends after a while, at the end of a chunk. */
function endingAt(input: TraceInput, until: number): TraceInput {
  return withChunks(input, async function* () {
    for await (const chunk of input.chunks()) {
      yield chunk;
      if (performance.now() > until) return;
    }
  });
}

function withChunks(input: TraceInput, chunks: () => AsyncGenerator<Buffer>): TraceInput {
  return {
    ...input,
    get bytesRead() {
      return input.bytesRead;
    },
    chunks,
  };
}

/** Whether a first thread was at no look in a wait for so long, or in one call that is none. */
function isSomebodyAway({ sights }: LiveCapture, stallMs: number): boolean {
  const now = Number(process.hrtime.bigint());
  return sights.some(({ pid, threads }) => {
    const main = threads.find(({ tid }) => tid === pid) ?? threads[0];
    if (main === undefined || (main.call !== '' && isWait(syscall(main.call).family))) return false;
    const ageMs = (now - main.since) / 1e6;
    return ageMs >= Math.max(AWAY_MS, stallMs) || (main.at - main.awayFrom) / 1e6 >= Math.max(RESTLESS_MS, stallMs);
  });
}
