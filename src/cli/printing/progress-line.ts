import type { Report } from '../../analysis/report.ts';
import type { Progress } from '../../pipeline/analyze-inputs.ts';
import { linesSoFar } from '../../trace/format-numbers.ts';
import { StatusLine, type Terminal } from './status-line.ts';

const FIRST_AFTER_MS = 500;
const INTERVAL_MS = 250;
const VERDICT_INTERVAL_MS = 1_000;
/** A verdict may cost one part in so many of the time. */
const VERDICT_SHARE = 20;
const MEGABYTE = 1_000_000;

interface ProgressLineOptions {
  readonly enabled: boolean;
  readonly verdictOf: (report: Report) => string;
  /** Milliseconds that only grow. */
  readonly now?: () => number;
}

/**
 * One line on a terminal's stderr: how far the reading is, and the verdict so far. Shows up after half a second and is
 * gone at the end.
 */
export class ProgressLine {
  readonly #line: StatusLine;
  readonly #verdictOf: (report: Report) => string;
  readonly #now: () => number;
  #due: number;
  #verdictDue: number;
  #verdict = '';

  constructor(terminal: Terminal, { enabled, verdictOf, now = () => performance.now() }: ProgressLineOptions) {
    this.#line = new StatusLine(terminal, enabled);
    this.#verdictOf = verdictOf;
    this.#now = now;
    this.#due = now() + FIRST_AFTER_MS;
    this.#verdictDue = this.#due;
  }

  /** Cheap enough to be called after every chunk. */
  update(progress: Progress): void {
    if (!this.#line.isShown) return;
    const now = this.#now();
    if (now < this.#due) return;
    this.#due = now + INTERVAL_MS;
    if (now >= this.#verdictDue) this.#judge(progress, now);
    this.#line.write(progressText(progress, this.#verdict));
  }

  clear(): void {
    this.#line.clear();
  }

  /** Large reports make the next verdict wait, so that looking never becomes the work. */
  #judge(progress: Progress, now: number): void {
    const report = progress.snapshot();
    this.#verdict = report.findings.length === 0 ? '' : this.#verdictOf(report);
    const end = this.#now();
    this.#verdictDue = end + Math.max(VERDICT_INTERVAL_MS, (end - now) * VERDICT_SHARE);
  }
}

/** `Reading 43% (263 of 612 MB, 1.9 M lines)`, or `43% read. So far: CRITICAL  Likely: …`. */
export function progressText({ bytesRead, sizeBytes, lines }: Progress, verdict: string): string {
  const read = Math.floor(bytesRead / MEGABYTE);
  const percent =
    sizeBytes === null || sizeBytes === 0 ? null : `${Math.min(100, Math.floor((bytesRead / sizeBytes) * 100))}%`;
  if (verdict !== '') return `${percent ?? `${read} MB`} read. So far: ${verdict}`;
  const amount = linesSoFar(lines);
  return percent === null
    ? `Reading (${read} MB, ${amount})`
    : `Reading ${percent} (${read} of ${Math.floor((sizeBytes ?? 0) / MEGABYTE)} MB, ${amount})`;
}
