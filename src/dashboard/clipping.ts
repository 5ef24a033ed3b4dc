import { effectsOf, severityOf } from '../analysis/causes.ts';
import type { Finding, Report } from '../analysis/report.ts';
import { renderMarkdown } from '../output/markdown.ts';
import { fence } from '../output/markdown-escape.ts';
import { redactLine } from '../output/redact-line.ts';
import { type DashboardState, shownReport, topScreen } from './state.ts';
import { findingOf, selectedFinding } from './tables/findings.ts';
import { workerRows } from './tables/workers.ts';

/** What `y` takes along: the selection as Markdown without payload. */
export interface Clipping {
  /** Of the file. */
  readonly name: string;
  /** '' when nothing is selected. */
  readonly text: string;
  /** The worker that the selection is about, or null. */
  readonly pid: number | null;
}

const AROUND = 2;

export function clippingOf(state: DashboardState): Clipping {
  const report = shownReport(state);
  const { kind, finding: id } = topScreen(state);
  if (report === null) return { name: '', text: '', pid: null };
  if (kind === 'lines' || kind === 'line') return linesClipping(state);
  if (kind === 'workers' || kind === 'timeline') {
    const rows = workerRows(state, state.lists[kind]);
    const pid = rows[Math.min(state.lists[kind].position, rows.length - 1)]?.worker.pid ?? null;
    return { name: '', text: '', pid };
  }
  const finding = kind === 'finding' ? findingOf(state, id) : selectedFinding(state);
  if (finding === undefined) return { name: 'drover-report.md', text: renderMarkdown(report), pid: null };
  return {
    name: `drover-${finding.id}.md`,
    text: renderMarkdown(about(report, finding)),
    pid: finding.workers[0] ?? null,
  };
}

/** The same report, of this finding only. */
function about(report: Report, finding: Finding): Report {
  const { confidence, title } = finding;
  const severity = severityOf(finding, report.findings);
  return {
    ...report,
    verdict: { severity, confidence, text: title },
    findings: [{ ...finding, related: [] }, ...effectsOf(finding, report.findings)],
  };
}

function linesClipping({ lines }: DashboardState): Clipping {
  const index = lines.rows.findIndex(({ line }) => line === lines.cursor);
  const near = lines.rows.slice(Math.max(0, index - AROUND), index + AROUND + 1);
  const quoted = fence(near.map(({ line, text }) => `${line}  ${redactLine(text)}`));
  const name = lines.file.slice(lines.file.lastIndexOf('/') + 1);
  return {
    name: `drover-line-${lines.cursor}.md`,
    text: index < 0 ? '' : `${[`${fence([`${name}:${lines.cursor}`])[1]}`, '', ...quoted].join('\n')}\n`,
    pid: null,
  };
}
