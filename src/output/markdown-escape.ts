import { show } from './show.ts';

const HTML: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;' };
const SPECIAL = /[\\`*[\]|~$]/g;
/** An underscore inside a word (`epoll_wait`) is plain text everywhere; at its edge it may begin emphasis. */
const EDGE_UNDERSCORE = /(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g;
/** What would make a heading, a list, a quotation or a rule of a line. */
const LINE_START = /^(?=[#+=-])|^\d+(?=[.)])/;

/** Text that reads as itself in Markdown, anywhere in a line and in a table: no markup, no HTML, no line break, nothing that a terminal acts on. */
export function prose(text: string): string {
  return show(text)
    .trim()
    .replace(SPECIAL, '\\$&')
    .replace(EDGE_UNDERSCORE, '\\_')
    .replace(/[<>&]/g, (character) => HTML[character] ?? character);
}

/** Prose that begins a line, where it must not turn into a heading, a list, a rule or a block of code. */
export function paragraph(text: string): string {
  return prose(text).replace(LINE_START, '$&\\');
}

/** Text as a code span, between more backticks than it holds in a row. */
export function codeSpan(text: string): string {
  const clean = show(text);
  const marks = '`'.repeat(longestRun(clean) + 1);
  const gap = clean.startsWith('`') || clean.endsWith('`') || clean.trim() === '' ? ' ' : '';
  return `${marks}${gap}${clean}${gap}${marks}`;
}

/** Lines as a code block, between a fence that is longer than any run of backticks in them. */
export function fence(lines: readonly string[]): readonly string[] {
  const clean = lines.map((line) => show(line));
  const marks = '`'.repeat(Math.max(3, longestRun(clean.join('\n')) + 1));
  return [`${marks}text`, ...clean, marks];
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}
