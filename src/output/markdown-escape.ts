import { show } from './show.ts';

const HTML: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;' };
const SPECIAL = /[\\`*[\]|~$]/g;
/** An underscore inside a word (`epoll_wait`) is plain text everywhere; at its edge it may begin emphasis. */
const EDGE_UNDERSCORE = /(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g;
/** What would make a heading, a list, a quotation or a rule of a line. */
const LINE_START = /^(?=[#+=-])|^\d+(?=[.)])/;

/**
 * Words that GitHub, GitLab, Slack, Jira or a Markdown reader turn into a link, a mention, a reference or a picture:
 * addresses with and without `http:`, `@everyone`, `#1`, `!2`, `GH-3`, `:skull:`, `bob@shop.example`. They do so behind
 * the escapes, so that only a code span keeps them as they are.
 */
const ACTS =
  /\/\/|www\.|(?:mailto|xmpp|tel|javascript|data|ftp):|@[\w]|#\w|(?<!\w)[!$%&~]\d|\bGH-\d|![a-z]+|:(?:[a-z+-][\w+-]{0,40}|100|1234):|(?<![\w./:-])(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}(?![\w./-])|(?<![\w./:-])(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}[/:]/i;
/** What may close a sentence or a bracket behind such a word. */
const CLOSING = '.,;:!?';

/**
 * Text that reads as itself in Markdown, anywhere in a line and in a table: no markup, no HTML, no link, no mention, no
 * line break, nothing that a terminal acts on.
 */
export function prose(text: string): string {
  return show(text)
    .trim()
    .split(' ')
    .map((word) => (ACTS.test(word) ? inert(word) : escaped(word)))
    .join(' ');
}

/** The word in a code span. A `|` would end the cell of a table even there: it stays outside. */
function inert(word: string): string {
  let end = word.length;
  while (end > 1 && CLOSING.includes(word[end - 1] ?? '')) end--;
  if (word[end - 1] === ')' && !word.includes('(')) end--;
  // A bracket that the word does not close is one of the sentence.
  const begin = word.startsWith('(') && !word.slice(0, end).includes(')') ? 1 : 0;
  const parts = word
    .slice(begin, end)
    .split('|')
    .map((part) => (part === '' ? '' : codeSpan(part)));
  return `${word.slice(0, begin)}${parts.join('\\|')}${escaped(word.slice(end))}`;
}

function escaped(text: string): string {
  return text
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
