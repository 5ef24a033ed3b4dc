import { MILLISECOND } from '../../src/trace/time.ts';
import { readFields } from './fields.ts';
import type { ForeignLayout } from './foreign-columns.ts';

/** So many calls that begin before the one before them has ended are no chance. */
const OVERLAPPING = 2;
/** Less may be what a stamp is rounded by. */
const CLEARLY = MILLISECOND;
const STAMP = /(^|\s)(?:ts|time)(?:_(?:ns|us|ms|s))?=\S+|(^|\s)nsecs=\S+/;

/**
 * Lines of `key=value` have the time of the entry where they say how long a call took. Somebody else's program may
 * print the time of the return: then threads would be in two calls at once. Gives lines with the time of the entry;
 * null where that is what they have.
 */
export function stampedAtReturn(lines: readonly string[]): ForeignLayout | null {
  const calls = lines.flatMap((line) => {
    const fields = readFields(line);
    if (fields === null || fields.event !== '' || !(fields.time >= 0) || !(fields.duration >= 0)) return [];
    return [{ ...fields, thread: Number.isNaN(fields.tid) ? fields.pid : fields.tid }];
  });
  const overlaps = (isAtReturn: boolean): number => {
    const free = new Map<number, number>();
    const begun = calls
      .map(({ thread, time, duration }) => ({ thread, start: isAtReturn ? time - duration : time, duration }))
      .toSorted((a, b) => a.start - b.start);
    return begun.filter(({ thread, start, duration }) => {
      const isBusy = start + CLEARLY < (free.get(thread) ?? Number.NEGATIVE_INFINITY);
      free.set(thread, Math.max(free.get(thread) ?? 0, start + duration));
      return isBusy;
    }).length;
  };
  if (overlaps(false) < OVERLAPPING || overlaps(true) > 0) return null;
  return {
    description: 'ts at the return',
    isClock: false,
    isTimeless: false,
    isKeyed: true,
    translate(line) {
      const fields = readFields(line);
      const start = (fields?.time ?? Number.NaN) - (fields?.duration ?? Number.NaN);
      return start >= 0 ? line.replace(STAMP, (_, before = '', other = '') => `${before || other}ts=${start}`) : null;
    },
  };
}
