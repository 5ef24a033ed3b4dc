import { plural } from '../../trace/format-numbers.ts';
import { requestShape } from '../../trace/request-shape.ts';
import type { Effect } from '../effect.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';

/** What a proxy answers when the server behind it does not. */
const OF_PROXY = /^status 50[24]$/;

/** An application that did not catch that a call failed. */
const OF_APPLICATION = 'status 500';

/** Who answers 502 or 504 asked a server that refuses connections, takes too long, or whose name was not found. */
export const effect: Effect = {
  of: ['error-storm', 'slow-dependency', 'blocking-dns'],
  share: ({ code, workers, before, count }, { kind, findings }) => {
    if (code === OF_APPLICATION) {
      if (kind !== 'error-storm') return 0;
      const failing = new Set(
        findings.flatMap(({ metrics }) => listOf(metrics.storms).map(({ target }) => requestShape(textOf(target)))),
      );
      const explained = listOf(before).filter(({ target }) => failing.has(textOf(target)));
      return Math.max(0, ...explained.map((each) => numberOf(each.count))) / Math.max(1, numberOf(count));
    }
    const own = Array.isArray(workers) ? workers : [];
    const isBehind = findings.some((cause) => cause.workers.some((pid) => own.includes(pid)));
    return OF_PROXY.test(textOf(code)) && isBehind ? 1 : 0;
  },
  inWords: ({ count, code }) => `${plural(numberOf(count), 'request')} answered ${textOf(code).replace('status ', '')}`,
};
