import type { Report } from '../analysis/report.ts';
import { redactReport } from '../output/redact.ts';
import { show } from '../output/show.ts';
import { SEVERITY_WORDS, verdictSentence } from '../output/wording.ts';

/** The verdict in one line: `CRITICAL  Likely: Worker 4711 stalled 1.00 s in fsync`. */
export function verdictLine(
  report: Report,
  { ascii, withPayload }: { readonly ascii: boolean; readonly withPayload: boolean },
): string {
  const { verdict } = withPayload ? report : redactReport(report);
  return `${SEVERITY_WORDS[verdict.severity]}  ${show(verdictSentence(verdict), ascii)}`;
}
