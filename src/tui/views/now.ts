import type { WorkerActivity } from '../../analysis/activity.ts';
import { duration } from '../../output/figures.ts';
import { show } from '../../output/show.ts';
import { shownReport, type TuiState } from '../state.ts';

/** `fsync for 0.8 s`, `waits epoll_wait`, `no call for 120 ms`, `ended`. */
export function nowText(state: TuiState, activity: WorkerActivity | null): string {
  if (activity === null) return '-';
  const { now } = activity;
  if (now.state === 'ended') return 'ended';
  if (now.state === 'waiting') return `waits ${show(now.call)}`;
  const length = duration(Math.max(0, liveNowMs(state) - now.sinceMs));
  return now.state === 'silent' ? `no call ${length}` : `${show(now.call)} ${length}`;
}

/** The newest moment of the trace: the last event, or in a live capture the present, which moves on though no event arrives. */
export function liveNowMs(state: TuiState): number {
  const { window } = shownReport(state) ?? {};
  const last = window?.durationMs ?? 0;
  const { live, frozen } = state;
  if (live === null || live.state !== 'tracing' || frozen !== null || live.behindBytes > 0) return last;
  const start = Date.parse(window?.startTime ?? '');
  // The tracer's clock is the one of this host. What is told comes up to a second after it was so.
  return Number.isFinite(start) ? Math.max(last, live.wallMs + (state.nowMs - live.atMs) - start) : last;
}
