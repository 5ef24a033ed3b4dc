import type { Activity } from '../analysis/activity.ts';
import type { DashboardEvent, SideEffect } from './events.ts';
import { reduce } from './reduce/reduce.ts';
import type { Row } from './row.ts';
import type { DashboardState, LiveStatus } from './state.ts';
import { drawScreen } from './views/screen.ts';

/**
 * New data are drawn at most this often, and for no more than one part in so many of the time, unless the verdict turns
 * better or worse; a key is answered at once. Where nothing came but the time, one frame a second shows that.
 */
const DATA_EVERY_MS = 250;
const DATA_LATEST_MS = 1_000;
const DATA_SHARE = 150;
const KEYS_EVERY_MS = 30;

interface DashboardPorts {
  readonly draw: (rows: readonly Row[]) => void;
  readonly perform: (effect: SideEffect) => void;
  /** Milliseconds that only grow. */
  readonly now: () => number;
  readonly after: (milliseconds: number, then: () => void) => void;
}

/** Holds the state of the dashboard: events go in, effects and frames come out. */
export class Dashboard {
  #state: DashboardState;
  readonly #ports: DashboardPorts;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #due = Number.POSITIVE_INFINITY;
  #dataEveryMs = DATA_EVERY_MS;

  constructor(state: DashboardState, ports: DashboardPorts) {
    this.#state = state;
    this.#ports = ports;
  }

  get state(): DashboardState {
    return this.#state;
  }

  dispatch(event: DashboardEvent): void {
    const before = this.#state;
    const timed = { ...before, nowMs: this.#ports.now() };
    const { state, effects } = reduce(timed, event);
    this.#state = state;
    for (const effect of effects) this.#ports.perform(effect);
    const isDirect =
      event.type === 'key' || event.type === 'paste' || event.type === 'resize' || event.type === 'lines';
    const isVerdict = severityIn(state) !== severityIn(before);
    const data = hasData(state, before) ? this.#dataEveryMs : DATA_LATEST_MS;
    this.#drawWithin(isDirect ? KEYS_EVERY_MS : isVerdict ? DATA_EVERY_MS : data);
  }

  #drawWithin(interval: number): void {
    const now = this.#ports.now();
    const due = Math.max(now, this.#drawnAt + interval);
    if (due >= this.#due) return;
    this.#due = due;
    if (due <= now) {
      this.#draw();
      return;
    }
    this.#ports.after(due - now, () => {
      if (this.#due === due) this.#draw();
    });
  }

  #draw(): void {
    this.#due = Number.POSITIVE_INFINITY;
    this.#drawnAt = this.#ports.now();
    this.#ports.draw(drawScreen(this.#state));
    const tookMs = this.#ports.now() - this.#drawnAt;
    this.#dataEveryMs = Math.min(DATA_LATEST_MS, Math.max(DATA_EVERY_MS, tookMs * DATA_SHARE));
  }
}

/** Something else is to be seen than that time goes by. */
function hasData(state: DashboardState, before: DashboardState): boolean {
  const { reading, report, activity, live } = state;
  if (reading.lines !== before.reading.lines || reading.state !== before.reading.state) return true;
  if (report?.quality.lines !== before.report?.quality.lines) return true;
  if (report?.findings.length !== before.report?.findings.length) return true;
  if (hasMoved(activity?.workers ?? [], before.activity?.workers ?? [])) return true;
  if (state.message !== before.message || state.slowLink !== before.slowLink) return true;
  return live !== before.live && (live === null || before.live === null || isLiveNews(live, before.live));
}

/** Some worker is in something else. */
function hasMoved(workers: Activity['workers'], before: Activity['workers']): boolean {
  if (workers === before) return false;
  if (workers.length !== before.length) return true;
  return workers.some(({ now }, index) => {
    const known = before[index]?.now;
    return now.state !== known?.state || now.sinceMs !== known.sinceMs || now.turnSinceMs !== known.turnSinceMs;
  });
}

function isLiveNews(live: LiveStatus, before: LiveStatus): boolean {
  const { processes = [] } = live;
  const { processes: known = [] } = before;
  return (
    live.state !== before.state ||
    live.lost !== before.lost ||
    live.notes.length !== before.notes.length ||
    live.behindBytes > 0 !== before.behindBytes > 0 ||
    processes.length !== known.length ||
    processes.some((each, index) => {
      const last = known[index];
      const { isWaiting, call, held, code, ageMs, isParked = false } = each;
      if (last === undefined || isWaiting !== last.isWaiting || call !== last.call) return true;
      // Its age is counted on the screen.
      return held !== last.held || code !== last.code || (!isWaiting && !isParked && ageMs !== last.ageMs);
    })
  );
}

function severityIn({ report }: DashboardState): string {
  return report?.verdict.severity ?? '';
}
