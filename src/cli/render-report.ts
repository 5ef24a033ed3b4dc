import type { Report } from '../analysis/report.ts';
import type { ReportFlags } from './options/print.ts';
import type { Manners } from './terminal-capabilities.ts';
import { verdictLine } from './verdict-line.ts';

/** The report in the form that was asked for. Only the view that is needed is loaded. */
export async function renderReport(report: Report, flags: ReportFlags, looks: Manners): Promise<string> {
  const withPayload = flags.withPayload === true;
  if (flags.json === true) return (await import('../output/json.ts')).renderJson(report, { withPayload });
  if (flags.ndjson === true) return (await import('../output/json.ts')).renderNdjson(report, { withPayload });
  if (flags.md === true) return (await import('../output/markdown.ts')).renderMarkdown(report, { withPayload });
  if (flags.quiet === true) return `${verdictLine(report, { ...looks, withPayload })}\n`;
  return (await import('../output/text.ts')).renderText(report, { ...looks, verbose: flags.verbose, withPayload });
}
