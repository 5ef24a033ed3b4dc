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
