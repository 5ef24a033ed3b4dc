import { show } from '../../output/show.ts';
import { count, durationOfMs, wholePercent } from '../../trace/format-numbers.ts';
import { firstShown, layoutOf, tableRows } from '../layout.ts';
import { cell, figure, type Row, row, rule, type StyledText, selected, styled } from '../row.ts';
import { type DashboardState, shownExtent, shownReport } from '../state.ts';
import { orderName } from '../tables/table.ts';
import { hostWidth, isAbout, longestOf, WORKER_COLUMNS, type WorkerRow, workerRows } from '../tables/workers.ts';
import { at } from '../times.ts';
import { tall } from './beside.ts';
import { nowText } from './now.ts';
import { drawLegend, drawTimelineRow, laneOf, shownStretch } from './timeline-rows.ts';

const BELOW = 5;
const NARROW = 60;
/** With these figures beside the others. */
const WIDE = 88;
const FROM_WIDTH = 110;

/** One row a worker: what it is in now or was in at the end, and its whole time beside it. */
export function drawWorkers(state: DashboardState): readonly Row[] {
  const { columns, glyphs, lists } = state;
  const { bodyRows } = layoutOf(state);
  const rows = workerRows(state);
  const below = bodyRows >= 12 ? BELOW : 0;
  const shown = tableRows(bodyRows, below + 1);
  const position = Math.min(lists.workers.position, rows.length - 1);
  const first = firstShown(position, shown, rows.length);
  const isWide = columns >= FROM_WIDTH;
  const hosts = hostWidth(rows, columns);
  const table = (isWide ? WIDE : NARROW) + hosts;
  const remark =
    `${rows.length === 0 ? 0 : position + 1} of ${rows.length}, ` + `${orderName(WORKER_COLUMNS, lists.workers)}`;
  const filter = lists.workers.filter === '' ? '' : `filter: ${lists.workers.filter}  Esc clears  `;
  const titles = figures(isWide, 'BUSY%', 'LONGEST', 'EPIPE', 'REQUESTS', 'ACCEPTED', 'WASTED');
  const heads =
    ` ${hosts === 0 ? '' : cell('HOST', hosts)}${'PID'.padEnd(8)}${'ROLE'.padEnd(12)}` +
    `${(state.source === 'live' ? 'NOW' : 'AT THE END').padEnd(18)}${titles}`;
  const list = rows.slice(first, first + shown).map((each, index) => {
    const [text, ...workerActivity] = drawWorker(state, each, { table, hosts, isWide });
    return first + index === position ? [...selected([text]), ...workerActivity] : [text, ...workerActivity];
  });
  const chosen = rows[position];
  return tall(
    [
      rule(glyphs, columns, `WORKERS  ${rows.length}`, filter + remark),
      row(styled(heads, 'quiet')),
      ...tall(list, shown),
      row(' '.repeat(Math.max(0, columns - 52)), ...drawLegend(glyphs, 51)),
      ...(below > 0 && chosen !== undefined ? detail(state, chosen) : []),
    ],
    bodyRows,
  );
}

/** So wide are the columns. */
interface Widths {
  readonly table: number;
  /** Names of hosts; 0 where all workers are those of one. */
  readonly hosts: number;
  readonly isWide: boolean;
}

function figures(isWide: boolean, busy: string, longest: string, pipes: string, ...more: readonly string[]): string {
  return (
    `${figure(busy, 6)}${figure(longest, 9)}${figure(pipes, 6)}` +
    `${isWide ? more.map((text) => figure(text, 9)).join('') : ''}`
  );
}

function drawWorker(
  state: DashboardState,
  each: WorkerRow,
  { table, hosts, isWide }: Widths,
): readonly [StyledText, ...StyledText[]] {
  const { worker } = each;
  const pin = state.pinned.includes(worker.pid) ? '*' : ' ';
  const busy = wholePercent(worker.busyPercent);
  const more = [worker.requests, worker.accepted, worker.wastedWakeups].map(count);
  const columnsText = figures(isWide, busy, durationOfMs(longestOf(each)), count(worker.brokenPipes), ...more);
  const text =
    `${pin}${hosts === 0 ? '' : `${cell(worker.host ?? '', hosts - 1)} `}${String(worker.pid).padEnd(8)}` +
    `${cell(worker.role, 11)} ${cell(nowText(state, each), 17)} ${columnsText}`;
  const extent = shownExtent(state);
  const cells = state.columns - table - 2;
  if (extent === null || cells < 8) return [styled(text)];
  const { fromMs, toMs } = shownStretch(extent, { fromMs: 0, toMs: Number.POSITIVE_INFINITY });
  return [
    styled(cell(text, table)),
    styled(' '),
    ...drawTimelineRow(laneOf(state, each), { fromMs, toMs, cells }, state.glyphs),
  ];
}

function detail(state: DashboardState, { worker, activity }: WorkerRow): readonly Row[] {
  const { pid, host } = worker;
  const findings = (shownReport(state)?.findings ?? []).filter((finding) => isAbout(finding, worker));
  const now = activity?.now;
  const counts = [
    `${count(worker.requests)} requests`,
    `${count(worker.accepted)} accepted`,
    worker.firstMs === null ? '' : `seen ${at(state, worker.firstMs)} to ${at(state, worker.lastMs)}`,
  ].filter((fact) => fact !== '');
  const call = now === undefined || now.call === '' ? 'no call' : `${now.call} ${now.target}`.trim();
  const last = now === undefined || now.state === 'ended' ? [] : [`last in: ${call} since ${at(state, now.sinceMs)}`];
  // What there is no room for beside the others has a row of its own.
  const line = [...counts, ...last].join('   ');
  const facts = line.length < state.columns ? [line] : [counts.join('   '), ...last];
  return [
    rule(state.glyphs, state.columns, `WORKER ${pid}${host === null ? '' : ` of ${host}`}`, show(worker.server)),
    ...facts.map((fact) => row(` ${fact}`)),
    ...(findings.length === 0
      ? [row(' No finding names it.')]
      : findings
          .slice(0, 3)
          .map(({ title, severity }, index) => row(index === 0 ? ' Enter: ' : '        ', styled(title, severity)))),
  ];
}
