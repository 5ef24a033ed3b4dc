import type { WorkerActivity } from '../../analysis/activity.ts';
import type { AtEnd } from '../../analysis/report.ts';
import { show } from '../../output/show.ts';
import { durationOfMs } from '../../trace/format-numbers.ts';
import { type DashboardState, shownActivity, shownReport } from '../state.ts';

const NOTABLE_MS = 250;
/** bpftrace hands over what it saw once a second. */
const NOTABLE_LATE_MS = 2_500;

/** `0.80 s in fsync`, `waits epoll_wait`, `1.20 s no call`, `ended`. */
export function nowText(state: DashboardState, activity: WorkerActivity | null, atEnd: AtEnd | null = null): string {
  // There is no picture of the thousandth worker; what it was in stands in the report.
  if (activity === null) return atEnd === null ? '-' : endText(atEnd);
  const { now } = activity;
  if (now.state === 'ended') return 'ended';
  if (now.state === 'waiting') return `waits ${show(now.call)}`;
  const lengthMs = Math.max(0, liveNowMs(state) - now.sinceMs);
  // The tracer's words arrive a moment late: what is shorter may be over.
  const notable = state.live === null ? 0 : state.live.engine === 'strace' ? NOTABLE_MS : NOTABLE_LATE_MS;
  if (lengthMs < notable) return now.state === 'silent' ? 'runs' : `in ${show(now.call)}`;
  // The time comes first: it must not be what is cut.
  return `${durationOfMs(lengthMs)} ${now.state === 'silent' ? 'no call' : `in ${show(now.call)}`}`;
}

function endText({ call, forMs, idle }: AtEnd): string {
  if (idle === 'yes') return `waits ${show(call)}`;
  return forMs === null ? `in ${show(call)}` : `${durationOfMs(forMs)} in ${show(call)}`;
}

/**
 * The newest moment of the trace: the last event, or in a live capture the present, which moves on though no event
 * arrives.
 */
export function liveNowMs(state: DashboardState): number {
  const { window } = shownReport(state) ?? {};
  const last = window?.durationMs ?? 0;
  const { live, frozen } = state;
  if (live === null || live.state !== 'tracing' || frozen !== null || live.behindBytes > 0) return last;
  const start = Date.parse(shownActivity(state)?.zero.startTime ?? window?.startTime ?? '');
  // The tracer's clock is the one of this host. What is reported comes up to a second after it was so.
  return Number.isFinite(start) ? Math.max(last, live.wallMs + (state.nowMs - live.atMs) - start) : last;
}
