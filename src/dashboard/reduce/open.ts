import type { Finding } from '../../analysis/report.ts';
import { still, type Transition } from '../events.ts';
import { type DashboardState, shownExtent, shownReport, topScreen } from '../state.ts';
import { findingsOnService, selectedService } from '../tables/dependencies.ts';
import { findingOf, linesOfCause, selectedFinding } from '../tables/findings.ts';
import { selectedRequest } from '../tables/requests.ts';
import { isAbout, workerRows } from '../tables/workers.ts';
import { findingsAt } from '../views/timeline.ts';
import { linesOf } from './line-moves.ts';
import { opened } from './screens.ts';

/**
 * Shows the proof behind the selection, one level further each time: finding, its line among the others, that line in
 * full.
 */
export function open(state: DashboardState): Transition {
  const { kind, finding: id, position } = topScreen(state);
  switch (kind) {
    case 'overview': {
      const finding = selectedFinding(state);
      return finding === undefined ? still(state) : still(opened(state, 'finding', finding.id));
    }
    case 'finding': {
      const finding = findingOf(state, id);
      const evidence = finding === undefined ? [] : linesOfCause(state, finding);
      const line = evidence[Math.min(position, evidence.length - 1)];
      return line === undefined
        ? still({ ...state, message: 'No single line shows it.' })
        : linesOf(opened(state, 'lines'), line.file, line.line);
    }
    case 'workers': {
      const { worker } = workerRows(state)[Math.min(state.lists.workers.position, workerRows(state).length - 1)] ?? {};
      if (worker === undefined) return still(state);
      const finding = shownReport(state)?.findings.find((each) => isAbout(each, worker));
      return finding === undefined
        ? still({ ...state, message: `No finding names worker ${worker.pid}.` })
        : openFinding(state, finding);
    }
    case 'dependencies': {
      const service = selectedService(state);
      if (service === undefined) return still(state);
      const [finding] = findingsOnService(state, service);
      if (finding !== undefined) return openFinding(state, finding);
      const { peer, longestAt } = service;
      return longestAt === undefined
        ? still({ ...state, message: `No single line shows a wait for ${peer}.` })
        : linesOf(
            opened({ ...state, message: `The longest wait for ${peer}.` }, 'lines'),
            longestAt.file,
            longestAt.line,
          );
    }
    case 'requests': {
      const request = selectedRequest(state);
      if (request === undefined) return still(state);
      const { readAt } = request;
      return readAt === null
        ? still({ ...state, message: 'No single line shows it.' })
        : linesOf(
            opened({ ...state, message: `Here ${request.pid} read ${request.request}.` }, 'lines'),
            readAt.file,
            readAt.line,
          );
    }
    case 'timeline':
      return openMoment(state);
    case 'lines':
      return state.lines.rows.some(({ line }) => line === state.lines.cursor)
        ? still(opened(state, 'line'))
        : still(state);
    default:
      return still(state);
  }
}

/** The screen of a finding; what came of another one is told on the screen of that one. */
function openFinding(state: DashboardState, { id, effectOf, memberOf }: Finding): Transition {
  const cause = findingOf(state, effectOf ?? memberOf ?? '')?.id ?? id;
  return still(opened(state, 'finding', cause));
}

/** What covers the moment under the cursor: a finding about that worker, else the lines of that time. */
function openMoment(state: DashboardState): Transition {
  const rows = workerRows(state, state.lists.timeline);
  const worker = rows[Math.min(state.lists.timeline.position, rows.length - 1)]?.worker;
  const { cursorMs } = state.timeline;
  const step = shownExtent(state)?.columnMs ?? 1;
  const finding = worker === undefined ? undefined : findingsAt(state, worker, cursorMs, step)[0];
  if (finding !== undefined) return openFinding(state, finding);
  if (worker !== undefined && worker.host !== null)
    return still({ ...state, message: `No finding names worker ${worker.pid} of ${worker.host} there.` });
  return { state: opened(state, 'lines'), effects: [{ type: 'seek-time', file: state.lines.file, atMs: cursorMs }] };
}
