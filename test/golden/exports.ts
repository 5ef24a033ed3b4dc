import { join } from 'node:path';
import { rowsOf } from '../../src/archive/rows.ts';
import { compareReports } from '../../src/comparison/compare.ts';
import { renderComparisonMarkdown } from '../../src/output/comparison/markdown.ts';
import { renderComparison } from '../../src/output/comparison/text.ts';
import { renderHtml } from '../../src/output/html/html.ts';
import { renderComparisonJson, renderJson, renderJsonLines, renderNdjson } from '../../src/output/json.ts';
import { renderMarkdown } from '../../src/output/markdown.ts';
import { renderOpenMetrics } from '../../src/output/openmetrics.ts';
import { otlpOf } from '../../src/output/otlp/otlp.ts';
import { redactReport } from '../../src/output/redact.ts';
import { renderText } from '../../src/output/text.ts';
import { buildReport, nightReport } from '../support/report-builder.ts';
import { shownByPerfetto, timelinesOf } from '../support/timeline.ts';

/** Where the goldens stand: what each export makes of one small report, to be read in review. */
export const GOLDEN = join(import.meta.dirname, '../../../test/golden');
const TRACE = join(GOLDEN, 'one-request.strace');
const PLAIN = { width: 100, ascii: false, colour: false, verbose: 0 } as const;
const ORIGIN = { host: 'web-1', traceId: '0123456789abcdef0123456789abcdef', now: 1_795_700_000_123_456_789n };
/** Style and script have files of their own, and a test that they are those of the page. */
const ASSETS = /(<(style|script)>)[\s\S]*?(<\/\2>)/g;
const HASHES = /sha256-[\w+/=]+/g;

function indented(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The page without its assets, an element a line. */
function pageInLines(): string {
  return renderHtml(nightReport).replace(ASSETS, '$1$3').replace(HASHES, 'sha256-…').replaceAll('><', '>\n<');
}

/** The text of each golden by its name. */
export async function exports(): Promise<ReadonlyMap<string, string>> {
  const rows = rowsOf(redactReport(nightReport), { host: 'web-1', day: '2026-11-20' });
  const comparison = compareReports(nightReport, buildReport());
  const { logs, traces, metrics } = otlpOf(redactReport(nightReport), ORIGIN);
  const { perfetto, chrome } = await timelinesOf([TRACE]);
  return new Map([
    ['report.txt', renderText(nightReport, PLAIN)],
    ['report.md.txt', renderMarkdown(nightReport)],
    ['report.json', renderJson(nightReport)],
    ['findings.ndjson', renderNdjson(nightReport)],
    ['page.html', pageInLines()],
    ['rows.ndjson', renderJsonLines(rows)],
    ['drover.prom', renderOpenMetrics(nightReport)],
    ['otlp-logs.json', indented(logs)],
    ['otlp-traces.json', indented(traces)],
    ['otlp-metrics.json', indented(metrics)],
    ['comparison.txt', renderComparison(comparison, PLAIN)],
    ['comparison.md.txt', renderComparisonMarkdown(comparison)],
    ['comparison.json', renderComparisonJson(comparison)],
    ['perfetto.json', indented(shownByPerfetto(perfetto))],
    ['chrome-trace.json', chrome],
  ]);
}
