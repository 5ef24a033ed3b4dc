import { causesIn, doubtIn, severityOf } from '../analysis/causes.ts';
import type { Finding, Report } from '../analysis/report.ts';
import { count, plural } from '../trace/format-numbers.ts';
import { FindingWriter } from './finding-writer.ts';
import type { Page } from './page.ts';
import type { Room } from './room.ts';
import { explainHint, extent, NO_FINDING, tally, workforce } from './wording.ts';

const LISTED = 10;
const REPEATED = 5;
/** More findings than this are listed before they are told: the first screen then shows them all. */
const FEW = 3;
const INDENT = 4;
const LABEL = 12;
const TITLE = 14;

/**
 * All findings, worst first: critical and warning ones in full up to a limit, and the one by which the verdict cannot
 * tell; the other info ones on a line each; with `verbose` all in full.
 */
export function addFindings(page: Page, report: Report, verbose: number, room: Room): void {
  const writer = new FindingWriter(page, report, verbose, room.isBrief);
  const causes = causesIn(report.findings);
  const doubt = doubtIn(report);
  const isFull = (finding: Finding): boolean =>
    verbose > 0 || finding === doubt || severityOf(finding, report.findings) !== 'info';
  const full = verbose > 0 ? report.findings : causes.filter(isFull);
  const rest = causes.filter((finding) => !isFull(finding));
  const detailed = verbose > 0 ? full : full.slice(0, room.findings);
  for (const [index, finding] of detailed.entries()) {
    if (index > 0) page.blank();
    writer.inFull(finding);
  }
  const listed = full.slice(detailed.length);
  // Where there is an index it lists them.
  const isIndexed = verbose === 0 && isIndexNeeded(report, room);
  if (listed.length > 0 && !isIndexed) page.blank();
  if (!isIndexed) writer.onOneLineEach(listed.slice(0, LISTED));
  addMore(page, isIndexed ? listed : listed.slice(LISTED), true);
  if (rest.length > 0 && detailed.length > 0) page.blank();
  writer.onOneLineEach(rest.slice(0, LISTED));
  addMore(page, rest.slice(LISTED), false);
  page.blank();
  const kind = report.findings[0]?.kind ?? '';
  page.prose([{ text: ' '.repeat(INDENT) }], INDENT, explainHint(kind));
}

/** A line for each finding that matters, when there are more than a first screen can tell in full. */
export function addIndex(page: Page, report: Report, room: Room): void {
  const serious = seriousIn(report);
  if (!isIndexNeeded(report, room)) return;
  page.prose([{ text: 'FINDINGS', style: 'bold' }], LABEL, `${count(serious.length)}, in the order to act on them`);
  const writer = new FindingWriter(page, report, 0);
  writer.onOneLineEach(serious.slice(0, LISTED));
  addMore(page, serious.slice(LISTED), false);
  page.rule();
}

function isIndexNeeded(report: Report, { findings }: Room): boolean {
  return seriousIn(report).length > Math.min(FEW, findings);
}

/** The titles of the first findings, for the last screen of a long report. */
export function addWorst(page: Page, report: Report): void {
  const serious = seriousIn(report);
  if (serious.length < 2) return;
  const writer = new FindingWriter(page, report, 0);
  writer.onOneLineEach(serious.slice(0, REPEATED));
}

/** What was looked at, when nothing was found. */
export function addNoFinding(page: Page, report: Report): void {
  page.prose([], 0, NO_FINDING);
  page.blank();
  page.parts([{ text: 'LOOKED AT' }], 12, [
    plural(report.quality.events, 'event'),
    workforce(report),
    ...extent(report),
  ]);
}

/** Causes that are no mere info. */
function seriousIn({ findings }: Report): readonly Finding[] {
  return causesIn(findings).filter((finding) => severityOf(finding, findings) !== 'info');
}

function addMore(page: Page, hidden: readonly Finding[], isAfterDetail: boolean): void {
  if (hidden.length === 0) return;
  if (isAfterDetail) page.blank();
  page.prose([{ text: `+${count(hidden.length)} more` }], TITLE, `${tally(hidden)}; -v shows all`);
}
