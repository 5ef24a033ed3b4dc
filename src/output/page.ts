import type { Severity } from '../analysis/report.ts';
import { count } from '../trace/format-numbers.ts';
import { cut, head, show } from './show.ts';
import { fitTraceLines, type LineNotation } from './trace-line.ts';

/** How a part of a line stands out. `plain` adds nothing. */
type Style = 'plain' | 'bold' | Severity;

/** The only escape sequences that a view may write; 16 colours, so that the terminal's own theme decides. */
const SGR: Readonly<Record<Style, string>> = {
  plain: '',
  bold: '\x1b[1m',
  critical: '\x1b[1;37;41m',
  warning: '\x1b[1;33m',
  info: '\x1b[36m',
};
const RESET = '\x1b[0m';

export interface PageOptions {
  /** Cells in a line; taken as 60 to 160. */
  readonly width: number;
  readonly colour: boolean;
  readonly ascii: boolean;
}

/** One stretch of a line in one style. */
export interface Run {
  readonly text: string;
  readonly style?: Style;
}

export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Gives way when the table is too wide, the last such column first. */
  readonly shrinks?: boolean;
  /** The text of a cell in so little room; cut at its end where this is not given. */
  readonly shortened?: (text: string, room: number) => string;
}

/** A table of a report: what text and HTML draw of it. */
export interface Table {
  readonly title: string;
  /** What its columns mean where their titles do not say it. */
  readonly note: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

const NARROWEST = 60;
const WIDEST = 160;
const NARROWEST_COLUMN = 8;
const NARROWEST_TEXT = 24;
const GAP = '   ';
/** A blank where a line may end: not between a number and its unit. */
const BREAK = / +(?!(?:ms|s|kB|MB|GB|KiB|MiB|GiB)\b|%)/;

/**
 * Lines of a text report. Every string that enters passes `show`, so that a page never holds a control character other
 * than its own colours.
 */
export class Page {
  readonly width: number;
  readonly #colour: boolean;
  readonly #ascii: boolean;
  readonly #lines: string[] = [];

  constructor(options: PageOptions) {
    this.width = Math.min(WIDEST, Math.max(NARROWEST, Math.floor(options.width) || NARROWEST));
    this.#colour = options.colour;
    this.#ascii = options.ascii;
  }

  get length(): number {
    return this.#lines.length;
  }

  blank(): void {
    this.#lines.push('');
  }

  rule(): void {
    this.#lines.push((this.#ascii ? '-' : '\u2500').repeat(this.width));
  }

  /** A heading: its first word stands out, the rest follows as prose. */
  heading(title: string, rest = ''): void {
    this.blank();
    this.prose([{ text: title, style: 'bold' }], title.length + 2, rest);
  }

  /** Prose that begins behind `label`, in the column `indent`, and hangs there. */
  prose(label: readonly Run[], indent: number, text: string, style: Style = 'plain'): void {
    this.#hang(label, indent, wrap(show(text, this.#ascii), this.width - indent), style);
  }

  /** Parts that stay whole where they can, three blanks apart, hanging in the column `indent`. */
  parts(label: readonly Run[], indent: number, parts: readonly string[]): void {
    const width = this.width - indent;
    const rows: string[] = [];
    // What needed two rows ends on one of its own: the next part beside it would read as its end.
    let isBroken = false;
    for (const part of parts.map((text) => show(text, this.#ascii)).filter((text) => text !== '')) {
      const row = rows.at(-1);
      if (!isBroken && row !== undefined && row.length + GAP.length + part.length <= width)
        rows[rows.length - 1] = row + GAP + part;
      else {
        const own = wrap(part, width);
        isBroken = own.length > 1;
        rows.push(...own);
      }
    }
    this.#hang(label, indent, rows, 'plain');
  }

  /** One line, cut where the page ends. */
  line(label: readonly Run[], indent: number, text: string): void {
    this.#hang(label, indent, [cut(show(text, this.#ascii), this.width - indent)], 'plain');
  }

  /**
   * Lines of a trace behind their places; what is too long loses its middle, because what a call returned stands at its
   * end.
   */
  traceLines(
    indent: number,
    lines: readonly { readonly place: string; readonly text: string }[],
    notation: LineNotation,
  ): void {
    const shown = lines.map(({ place }) => show(place, this.#ascii));
    const widest = Math.max(0, ...shown.map(({ length }) => length));
    const isNumbers = lines.every(({ place }) => /^\d+$/.test(place));
    const places = shown.map((place) =>
      cut(`${isNumbers ? place.padStart(widest) : place.padEnd(widest)}  `, this.width - indent),
    );
    const room = this.width - indent - Math.max(0, ...places.map((place) => place.length));
    const texts = fitTraceLines(
      lines.map(({ text }) => show(text, this.#ascii)),
      room,
      notation,
    );
    texts.forEach((text, index) => {
      this.#lines.push(' '.repeat(indent) + (places[index] ?? '') + text);
    });
  }

  /** One line as long as it is: something to copy, which a line break would spoil. */
  verbatim(indent: number, text: string): void {
    this.#lines.push(' '.repeat(indent) + show(text, this.#ascii));
  }

  /** A table below its heading, its first rows only; `more` is what is said behind the number of the others. */
  titled({ title, note, columns, rows }: Table, most: number, more: string): void {
    this.heading(title, note);
    this.table(2, columns, rows.slice(0, most));
    if (rows.length > most) this.line([], 2, `+${count(rows.length - most)} ${more}`);
  }

  /** Rows under their titles, columns as wide as their widest cell. */
  table(indent: number, columns: readonly Column[], rows: readonly (readonly string[])[]): void {
    const clean = rows.map((row) => row.map((cell) => show(cell, this.#ascii)));
    const widths = columns.map((column, index) =>
      Math.max(column.title.length, ...clean.map((row) => row[index]?.length ?? 0)),
    );
    let gap = 2;
    const excess = (): number => indent + sum(widths) + gap * (widths.length - 1) - this.width;
    if (excess() > 0) gap = 1;
    for (let index = columns.length - 1; index >= 0 && excess() > 0; index--) {
      if (columns[index]?.shrinks) widths[index] = Math.max(NARROWEST_COLUMN, (widths[index] ?? 0) - excess());
    }
    const draw = (cells: readonly string[]): string =>
      columns
        .map(({ align, shortened }, index) => {
          const width = widths[index] ?? 0;
          const text = cells[index] ?? '';
          const cell = cut(text.length > width && shortened !== undefined ? shortened(text, width) : text, width);
          return align === 'right' ? cell.padStart(width) : cell.padEnd(width);
        })
        .join(' '.repeat(gap))
        .trimEnd();
    for (const row of [columns.map((column) => column.title), ...clean])
      this.#lines.push(cut(' '.repeat(indent) + draw(row), this.width));
  }

  /**
   * Rows under their titles; where they do not fit, the columns with most text are broken into lines, or, where those
   * would be narrow, written below the others.
   */
  wrappedTable(indent: number, titles: readonly string[], rows: readonly (readonly string[])[]): void {
    const clean = [titles, ...rows].map((row) => titles.map((_, index) => show(row[index] ?? '', this.#ascii)));
    const widest = titles.map((_, index) => Math.max(...clean.map((row) => row[index]?.length ?? 0)));
    const words = titles.map((_, index) =>
      Math.max(...clean.flatMap((row) => (row[index] ?? '').split(' ').map(({ length }) => length))),
    );
    const widths = shared(widest, words, this.width - indent - GAP.length * (titles.length - 1));
    const isBroken = widths.map((width, index) => width < (widest[index] ?? 0));
    if (widths.some((width, index) => isBroken[index] && width < NARROWEST_TEXT)) {
      this.#rowByRow(indent, clean, isBroken);
      return;
    }
    const broken = clean.map((row) => row.map((cell, index) => wrap(cell, widths[index] ?? 1)));
    const isLoose = broken.some((row) => row.some((lines) => lines.length > 1));
    for (const [index, row] of broken.entries()) {
      if (index > 0 && isLoose) this.blank();
      for (let line = 0; line < Math.max(...row.map(({ length }) => length)); line++) {
        const text = row.map((lines, column) => (lines[line] ?? '').padEnd(widths[column] ?? 0)).join(GAP);
        this.#lines.push(' '.repeat(indent) + paint(index === 0 ? 'bold' : 'plain', text.trimEnd(), this.#colour));
      }
    }
  }

  toString(): string {
    return `${this.#lines.map((line) => line.trimEnd()).join('\n')}\n`;
  }

  /** Each row as a line of its short cells, and below it the long ones with the titles of their columns. */
  #rowByRow(indent: number, [titles = [], ...rows]: readonly (readonly string[])[], isLong: readonly boolean[]): void {
    for (const [index, row] of rows.entries()) {
      if (index > 0) this.blank();
      const told = row.map((cell, column) => (column === 0 ? cell : `${titles[column]}: ${cell}`));
      this.line([], indent, told.filter((_, column) => !isLong[column]).join(GAP));
      for (const text of told.filter((_, column) => isLong[column])) this.prose([], indent + 4, text);
    }
  }

  #hang(label: readonly Run[], indent: number, rows: readonly string[], style: Style): void {
    const runs = label.map(({ text, style: own = 'plain' }) => ({ text: show(text, this.#ascii), style: own }));
    const length = sum(runs.map((run) => run.text.length));
    const first =
      runs.map((run) => paint(run.style, run.text, this.#colour)).join('') + ' '.repeat(Math.max(0, indent - length));
    (rows.length === 0 ? [''] : rows).forEach((row, index) => {
      this.#lines.push((index === 0 ? first : ' '.repeat(indent)) + paint(style, row, this.#colour));
    });
  }
}

/**
 * Breaks text that `show` returned into lines of at most that many cells, at blanks where it can and never inside an
 * escape.
 */
export function wrap(text: string, width: number): readonly string[] {
  const rows: string[] = [];
  let row = '';
  for (let word of text.split(BREAK).filter((part) => part !== '')) {
    while (word.length > width) {
      if (row !== '') rows.push(row);
      row = '';
      const start = head(word, width) || word.slice(0, width);
      rows.push(start);
      word = word.slice(start.length);
    }
    if (row !== '' && row.length + 1 + word.length > width) {
      rows.push(row);
      row = word;
    } else if (word !== '') row = row === '' ? word : `${row} ${word}`;
  }
  if (row !== '') rows.push(row);
  return rows;
}

/**
 * Widths of columns that share that many cells: each has room for its longest word where that can be, narrow ones for
 * all they hold, and the others have as much as each other.
 */
function shared(needed: readonly number[], words: readonly number[], cells: number): readonly number[] {
  const least = sum(words) <= cells ? words : words.map(() => 1);
  const widths = [...least];
  for (let left = cells - sum(least); left > 0; left--) {
    const [index] = [...widths.keys()]
      .filter((at) => (widths[at] ?? 0) < (needed[at] ?? 0))
      .toSorted((a, b) => (widths[a] ?? 0) - (widths[b] ?? 0));
    if (index === undefined) break;
    widths[index] = (widths[index] ?? 0) + 1;
  }
  return widths;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Text in a style; unchanged without colour. */
function paint(style: Style, text: string, colour: boolean): string {
  return colour && style !== 'plain' && text !== '' ? `${SGR[style]}${text}${RESET}` : text;
}
