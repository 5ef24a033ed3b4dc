import { NO_TIMES } from '../analysis/report.ts';
import { hasDate } from '../analysis/times.ts';
import type { LineNotation } from '../output/trace-line.ts';
import { moment, momentOfStamp, startOf } from '../output/when.ts';
import { type DashboardState, shownActivity, shownReport } from './state.ts';

/** A point of the trace on the clock that the user chose: `02:13:32.104`, or `+3.204 s`; `-` without times. */
export function at(state: DashboardState, milliseconds: number | null): string {
  const reported = shownReport(state)?.window;
  if (milliseconds === null || reported === undefined || reported.durationMs === null) return '-';
  // The window begins at --from, milliseconds count from the first event.
  const window = { ...reported, ...shownActivity(state)?.zero };
  if (state.clock === 'relative') return moment(NO_TIMES, milliseconds, null);
  const start = startOf(window);
  if (start?.clock !== 'epoch') return moment(window, milliseconds, null);
  const instant = Math.floor(start.seconds * 1000 + milliseconds + 1e-3);
  // A damaged stamp gives a window to the end of all days, and what lies between its ends has no date either.
  if (!hasDate(instant)) return '-';
  if (state.clock === 'utc') return moment(window, milliseconds, new Date(instant).toISOString());
  // The same instant as a wall clock of this host shows it.
  return new Date(instant - new Date(instant).getTimezoneOffset() * 60_000).toISOString().slice(11, 23);
}

/** How raw lines are shown: with the times of the clock that the user chose. */
export function notation(state: DashboardState): LineNotation {
  const report = shownReport(state);
  if (report === null) return { format: '', timeOf: () => null };
  const window = { ...report.window, ...shownActivity(state)?.zero };
  const start = startOf(window);
  const timeOf: LineNotation['timeOf'] = (stamp) => {
    if (stamp.clock !== start?.clock) return null;
    if (state.clock === 'relative')
      return momentOfStamp({ ...NO_TIMES, monotonicSeconds: start.seconds }, { ...stamp, clock: 'monotonic' });
    if (stamp.clock !== 'epoch' || state.clock === 'utc') return momentOfStamp(window, stamp);
    const seconds = stamp.seconds - new Date(stamp.seconds * 1000).getTimezoneOffset() * 60;
    return momentOfStamp({ ...NO_TIMES, timeOfDay: '' }, { clock: 'day', seconds });
  };
  return { format: report.source.format, timeOf };
}

/** The same to the second, as columns of a table show it. */
export function secondsAt(state: DashboardState, milliseconds: number | null): string {
  const text = at(state, milliseconds);
  return text.startsWith('+') ? text : text.replace(/\.\d{3}/, '');
}

/** What the clock is: `UTC`, `local`, `since start`, or `trace clock` for a time of day without a date. */
export function clockName(state: DashboardState): string {
  const window = shownReport(state)?.window;
  if (window === undefined || window.durationMs === null) return '';
  if (state.clock === 'relative' || (window.startTime === null && window.timeOfDay === null)) return 'since start';
  if (window.startTime === null) return 'trace clock';
  return state.clock === 'local' ? 'local' : 'UTC';
}

const CLOCK = /^(\d{1,2}):(\d\d)(?::(\d\d)(?:\.(\d{1,3})\d*)?)?$/;
const RELATIVE = /^\+(\d+(?:\.\d+)?)(ms|s|m|h)?$/;
const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** What a user typed as a time, in milliseconds from the first event; null when it is none. */
export function parseTime(state: DashboardState, text: string): number | null {
  const relative = RELATIVE.exec(text);
  if (relative !== null) return Number(relative[1]) * (UNITS[relative[2] ?? 's'] ?? 1_000);
  const clock = CLOCK.exec(text);
  const window = shownReport(state)?.window;
  if (clock === null || window === undefined) return null;
  const [, hours, minutes, seconds = '0', fraction = '0'] = clock;
  const wanted =
    Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1_000 + Number(fraction.padEnd(3, '0'));
  const [, startHours, startMinutes, startSeconds] =
    /(\d{1,2}):(\d\d):(\d\d(?:\.\d{1,3})?)/.exec(
      at({ ...state, clock: state.clock === 'local' ? 'local' : 'utc' }, 0),
    ) ?? [];
  if (startHours === undefined) return null;
  const start = Number(startHours) * 3_600_000 + Number(startMinutes) * 60_000 + Number(startSeconds) * 1_000;
  const offset = wanted - start;
  return offset < -43_200_000 ? offset + 86_400_000 : offset;
}

/** With very many workers they are looked at more rarely than usual. */
const HEARD_WITHIN_MS = 1_000;

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
  // What the workers are in is said a few times a second. An analysis that is busy says nothing, and what was so then
  // must not seem to go on.
  const unheard = Math.max(0, (live.unheardMs ?? 0) - HEARD_WITHIN_MS);
  // The tracer's clock is the one of this host. What is reported comes up to a second after it was so.
  return Number.isFinite(start) ? Math.max(last, live.wallMs - unheard + (state.nowMs - live.atMs) - start) : last;
}
