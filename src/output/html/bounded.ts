import type { Report } from '../../analysis/report.ts';
import { cut, show } from '../show.ts';
import { cutMiddle } from '../trace-line.ts';
import { notationOf } from '../when.ts';

/** How much of a report a page shows. */
export interface PageRoom {
  /** Causes in full. */
  readonly findings: number;
  /** Lines of proof a finding. */
  readonly evidence: number;
  /** Characters of such a line. */
  readonly line: number;
  /** Characters of any other text. */
  readonly words: number;
  /** Rows of a table. */
  readonly rows: number;
}

/** The first that gives a page of the right size is taken. */
export const PAGE_ROOMS: readonly [PageRoom, ...PageRoom[]] = [
  { findings: 40, evidence: 24, line: 500, words: 2_000, rows: 100 },
  { findings: 20, evidence: 12, line: 300, words: 800, rows: 50 },
  { findings: 8, evidence: 6, line: 200, words: 300, rows: 25 },
  { findings: 3, evidence: 3, line: 120, words: 120, rows: 10 },
];

/** The report with texts of at most the length that the room allows. */
export function bounded(report: Report, room: PageRoom): Report {
  const { timeline, ...others } = report;
  const shorter = shortened(others, room.words) as typeof others;
  const notation = notationOf(report);
  const findings = shorter.findings.map((finding, index) => ({
    ...finding,
    evidence: (report.findings[index]?.evidence ?? []).slice(0, room.evidence).map(({ file, line, text }) => ({
      file: shortText(file, room.words),
      line,
      text: cutMiddle(show(text), room.line, notation),
    })),
  }));
  return { ...shorter, findings, ...(timeline === undefined ? {} : { timeline }) };
}

/** Text of at most so many cells. Nothing gets shorter by being shown, so that the end need not be looked at. */
export function shortText(text: string, most: number): string {
  return text.length <= most ? text : cut(show(text.slice(0, most + 1)), most);
}

function shortened(value: unknown, most: number): unknown {
  if (typeof value === 'string') return shortText(value, most);
  if (Array.isArray(value)) return value.map((each) => shortened(each, most));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shortened(each, most)]));
}
