import type { HostReport, UnreadCapture } from '../analysis/host-report.ts';
import { combinedReport } from '../analysis/many-hosts.ts';
import type { AnalysisOptions } from '../analysis/options.ts';
import { withOverlaps } from '../analysis/part-of-capture.ts';
import type { Report } from '../analysis/report.ts';
import { type CopiedCapture, captureKey, copySentence, withCopies } from '../analysis/same-capture.ts';
import { InputError } from '../sources/input-error.ts';
import { leftOutSentence } from '../sources/left-out.ts';
import type { Capture } from '../sources/open-captures.ts';
import type { InputSet } from '../sources/trace-input.ts';
import { analyzeInputs } from './analyze-inputs.ts';
import { KeptInput } from './kept-input.ts';
import type { DriveHooks } from './progress.ts';
import { readOnce } from './repeated-lines.ts';

/**
 * Reads captures of one or of several hosts, each for itself, and reports on them all. One of several that cannot be
 * read is left out with a notice, and so is a copy of another one. Throws `InputError` when none can be read.
 */
export async function analyzeCaptures(
  captures: readonly Capture[],
  options: AnalysisOptions,
  hooks: DriveHooks = {},
): Promise<Report> {
  const [only] = captures;
  if (only !== undefined && captures.length === 1) return analyzeOne(only, options, hooks);
  const reports: HostReport[] = [];
  const failures: InputError[] = [];
  const unread: UnreadCapture[] = [];
  const copies: CopiedCapture[] = [];
  const originals = new Map<string, string>();
  for (const { host, set } of captures) {
    try {
      options.events?.beginHost(host);
      const report = await analyzeOne({ host, set }, options, hooks);
      const key = captureKey(report);
      const of = key === null ? undefined : originals.get(key);
      if (of !== undefined) {
        const copy = { path: nameOf(report), of };
        copies.push(copy);
        hooks.notice?.(copySentence(copy));
        continue;
      }
      if (key !== null) originals.set(key, nameOf(report));
      reports.push({ host, report });
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      failures.push(error);
      const [path = ''] = set.paths;
      const reason = error.reason || error.message;
      unread.push({ host, path, reason });
      hooks.notice?.(leftOutSentence(path, reason));
    }
  }
  const [first] = failures;
  if (reports.length === 0) throw first ?? new InputError('No trace was named.', { hint: 'Name a file.' });
  return withCopies(combinedReport(reports, unread), copies);
}

function nameOf({ source }: Report): string {
  return source.paths.join(' ');
}

/** What streams its timeline has told it by then: only a report is made once more. */
async function analyzeOnce(
  set: InputSet,
  options: AnalysisOptions,
  hooks: DriveHooks,
): Promise<{ readonly set: InputSet; readonly report: Report }> {
  const report = await analyzeInputs(set, options, hooks);
  if (set.kind === 'live' || options.events !== undefined) return { set, report };
  return readOnce(set, report, (without) => analyzeInputs(without, options, hooks));
}

/**
 * A part of the time of a capture is looked at together with the whole: what began before it and went on after it is
 * seen only there. What cannot be read twice, as a pipe, is read once.
 */
async function analyzeOne({ set }: Capture, options: AnalysisOptions, hooks: DriveHooks): Promise<Report> {
  const kept = set.kind === 'stdin' ? { ...set, inputs: set.inputs.map((input) => new KeptInput(input)) } : set;
  const { set: once, report: part } = await analyzeOnce(kept, options, hooks);
  const { from, to, events: _, ...rest } = options;
  if (
    (from === undefined && to === undefined) ||
    set.kind !== 'file' ||
    set.inputs.some(({ rereadable }) => !rereadable)
  )
    return part;
  return withOverlaps(part, await analyzeInputs(once, { ...rest, activity: false, timeline: false }));
}
