import { plural } from '../../trace/format-numbers.ts';
import { requestShape } from '../../trace/request-shape.ts';
import type { Causing, Effect } from '../effect.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';

/** What a proxy answers when the server behind it does not. */
const OF_PROXY = /^status 50[24]$/;

/** haproxy, Apache and others say so, too, when they cannot connect; it may as well be a limit of their own. */
const OF_PROXY_OR_LIMIT = 'status 503';
const NEARLY_ALL = 0.9;

/** An application that did not catch that a call failed. */
const OF_APPLICATION = 'status 500';

/** Redis, while a script runs for longer than `busy-reply-threshold`. */
const BUSY = '-BUSY';
const SCRIPT = /^(?:EVAL|FCALL)/;

/**
 * Who answers 502 or 504 asked a server that refuses connections, takes too long, or whose name was not found; with 503
 * as many connects failed as clients were refused, or as many requests waited for one service until they gave up, as
 * with 500 (tinyproxy, and applications that do not catch it). Redis refuses once the script has run that its loop
 * stood still in.
 */
export const effect: Effect = {
  of: ['error-storm', 'slow-dependency', 'blocking-dns', 'loop-stall'],
  share: ({ code, workers, before, count, passedOn, firstMs }, cause) => {
    const { kind, findings } = cause;
    const isOwnAnswer = listOf(passedOn).length === 0;
    if (code === OF_APPLICATION && kind !== 'slow-dependency') {
      if (kind !== 'error-storm') return 0;
      const failing = new Set(
        findings.flatMap(({ metrics }) => listOf(metrics.storms).map(({ target }) => requestShape(textOf(target)))),
      );
      const explained = listOf(before).filter(({ target }) => failing.has(textOf(target)));
      return Math.max(0, ...explained.map((each) => numberOf(each.count))) / Math.max(1, numberOf(count));
    }
    const own = Array.isArray(workers) ? workers : [];
    if (!findings.some((each) => each.workers.some((pid) => own.includes(pid)))) return 0;
    if (kind === 'loop-stall') return code === BUSY && isAfterScript(cause, own, numberOf(firstMs)) ? 1 : 0;
    if ((code === OF_PROXY_OR_LIMIT || code === OF_APPLICATION) && isOwnAnswer) {
      const failed = kind === 'slow-dependency' ? failedWaits(cause) : failedConnects(cause);
      return failed > 0 && failed >= NEARLY_ALL * numberOf(count) ? 1 : 0;
    }
    return OF_PROXY.test(textOf(code)) ? 1 : 0;
  },
  inWords: ({ count, code }) =>
    code === BUSY
      ? `${plural(numberOf(count), 'command')} answered BUSY`
      : `${plural(numberOf(count), 'request')} answered ${textOf(code).replace('status ', '')}`,
};

function failedConnects({ kind, findings }: Causing): number {
  if (kind !== 'error-storm') return 0;
  return findings
    .flatMap(({ metrics }) => listOf(metrics.storms))
    .filter(({ call }) => call === 'connect')
    .reduce((sum, { failed }) => sum + numberOf(failed), 0);
}

/** Requests that waited long for one service and to no end, as many as there can be of both. */
function failedWaits({ findings }: Causing): number {
  const all = findings.flatMap(({ metrics }) => listOf(metrics.dependencies));
  return Math.max(0, ...all.map((each) => Math.min(numberOf(each.failures), numberOf(each.longRequests))));
}

/** Until then the loop stood still, and nobody had any answer. */
function isAfterScript({ findings }: Causing, own: readonly unknown[], firstMs: number): boolean {
  return findings.some(
    ({ metrics }) =>
      own.includes(metrics.worker) &&
      listOf(metrics.stalls).some(({ request, endMs }) => SCRIPT.test(textOf(request)) && numberOf(endMs) <= firstMs),
  );
}
