import type { HeadlessTerminal } from '../support/headless-terminal.ts';

const CELL = { width: 8.4, height: 17 } as const;
const MARGIN = 12;
const BACKGROUND = '#16181d';
const FOREGROUND = '#d8dbe2';
/** The 16 colours of a terminal, dark theme. */
const PALETTE = [
  '#16181d',
  '#d7433b',
  '#7fb04f',
  '#d9a932',
  '#5b8fd9',
  '#b06fc4',
  '#4fb3bf',
  '#d8dbe2',
  '#6b7280',
  '#e8625a',
  '#98c76a',
  '#e8bd50',
  '#79a8ea',
  '#c68bd8',
  '#6fcbd6',
  '#ffffff',
] as const;

interface Run {
  text: string;
  readonly column: number;
  readonly foreground: string;
  readonly background: string;
  readonly isBold: boolean;
}

/** The screen of a terminal as SVG: a rectangle behind and a text over each run of cells that look alike. */
export function cellsToSvg(
  terminal: HeadlessTerminal,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): string {
  const width = columns * CELL.width + 2 * MARGIN;
  const height = rows * CELL.height + 2 * MARGIN;
  const lines = Array.from({ length: rows }, (_, row) =>
    runsOf(terminal, row, columns)
      .map((run) => drawn(run, row))
      .join(''),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    '<title>drover triage on a terminal of 80 by 24</title>',
    `<rect width="100%" height="100%" rx="6" fill="${BACKGROUND}"/>`,
    `<g font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" xml:space="preserve">`,
    ...lines.filter((line) => line !== ''),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function runsOf(terminal: HeadlessTerminal, row: number, columns: number): readonly Run[] {
  const runs: Run[] = [];
  for (let column = 0; column < columns; column++) {
    const { text, foreground, background, isBold, isInverse } = terminal.cell(column, row);
    const colours = [PALETTE[foreground] ?? FOREGROUND, PALETTE[background] ?? BACKGROUND] as const;
    const look = { foreground: colours[isInverse ? 1 : 0], background: colours[isInverse ? 0 : 1], isBold };
    const last = runs.at(-1);
    if (
      last !== undefined &&
      last.foreground === look.foreground &&
      last.background === look.background &&
      last.isBold === isBold
    )
      last.text += text || ' ';
    else runs.push({ text: text || ' ', column, ...look });
  }
  return runs;
}

function drawn({ text, column, foreground, background, isBold }: Run, row: number): string {
  const x = round(MARGIN + column * CELL.width);
  const y = MARGIN + row * CELL.height;
  const width = round(text.length * CELL.width);
  const back =
    background === BACKGROUND
      ? ''
      : `<rect x="${x}" y="${y}" width="${width}" height="${CELL.height}" fill="${background}"/>`;
  if (text.trim() === '') return back;
  const weight = isBold ? ' font-weight="bold"' : '';
  // The length is given, so that every font keeps the cells where they are.
  return `${back}<text x="${x}" y="${y + 13}" fill="${foreground}"${weight} textLength="${width}" lengthAdjust="spacingAndGlyphs">${escaped(text)}</text>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character] ?? character);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
