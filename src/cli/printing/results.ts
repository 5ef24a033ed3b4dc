import type { Report } from '../../analysis/report.ts';
import { areSameName } from '../../files/file-identity.ts';
import type { ReportFlags } from '../options/print.ts';
import { UsageError } from '../options/usage-error.ts';
import { renderReport } from './render-report.ts';
import { reportStyle } from './terminal-capabilities.ts';
import { openFile, openOutput } from './write-result.ts';

/** Where a report goes. */
export interface Results {
  /** Writes all of it, once. Throws as `Output` does. */
  write(report: Report): Promise<void>;
}

/** Flags that name files. */
type NamedFlags = ReportFlags & { readonly save?: string };

/**
 * Finds out, before hours of trace are read or a server is traced, that the report can be printed, or written with
 * `-o`, and the files beside it, and that they replace none of `inputs`. Throws `OutputError` and `UsageError`.
 */
export async function openResults(flags: NamedFlags, inputs: readonly string[]): Promise<Results> {
  const files = await openReportFiles(flags, inputs);
  const output = await openOutput(flags, inputs);
  return {
    write: async (report) => {
      // A reader of the printed report may go away; the files are for somebody else. A file that cannot be written
      // leaves the report to be read.
      const [written] = await Promise.allSettled([files.write(report)]);
      await output.write(await renderReport(report, flags, reportStyle(flags)));
      if (written.status === 'rejected') throw written.reason;
    },
  };
}

/** The same for the files alone: `--html FILE`. */
export async function openReportFiles(flags: NamedFlags, inputs: readonly string[]): Promise<Results> {
  checkNames(flags);
  const { html, force, withPayload } = flags;
  if (html === undefined) return { write: async () => undefined };
  const output = await openFile(html, { option: '--html', force: force === true, inputs });
  return {
    write: async (report) => {
      const { renderHtml } = await import('../../output/html/html.ts');
      await output.write(renderHtml(report, { withPayload: withPayload === true }));
    },
  };
}

/** Throws `UsageError` when two of what is written would have the same name. */
export function checkNames({ save, output, html }: Pick<NamedFlags, 'save' | 'output' | 'html'>): void {
  const named = [
    ['--save', save],
    ['-o', output],
    ['--html', html],
  ] as const;
  for (const [index, [option, name]] of named.entries())
    for (const [earlier, other] of named.slice(0, index))
      if (name !== undefined && other !== undefined && areSameName(other, name))
        throw new UsageError(`${earlier} and ${option} both name ${name}.`, {
          hint: 'Give each a name of its own.',
        });
}
