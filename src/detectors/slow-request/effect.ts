import { durationOfMs, plural } from '../../trace/format-numbers.ts';
import { bareName, namesOf } from '../cause-names.ts';
import { coveredMs, type Effect, isSaidByCause, STANDING_STILL, shareOf, stallsOf } from '../effect.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';

/** Requests that were slow since they waited for what another finding is about. */
export const effect: Effect = {
  of: [
    'slow-dependency',
    'session-lock',
    ...STANDING_STILL,
    'loop-stall',
    'gil-starvation',
    'gc-io',
    'lazy-import',
    'stuck-call',
  ],
  share: ({ target, slowest }, cause) => {
    // What has no reply at the end of the capture is told as a thread that has not come back.
    if (cause.kind === 'stuck-call') {
      const stuck = new Set(cause.findings.flatMap(({ metrics }) => listOf(metrics.threads).map(({ pid }) => pid)));
      return shareOf(listOf(slowest), ({ pid, open }) => open === true && stuck.has(pid));
    }
    if (target !== '' && namesOf(cause).has(bareName(textOf(target)))) return 1;
    const stalls = stallsOf(cause);
    const requests = listOf(slowest);
    const total = requests.reduce((sum, { tookMs }) => sum + numberOf(tookMs), 0);
    const covered = requests.reduce(
      (sum, { pid, startMs, endMs }) => sum + coveredMs(stalls, numberOf(pid), numberOf(startMs), numberOf(endMs)),
      0,
    );
    return total === 0 ? 0 : Math.min(1, covered / total);
  },
  inWords: ({ count, longestMs }, share, kind) =>
    isSaidByCause(share) || kind === 'worker-saturation'
      ? ''
      : `${plural(numberOf(count), 'request')} took up to ${durationOfMs(numberOf(longestMs))}`,
};
