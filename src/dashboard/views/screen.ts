import { layoutOf, SMALLEST } from '../layout.ts';
import { fit, type Row, row } from '../row.ts';
import { type DashboardState, type ScreenKind, topScreen } from '../state.ts';
import { tall } from './beside.ts';
import { drawCalls } from './calls.ts';
import { drawDependencies } from './dependencies.ts';
import { drawFinding } from './finding.ts';
import { drawFoot } from './foot.ts';
import { drawHead } from './head.ts';
import { drawExport, drawHelp } from './help.ts';
import { drawLine, drawLines } from './lines.ts';
import { drawLiveOverview } from './live-overview.ts';
import { drawOverview } from './overview.ts';
import { drawLargeOverview } from './overview-large.ts';
import { drawQuality } from './quality.ts';
import { drawRequests } from './requests.ts';
import { drawTimeline } from './timeline.ts';
import { drawWorkers } from './workers.ts';

const BODIES: Readonly<Record<ScreenKind, (state: DashboardState) => readonly Row[]>> = {
  overview: (state) => {
    if (state.source === 'live') return drawLiveOverview(state);
    return layoutOf(state).large ? drawLargeOverview(state) : drawOverview(state);
  },
  workers: drawWorkers,
  timeline: drawTimeline,
  calls: drawCalls,
  dependencies: drawDependencies,
  requests: drawRequests,
  lines: drawLines,
  finding: drawFinding,
  line: drawLine,
  quality: drawQuality,
  help: drawHelp,
  export: drawExport,
};

/** The whole screen: as many rows as the terminal has, each exactly as wide. */
export function drawScreen(state: DashboardState): readonly Row[] {
  const { columns, rows, glyphs } = state;
  const layout = layoutOf(state);
  const body = layout.tooSmall
    ? [
        row(`Terminal is ${columns}x${rows}, needs ${SMALLEST.columns}x${SMALLEST.rows}.`),
        row('Enlarge it, or press q and use'),
        row('drover analyze.'),
      ]
    : [...drawHead(state), ...tall(BODIES[topScreen(state).kind](state), layout.bodyRows), ...drawFoot(state)];
  return tall(body, rows).map((cells) => fit(cells, columns, glyphs.ascii));
}
