import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { asOperand } from '../../files/operand.ts';
import { packedAs } from '../../sources/compression.ts';
import type { AnalyzeFlags } from '../options/analyze.ts';
import type { AttachFlags } from '../options/capture.ts';
import { UsageError } from '../options/usage-error.ts';
import { mayShowDashboard } from '../printing/terminal-capabilities.ts';

/**
 * Shows the dashboard of files or of a running server; off a terminal prints the report instead. Gives the exit code.
 * Throws `UsageError`, `AttachError` and `InputError`.
 */
export async function runTriage(files: readonly string[], flags: AnalyzeFlags & AttachFlags): Promise<number> {
  const onDashboard = mayShowDashboard(flags, process.env, process.stdout);
  if (flags.follow === true) checkFollowed(files, onDashboard);
  if (files.length > 0) {
    if (onDashboard) return (await import('../dashboard/file-dashboard.ts')).showFiles(files, flags);
    return (await import('./analyze.ts')).runAnalyze(files, flags, []);
  }
  const { pid, ...others } = flags;
  if (pid === undefined)
    throw new UsageError('No trace and no process was named.', {
      hint: 'Type drover triage FILE, or drover triage --pid PID.',
    });
  if (onDashboard) return (await import('../dashboard/live-dashboard.ts')).showCapture(pid, flags);
  return (await import('./attach.ts')).attachAndReport(pid, others);
}

/** Throws `UsageError` unless `--follow` is about one file that can be read while it grows. */
function checkFollowed(files: readonly string[], onDashboard: boolean): void {
  const [file] = files;
  if (file === undefined || files.length > 1 || file === '-')
    throw new UsageError('--follow takes one file.', { hint: 'Type drover triage FILE --follow.' });
  if (!onDashboard)
    throw new UsageError('--follow needs the dashboard, and standard output is no terminal for it.', {
      hint: `Without --follow drover reports on what is there: drover ${asOperand(file)}`,
    });
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isFile())
    throw new UsageError(`--follow takes a file, and ${file} is none.`, { hint: 'Name one file of it.' });
  if (packedAs(firstBytes(file)) !== 'none')
    throw new UsageError(`${file} is packed, so it does not grow.`, { hint: 'Leave out --follow.' });
}

/** Enough of a file to tell how it is packed. */
function firstBytes(file: string): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(16);
    return bytes.subarray(0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}
