import type { Activity } from '../../analysis/activity.ts';
import type { Finding } from '../../analysis/report.ts';
import { sumsOf } from '../../analysis/worker-states.ts';
import { count, durationOfMs } from '../../trace/format-numbers.ts';
import { layoutOf } from '../layout.ts';
import { cell, figure, type Row, row, rule, styled } from '../row.ts';
import { type DashboardState, shownActivity } from '../state.ts';
import { findingRows, selectedFinding } from '../tables/findings.ts';
import { orderName } from '../tables/table.ts';
import { isHeldByThread, longestOf, WORKER_COLUMNS, type WorkerRow, workerRows } from '../tables/workers.ts';
import { liveNowMs } from '../times.ts';
import { tall } from './beside.ts';
import { drawFindingList, findingRule } from './finding-list.ts';
import { factRows, proofRows, stepRows } from './finding-text.ts';
import { nowText } from './now.ts';
import { drawLegend, drawTimelineRow, laneOf } from './timeline-rows.ts';

/** What the timeline rows show. */
const RECENT_MS = 30_000;
/** Over which calls are counted. */
const RATE_MS = 5_000;
const TABLE = 54;
const PID = 8;
const NOW = 24;
/** For the number that a process has in its own container. */
const INNER = 6;
const FEWEST_WORKERS = 2;
/** Workers that do not make room for the selected finding. */
const FEWEST_BESIDE = 3;
/** Two rows each of facts, of what to do next and of what proves it, and one that says where the capture is. */
const LEAST_BELOW = 7;
/** Of the first step so much is shown before there are more facts: what it says, its command, and what it needs. */
const MOST_OF_STEP = 4;
/** A terminal of so many columns has none to spare; on others a line of code gets so many more. */
const COLUMNS = 88;
const MOST_CODE = 22;

/** Live: who is blocked now and for how long, then the findings, then what is known of the selected one. */
export function drawLiveOverview(state: DashboardState): readonly Row[] {
  const { columns, glyphs } = state;
  const { bodyRows } = layoutOf(state);
  const workers = workerRows(state);
  const findings = Math.min(Math.max(2, findingRows(state).length + 1), Math.max(2, Math.floor(bodyRows / 4)));
  const half = Math.floor((bodyRows - findings) / 2) - 3;
  // Three rules and the heads of the columns stand between them.
  const beside = Math.max(FEWEST_BESIDE, bodyRows - findings - 4 - LEAST_BELOW);
  const room = Math.max(FEWEST_WORKERS, Math.min(half, beside));
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

function heads(state: DashboardState): Row {
  const { columns, glyphs } = state;
  const inner = innerWidth(state);
  const width = tableWidth(state);
  const text =
    ` ${'WORKER'.padEnd(PID + inner)}${'NOW'.padEnd(nowWidth(state) - inner)}${'CALLS/S'.padStart(7)}` +
    `${'LONGEST'.padStart(9)}${'EPIPE'.padStart(6)}`;
  return row(styled(cell(text, width + 2), 'quiet'), ...drawLegend(glyphs, columns - width - 3));
}

function drawWorkerNow(state: DashboardState, each: WorkerRow): Row {
  const { worker, activity: workerActivity, process } = each;
  const { columns, glyphs } = state;
  const activity = shownActivity(state);
  const inner = innerWidth(state);
  const now = nowText(state, each);
  const isAway =
    workerActivity === null
      ? process?.isWaiting === false
      : isHeldByThread(workerActivity, process) ||
        workerActivity.now.state === 'blocked' ||
        workerActivity.now.state === 'silent';
  const isBlocked = isAway && now !== 'runs' && !now.startsWith('in ');
  const rate = activity === null || workerActivity === null ? '-' : callsPerSecond(state, activity, workerActivity);
  const pin = state.pinned.includes(worker.pid) ? '*' : ' ';
  const cells = columns - tableWidth(state) - 3;
  const room = nowWidth(state) - inner - 1;
  const endMs = liveNowMs(state);
  const stretch = { fromMs: Math.max(0, endMs - RECENT_MS), toMs: Math.max(RECENT_MS, endMs), cells };
  return row(
    `${pin}${cell(pidText(each), PID + inner)}`,
    styled(cell(fitting(now, room), room), isBlocked && worker.role !== 'master' ? 'bold' : 'plain'),
    ` ${figure(rate, 7)}${figure(durationOfMs(longestOf(each)), 9)}${figure(count(worker.brokenPipes), 6)}  `,
    ...(cells < 8 ? [] : drawTimelineRow(laneOf(state, each), stretch, glyphs)),
  );
}

/** Lines of code need more room than names of calls, where there is some. */
function nowWidth({ live, columns }: DashboardState): number {
  const hasCode = live?.processes?.some(({ code = '' }) => code !== '') === true;
  return NOW + (hasCode ? Math.min(MOST_CODE, Math.max(0, columns - COLUMNS)) : 0);
}

function tableWidth(state: DashboardState): number {
  return TABLE - NOW + nowWidth(state);
}

/** Without the function behind a line of code, where both have no room. */
function fitting(now: string, width: number): string {
  return now.length <= width ? now : now.replace(/(:\d+) \S+$/, '$1');
}

function innerWidth({ live }: DashboardState): number {
  return live?.processes?.some(({ pid, innerPid }) => pid !== innerPid) === true ? INNER : 0;
}

/** `24789`; with the number in its own container, which its logs show, `24789/7`. */
function pidText({ worker: { pid }, process }: WorkerRow): string {
  return process === null || process.innerPid === pid ? String(pid) : `${pid}/${process.innerPid}`;
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

/**
 * Facts, what to do next, and the lines that prove it, some of each whatever the room; the last row says where the
 * capture is.
 */
function selectedBelow(state: DashboardState, finding: Finding, height: number): readonly Row[] {
  const { columns, glyphs } = state;
  const room = height - 1;
  const proof = [
    row(styled(' PROOF ', 'bold'), 'Enter shows every line'),
    ...proofRows(state, finding.evidence.slice(0, height > 16 ? 6 : 1), columns, -1),
  ];
  const first = stepRows(glyphs, finding.next.slice(0, 1), columns, MOST_OF_STEP).length;
  const facts = factRows(state, finding, columns, Math.max(1, room - proof.length - first));
  const steps = stepRows(glyphs, finding.next, columns, Math.max(1, room - facts.length - proof.length));
  return [...tall([...facts, ...steps, ...proof], room), spoolRow(state)];
}

function watching(state: DashboardState): readonly Row[] {
  const isOver = state.live?.state === 'detached' || state.live?.state === 'ended';
  const watch = row(' Watching. A finding shows up when it happened three times or held for five seconds.');
  return [...(isOver ? [] : [watch, row('')]), spoolRow(state)];
}

function spoolRow({ live }: DashboardState): Row {
  return live === null ? [] : row(` Capture so far: ${live.spool} (kept when you quit)`);
}
