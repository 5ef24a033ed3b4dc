import type { AnalysisOptions } from '../analysis/options.ts';
import type { Report } from '../analysis/report.ts';
import { InputError } from '../sources/input-error.ts';
import type { InputSet, TraceInput } from '../sources/trace-input.ts';
import type { AnalysisSights } from './analysis-messages.ts';
import { analyzeInputs } from './analyze-inputs.ts';
import { type CaptureEnds, type CaptureSoFar, captureSoFar } from './capture-so-far.ts';
import type { Progress } from './progress.ts';

const EVERY_MS = 250;
/**
 * A report on all that was captured so far may cost one part in so many of the time, unless whoever looks would wait
 * for it for longer than that.
 */
const SHARE = 4;
const LONGEST_PAUSE_MS = 2_000;
/** On a busy machine the first reports of a short capture take long, and little of that is their own. */
const SHORT_PAUSE_MS = 500;
/** bpftrace empties the buffers of all processors well within that, unless it cannot keep up. */
const UNSETTLED_NS = 250_000_000;

/** What bpftrace printed of a busy server in its first seconds is longer. */
export const SHORT_BYTES = 524_288;

interface OpenFindingsOptions {
  readonly name: string;
  readonly path: string;
  readonly options: AnalysisOptions;
  /** Takes the report on the capture so far. */
  readonly tell: (report: Report | null) => void;
}

/**
 * Reports on a capture at work as if it ended now, while somebody is away from its wait for long: the judges of a
 * growing trace leave open what has not ended, and that is what a hang is.
 */
export class OpenFindings {
  readonly #options: OpenFindingsOptions;
  #due = 0;
  #isBusy = false;
  #isOver = false;
  #isWanted = false;
  /** What was seen last, and not reported yet. */
  #ahead: AnalysisSights | null = null;
  #waiting: NodeJS.Timeout | undefined;

  constructor(options: OpenFindingsOptions) {
    this.#options = options;
  }

  /** Nothing happens any more as far as the capture shows: what was seen of the processes is how it ends. */
  look(sights: AnalysisSights): void {
    this.#look((input) => this.#asIfEnded(input), sights);
  }

  /**
   * Things happen: of those that the reader of the capture holds back, to put them in order, all count. A full pool of
   * php-fpm is on the screen 1.5 s after the tracer is there, and 2.6 s without this (medians of 8 each).
   */
  lookAhead(sights: AnalysisSights): void {
    this.#ahead = sights;
    this.#lookAhead();
  }

  /** Nobody is away from its wait any more. */
  forget(): void {
    this.#isWanted = false;
    this.#ahead = null;
  }

  /** The capture has ended: its own report comes. */
  end(): void {
    this.#isOver = true;
  }

  #lookAhead(): void {
    const sights = this.#ahead;
    if (sights === null || this.#isOver) return;
    const isBegun = this.#look((input) => this.#atWork(input, sights), { lines: '', lastIsOpen: false });
    if (isBegun) this.#ahead = null;
  }

  #look(report: (input: CaptureSoFar) => Promise<Report | null>, ends: CaptureEnds): boolean {
    this.#isWanted = true;
    if (this.#isBusy || performance.now() < this.#due) return false;
    const { name, path } = this.#options;
    void this.#report(captureSoFar(name, path, ends), report);
    return true;
  }

  async #report(input: CaptureSoFar, report: (input: CaptureSoFar) => Promise<Report | null>): Promise<void> {
    this.#isBusy = true;
    const started = performance.now();
    try {
      this.#tell(await report(input));
    } catch (error) {
      // Before the first line there is no trace yet.
      if (!(error instanceof InputError)) throw error;
    } finally {
      this.#isBusy = false;
      const now = performance.now();
      const longest = (input.bytesRead ?? 0) <= SHORT_BYTES ? SHORT_PAUSE_MS : LONGEST_PAUSE_MS;
      this.#due = now + Math.min(longest, Math.max(EVERY_MS, (now - started) * SHARE));
      clearTimeout(this.#waiting);
      this.#waiting = setTimeout(() => this.#lookAhead(), this.#due - now + 1);
    }
  }

  #asIfEnded(input: CaptureSoFar): Promise<Report> {
    return analyzeInputs(this.#only(input), { ...this.#options.options, goesOn: true });
  }

  async #atWork(input: CaptureSoFar, { lines, elsewhere }: AnalysisSights): Promise<Report | null> {
    let open: Report | null = null;
    const progress = (seen: Progress): void => {
      // At the end of what there is nothing is held back.
      if (input.isOver) open = seen.open({ lines, elsewhere, unsettled: UNSETTLED_NS });
    };
    await analyzeInputs(this.#only(input), { ...this.#options.options, growing: true, goesOn: true }, { progress });
    return open;
  }

  #only(input: TraceInput): InputSet {
    return { kind: 'live', paths: [input.name], inputs: [input], leftOut: [], notices: [] };
  }

  #tell(report: Report | null): void {
    if (!this.#isOver && this.#isWanted) this.#options.tell(report);
  }
}
