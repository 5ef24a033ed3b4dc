import { effectsInWords, severityOf } from '../analysis/causes.ts';
import type { Evidence, Finding, Report, Step } from '../analysis/report.ts';
import { plural } from '../trace/format-numbers.ts';
import { membersInWords, numbersOf, relatedInWords, whoseOf } from './finding-parts.ts';
import type { Page, Run } from './page.ts';
import { moment, notationOf, period } from './when.ts';
import { CONFIDENCE_WORDS, SEVERITY_WORDS } from './wording.ts';

/** Columns of a finding's body, of its title, and of the text behind WHY, NEXT and PROOF. */
const BODY = 4;
const TITLE = BODY + 10;
const TEXT = BODY + 7;
const SHOWN_EVIDENCE = 4;
const SHOWN_MEMBERS = 8;
const MOST_STEPS = 10;
/** A file's path may take this share of the width before evidence names it without its folder. */
const LOCATION_SHARE = 0.25;

/**
 * Writes findings onto a page, in full or on one line. What several have in common (why it matters, a next step) it
 * says once.
 */
export class FindingWriter {
  readonly #page: Page;
  readonly #report: Report;
  readonly #verbose: number;
  readonly #isBrief: boolean;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #fileNames: ReadonlyMap<string, string>;
  /** Which finding said it first. */
  readonly #said = new Map<string, number>();

  /** `isBrief`: only what fits a page, for a report of very many findings. */
  constructor(page: Page, report: Report, verbose: number, isBrief = false) {
    this.#isBrief = isBrief;
    this.#page = page;
    this.#report = report;
    this.#verbose = verbose;
    this.#numbers = numbersOf(report);
    this.#fileNames = fileNames(page, report);
  }

  /** Title, when and who, summary, why, next steps, proof, related findings. */
  inFull(finding: Finding): void {
    const page = this.#page;
    page.prose(this.#label(finding), TITLE, finding.title, 'bold');
    page.parts([], BODY, [
      finding.kind,
      CONFIDENCE_WORDS[finding.confidence],
      period(this.#report.window, finding),
      whoseOf(finding, this.#report),
    ]);
    page.prose([], BODY, finding.summary);
    this.#members(finding);
    const effects = effectsInWords(finding, this.#report.findings);
    if (effects.length > 0) page.parts(label('EFFECTS'), TEXT + 1, effects);
    if (finding.why !== '') {
      const earlier = this.#saidBy(finding.why, finding);
      page.prose(label('WHY'), TEXT, earlier === null ? finding.why : `as in ${earlier}`);
    }
    for (const [index, step] of finding.next.slice(0, this.#isBrief ? 1 : MOST_STEPS).entries())
      this.#step(step, index, this.#saidBy(JSON.stringify(step), finding));
    this.#proof(finding.evidence);
    const related = relatedInWords(finding, this.#report, this.#numbers);
    if (related !== '') page.prose(label('SEE'), TEXT, related);
  }

  /** A line each: the title, then as many columns of how sure, when and who as fit for all of them. */
  onOneLineEach(findings: readonly Finding[]): void {
    const rows = findings.map((finding) => {
      const time = moment(this.#report.window, finding.startMs, finding.startTime);
      const parts = [
        CONFIDENCE_WORDS[finding.confidence],
        time === 'unknown' ? '' : time,
        whoseOf(finding, this.#report),
      ];
      return [finding.title, ...parts];
    });
    const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
    let room = this.#page.width - TITLE;
    const shown = widths.findIndex((width, column) => {
      room -= width === 0 ? 0 : width + (column === 0 ? 0 : 3);
      return column > 0 && room < 0;
    });
    for (const [index, finding] of findings.entries()) {
      const cells = (rows[index] ?? []).slice(0, shown < 0 ? undefined : shown);
      const text = cells
        .flatMap((cell, column) => (widths[column] === 0 ? [] : [cell.padEnd(widths[column] ?? 0)]))
        .join('   ')
        .trimEnd();
      this.#page.line(this.#label(finding), TITLE, text);
    }
  }

  /** Each worker that has the same cause, the worst first. */
  #members(finding: Finding): void {
    const rows = membersInWords(finding, this.#report.findings);
    if (rows.length === 0) return;
    const shown = this.#verbose > 0 ? rows : rows.slice(0, SHOWN_MEMBERS);
    const more = rows.length - shown.length;
    this.#page.parts(label('WORKERS'), TEXT + 1, [...shown, ...(more > 0 ? [`+${more} more`] : [])]);
  }

  #label(finding: Finding): readonly Run[] {
    const number = `${String(this.#numbers.get(finding.id) ?? '').padStart(2)} `.padEnd(BODY);
    const severity = severityOf(finding, this.#report.findings);
    return [{ text: number }, { text: SEVERITY_WORDS[severity], style: severity }];
  }

  /**
   * The number of the finding that said this before; null when this one is the first, or when everything is wanted in
   * full.
   */
  #saidBy(what: string, finding: Finding): number | null {
    const earlier = this.#said.get(what);
    if (earlier === undefined) this.#said.set(what, this.#numbers.get(finding.id) ?? 0);
    return this.#verbose > 0 ? null : (earlier ?? null);
  }

  #step(step: Step, index: number, earlier: number | null): void {
    const page = this.#page;
    const number = `${index + 1} `;
    const indent = TEXT + number.length;
    const start = [{ text: `${' '.repeat(BODY)}${(index === 0 ? 'NEXT' : '').padEnd(TEXT - BODY)}${number}` }];
    if (earlier !== null) {
      page.line(start, indent, `as in ${earlier}: ${step.text}`);
      return;
    }
    page.prose(start, indent, step.text);
    if (step.command !== undefined) page.verbatim(indent + 2, step.command);
    if (step.needs !== undefined) page.prose([{ text: `${' '.repeat(indent)}needs: ` }], indent + 7, step.needs);
    if (step.caveat !== undefined) page.prose([{ text: `${' '.repeat(indent)}caveat: ` }], indent + 8, step.caveat);
  }

  #proof(evidence: readonly Evidence[]): void {
    if (evidence.length === 0) return;
    const shown = this.#verbose > 0 ? evidence : evidence.slice(0, SHOWN_EVIDENCE);
    const [first = ''] = [...new Set(evidence.map(({ file }) => file))];
    const name = (file: string): string => this.#fileNames.get(file) ?? file;
    const isOneFile = evidence.every(({ file }) => file === first);
    const all = `${plural(evidence.length, 'line')}${isOneFile ? ` of ${name(first)}` : ''}`;
    this.#page.line(
      label('PROOF'),
      TEXT,
      shown.length === evidence.length ? all : `${shown.length} of ${all}, -v shows all`,
    );
    const lines = shown.map(({ file, line, text }) => ({
      place: isOneFile ? String(line) : `${name(file)}:${line}`,
      text,
    }));
    this.#page.traceLines(BODY + 2, lines, notationOf(this.#report));
  }
}

/**
 * How evidence names its files: as they are, or, where that would leave too little of the lines, without their folders,
 * unless two then look alike.
 */
function fileNames(page: Page, report: Report): ReadonlyMap<string, string> {
  const files = [...new Set(report.findings.flatMap((finding) => finding.evidence.map(({ file }) => file)))];
  const names = new Map(files.map((file) => [file, file.slice(file.lastIndexOf('/') + 1)]));
  const fits = files.every((file) => file.length <= page.width * LOCATION_SHARE);
  return fits || new Set(names.values()).size < names.size ? new Map() : names;
}

function label(word: string): readonly Run[] {
  return [{ text: ' '.repeat(BODY) + word }];
}
