import { keptLine } from '../../model/evidence.ts';
import type { FailedWrite, HangUp, RequestRead } from '../../model/facts.ts';
import type { Request } from '../../model/machine/connections.ts';
import { count, plural } from '../../trace/format-numbers.ts';
import type { Call } from '../../trace/record.ts';
import { MILLISECOND, type Nanoseconds, SECOND, UNKNOWN } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, found, notApplicable } from '../finding.ts';
import { RECORDING } from '../need.ts';
import { isOneService } from '../one-service.ts';
import { whyNoRequest } from '../served-unseen.ts';
import { effect } from './effect.ts';
import { finding } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';
import { type Arrival, addressOf, type LostRequest, REMEMBERED, Retries } from './retries.ts';

/** Nobody gives up and asks again sooner; under load equal requests stand beside each other all the time. */
const PATIENCE = 100 * MILLISECOND;

/**
 * A request that came while an equal one of the same client was unanswered: its retry, if that turns out to be lost.
 */
interface Early extends Arrival {
  readonly first: Request;
}

export const requestRetry = defineDetector({
  kind: 'request-retry',
  title: 'A client asks again after it gave up',
  needs: ['times'],
  thresholds: {
    'retry-window-s': {
      default: 30,
      unit: 's',
      meaning:
        'A request is a retry when the same client sends the same request within this time after it gave ' + 'up.',
    },
  },
  follows: { kinds: ['service-stall', 'loop-stall'], anywhere: false },
  effect,
  metrics,
  create(context) {
    const window = context.threshold('retry-window-s') * SECOND;
    const lost: LostRequest[] = [];
    const early: Early[] = [];
    const retries = new Retries(context);

    const lose = (loss: LostRequest): void => {
      retries.losses++;
      retries.demand.lose(loss.request.identity);
      const at = early.findIndex(({ first }) => first === loss.request);
      const [known] = at < 0 ? [] : early.splice(at, 1);
      // Nobody knows when the client gave up: at any time since the first attempt.
      if (known !== undefined && retries.tell(loss, known, loss.request.startedAt, loss.at)) return;
      lost.push(loss);
      if (lost.length > REMEMBERED) lost.shift();
    };

    return {
      on: {
        // A stream that its client ended is opened again as a rule: no work is done twice.
        failedWrite({ request, time, lines: [line], wasCut }: FailedWrite) {
          if (!wasCut && request !== null && request.identity !== '' && line !== undefined)
            lose({ request, at: time, line, answered: true });
        },
        hangUp({ request, time, line, answered, mayBeAnswered }: HangUp) {
          if (!mayBeAnswered && request.identity !== '') lose({ request, at: time, line, answered });
        },
        requestRead({ request, record, thread: { process } }: RequestRead) {
          if (request.identity === '') {
            if (request.connection.isHttp) retries.unnamed++;
            return;
          }
          const loss = lost.length === 0 ? undefined : takeLost(lost, request, window);
          if (
            loss !== undefined &&
            retries.tell(loss, arrivalOf(request, process.pid, record), loss.at, request.readAt)
          )
            return;
          const first = openBefore(retries.demand.recent(request.identity), request);
          if (first !== undefined) early.push({ first, ...arrivalOf(request, process.pid, record) });
          if (early.length > REMEMBERED) early.shift();
          retries.demand.add(request);
        },
      },
      conclude: () => conclude(context, retries),
    };
  },
});

function conclude(
  context: Context,
  { total, losses, unnamed, kept: [first, ...others] }: Retries,
): Conclusion<Metrics> {
  const { requests } = context.model.processes;
  if (first === undefined && requests === 0)
    return notApplicable(
      whyNoRequest(context, 'No request line is readable in the trace: who asks again is unknown. Record with -s 128.'),
    );
  const isMute = !context.model.completeness.showsText;
  if (first === undefined && (isMute || unnamed * 2 >= requests))
    return notApplicable(
      `The capture cuts ${isMute || unnamed === requests ? 'the lines' : `${count(unnamed)} lines`} of ` +
        `${plural(requests, 'request')} short (-s): which of them came again is not told. ${RECORDING}`,
    );
  if (first === undefined)
    return clear(
      `in ${plural(requests, 'request')} ${plural(losses, 'client')} left before the reply, and none asked again ` +
        `within ${context.threshold('retry-window-s')} s`,
    );
  return found(plural(total, 'retry', 'retries'), [finding(context, total, [first, ...others])]);
}

function arrivalOf(again: Request, pid: number, record: Call): Arrival {
  return { again, pid, line: keptLine(record) };
}

/** Takes out the first loss that this request may be the retry of. */
function takeLost(lost: LostRequest[], request: Request, window: Nanoseconds): LostRequest | undefined {
  const at = lost.findIndex((loss) => isAgain(loss.request, request) && request.readAt - loss.at <= window);
  return at < 0 ? undefined : lost.splice(at, 1)[0];
}

/** The first of these that this request may be the retry of. A loop: every request of a trace comes here. */
function openBefore(recent: readonly Request[], request: Request): Request | undefined {
  for (const other of recent)
    if (request.readAt - other.readAt >= PATIENCE && isOpen(other) && isAgain(other, request)) return other;
  return undefined;
}

/** The same line of the same client, as far as the trace tells, on another connection. */
function isAgain(first: Request, again: Request): boolean {
  return (
    first.identity === again.identity &&
    first.connection !== again.connection &&
    isOneService(first, again) &&
    isSameClient(addressOf(first), addressOf(again))
  );
}

/** Unanswered, or known to be lost although its connection is still open. */
function isOpen({ answeredAt, hungUpAt, connection }: Request): boolean {
  return !connection.closed && (answeredAt === UNKNOWN || hungUpAt !== UNKNOWN);
}

function isSameClient(first: string, second: string): boolean {
  return first === second || first === '' || second === '';
}
