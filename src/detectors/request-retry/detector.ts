import type { Request } from '../../model/connections.ts';
import type { FailedWrite, HangUp, RequestRead } from '../../model/facts.ts';
import { type KeptLine, keptLine } from '../../model/turn.ts';
import { SECOND, UNKNOWN } from '../../trace/time.ts';
import type { Detector, DetectorDefinition } from '../detector.ts';
import { Demand } from './demand.ts';
import { conclude, type Retry } from './finding.ts';

const REMEMBERED = 1000;
const KEPT = 50;
/** A retry that comes so soon after its loss is a sure one. */
const SOON = 2 * SECOND;
/** So many arrivals of the same line that were to be expected anyway leave a retry sure, or possible (the coincidence guard of semantics 4.5). */
const SURE_BELOW = 1 / 3;
const POSSIBLE_UP_TO = 1;

/** A request whose client is gone. */
interface Lost {
  readonly request: Request;
  readonly at: number;
  readonly line: KeptLine;
  /** Its reply was written, in vain. */
  readonly answered: boolean;
}

/** A request that came while an equal one of the same client was unanswered: its retry, if that turns out to be lost. */
interface Early extends Arrival {
  readonly first: Request;
}

interface Arrival {
  readonly again: Request;
  readonly pid: number;
  readonly line: KeptLine;
}

export const requestRetry: DetectorDefinition = {
  kind: 'request-retry',
  title: 'A client asks again after it gave up',
  thresholds: ['retry-window-s'],
  create(context): Detector {
    const window = context.threshold('retry-window-s') * SECOND;
    const lost: Lost[] = [];
    const early: Early[] = [];
    const demand = new Demand(REMEMBERED);
    const retries: Retry[] = [];
    let total = 0;

    /** Tells the retry, unless so many requests of that line were to be expected at that time anyway. */
    const tell = ({ request: first, at, line: lostLine, answered }: Lost, { again, pid, line }: Arrival, expected: number): boolean => {
      if (expected > POSSIBLE_UP_TO) return false;
      total++;
      const isSoon = again.readAt >= at && again.readAt - at <= SOON;
      const sure = isSoon && expected < SURE_BELOW && addressOf(first) !== '' && addressOf(again) !== '';
      if (retries.length < KEPT) retries.push({ request: again.line, firstAt: first.startedAt, againAt: again.startedAt, pid, line, lostLine, answered, sure });
      return true;
    };

    // Of a line that comes every second the next one comes soon, whoever gave up: look at 2 s at least.
    const expectedOf = ({ identity }: Request, from: number, to: number, apart: number): number => demand.expected(identity, context.model.firstTime, to, Math.max(SOON, to - from), apart);

    const lose = (loss: Lost): void => {
      const at = early.findIndex(({ first }) => first === loss.request);
      const [known] = at < 0 ? [] : early.splice(at, 1);
      // Nobody knows when the client gave up: any time since the first attempt.
      if (known !== undefined && tell(loss, known, expectedOf(loss.request, loss.request.startedAt, loss.at, 2))) return;
      lost.push(loss);
      if (lost.length > REMEMBERED) lost.shift();
    };

    return {
      on: {
        failedWrite({ request, time, lines: [line] }: FailedWrite) {
          if (request !== null && request.identity !== '' && line !== undefined) lose({ request, at: time, line, answered: true });
        },
        hangUp({ request, time, line, answered }: HangUp) {
          if (request.identity !== '') lose({ request, at: time, line, answered });
        },
        requestRead({ request, record, thread: { process } }: RequestRead) {
          if (request.identity === '') return;
          const at = lost.findIndex((loss) => isAgain(loss.request, request) && request.readAt - loss.at <= window);
          const [loss] = at < 0 ? [] : lost.splice(at, 1);
          const arrival = (): Arrival => ({ again: request, pid: process.pid, line: keptLine(record) });
          const isRetry = loss !== undefined && tell(loss, arrival(), expectedOf(loss.request, loss.at, request.readAt, 1));
          const first = isRetry ? undefined : demand.recent(request.identity).find((other) => isOpen(other) && isAgain(other, request));
          if (first !== undefined) {
            early.push({ first, ...arrival() });
            if (early.length > REMEMBERED) early.shift();
          }
          demand.add(request, isRetry);
        },
      },
      conclude: () => conclude(context, total, retries),
    };
  },
};

/** The same line of the same client, as far as the trace tells, on another connection. */
function isAgain(first: Request, again: Request): boolean {
  return first.identity === again.identity && first.connection !== again.connection && isSameClient(addressOf(first), addressOf(again));
}

/** Unanswered, or known to be lost although its connection is still open. */
function isOpen({ answeredAt, hungUpAt, connection }: Request): boolean {
  return !connection.closed && (answeredAt === UNKNOWN || hungUpAt !== UNKNOWN);
}

/** The client's address without the port; '' when unknown (unix sockets, `-s 0`). */
function addressOf(request: Request): string {
  return request.connection.peer.replace(/:\d+$/, '');
}

function isSameClient(first: string, second: string): boolean {
  return first === second || first === '' || second === '';
}
