import { type Report, SEVERITIES } from '../../analysis/report.ts';
import type { Comparison } from '../../comparison/comparison.ts';
import type { ReportFlags } from '../options/print.ts';

/** What the process tells its caller. Signals end it with 128 + their number. */
export const EXIT = {
  done: 0,
  /** A finding at or above `--fail-on`. */
  finding: 1,
  usage: 2,
  /** The input cannot be read or is of no known format. */
  input: 3,
  /** Processes cannot be traced here. */
  attach: 4,
  /** The data are partial and `--strict` was given. */
  partial: 5,
  /** Our bug. */
  bug: 70,
  /** The report or the capture cannot be written where it shall be (EX_IOERR of sysexits.h). */
  output: 74,
} as const;

/** Takes the exit code of the command that ran. */
export type ExitCodeSink = (code: number) => void;

/**
 * What a report means for the caller. Partial data come first: they say that the findings themselves cannot be relied
 * on.
 */
export function exitCodeFor({ quality, findings }: Report, { strict, failOn }: ReportFlags): number {
  if (strict === true && quality.grade !== 'good') return EXIT.partial;
  // SEVERITIES go from the worst down.
  const limit = failOn === undefined ? -1 : SEVERITIES.indexOf(failOn);
  return findings.some(({ severity }) => SEVERITIES.indexOf(severity) <= limit) ? EXIT.finding : EXIT.done;
}

/** The same of a comparison: what is new or worse counts, and whether anybody can tell. */
export function comparisonExitCode(
  { verdict, causes, before, after }: Comparison,
  { strict, failOn }: Pick<ReportFlags, 'strict' | 'failOn'>,
): number {
  const isPartial = verdict.confidence !== 'likely' || [before, after].some(({ grade }) => grade !== 'good');
  if (strict === true && isPartial) return EXIT.partial;
  const limit = failOn === undefined ? -1 : SEVERITIES.indexOf(failOn);
  const isHarm = causes.some(
    ({ change, after: now }) =>
      (change === 'new' || change === 'worse') && now !== null && SEVERITIES.indexOf(now.severity) <= limit,
  );
  return isHarm ? EXIT.finding : EXIT.done;
}
