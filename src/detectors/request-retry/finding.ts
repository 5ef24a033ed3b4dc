import type { KeptLine } from '../../model/evidence.ts';
import { duration, plural } from '../../trace/format-numbers.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, ofCause } from '../finding.ts';
import { millisecondsAt } from '../words.ts';
import type { Metrics } from './metrics.ts';

/** A request that came again. */
export interface Retry {
  readonly request: string;
  readonly firstAt: Nanoseconds;
  readonly againAt: Nanoseconds;
  readonly pid: number;
  readonly line: KeptLine;
  readonly lostLine: KeptLine;
  /** The reply to the first attempt was written, in vain. */
  readonly answered: boolean;
  readonly sure: boolean;
}

/** The finding about requests that came again; `retries` are the first of them, one at least. */
export function finding(
  { model }: Context,
  total: number,
  retries: readonly [Retry, ...Retry[]],
): DraftFinding<Metrics> {
  const [first] = retries;
  const unsafe = retries.filter((retry) => !/^(GET|HEAD|OPTIONS) /.test(retry.request));
  const [risky] = unsafe;
  return {
    severity: risky !== undefined || retries.some((retry) => retry.sure) ? 'warning' : 'info',
    confidence: retries.every((retry) => retry.sure) ? 'likely' : 'possible',
    title: `${plural(total, 'request')} came again after the client gave up`,
    summary:
      `${plural(total, 'request')} came again on a new connection after the client of the first attempt had ` +
      `left; first ${first.request}, ${duration(first.againAt - first.firstAt)} after the first attempt. ` +
      `${workDone(retries)}`,
    why:
      'Each retry is work done ' +
      'twice' +
      (risky === undefined
        ? ''
        : `; ${plural(unsafe.length, 'one', 'of them')} may change data twice (${risky.request})`) +
      ', and retries add load exactly when the service is slow.',
    start: Math.min(...retries.map((retry) => retry.firstAt)),
    end: Math.max(...retries.map((retry) => retry.againAt)),
    openEnded: false,
    workers: [...new Set(retries.map((retry) => retry.pid))],
    metrics: {
      count: total,
      retries: retries.map((retry) => ({
        request: retry.request,
        pid: retry.pid,
        firstAtMs: millisecondsAt(model, retry.firstAt),
        againAtMs: millisecondsAt(model, retry.againAt),
        sure: retry.sure,
      })),
    },
    evidence: retries.slice(0, 3).flatMap((retry) => [retry.lostLine, retry.line]),
    next: [
      ofCause({
        text:
          'Compare the time that the first attempt took with the timeout of the client: is the request slow, or the ' +
          'timeout too short?',
      }),
      {
        text:
          'Let clients wait a random, growing time between tries and limit retries to a share of their ' +
          'requests; give requests that change data an idempotency key.',
      },
    ],
    subjects: [...new Set(retries.map((retry) => `request ${retry.request}`))],
  };
}

function workDone(retries: readonly Retry[]): string {
  const done = retries.filter((retry) => retry.answered).length;
  if (done === 0) return 'Whether the first attempt did its work the trace does not tell.';
  const whose =
    done === retries.length
      ? done === 1
        ? 'The first attempt'
        : 'The first attempts'
      : `${done} of the first attempts`;
  return `${whose} had done the work, up to the reply: the client does not know.`;
}
