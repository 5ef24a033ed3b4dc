import { causesIn } from '../analysis/causes.ts';
import type { Report } from '../analysis/report.ts';
import { firstStep } from './first-step.ts';
import { Page, type PageOptions } from './page.ts';
import { redactReport } from './redact.ts';
import type { Room } from './room.ts';
import { addChecks, addDiagnostics } from './text-checks.ts';
import { addFindings, addIndex, addNoFinding, addWorst } from './text-findings.ts';
import { addHosts } from './text-hosts.ts';
import { addQuietTables } from './text-quiet.ts';
import { addCalls, addDependencies, addWorkers } from './text-tables.ts';
import { addTime } from './text-time.ts';
import { span } from './when.ts';
import { coverage, extent, omission, paths, recording, SEVERITY_WORDS, verdictSentence, workforce } from './wording.ts';

export interface TextOptions extends PageOptions {
  /** 0: what to act on. 1: all findings in full, calls and diagnostics. 2: also every row of every table. */
  readonly verbose: number;
  /** Shows payload: request lines with their query, contents of reads and writes. */
  readonly withPayload?: boolean;
}

/** Where the text behind the labels SOURCE, CRITICAL and DATA begins. */
const LABEL = 12;
/** And a command below such a label. */
const COMMAND = 15;
/**
 * A terminal of 24 lines shows this much above its prompt; a longer report repeats its verdict at the end, one of
 * several screens its first findings and the first step, too.
 */
const SCREEN = 23;
const SOURCE_WORDS = { file: 'FILE', live: 'LIVE', stdin: 'STDIN' } as const;

/**
 * The report as text for a terminal: the verdict, what to act on, the proof, then what was looked at. Ends with a line
 * break. Without `verbose` it has 80 lines at most: of many findings the first ones are told in full.
 */
export function renderText(report: Report, options: TextOptions): string {
  const shown = options.withPayload === true ? report : redactReport(report);
  let page = pageOf(shown, options, ROOMS[0]);
  for (const room of ROOMS.slice(1)) {
    if (options.verbose > 0 || page.length <= MOST_LINES) break;
    page = pageOf(shown, options, room);
  }
  return page.toString();
}

const MOST_LINES = 80;
const ROOMS: readonly [Room, ...Room[]] = [
  { findings: 10, rows: 24, isBrief: false },
  { findings: 3, rows: 24, isBrief: false },
  { findings: 2, rows: 12, isBrief: false },
  { findings: 1, rows: 12, isBrief: false },
  { findings: 1, rows: 6, isBrief: true },
];

function pageOf(shown: Report, options: TextOptions, room: Room): Page {
  const page = new Page(options);
  const label = [{ text: SOURCE_WORDS[shown.source.kind] }];
  page.parts(label, LABEL, [
    paths(shown),
    workforce(shown),
    span(shown.window),
    ...extent(shown),
    recording(shown.source),
  ]);
  addVerdict(page, shown);
  page.parts(
    [{ text: 'DATA', style: shown.quality.grade === 'good' ? 'plain' : 'warning' }],
    LABEL,
    coverage(shown.quality),
  );
  // A note may end with a command: what follows begins a line of its own.
  for (const note of shown.quality.notes) page.prose([], LABEL, note);
  page.rule();
  if (shown.hosts !== undefined) {
    addHosts(page, shown);
    page.rule();
  }
  if (shown.findings.length > 0) {
    addIndex(page, shown, room);
    addFindings(page, shown, options.verbose, room);
  } else addNoFinding(page, shown);
  addWorkers(page, shown, options.verbose, room.rows);
  if (shown.findings.every(({ severity }) => severity === 'info') && options.verbose === 0 && !room.isBrief)
    addQuietTables(page, shown);
  if (shown.omitted !== undefined) page.prose([], 2, `${omission(shown)}.`);
  if (options.verbose > 0) {
    addTime(page, shown.time, options.verbose);
    addDependencies(page, shown.dependencies, options.verbose);
  }
  if (options.verbose > 0) addCalls(page, shown, shown.calls, options.verbose);
  addChecks(page, shown, options.verbose);
  if (options.verbose > 0) addDiagnostics(page, shown.quality);
  if (page.length >= SCREEN) {
    page.rule();
    if (page.length >= 2 * SCREEN && !room.isBrief) addWorst(page, shown);
    addVerdict(page, shown);
    if (page.length >= 2 * SCREEN) addFirstStep(page, shown);
  }
  return page;
}

/** What to do first, below the verdict that a long report ends with. */
function addFirstStep(page: Page, report: Report): void {
  const first = firstStep(report);
  if (first === null) return;
  const { text, command } = first.step;
  const isOne = causesIn(report.findings).length === 1;
  page.prose([{ text: 'NEXT' }], LABEL, isOne ? text : `${text} (finding ${first.number})`);
  if (command !== undefined) page.verbatim(COMMAND, command);
}

function addVerdict(page: Page, report: Report): void {
  const { severity } = report.verdict;
  page.prose(
    [{ text: SEVERITY_WORDS[severity], style: severity === 'none' ? 'bold' : severity }],
    LABEL,
    verdictSentence(report.verdict),
    'bold',
  );
}
