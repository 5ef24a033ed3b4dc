import { durationOfMs, percent } from '../../trace/format-numbers.ts';
import { bareName, isForConnections, namesOf } from '../cause-names.ts';
import { type Effect, shareOf } from '../effect.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';

/** Where one of two workers waits for it, the other one is as much of a reason. */
const MORE_THAN_HALF = 0.51;

/** `PostgreSQL`: what a service speaks that has no address. */
const WORD = /^[A-Za-z]+$/;
/** `socket fd 7` */
const NUMBER = /^socket fd \d+$/;

/** Workers that were all busy because most of them waited for the same service, lock, disk or name server. */
export const effect: Effect = {
  of: ['slow-dependency', 'lock-contention', 'disk-sync', 'blocking-dns'],
  least: MORE_THAN_HALF,
  share: ({ busyIn }, cause) => {
    const names = namesOf(cause);
    const hasPool = isForConnections(cause);
    // The service is known by what it speaks, and its socket by a number: the same worker waited for both.
    const nameless = new Set(
      [...names].every((name) => WORD.test(name)) ? cause.findings.flatMap(({ workers }) => workers) : [],
    );
    return shareOf(
      listOf(busyIn),
      ({ call, target, pid }) =>
        names.has(bareName(textOf(target))) ||
        (hasPool && textOf(call) === 'futex') ||
        (NUMBER.test(textOf(target)) && nameless.has(numberOf(pid))),
    );
  },
  inWords: ({ share, longestMs, waitMs }) =>
    `no worker was free ${percent(numberOf(share))} of the time, up to ${durationOfMs(numberOf(longestMs))} at a time` +
    (typeof waitMs === 'number' ? `; a request waited up to ${durationOfMs(waitMs)} for a free one` : ''),
};
