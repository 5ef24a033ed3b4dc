import type { Report } from '../analysis/report.ts';
import { withTimeline } from '../analysis/timeline.ts';
import { renderHtml } from '../output/html/html.ts';
import { renderJson, renderNdjson } from '../output/json.ts';
import { renderMarkdown } from '../output/markdown.ts';
import { prose } from '../output/markdown-escape.ts';
import { redactProse } from '../output/payload.ts';
import { redactReport } from '../output/redact.ts';
import { redactLine } from '../output/redact-line.ts';
import { renderText } from '../output/text.ts';
import type { Action } from './keys.ts';
import { type Bookmark, type DashboardState, shownActivity, shownReport } from './state.ts';

/** A file for the export that was asked for; null while there is no report. Payload is left out. */
export function exported(
  state: DashboardState,
  action: Action,
): { readonly name: string; readonly text: string } | null {
  const report = shownReport(state);
  if (report === null) return null;
  const { bookmarks, glyphs } = state;
  switch (action) {
    case 'export-markdown':
      return { name: 'drover-report.md', text: renderMarkdown(report) + bookmarkNotes(bookmarks, report) };
    case 'export-html':
      return { name: 'drover-report.html', text: renderHtml(withTimeline(report, shownActivity(state))) };
    case 'export-json':
      return { name: 'drover-report.json', text: renderJson(report) };
    case 'export-ndjson':
      return { name: 'drover-findings.ndjson', text: renderNdjson(report) };
    default:
      return {
        name: 'drover-report.txt',
        text:
          renderText(report, { width: 100, colour: false, ascii: glyphs.ascii, verbose: 2 }) +
          bookmarkNotes(bookmarks, report),
      };
  }
}

function bookmarkNotes(bookmarks: readonly Bookmark[], report: Report): string {
  if (bookmarks.length === 0) return '';
  const titles = new Map(redactReport(report).findings.map(({ id, title }) => [id, title]));
  const lines = bookmarks.map(({ kind, file, line, finding, text, note }) => {
    const what = kind === 'line' ? `${file}:${line}` : finding;
    const shown = kind === 'line' ? redactLine(text) : (titles.get(finding) ?? redactProse(text));
    return `- ${prose(`${what}: ${note === '' ? '' : `${note}. `}${shown}`)}`;
  });
  return `\n## Bookmarks\n\n${lines.join('\n')}\n`;
}
