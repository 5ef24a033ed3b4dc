import type { Request } from '../../model/connections.ts';
import type { FailedWrite, HangUp, RequestRead } from '../../model/facts.ts';
import { type KeptLine, keptLine } from '../../model/turn.ts';
import { MILLISECOND, type Nanoseconds, SECOND, UNKNOWN } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import { Demand } from './demand.ts';
import { conclude, type Retry } from './finding.ts';

const REMEMBERED = 1000;
const KEPT = 50;
/** A retry that comes so soon after its loss is a sure one. The popularity of a line is judged over this time at least. */
const SOON = 2 * SECOND;
const SHORTEST_SPAN = 100 * MILLISECOND;
/** So many others of the same line expected in that time leave a retry sure, or possible (the coincidence guard of semantics 4.5). */
const SURE_BELOW = 1 / 3;
const POSSIBLE_UP_TO = 0.5;

/** Nobody gives up and asks again sooner; under load equal requests stand beside each other all the time. */
const PATIENCE = 100 * MILLISECOND;

/** A request whose client is gone. */
interface Lost {
  readonly request: Request;
  readonly at: Nanoseconds;
  readonly line: KeptLine;
  /** Its reply was written, in vain. */
  readonly answered: boolean;
}

interface Arrival {
  readonly again: Request;
  readonly pid: number;
  readonly line: KeptLine;
}

/** A request that came while an equal one of the same client was unanswered: its retry, if that turns out to be lost. */
interface Early extends Arrival {
  readonly first: Request;
}

export const requestRetry: DetectorDefinition = {
  kind: 'request-retry',
  title: 'A client asks again after it gave up',
  thresholds: ['retry-window-s'],
  create(context): Detector {
    const window = context.threshold('retry-window-s') * SECOND;
    const lost: Lost[] = [];
    const early: Early[] = [];
    const retries = new Retries(context);

    const lose = (loss: Lost): void => {
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
        failedWrite({ request, time, lines: [line] }: FailedWrite) {
          if (request !== null && request.identity !== '' && line !== undefined) lose({ request, at: time, line, answered: true });
        },
        hangUp({ request, time, line, answered }: HangUp) {
          if (request.identity !== '') lose({ request, at: time, line, answered });
        },
        requestRead({ request, record, thread: { process } }: RequestRead) {
          if (request.identity === '') return;
          const arrival = (): Arrival => ({ again: request, pid: process.pid, line: keptLine(record) });
          const at = lost.findIndex((loss) => isAgain(loss.request, request) && request.readAt - loss.at <= window);
          const [loss] = at < 0 ? [] : lost.splice(at, 1);
          if (loss !== undefined && retries.tell(loss, arrival(), loss.at, request.readAt)) return;
          const first = retries.demand
            .recent(request.identity)
            .find((other) => request.readAt - other.readAt >= PATIENCE && isOpen(other) && isAgain(other, request));
          if (first !== undefined) early.push({ first, ...arrival() });
          if (early.length > REMEMBERED) early.shift();
          retries.demand.add(request);
        },
      },
      conclude: () => conclude(context, retries.total, retries.kept),
    };
  },
};

/** The retries that are no coincidence. */
class Retries {
  readonly demand = new Demand(REMEMBERED);
  readonly kept: Retry[] = [];
  total = 0;
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Takes the retry in, unless others of that line come as often anyway; it came some time between the two moments. */
  tell({ request: first, at, line: lostLine, answered }: Lost, { again, pid, line }: Arrival, from: Nanoseconds, to: Nanoseconds): boolean {
    const span = Math.max(SHORTEST_SPAN, to - from);
    // Others of that line that were to be expected in the span: by what came just before, and by what comes on the whole.
    const lately = this.demand.lately(first.identity, at, SOON, [first, again]) / SOON;
    const usually = this.demand.usually(first, this.#context.model.firstTime, to, again);
    const expected = Math.max(lately, usually) * span;
    if (expected > POSSIBLE_UP_TO) return false;
    this.total++;
    if (this.kept.length === KEPT) return true;
    const isSoon = again.readAt >= at && again.readAt - at <= SOON;
    const sure = isSoon && expected < SURE_BELOW && addressOf(first) !== '' && addressOf(again) !== '';
    this.kept.push({ request: again.line, firstAt: first.startedAt, againAt: again.startedAt, pid, line, lostLine, answered, sure });
    return true;
  }
}

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
