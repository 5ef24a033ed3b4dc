import { causesIn } from '../../analysis/causes.ts';
import { type FindingInterval, intervalsOf } from '../../analysis/finding-intervals.ts';
import {
  type Finding,
  type Report,
  SEVERITIES,
  type Severity,
  type Timeline,
  type TimelineRow,
} from '../../analysis/report.ts';
import { numbersOf } from '../finding-parts.ts';

/** A finding in the row of one of its workers. */
export interface FindingMark {
  /** Of the cause that it is, or belongs to. */
  readonly number: number;
  readonly finding: Finding;
  readonly severity: Severity;
  /** In columns of the timeline. */
  readonly stretches: readonly (readonly [from: number, to: number])[];
}

/** Marks of all rows together, and stretches of one, at most. */
const MOST_MARKS = 300;
const MOST_STRETCHES = 24;

/** The findings of each row, in the order of the rows. */
export function marksOf(report: Report, timeline: Timeline, most: number): readonly (readonly FindingMark[])[] {
  const numbers = numbersOf(report);
  const shown = new Set(
    causesIn(report.findings)
      .slice(0, most)
      .map(({ id }) => id),
  );
  const drawn = report.findings.flatMap((finding) => {
    const cause = [finding.id, finding.memberOf ?? '', finding.effectOf ?? ''].find((id) => shown.has(id));
    return cause === undefined ? [] : [{ finding, cause, listed: intervalsOf(finding) }];
  });
  let left = MOST_MARKS;
  return timeline.rows.map((row) => {
    const marks = drawn.flatMap(({ finding, cause, listed }): FindingMark[] => {
      if (left === 0 || !isOf(finding, row)) return [];
      const stretches = stretchesOf(report, timeline, finding, listed, row);
      const { severity } = finding;
      return stretches.length === 0 ? [] : [{ number: numbers.get(cause) ?? 0, finding, severity, stretches }];
    });
    const kept = marks.slice(0, left);
    left -= kept.length;
    // What is drawn last lies on top: the worst.
    return kept.toSorted((a, b) => SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity));
  });
}

function isOf({ workers, hosts }: Finding, { pid, host }: TimelineRow): boolean {
  return workers.includes(pid) && (host === null || hosts.length === 0 || hosts[0] === host);
}

/** What the finding lists with times, else the whole of it. */
function stretchesOf(
  report: Report,
  timeline: Timeline,
  finding: Finding,
  listed: readonly FindingInterval[],
  row: TimelineRow,
): readonly (readonly [number, number])[] {
  const { startMs, columnMs, columns } = timeline;
  const { listedMs, wholeMs } = offsetsOf(report, timeline, row);
  const whole: readonly FindingInterval[] =
    finding.startMs === null || listed.length > 0
      ? []
      : [
          {
            startMs: finding.startMs + wholeMs - listedMs,
            endMs: finding.openEnded
              ? Number.POSITIVE_INFINITY
              : (finding.endMs ?? finding.startMs) + wholeMs - listedMs,
            pid: null,
          },
        ];
  return [...listed, ...whole]
    .filter(({ pid }) => pid === null || pid === row.pid)
    .slice(0, MOST_STRETCHES)
    .flatMap((span) => {
      const from = (span.startMs + listedMs - startMs) / columnMs;
      const to = (span.endMs + listedMs - startMs) / columnMs;
      return to < 0 || from > columns ? [] : [[Math.max(0, from), Math.min(columns, to)] as const];
    });
}

/**
 * What is added to times to place them: what a finding lists counts from the beginning of the capture of its host, the
 * finding itself from that of the first.
 */
function offsetsOf(
  { hosts, window }: Report,
  { isOnOneClock }: Timeline,
  { host }: TimelineRow,
): { readonly listedMs: number; readonly wholeMs: number } {
  const own = hosts?.find(({ name }) => name === host)?.window;
  const between = Date.parse(own?.startTime ?? '') - Date.parse(window.startTime ?? '');
  const offset = own === undefined || !Number.isFinite(between) ? 0 : between;
  return isOnOneClock ? { listedMs: offset, wholeMs: 0 } : { listedMs: -(own?.startMs ?? 0), wholeMs: -offset };
}
