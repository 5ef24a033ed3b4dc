import type { Finding } from '../../analysis/report.ts';
import { durationOfMs } from '../../trace/format-numbers.ts';
import { layoutOf } from '../layout.ts';
import { type Row, row, rule, styled } from '../row.ts';
import { type DashboardState, shownActivity, shownReport } from '../state.ts';
import { findingRows, selectedFinding } from '../tables/findings.ts';
import { workerRows } from '../tables/workers.ts';
import { at } from '../times.ts';
import { tall } from './beside.ts';
import { checkRows } from './checks.ts';
import { drawFindingList, findingRule } from './finding-list.ts';
import { factRows, hanging, proofRows, stepRows } from './finding-text.ts';
import { drawHosts, FEWEST_HOST_ROWS, hostRows } from './hosts.ts';
import { drawLegend, drawTimelineRow, laneOf, shownStretch } from './timeline-rows.ts';

const ROW_LABEL = 8;
/** Rows of the timeline that go before the reason. */
const MOST_BEFORE_WHY = 5;
const FEWEST_FOR_DETAIL = 8;
const FEWEST_FOR_STEPS = 7;
const FEWEST_STEP_ROWS = 3;
const FEWEST_COLUMNS_FOR_TIMELINE = 70;

/**
 * Verdict first: the findings, the worst selected, and below what proves the selected one, how the workers looked, and
 * what to do next.
 */
export function drawOverview(state: DashboardState): readonly Row[] {
  const { columns, glyphs } = state;
  const { bodyRows } = layoutOf(state);
  const top = rule(glyphs, columns, '', '');
  const found = findingRows(state).length;
  if (bodyRows < FEWEST_FOR_DETAIL)
    return tall([top, ...drawFindingList(state, columns, bodyRows - 2), findingRule(state, columns, '')], bodyRows);
  const most = Math.min(Math.max(4, Math.floor((bodyRows - 2) / 2.6)), found + 1 + (found === 0 ? 1 : 0));
  const list = drawFindingList(state, columns, most);
  const below = bodyRows - list.length - 2;
  const finding = selectedFinding(state);
  const detail = finding === undefined ? nothingFound(state, below) : drawSelected(state, finding, below);
  return tall([top, ...list, findingRule(state, columns, ''), ...detail], bodyRows);
}

function drawSelected(state: DashboardState, finding: Finding, height: number): readonly Row[] {
  const { columns, glyphs } = state;
  const [proof] = proofRows(state, finding.evidence.slice(0, 1), columns, -1);
  const more = finding.evidence.length > 1 ? ` (${finding.evidence.length})` : '';
  const hint = row(
    styled(' PROOF ', 'bold'),
    proof === undefined ? 'no single line shows it' : `Enter shows every line${more}`,
  );
  const shown = [hint, ...(proof === undefined ? [] : [proof])];
  const told = factRows(state, finding, columns);
  const left = height - shown.length - told.length;
  const most = Math.max(FEWEST_STEP_ROWS, Math.min(Math.floor(height / 3) + 1, left));
  const steps = height < FEWEST_FOR_STEPS ? [] : stepRows(glyphs, finding.next, columns, most);
  const foot = [...steps, ...shown];
  const upper = Math.max(0, height - foot.length);
  const hosts = Math.min(hostRows(state), FEWEST_HOST_ROWS);
  const facts = factRows(state, finding, columns, Math.max(0, upper - hosts));
  const why = hanging(glyphs, 'WHY', finding.why, columns);
  const room = upper - facts.length;
  const before = Math.min(room, Math.max(MOST_BEFORE_WHY, room - why.length));
  const timeline = hosts === 0 ? drawTimeline(state, finding, before) : drawHosts(state, before);
  // Half a reason explains nothing.
  const reason = why.length <= room - timeline.length ? why : [];
  return [...tall([...timeline, ...facts, ...reason], upper), ...foot];
}

/** The workers over the whole trace, those of the finding first; above them the scale and what the letters say. */
function drawTimeline(state: DashboardState, finding: Finding, height: number): readonly Row[] {
  const { columns, glyphs } = state;
  const activity = shownActivity(state);
  if (activity === null || height < 2 || shownReport(state)?.window.durationMs === null) return [];
  if (columns < FEWEST_COLUMNS_FOR_TIMELINE) return [];
  const { fromMs, toMs } = shownStretch(activity, { fromMs: 0, toMs: Number.POSITIVE_INFINITY });
  const rows = workerRows(state, state.lists.timeline).filter((each) => each.activity !== null);
  const named = rows.filter(({ worker }) => finding.workers.includes(worker.pid));
  const ordered = [...named, ...rows.filter((each) => !named.includes(each))];
  const shown = ordered.slice(0, height - 1);
  const cells = columns - ROW_LABEL - 1;
  const timelineRows = shown.map((each) =>
    row(
      ` ${String(each.worker.pid).padEnd(ROW_LABEL - 1)}`,
      ...drawTimelineRow(laneOf(state, each), { fromMs, toMs, cells }, state.glyphs),
    ),
  );
  const all = shown.length < ordered.length ? `, ${shown.length} of ${ordered.length} workers (3 shows all)` : '';
  const scale = ` ${durationOfMs((toMs - fromMs) / cells)} a column, from ${at(state, fromMs).slice(0, 8)}${all}   `;
  return [row(scale, ...drawLegend(glyphs, columns - scale.length, timelineRows)), ...timelineRows];
}

/** What was looked at, when nothing was found. */
function nothingFound(state: DashboardState, height: number): readonly Row[] {
  const report = shownReport(state);
  if (report === null || state.lists.findings.filter !== '') return tall([], height);
  return tall([...drawHosts(state, Math.floor(height / 2)), ...checkRows(state)], height);
}
