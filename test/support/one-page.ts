import type { Report } from '../../src/index.ts';
import { renderText } from '../../src/output/text.ts';

const MOST_LINES = 80;
/** A command to type is never broken into lines. */
const COMMAND = /^ {8,}\S/;

/** What keeps the text of a report from being a page at each width, a sentence each; none when it is one. */
export function pageComplaints(report: Report): string[] {
  return [80, 100].flatMap((width) => {
    const lines = renderText(report, { verbose: 0, width, colour: false, ascii: false }).trimEnd().split('\n');
    const wide = lines.filter((line) => line.length > width && !COMMAND.test(line));
    return [
      ...(lines.length > MOST_LINES ? [`${lines.length} lines at ${width} columns`] : []),
      ...wide.map((line) => `wider than ${width}: ${line}`),
    ];
  });
}
