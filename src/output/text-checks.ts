import type { Quality, Report } from '../analysis/report.ts';
import { count } from '../trace/format-numbers.ts';
import type { Page } from './page.ts';

/** How a status reads, in the order in which to read them. */
const STATUS_WORDS = [
  ['failed', 'failed'],
  ['not-applicable', 'n/a'],
  ['clear', 'clear'],
] as const;
const STATUS_WIDTH = 10;
const SAMPLES = 3;

/**
 * What was looked for and not found, what could not be looked for and why, and what broke. One line a kind that is
 * clear.
 */
export function addChecks(page: Page, report: Report, verbose: number): void {
  const listed = Object.entries(report.outcomes).filter(([, outcome]) => outcome.status !== 'found');
  if (listed.length === 0) return;
  const width = STATUS_WIDTH + Math.max(0, ...listed.map(([kind]) => kind.length)) + 2;
  const isWhole = verbose > 0 || report.findings.length === 0;
  page.heading('CHECKED', 'clear: not seen; n/a: this trace cannot tell');
  for (const [status, word] of STATUS_WORDS) {
    for (const [kind, outcome] of listed.filter(([, { status: own }]) => own === status)) {
      const label = [{ text: `  ${word.padEnd(STATUS_WIDTH - 2)}${kind}` }];
      if (status === 'clear' && !isWhole) page.line(label, width, outcome.reason);
      else page.prose(label, width, outcome.reason);
    }
  }
}

/** What the reader of the trace stumbled over, with samples. */
export function addDiagnostics(page: Page, quality: Quality): void {
  if (quality.diagnostics.length === 0) return;
  page.heading('DIAGNOSTICS', 'what the reader of the trace stumbled over');
  for (const { code, severity, count: number, meaning, samples } of quality.diagnostics) {
    page.prose([{ text: `  ${severity}` }], 11, `${code}, ${count(number)} x: ${meaning}`);
    for (const sample of samples.slice(0, SAMPLES)) page.line([], 11, `${sample.file}:${sample.line}  ${sample.text}`);
  }
}
