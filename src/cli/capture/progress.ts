import type { Report } from '../../analysis/report.ts';
import type { Progress } from '../../pipeline/analyze-inputs.ts';
import type { LiveCapture } from '../../sources/live/capture.ts';
import { decimals, mebibytes } from '../../trace/format-numbers.ts';
import { StatusLine, type Terminal } from '../printing/status-line.ts';

const INTERVAL_MS = 500;
const VERDICT_EVERY = 4;
/** Less than this is what a look every 50 ms leaves unread. */
const NOTABLE_BYTES = 4_194_304;

interface CaptureProgressOptions {
  readonly enabled: boolean;
  readonly verdictOf: (report: Report) => string;
}

/**
 * One line on a terminal's stderr while processes are traced: that they are, how long still, and the verdict so far.
 */
export class CaptureProgress {
  readonly #line: StatusLine;
  readonly #capture: LiveCapture;
  readonly #verdictOf: (report: Report) => string;
  readonly #timer: NodeJS.Timeout | undefined;
  #progress: Progress | null = null;
  #verdict = '';
  #drawn = 0;

  constructor(terminal: Terminal, capture: LiveCapture, { enabled, verdictOf }: CaptureProgressOptions) {
    this.#line = new StatusLine(terminal, enabled);
    this.#capture = capture;
    this.#verdictOf = verdictOf;
    if (this.#line.isShown) this.#timer = setInterval(() => this.#draw(), INTERVAL_MS);
  }

  /** Takes what the reading knows; called after every chunk. */
  update(progress: Progress): void {
    this.#progress = progress;
  }

  clear(): void {
    this.#line.clear();
  }

  /** Clears the line for good. */
  end(): void {
    clearInterval(this.#timer);
    this.clear();
  }

  #draw(): void {
    if (this.#drawn++ % VERDICT_EVERY === 0 && this.#progress !== null) {
      const report = this.#progress.snapshot();
      this.#verdict = report.findings.length === 0 ? '' : this.#verdictOf(report);
    }
    this.#line.write(progressText(this.#capture, this.#progress, this.#verdict, performance.now()));
  }
}

/** `TRACED by strace, 43 s left, 1.2 MB`, with what is found so far or how far drover is behind. */
export function progressText(
  {
    engine,
    endsAt,
    bytes,
    costPercent = null,
  }: Pick<LiveCapture, 'engine' | 'endsAt' | 'bytes'> & Partial<Pick<LiveCapture, 'costPercent'>>,
  progress: Pick<Progress, 'bytesRead'> | null,
  verdict: string,
  now: number,
): string {
  const left = Math.max(0, Math.ceil((endsAt - now) / 1_000));
  const behind = bytes - (progress?.bytesRead ?? 0);
  const lag = behind > NOTABLE_BYTES ? `, ${mebibytes(behind)} behind` : '';
  const cost = costPercent === null ? '' : `, cost ${decimals(costPercent, 1)} % of a CPU`;
  return (
    `TRACED by ${engine.name}, ${left} s left, ` +
    `${mebibytes(bytes)}${lag}${cost}${verdict === '' ? '' : `. So far: ${verdict}`}`
  );
}
