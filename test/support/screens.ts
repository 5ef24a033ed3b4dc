import type { Activity } from '../../src/analysis/activity.ts';
import type { Report } from '../../src/analysis/report.ts';
import type { DashboardEvent, SideEffect } from '../../src/dashboard/events.ts';
import { reduce } from '../../src/dashboard/reduce/reduce.ts';
import { ASCII, textOf, UNICODE } from '../../src/dashboard/row.ts';
import { type DashboardState, initialState } from '../../src/dashboard/state.ts';
import { drawScreen } from '../../src/dashboard/views/screen.ts';

export interface ScreenOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly ascii?: boolean;
  readonly activity?: Activity | null;
  readonly source?: 'file' | 'live';
}

/** A dashboard without a terminal: keys and events go in, the screen and the wishes come out. */
export class PaperDashboard {
  state: DashboardState;
  readonly effects: SideEffect[] = [];

  constructor(
    report: Report | null,
    { columns = 80, rows = 24, ascii = false, activity = null, source = 'file' }: ScreenOptions = {},
  ) {
    const files = report?.source.paths ?? ['web-01.strace'];
    this.state = initialState({ columns, rows, glyphs: ascii ? ASCII : UNICODE, source, files, mouse: false });
    if (report === null) return;
    const { lines } = report.quality;
    this.tell({
      type: 'reading',
      reading: { bytesRead: 1, sizeBytes: 1, lines, state: 'done', problem: '', hint: '' },
    });
    this.tell({ type: 'picture', report, activity });
  }

  tell(event: DashboardEvent): this {
    const { state, effects } = reduce(this.state, event);
    this.state = state;
    this.effects.push(...effects);
    return this;
  }

  press(...keys: readonly string[]): this {
    for (const key of keys) this.tell({ type: 'key', key });
    return this;
  }

  type(text: string): this {
    return this.press(...[...text].map((character) => (character === ' ' ? 'space' : character)));
  }

  at(nowMs: number): this {
    this.state = { ...this.state, nowMs };
    return this;
  }

  /** Rows as they are drawn, blanks at their ends included. */
  get cells(): readonly string[] {
    return drawScreen(this.state).map(textOf);
  }

  get lines(): readonly string[] {
    return this.cells.map((row) => row.trimEnd());
  }

  get screen(): string {
    return this.lines.join('\n');
  }

  get lastEffect(): SideEffect | undefined {
    return this.effects.at(-1);
  }
}
