import type { AnalysisOptions } from '../analysis/options.ts';
import type { Report } from '../analysis/report.ts';
import { InputError } from '../sources/input-error.ts';
import type { AnalysisSights } from './analysis-messages.ts';
import { analyzeInputs } from './analyze-inputs.ts';
import { captureSoFar } from './capture-so-far.ts';

const EVERY_MS = 500;
/**
 * A report on all that was captured so far may cost one part in so many of the time, unless whoever looks would wait
 * for it for longer than that.
 */
const SHARE = 4;
const LONGEST_PAUSE_MS = 2_000;

interface OpenFindingsOptions {
  readonly name: string;
  readonly path: string;
  readonly options: AnalysisOptions;
  /** Takes the report on the capture so far; null when nobody is away from its wait any more. */
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
  #hasTold = false;

  constructor(options: OpenFindingsOptions) {
    this.#options = options;
  }

  look(sights: AnalysisSights): void {
    if (!sights.isAway) {
      if (this.#hasTold && !this.#isBusy) this.#tell(null);
      return;
    }
    if (!this.#isBusy && performance.now() >= this.#due) void this.#report(sights);
  }

  /** The capture has ended: its own report comes. */
  end(): void {
    this.#isOver = true;
  }

  async #report(sights: AnalysisSights): Promise<void> {
    const { name, path, options } = this.#options;
    this.#isBusy = true;
    const started = performance.now();
    const input = captureSoFar(name, path, sights);
    try {
      this.#tell(
        await analyzeInputs(
          { kind: 'live', paths: [name], inputs: [input], leftOut: [], notices: [] },
          { ...options, goesOn: true },
        ),
      );
    } catch (error) {
      // Before the first line there is no trace yet.
      if (!(error instanceof InputError)) throw error;
    } finally {
      this.#isBusy = false;
      const now = performance.now();
      this.#due = now + Math.min(LONGEST_PAUSE_MS, Math.max(EVERY_MS, (now - started) * SHARE));
    }
  }

  #tell(report: Report | null): void {
    if (this.#isOver) return;
    this.#hasTold = report !== null;
    this.#options.tell(report);
  }
}
