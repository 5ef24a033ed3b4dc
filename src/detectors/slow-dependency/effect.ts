import { durationOfMs, plural } from '../../trace/format-numbers.ts';
import { bareName, waitedMs } from '../cause-names.ts';
import { type Effect, isSaidByCause } from '../effect.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';

/** Waits for a service that are those of a loop that stood still, or of threads that never came back. */
export const effect: Effect = {
  of: ['loop-stall', 'stuck-call'],
  share: ({ dependencies }, cause) => {
    const peers = listOf(dependencies);
    const total = peers.reduce((sum, { totalMs }) => sum + numberOf(totalMs), 0);
    const waited = waitedMs(cause, new Set(peers.map(({ peer }) => bareName(textOf(peer)))));
    return total === 0 ? 0 : Math.min(1, waited / total);
  },
  inWords: ({ dependencies }, share) => {
    if (isSaidByCause(share)) return '';
    const [worst] = listOf(dependencies);
    const requests = numberOf(worst?.longRequests) || numberOf(worst?.requests);
    const who = requests > 0 ? plural(requests, 'request') : 'work';
    return `${who} waited for ${textOf(worst?.peer)}, up to ${durationOfMs(numberOf(worst?.longestMs))}`;
  },
};
