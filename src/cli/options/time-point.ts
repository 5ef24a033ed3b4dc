import type { TimePoint } from '../../analysis/options.ts';
import { SECOND } from '../../trace/time.ts';
import { UsageError } from './usage-error.ts';

const EPOCH = /^(?<seconds>\d{9,11})(?:\.(?<fraction>\d{1,9}))?$/;
const CLOCK = /^(?<hours>[01]?\d|2[0-3]):(?<minutes>[0-5]\d)(?::(?<seconds>[0-5]\d|60)(?:[.,](?<fraction>\d{1,9}))?)?$/;
const RELATIVE = /^\+(?<number>\d+(?:\.\d+)?)(?<unit>ms|s|m|h)?$/;
const ISO =
  /^(?<date>\d{4}-\d\d-\d\d)[Tt ](?<time>\d\d:\d\d(?::\d\d)?)(?:[.,](?<fraction>\d{1,9}))?(?<zone>[Zz]|[+-]\d\d:?\d\d)?$/;
const UNIT_NANOSECONDS = { ms: SECOND / 1_000, s: SECOND, m: 60 * SECOND, h: 3_600 * SECOND } as const;

/**
 * Reads a time as people copy it: `1795188779.25`, `2026-11-20T02:13:37.5Z` (UTC when no zone is given), `02:13:37.5`
 * or `02:13`, `+12.4s`. Throws `UsageError`.
 */
export function parseTimePoint(text: string): TimePoint {
  const point = epoch(text) ?? clock(text) ?? relative(text) ?? iso(text);
  if (point === null) {
    throw new UsageError(`"${text}" is not a time.`, {
      hint: 'Times are 1795188779.25 (epoch), 2026-11-20T02:13:37Z, 02:13:37.5, or +12.4s after the first event.',
    });
  }
  return point;
}

function epoch(text: string): TimePoint | null {
  const groups = EPOCH.exec(text)?.groups;
  return groups === undefined
    ? null
    : { kind: 'epoch', seconds: Number(groups.seconds), nanoseconds: fraction(groups.fraction) };
}

function clock(text: string): TimePoint | null {
  const groups = CLOCK.exec(text)?.groups;
  if (groups === undefined) return null;
  const seconds = Number(groups.hours) * 3_600 + Number(groups.minutes) * 60 + Number(groups.seconds ?? 0);
  return { kind: 'clock', nanoseconds: seconds * SECOND + fraction(groups.fraction) };
}

function relative(text: string): TimePoint | null {
  const groups = RELATIVE.exec(text)?.groups;
  if (groups === undefined) return null;
  const unit = UNIT_NANOSECONDS[(groups.unit ?? 's') as keyof typeof UNIT_NANOSECONDS];
  return { kind: 'relative', nanoseconds: Math.round(Number(groups.number) * unit) };
}

function iso(text: string): TimePoint | null {
  const groups = ISO.exec(text)?.groups;
  if (groups === undefined) return null;
  // The fraction is kept apart: a Date knows milliseconds only. Traces are shown in UTC, so a time without a zone is
  // UTC.
  const milliseconds = Date.parse(`${groups.date}T${groups.time}${groups.zone?.toUpperCase() ?? 'Z'}`);
  return Number.isNaN(milliseconds)
    ? null
    : { kind: 'epoch', seconds: milliseconds / 1_000, nanoseconds: fraction(groups.fraction) };
}

function fraction(digits: string | undefined): number {
  return Number((digits ?? '').padEnd(9, '0'));
}
