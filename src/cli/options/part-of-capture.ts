import type { Report, Window } from '../../analysis/report.ts';
import { UsageError } from './usage-error.ts';

const SHOWN = 12;

/** Throws `UsageError` when nothing of the capture lies in the time that was asked for; says which time it holds. */
export function checkTime({ window, captured }: Report): void {
  if (captured === undefined || !isOutside(window, captured)) return;
  throw new UsageError('Nothing of the trace lies between --from and --to.', {
    hint: `The trace holds ${nameOf(captured.startTime, captured.timeOfDay)} to ${nameOf(captured.endTime, null)}.`,
  });
}

function isOutside(part: Window, whole: Window): boolean {
  const times = [part.startTime, part.endTime, whole.startTime, whole.endTime].map((time) => Date.parse(time ?? ''));
  const [from = Number.NaN, to = Number.NaN, first = Number.NaN, last = Number.NaN] = times;
  return from > last || to < first || (from === to && first < last);
}

function nameOf(time: string | null, timeOfDay: string | null): string {
  return time === null ? (timeOfDay ?? 'an unknown time') : `${time.slice(0, 10)} ${time.slice(11, 23)} UTC`;
}

/** Throws `UsageError` when a capture knows none of the pids that were asked for; says which there are. */
export function noSuchProcess(pids: readonly number[], { workers, time }: Report): UsageError | null {
  const known = [...new Set([...workers, ...time].map(({ pid }) => pid))];
  if (known.length === 0 || pids.some((pid) => known.includes(pid))) return null;
  const more = known.length - SHOWN;
  return new UsageError(`No process ${pids.join(', ')} in this trace.`, {
    hint: `The trace holds ${known.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}.`,
  });
}
