import type { Kind, Outcome, Quality, Report } from '../analysis/report.ts';
import { count, plural } from '../trace/format-numbers.ts';
import type { Page } from './page.ts';
import { reasonsInCommon } from './reasons-in-common.ts';

/** How a status reads, in the order in which to read them. */
const STATUS_WORDS = [
  ['failed', 'failed'],
  ['not-applicable', 'n/a'],
  ['clear', 'clear'],
] as const;
const STATUS_WIDTH = 10;
const LABEL = 12;
/** More kinds than this are counted. */
const MOST_NAMED = 8;
const SAMPLES = 3;

/**
 * What was looked for and not found, what could not be looked for, and what broke. In a line or two each; with
 * `verbose` with the reason, which is told once where several kinds have the same.
 */
export function addChecks(page: Page, report: Report, verbose: number): void {
  const listed = Object.entries(report.outcomes).filter(([, outcome]) => outcome.status !== 'found');
  if (listed.length === 0) return;
  if (verbose === 0) {
    addFolded(page, report);
    return;
  }
  const width = STATUS_WIDTH + Math.max(0, ...listed.map(([kind]) => kind.length)) + 2;
  page.heading('CHECKED', 'clear: not seen; n/a: this trace cannot tell');
  for (const [status, word] of STATUS_WORDS) {
    for (const { label, lines } of reasonsInCommon(listed.filter(([, { status: own }]) => own === status)))
      lines.forEach((line, index) => {
        page.prose(index === 0 ? [{ text: `  ${word.padEnd(STATUS_WIDTH - 2)}${label}` }] : [], width, line);
      });
  }
}

function addFolded(page: Page, { outcomes, findings }: Report): void {
  const kindsOf = (status: Outcome['status']): readonly string[] =>
    Object.entries(outcomes).flatMap(([kind, outcome]) => (outcome.status === status ? [kind] : []));
  const clear = kindsOf('clear');
  const untold = kindsOf('not-applicable');
  page.blank();
  // Beside something to act on a line each is enough; where nothing was found it is what was looked for.
  const isQuiet = findings.every(({ severity }) => severity === 'info');
  const fitting = (named: string, counted: string): string =>
    isQuiet || LABEL + named.length <= page.width ? named : counted;
  const clearKinds = plural(clear.length, 'kind');
  if (clear.length > 0)
    page.prose(
      [{ text: 'CLEAR' }],
      LABEL,
      fitting(`${clearKinds}: ${clear.join(', ')}`, `${clearKinds} looked for and not seen; -v lists them`),
    );
  const untoldKinds = plural(untold.length, 'kind');
  const names = untold.length > MOST_NAMED ? '' : `: ${untold.join(', ')}`;
  if (untold.length > 0)
    page.prose(
      [{ text: 'NOT JUDGED' }],
      LABEL,
      fitting(`${untoldKinds}${names}; -v says why`, `${untoldKinds}; -v says why`),
    );
  for (const kind of kindsOf('failed'))
    page.prose([{ text: 'CRASHED', style: 'warning' }], LABEL, `${kind}: ${outcomes[kind as Kind]?.reason ?? ''}`);
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
