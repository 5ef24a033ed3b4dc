import type { Report } from '../../analysis/report.ts';
import { redactReport } from '../../output/redact.ts';
import { show } from '../../output/show.ts';
import { SEVERITY_WORDS, verdictSentence } from '../../output/wording.ts';
import type { ReportFlags } from '../options/print.ts';
import type { TextStyle } from './terminal-capabilities.ts';

/** The report in the form that was asked for. Only the view that is needed is loaded. */
export async function renderReport(report: Report, flags: ReportFlags, style: TextStyle): Promise<string> {
  const withPayload = flags.withPayload === true;
  if (flags.json === true) return (await import('../../output/json.ts')).renderJson(report, { withPayload });
  if (flags.ndjson === true) return (await import('../../output/json.ts')).renderNdjson(report, { withPayload });
  if (flags.md === true) return (await import('../../output/markdown.ts')).renderMarkdown(report, { withPayload });
  if (flags.quiet === true) return `${verdictLine(report, { ...style, withPayload })}\n`;
  return (await import('../../output/text.ts')).renderText(report, { ...style, verbose: flags.verbose, withPayload });
}

/** The verdict in one line: `CRITICAL  Likely: Worker 4711 stalled 1.00 s in fsync`. */
export function verdictLine(
  report: Report,
  { ascii, withPayload = false }: { readonly ascii: boolean; readonly withPayload?: boolean | undefined },
): string {
  const { verdict } = withPayload ? report : redactReport(report);
  return `${SEVERITY_WORDS[verdict.severity]}  ${show(verdictSentence(verdict), ascii)}`;
}
