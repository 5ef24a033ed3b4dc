import type { Finding } from '../../analysis/report.ts';
import { coverage, recording } from '../../output/wording.ts';
import { count, durationOfMs, wholePercent } from '../../trace/format-numbers.ts';
import { layoutOf } from '../layout.ts';
import { figure, type Row, row, rule, styled } from '../row.ts';
import { type DashboardState, shownActivity, shownReport } from '../state.ts';
import { causesOf, findingRows, selectedFinding } from '../tables/findings.ts';
import { type WorkerRow, workerRows } from '../tables/workers.ts';
import { at } from '../times.ts';
import { beside, tall } from './beside.ts';
import { checkRows } from './checks.ts';
import { drawFindingList, findingRule } from './finding-list.ts';
import { factRows, hanging, proofRows, relatedRows, stepRows } from './finding-text.ts';
import { drawHosts, hostRows } from './hosts.ts';
import { timeAxis } from './timeline.ts';
import { drawLegend, drawTimelineRow, laneOf, shownStretch } from './timeline-rows.ts';

const DATA_WIDTH = 52;
const ROW_LABEL = 9;
const ROW_FIGURES = 40;
const MOST_ROWS = 10;
const FEWEST_FINDINGS = 7;

/**
 * The overview on a large terminal: findings and data side by side, the workers over time, and the selected finding
 * with its proof.
 */
export function drawLargeOverview(state: DashboardState): readonly Row[] {
  const { columns, glyphs } = state;
  const { bodyRows } = layoutOf(state);
  const left = columns - DATA_WIDTH - 2;
  const height = Math.max(FEWEST_FINDINGS, Math.min(findingRows(state).length + 2, Math.floor(bodyRows / 4)));
  const list = tall(drawFindingList(state, left, height), height);
  const timeline = hostRows(state) === 0 ? drawWorkersOverTime(state) : drawHosts(state, MOST_ROWS + 2);
  const finding = selectedFinding(state);
  const head = [rule(glyphs, columns, `FINDINGS  ${causesOf(state).length}`, 'DATA  D tells more')];
  const upper = [
    ...head,
    ...beside(list, dataPanel(state, height), left, columns, glyphs),
    findingRule(state, columns, ''),
    ...timeline,
  ];
  return tall([...upper, ...(finding === undefined ? nothingFound(state) : selectedInFull(state, finding))], bodyRows);
}

/** While nothing is found the room shows what was looked at. */
function nothingFound(state: DashboardState): readonly Row[] {
  const report = shownReport(state);
  if (report === null || state.lists.findings.filter !== '') return [];
  return [rule(state.glyphs, state.columns, 'CHECKS  what was looked at', ''), ...checkRows(state)];
}

function dataPanel(state: DashboardState, height: number): readonly Row[] {
  const report = shownReport(state);
  if (report === null) return [];
  const { quality, source, outcomes } = report;
  const statuses = Object.values(outcomes).map((outcome) => outcome?.status);
  const number = (status: string): number => statuses.filter((each) => each === status).length;
  const width = DATA_WIDTH - 2;
  const rows = [
    ...hanging(state.glyphs, 'data', coverage(quality).join(', '), width),
    ...hanging(state.glyphs, 'by', recording(source), width),
    ...hanging(
      state.glyphs,
      'check',
      `${number('found')} found, ${number('clear')} clear, ${number('not-applicable')} cannot tell` +
        `${number('failed') > 0 ? `, ${number('failed')} FAILED` : ''}`,
      width,
    ),
    ...quality.notes.flatMap((note) => hanging(state.glyphs, 'note', note, width)),
  ];
  return rows.length > height ? [...rows.slice(0, height - 1), row(' ...')] : rows;
}

/** A row for each worker with its figures; the letters are explained in the rule. */
function drawWorkersOverTime(state: DashboardState): readonly Row[] {
  const { columns, glyphs } = state;
  const activity = shownActivity(state);
  if (activity === null || shownReport(state)?.window.durationMs === null) return [];
  const finding = selectedFinding(state);
  const rows = workerRows(state, state.lists.timeline);
  const isNamed = ({ worker }: WorkerRow): boolean => finding?.workers.includes(worker.pid) === true;
  const ordered = rows.length <= MOST_ROWS ? rows : [...rows.filter(isNamed), ...rows.filter((each) => !isNamed(each))];
  const shown = ordered.slice(0, ordered.length > MOST_ROWS ? MOST_ROWS - 1 : MOST_ROWS);
  const cells = columns - ROW_LABEL - ROW_FIGURES;
  const stretch = { ...shownStretch(activity, { fromMs: 0, toMs: Number.POSITIVE_INFINITY }), cells };
  const step = (stretch.toMs - stretch.fromMs) / cells;
  const figures = ['BUSY%', 'LONGEST', 'ACCEPTED', 'WASTED', 'EPIPE']
    .map((title, index) => title.padStart(FIGURES[index] ?? 8))
    .join('');
  const hidden = ordered.length - shown.length;
  return [
    row(
      styled(' '.repeat(ROW_LABEL) + timeAxis(state, stretch.fromMs, step, cells).padEnd(cells), 'quiet'),
      styled(figures, 'quiet'),
    ),
    ...shown.map((each) => {
      const { worker } = each;
      const marks = drawTimelineRow(laneOf(state, each), stretch, glyphs);
      const values = [
        wholePercent(worker.busyPercent),
        durationOfMs(worker.longestTurnMs),
        count(worker.accepted),
        count(worker.wastedWakeups),
        count(worker.brokenPipes),
      ];
      const label = `${isNamed(each) ? glyphs.pointer : ' '}${worker.pid}`.padEnd(ROW_LABEL);
      return row(
        styled(label, isNamed(each) ? 'bold' : 'plain'),
        ...marks,
        values.map((text, index) => figure(text, FIGURES[index] ?? 8)).join(''),
      );
    }),
    ...(hidden > 0 ? [row(` +${hidden} more: 3 shows all`)] : []),
    row(
      ' '.repeat(ROW_LABEL),
      ...drawLegend(glyphs, columns - ROW_LABEL),
      `  1 column = ${durationOfMs(step)}, from ${at(state, stretch.fromMs)}`,
    ),
  ];
}

const FIGURES = [6, 10, 9, 8, 7] as const;

function selectedInFull(state: DashboardState, finding: Finding): readonly Row[] {
  const { columns, glyphs } = state;
  const report = shownReport(state);
  const number = causesOf(state).indexOf(finding) + 1;
  return [
    rule(glyphs, columns, `FINDING ${number}  ${finding.title}`, 'Enter opens its lines'),
    ...factRows(state, finding, columns),
    ...hanging(glyphs, 'WHY', finding.why, columns),
    ...stepRows(glyphs, finding.next, columns),
    ...(report === null ? [] : relatedRows(report, finding, glyphs, columns)),
    row(styled(' PROOF', 'bold')),
    ...proofRows(state, finding.evidence, columns, -1),
  ];
}
