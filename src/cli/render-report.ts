import type { Report } from '../analysis/report.ts';
import type { AnalyzeFlags } from './analyze-command.ts';
import type { Manners } from './terminal-manners.ts';

/** The report in the form that was asked for. Only the view that is needed is loaded. */
export async function renderReport(report: Report, flags: AnalyzeFlags, looks: Manners): Promise<string> {
  const withPayload = flags.withPayload === true;
  if (flags.json === true) return (await import('../output/json.ts')).renderJson(report, { withPayload });
  if (flags.ndjson === true) return (await import('../output/json.ts')).renderNdjson(report, { withPayload });
  if (flags.md === true) return (await import('../output/markdown.ts')).renderMarkdown(report, { withPayload });
  if (flags.quiet === true) return verdictLine(report, looks, withPayload);
  return (await import('../output/text.ts')).renderText(report, { ...looks, verbose: flags.verbose, withPayload });
}

async function verdictLine(report: Report, { ascii }: Manners, withPayload: boolean): Promise<string> {
  const { redactReport } = await import('../output/redact.ts');
  const { show } = await import('../output/show.ts');
  const { SEVERITY_WORDS, verdictSentence } = await import('../output/wording.ts');
  const { verdict } = withPayload ? report : redactReport(report);
  return `${SEVERITY_WORDS[verdict.severity]}  ${show(verdictSentence(verdict), ascii)}\n`;
}
