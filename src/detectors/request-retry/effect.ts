import { plural } from '../../trace/format-numbers.ts';
import { type Effect, shareOf, stalledRequests } from '../effect.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';

/** Requests that came again because their first reply was too late, or because they stalled. */
export const effect: Effect = {
  of: ['broken-pipe', 'abandoned-request', 'loop-stall'],
  share: ({ retries }, cause) => {
    const late = new Set(
      cause.findings.flatMap(({ metrics: { replies, requests } }) =>
        [...listOf(replies), ...listOf(requests)].map(({ request }) => textOf(request)),
      ),
    );
    const stalled = stalledRequests(cause);
    return shareOf(listOf(retries), ({ request }) => late.has(textOf(request)) || stalled.has(textOf(request)));
  },
  inWords: ({ count }) => `${plural(numberOf(count), 'request')} came again`,
};
