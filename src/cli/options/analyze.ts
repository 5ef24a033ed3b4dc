import type { Command } from 'commander';
import type { TimePoint } from '../../analysis/options.ts';
import type { ReportFlags } from './print.ts';
import { parseTimePoint } from './time-point.ts';
import { UsageError } from './usage-error.ts';
import { parseColumns } from './values.ts';

/** What a command that reads captured traces was asked for. */
export interface AnalyzeFlags extends ReportFlags {
  readonly from?: TimePoint;
  readonly to?: TimePoint;
  readonly columns?: readonly string[];
  readonly perfetto?: string;
  readonly chromeTrace?: string;
}

/** Adds the options that name timelines, which are written while a capture is read. */
export function addTimelineOptions(command: Command): Command {
  return command
    .optionsGroup('What to print:')
    .option('--perfetto <file>', 'also a timeline for ui.perfetto.dev: turns, calls from 1 ms on, requests, findings')
    .option('--chrome-trace <file>', 'the same as JSON for speedscope and DevTools');
}

/** Adds the options that choose a part of the time of a trace. */
export function addWindowOptions(command: Command): Command {
  return command
    .optionsGroup('What to look at:')
    .option(
      '--from <time>',
      'leave out findings that ended before: 02:13:37.5, +12.4s, 2026-11-20T02:13:37Z, epoch seconds',
      parseTimePoint,
    )
    .option('--to <time>', 'leave out findings that began after', parseTimePoint)
    .option(
      '--columns <names>',
      'the columns of text that your own bpftrace program prints: "ts pid tid comm call fd ret dur:us"',
      parseColumns,
    );
}

/** Throws `UsageError` when nothing lies between `--from` and `--to`. */
export function checkWindow({ from, to }: AnalyzeFlags): void {
  if (from === undefined || to === undefined || from.kind !== to.kind) return;
  const seconds = from.kind === 'epoch' && to.kind === 'epoch' ? to.seconds - from.seconds : 0;
  if (seconds * 1e9 + to.nanoseconds - from.nanoseconds <= 0)
    throw new UsageError('--to is not later than --from.', { hint: 'Swap them, or leave one out.' });
}

/** Throws `UsageError` for a name that is empty, and when standard input is one of several files. */
export function checkFiles(files: readonly string[]): void {
  if (files.includes(''))
    throw new UsageError('An empty word names no trace.', {
      hint: 'Is a variable of the shell not set? Type drover FILE.',
    });
  if (files.length > 1 && files.includes('-'))
    throw new UsageError('Standard input (-) cannot be read together with files.', {
      hint: 'Save it to a file first, then name all files.',
    });
}
