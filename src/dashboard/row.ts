import { cut, show } from '../output/show.ts';

/** What a stretch of a row stands for; the painter decides how that looks. */
export type Style =
  | 'plain'
  | 'bold'
  | 'quiet'
  | 'critical'
  | 'warning'
  | 'info'
  | 'good'
  | 'selected'
  | 'match'
  | 'running'
  | 'blocked'
  | 'silent'
  | 'herd'
  | 'broken';

export interface StyledText {
  readonly text: string;
  readonly style: Style;
}

/** One line of the screen. */
export type Row = readonly StyledText[];

/** The characters that a screen is drawn with, each one cell wide everywhere. */
export interface Glyphs {
  readonly ascii: boolean;
  readonly rule: string;
  readonly bar: string;
  readonly pointer: string;
  readonly idle: string;
  readonly running: string;
  readonly silent: string;
  readonly blocked: string;
  /** From nearly nothing to much. */
  readonly shades: readonly [string, string, string, string];
}

export const UNICODE: Glyphs = {
  ascii: false,
  rule: '─',
  bar: '│',
  pointer: '▸',
  idle: '░',
  running: '▓',
  silent: '▒',
  blocked: '█',
  shades: ['░', '▒', '▓', '█'],
};
export const ASCII: Glyphs = {
  ascii: true,
  rule: '-',
  bar: '|',
  pointer: '>',
  idle: '.',
  running: '#',
  silent: 'c',
  blocked: 'B',
  shades: ['.', ':', '#', 'B'],
};

export function styled(text: string, style: Style = 'plain'): StyledText {
  return { text, style };
}

export function row(...parts: readonly (StyledText | string)[]): Row {
  return parts.map((part) => (typeof part === 'string' ? styled(part) : part));
}

export function textOf(cells: Row): string {
  return cells.map(({ text }) => text).join('');
}

/**
 * A row of exactly that many cells: cut with `...`, or filled with blanks. Everything that is not ours to print is
 * escaped here.
 */
export function fit(cells: Row, width: number, ascii = false): Row {
  const fitted: StyledText[] = [];
  let used = 0;
  const clean = cells.map(({ text, style }) => ({ text: show(text, ascii), style }));
  const total = clean.reduce((sum, { text }) => sum + text.length, 0);
  for (const { text, style } of clean) {
    const room = width - used;
    if (room <= 0) break;
    // The last text that fits says that something is missing.
    const piece =
      total > width && used + text.length >= width ? cut(text.length > room ? text : `${text}...`, room) : text;
    fitted.push({ text: piece, style });
    used += piece.length;
  }
  if (used < width)
    fitted.push({ text: ' '.repeat(width - used), style: fitted.at(-1)?.style === 'selected' ? 'selected' : 'plain' });
  return fitted;
}

/** The same row in reverse, severity words included: the row that keys act on. */
export function selected(cells: Row): Row {
  return cells.map(({ text }) => ({ text, style: 'selected' }));
}

/** Text at the left and at the right end of a row; the left one gives way. */
export function spread(left: Row, right: Row, width: number): Row {
  const room = width - textOf(right).length;
  return room < 8 ? fit(left, width) : [...fit(left, room), ...right];
}

/** A rule with a title in it and remarks at its end: `── FINDINGS  4 ───── worst first ─`. */
export function rule(glyphs: Glyphs, width: number, title = '', remark = ''): Row {
  const start = title === '' ? '' : `${glyphs.rule}${glyphs.rule} ${title} `;
  const end = remark === '' ? '' : ` ${remark} ${glyphs.rule}`;
  const middle = width - start.length - end.length;
  // The title gives way: the remark says what keys did.
  if (middle < 1) return fit([styled(cut(start.trimEnd(), Math.max(0, width - end.length)) + end, 'quiet')], width);
  const text = show(start + glyphs.rule.repeat(middle) + end);
  return fit([styled(text, 'quiet')], width);
}

/** A cell of a table: cut, or filled at the side away from the text. */
export function cell(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const clean = cut(show(text), width);
  return align === 'right' ? clean.padStart(width) : clean.padEnd(width);
}

/** A figure of a table, to the right, never beside the figure before without a blank. */
export function figure(text: string, width: number): string {
  return text.length < width ? text.padStart(width) : ` ${text}`;
}
