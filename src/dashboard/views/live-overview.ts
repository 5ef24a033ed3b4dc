import type { Activity } from '../../analysis/activity.ts';
import type { Finding } from '../../analysis/report.ts';
import { count, durationOfMs } from '../../trace/format-numbers.ts';
import { layoutOf } from '../layout.ts';
import { cell, type Row, row, rule, span } from '../spans.ts';
import { type DashboardState, shownActivity } from '../state.ts';
import { findingRows, selectedFinding } from '../tables/findings.ts';
import { orderName } from '../tables/table.ts';
import { WORKER_COLUMNS, type WorkerRow, workerRows } from '../tables/workers.ts';
import { tall } from './beside.ts';
import { drawFindingList, findingRule } from './finding-list.ts';
import { clipped, factRows, proofRows, stepRows } from './finding-text.ts';
import { liveNowMs, nowText } from './now.ts';
import { drawLegend, drawTimelineRow, sumsOf } from './timeline-rows.ts';

/** What the timeline rows show. */
const RECENT_MS = 30_000;
/** Over which calls are counted. */
const RATE_MS = 5_000;
const TABLE = 50;
const FEWEST_WORKERS = 2;

/** Live: who is blocked now and for how long, then the findings, then what is known of the selected one. */
export function drawLiveOverview(state: DashboardState): readonly Row[] {
  const { columns, glyphs } = state;
  const { bodyRows } = layoutOf(state);
  const workers = workerRows(state);
  const findings = Math.min(Math.max(2, findingRows(state).length + 1), Math.max(2, Math.floor(bodyRows / 4)));
  const room = Math.max(FEWEST_WORKERS, Math.floor((bodyRows - findings) / 2) - 3);
  const shown = workers.slice(0, workers.length > room ? room - 1 : room);
  const hidden = workers.length - shown.length;
  const finding = selectedFinding(state);
  const rest = bodyRows - shown.length - 2 - (hidden > 0 ? 1 : 0) - findings - 2;
  return tall(
    [
      rule(
        glyphs,
        columns,
        `WORKERS  ${workers.length}`,
        `${orderName(WORKER_COLUMNS, state.lists.workers)}, last ${RECENT_MS / 1000} s`,
      ),
      heads(state),
      ...shown.map((each) => drawWorkerNow(state, each)),
      ...(hidden > 0 ? [row(` +${hidden} more: 2 shows all`)] : []),
      findingRule(state, columns, 'FINDINGS'),
      ...tall(drawFindingList(state, columns, findings), findings),
      rule(glyphs, columns),
      ...(finding === undefined ? watching(state) : selectedBelow(state, finding, rest)),
    ],
    bodyRows,
  );
}

function heads({ columns, glyphs }: DashboardState): Row {
  const text =
    ` ${'WORKER'.padEnd(8)}${'NOW'.padEnd(21)}${'CALLS/S'.padStart(7)}${'LONGEST'.padStart(8)}` +
    `${'EPIPE'.padStart(6)}`;
  return row(span(cell(text, TABLE + 2), 'quiet'), ...drawLegend(glyphs, columns - TABLE - 3));
}

function drawWorkerNow(state: DashboardState, { worker, activity: workerActivity }: WorkerRow): Row {
  const { columns, glyphs } = state;
  const activity = shownActivity(state);
  const now = nowText(state, workerActivity);
  const isBlocked =
    (workerActivity?.now.state === 'blocked' || workerActivity?.now.state === 'silent') &&
    now !== 'runs' &&
    !now.startsWith('in ');
  const rate = activity === null || workerActivity === null ? '-' : callsPerSecond(state, activity, workerActivity);
  const pin = state.pinned.includes(worker.pid) ? '*' : ' ';
  const cells = columns - TABLE - 3;
  const endMs = liveNowMs(state);
  const stretch = { fromMs: Math.max(0, endMs - RECENT_MS), toMs: Math.max(RECENT_MS, endMs), cells };
  return row(
    `${pin}${String(worker.pid).padEnd(8)}`,
    span(cell(now, 20), isBlocked && worker.role !== 'master' ? 'bold' : 'plain'),
    ` ${rate.padStart(7)}${durationOfMs(worker.longestTurnMs).padStart(8)}${count(worker.brokenPipes).padStart(6)}  `,
    ...(activity === null || workerActivity === null || cells < 8
      ? []
      : drawTimelineRow(activity, workerActivity, stretch, glyphs)),
  );
}

function callsPerSecond(
  state: DashboardState,
  activity: Activity,
  workerActivity: NonNullable<WorkerRow['activity']>,
): string {
  const endMs = liveNowMs(state);
  const { calls } = sumsOf(activity, workerActivity, Math.max(0, endMs - RATE_MS), endMs);
  return count(Math.round(calls / (Math.min(RATE_MS, Math.max(1, endMs)) / 1000)));
}

/** Facts, the line that proves it, what to do next, as far as there is room; the last row says where the capture is. */
function selectedBelow(state: DashboardState, finding: Finding, height: number): readonly Row[] {
  const { columns, glyphs } = state;
  const facts = factRows(state, finding, columns);
  const proof = [
    row(span(' PROOF ', 'bold'), 'Enter shows every line'),
    ...proofRows(state, finding, columns, -1, height > 16 ? 6 : 1),
  ];
  const text = clipped(facts, Math.max(2, height - proof.length - 1));
  const steps = stepRows(glyphs, finding.next, columns, Math.max(0, height - text.length - proof.length - 1));
  return [...tall([...text, ...steps, ...proof], height - 1), spoolRow(state)];
}

function watching(state: DashboardState): readonly Row[] {
  return [
    row(' Watching. A finding shows up when it happened three times or held for five seconds.'),
    row(''),
    spoolRow(state),
  ];
}

function spoolRow({ live }: DashboardState): Row {
  return live === null ? [] : row(` Capture so far: ${live.spool} (kept when you quit)`);
}
