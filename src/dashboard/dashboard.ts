import type { DashboardEvent, SideEffect } from './events.ts';
import { reduce } from './reduce/reduce.ts';
import type { Row } from './row.ts';
import type { DashboardState } from './state.ts';
import { drawScreen } from './views/screen.ts';

/**
 * New data are drawn at most this often, and for no more than one part in so many of the time, unless the verdict turns
 * better or worse; a key is answered at once.
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
    const isNews = severityIn(state) !== severityIn(before);
    this.#drawWithin(isDirect ? KEYS_EVERY_MS : isNews ? DATA_EVERY_MS : this.#dataEveryMs);
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

function severityIn({ report }: DashboardState): string {
  return report?.verdict.severity ?? '';
}
