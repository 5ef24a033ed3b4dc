import { wrap } from '../../output/page.ts';
import { cut, show } from '../../output/show.ts';
import { cutMiddle, type LineNotation, withReportTime } from '../../output/trace-line.ts';
import { count } from '../../trace/format-numbers.ts';
import { layoutOf } from '../layout.ts';
import { type Row, row, rule, styled } from '../row.ts';
import { type DashboardState, shownReport, topScreen } from '../state.ts';
import { notation } from '../times.ts';
import { tall } from './beside.ts';

/** The raw lines with their numbers; lines that prove a finding and bookmarks are marked. */
export function drawLines(state: DashboardState): readonly Row[] {
  const { columns, glyphs, lines } = state;
  const times = notation(state);
  const { bodyRows } = layoutOf(state);
  const proof = proofOf(state);
  const marks = new Set(
    state.bookmarks.filter(({ file, kind }) => kind === 'line' && file === lines.file).map(({ line }) => line),
  );
  const room = String(Math.max(lines.total ?? 0, lines.rows.at(-1)?.line ?? 0, lines.cursor)).length;
  const drawn = lines.rows.slice(0, bodyRows - 1).map(({ line, text }) => {
    const mark = `${marks.has(line) ? 'b' : ' '}${proof.has(line) ? glyphs.pointer : ' '}`;
    const shown = withMatch(state.sought, show(text, glyphs.ascii), columns - room - 4, times);
    const all = `${String(line).padStart(room)}${mark} ${shown}`;
    if (line === lines.cursor) return row(styled(` ${all}`, 'selected'));
    return row(
      styled(
        ` ${all}`,
        proof.has(line) ? 'bold' : state.sought !== '' && text.includes(state.sought) ? 'match' : 'plain',
      ),
    );
  });
  return tall(
    [
      heading(state, proof.size),
      ...(drawn.length === 0
        ? [row(''), row(` ${lines.problem || (lines.busy === '' ? emptyText(state) : lines.busy)}`)]
        : drawn),
    ],
    bodyRows,
  );
}

/** What was looked for is in sight, also where it stands in the middle of a long line, which is left out as a rule. */
function withMatch(sought: string, text: string, cells: number, times: LineNotation): string {
  const shown = cutMiddle(text, cells, times);
  const at = sought === '' ? -1 : text.indexOf(sought);
  if (at < 0 || shown.includes(sought)) return shown;
  const start = `${cut(shown, Math.floor(cells / 3)).replace(/\.+$/, '')}...`;
  return start + cut(text.slice(at), cells - start.length);
}

function heading(state: DashboardState, proofs: number): Row {
  const { lines, columns, glyphs } = state;
  const name = lines.file.slice(lines.file.lastIndexOf('/') + 1);
  const place = `line ${count(lines.cursor)}${lines.total === null ? '' : ` of ${count(lines.total)}`}`;
  const filter = lines.matches === null ? '' : `filter: ${lines.filter} (${count(lines.matches.length)})  Esc clears`;
  const remarks = [
    filter,
    lines.busy,
    proofs > 0 && filter === '' ? `${glyphs.pointer} proves the finding` : '',
    place,
  ];
  return rule(glyphs, columns, `LINES  ${show(name, glyphs.ascii)}`, remarks.filter((part) => part !== '').join('   '));
}

function emptyText({ lines }: DashboardState): string {
  if (lines.matches === null) return lines.total === 0 ? 'No lines.' : '';
  return lines.matches.length === 0 ? 'No line has that text. Esc clears the filter.' : '';
}

/** Numbers of the lines of this file that prove the finding which was opened; of all findings when none was. */
function proofOf(state: DashboardState): ReadonlySet<number> {
  const opened = state.screens.findLast(({ kind }) => kind === 'finding')?.finding;
  const findings = shownReport(state)?.findings.filter(({ id }) => opened === undefined || id === opened) ?? [];
  return new Set(
    findings.flatMap(({ evidence }) =>
      evidence.filter(({ file }) => file === state.lines.file).map(({ line }) => line),
    ),
  );
}

/** One line in full, however long it is. */
export function drawLine(state: DashboardState): readonly Row[] {
  const { columns, glyphs, lines } = state;
  const { bodyRows } = layoutOf(state);
  const { position } = topScreen(state);
  const { text = '', original = text } = lines.rows.find(({ line }) => line === lines.cursor) ?? {};
  const wrapped = (shown: string): readonly Row[] =>
    wrap(show(shown, glyphs.ascii), columns - 2).map((part) => row(` ${part}`));
  const dated = withReportTime(text, notation(state));
  const rows = [
    ...wrapped(dated),
    // The line as it stands in the file, to look for it there.
    ...(dated === original ? [] : [row(''), row(styled(' IN THE FILE', 'bold')), ...wrapped(original)]),
  ];
  const shown = rows.slice(Math.min(position, Math.max(0, rows.length - (bodyRows - 1))));
  return tall(
    [rule(glyphs, columns, `LINE ${count(lines.cursor)}`, show(lines.file, glyphs.ascii)), ...shown],
    bodyRows,
  );
}
