import { durationOfMs, percent } from '../../trace/format-numbers.ts';
import { type Causing, type Effect, shareOf } from '../effect.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';

/** Where one of two workers waits for it, the other one is as much of a reason. */
const MORE_THAN_HALF = 0.51;

/** Workers that were all busy because most of them waited for the same service, lock, disk or name server. */
export const effect: Effect = {
  of: ['slow-dependency', 'lock-contention', 'disk-sync', 'blocking-dns'],
  least: MORE_THAN_HALF,
  share: ({ busyIn }, cause) => {
    const names = namesOf(cause);
    return shareOf(listOf(busyIn), ({ target }) => names.has(bare(textOf(target))));
  },
  inWords: ({ share, longestMs }) =>
    `no worker was free ${percent(numberOf(share))} of the time, up to ${durationOfMs(numberOf(longestMs))}`,
};

/** What a cause is about, by the names that targets of calls have. */
function namesOf({ findings }: Causing): ReadonlySet<string> {
  const names = findings.flatMap(({ metrics: { dependencies, lock, files, servers } }) => [
    ...listOf(dependencies).map(({ peer }) => peer),
    lock,
    ...listOf(files).map(({ path }) => path),
    ...listOf(servers).map(({ server }) => server),
  ]);
  return new Set(names.map((name) => bare(textOf(name))).filter((name) => name !== ''));
}

/** Without what a port stands for, and without the id of a session in the name of its file. */
function bare(name: string): string {
  return name.replace(/ \([^()]*\)$/, '').replace(/\/sess_[^/]*$/, '/sess_');
}
