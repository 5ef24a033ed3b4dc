import type { Report } from '../../analysis/report.ts';
import { coverage, extent, paths, workforce } from '../../output/wording.ts';
import { count, linesSoFar, plural } from '../../trace/format-numbers.ts';
import { layoutOf } from '../layout.ts';
import { type Row, row, type Style, spread, styled } from '../row.ts';
import { type DashboardState, shownReport } from '../state.ts';
import { HEAD_LABEL as LABEL, verdictLabel, verdictLines, verdictWord } from '../verdict-text.ts';
import { liveData, liveSource } from './live-head.ts';

const MEGABYTE = 1_000_000;

/** What is looked at, the verdict, and how far the data can be trusted. On a low terminal the verdict alone. */
export function drawHead(state: DashboardState): readonly Row[] {
  const { headRows } = layoutOf(state);
  const [first, second] = verdict(state);
  if (headRows === 1) return [first];
  if (headRows === 2) return [source(state), first];
  return headRows === 3 || second === undefined
    ? [source(state), first, data(state)]
    : [source(state), first, second, data(state)];
}

function source(state: DashboardState): Row {
  const { columns, frozen, nowMs } = state;
  const report = shownReport(state);
  if (frozen !== null) {
    const age = Math.floor((nowMs - frozen.sinceMs) / 1000);
    return spread(
      row(styled(` PAUSED ${age} s`, 'warning'), '   the screen is frozen, reading goes on'),
      row(' Space = resume '),
      columns,
    );
  }
  if (state.live !== null) return liveSource(state, state.live);
  const name = report === null ? state.files.join(', ') : `${place(state, report)}${paths(report)}`;
  const label = report?.source.kind === 'stdin' ? 'STDIN' : 'FILE';
  const progress = progressText(state);
  const facts = report === null || progress !== '' ? [] : [workforce(report), ...extent(report)];
  const isReading = state.reading.state === 'reading';
  if (state.reading.state === 'failed')
    return row(styled(` ${'PARTIAL'.padEnd(LABEL - 1)}`, 'warning'), state.reading.problem);
  const details = [...facts, ...(progress === '' ? [] : [progress])];
  const room = columns - LABEL - (isReading ? 13 : 1);
  const whole = [name, ...details].join('   ');
  // Where the line is short the folder of the file says least, then the last of the facts.
  const text = whole.length <= room ? whole : fitting(name.replace(/[^ ,]*\//g, ''), details, room);
  const left = row(styled(` ${label.padEnd(LABEL - 1)}`, 'bold'), text);
  return spread(left, isReading ? row(' Esc = stop ') : [], columns);
}

/** Which of several captures is being read: each is read and shown for itself before they are one report. */
function place({ files, reading }: DashboardState, { source: { paths: own } }: Report): string {
  const index = own.length === 1 ? files.indexOf(own[0] ?? '') : -1;
  return reading.state !== 'reading' || files.length < 2 || index < 0 ? '' : `${index + 1} of ${files.length}: `;
}

/** The name and as many of the facts after it as are shown whole. */
function fitting(name: string, details: readonly string[], room: number): string {
  for (let kept = details.length; kept > 0; kept--) {
    const text = [name, ...details.slice(0, kept)].join('   ');
    if (text.length <= room) return text;
  }
  return [name, ...details].join('   ');
}

/** `Reading 43% (263 of 612 MB, 1.9 M lines)`, or `Following (17 lines)` of a file that grows; '' when all is read. */
function progressText({ reading, follows }: DashboardState): string {
  const { state, bytesRead, sizeBytes, lines } = reading;
  if (state === 'done') return '';
  const amount = lines < 10_000 ? plural(lines, 'line') : linesSoFar(lines);
  if (state === 'stopped') return `STOPPED: ${amount} read`;
  if (follows) return `Following (${amount})`;
  const read = Math.floor(bytesRead / MEGABYTE);
  if (sizeBytes !== null && sizeBytes < MEGABYTE) return `Reading (${amount})`;
  if (sizeBytes === null) return `Reading (${read} MB, ${amount})`;
  const percent = Math.min(100, Math.floor((bytesRead / sizeBytes) * 100));
  return `Reading ${percent}% (${read} of ${Math.floor(sizeBytes / MEGABYTE)} MB, ${amount})`;
}

function verdict(state: DashboardState): readonly [Row, Row?] {
  const report = shownReport(state);
  if (report === null) {
    const hasFailed = state.reading.state === 'failed';
    return [
      row(
        styled(` ${(hasFailed ? 'STOPPED' : '...').padEnd(LABEL - 1)}`, 'bold'),
        hasFailed ? state.reading.problem : 'Too early to say.',
      ),
    ];
  }
  const { severity } = report.verdict;
  const style: Style = severity === 'none' ? 'bold' : severity;
  const word = verdictWord(state, report);
  const { headRows } = layoutOf(state);
  const indent = verdictLabel(state, report);
  const [first = '', second] = verdictLines(state, report, state.columns - indent);
  const label = [styled(' '), styled(word, style), styled(' '.repeat(indent - 1 - word.length))];
  if (headRows < 4 || second === undefined)
    return [row(...label, styled([first, second ?? ''].join(' ').trim(), 'bold'))];
  return [row(...label, styled(first, 'bold')), row(' '.repeat(indent), styled(second, 'bold'))];
}

function data(state: DashboardState): Row {
  const report = shownReport(state);
  if (state.live !== null) return liveData(state, state.live);
  if (report === null) return row(styled(` ${'DATA'.padEnd(LABEL - 1)}`, 'bold'));
  const { quality } = report;
  const style: Style = quality.grade === 'good' ? 'bold' : 'warning';
  const [grade = '', ...rest] = coverage(quality);
  const left = row(styled(' DATA', style), ' '.repeat(LABEL - 5), [grade, ...rest, ...remarks(report)].join('   '));
  return spread(left, row(' D '), state.columns);
}

function remarks({ quality }: Report): readonly string[] {
  return quality.notes.length === 0
    ? []
    : [`${count(quality.notes.length)} ${quality.notes.length === 1 ? 'note' : 'notes'}`];
}
