import type { KeptLine } from '../../model/evidence.ts';
import type { Request } from '../../model/machine/connections.ts';
import { MILLISECOND, type Nanoseconds, SECOND } from '../../trace/time.ts';
import type { Context } from '../detector.ts';
import { MOMENT } from '../worst-moment.ts';
import { LineRates } from './demand.ts';
import type { Retry } from './finding.ts';

/** So many requests are remembered of each kind, at most. */
export const REMEMBERED = 1000;

const KEPT = 50;

/**
 * A retry that comes so soon after its loss is a sure one. The popularity of a line is judged over this time at least.
 */
const SOON = 2 * SECOND;

const SHORTEST_SPAN = 100 * MILLISECOND;

/**
 * So many others of the same line expected in that time leave a retry sure, or possible (a guard against coincidence).
 */
const SURE_BELOW = 1 / 3;

const POSSIBLE_UP_TO = 0.5;

/** A request whose client is gone. */
export interface LostRequest {
  readonly request: Request;
  readonly at: Nanoseconds;
  readonly line: KeptLine;
  /** Its reply was written, in vain. */
  readonly answered: boolean;
}

/** A request that may be a retry. */
export interface Arrival {
  readonly again: Request;
  readonly pid: number;
  readonly line: KeptLine;
}

/** The retries that are no coincidence. */
export class Retries {
  readonly demand = new LineRates(REMEMBERED);
  readonly kept: Retry[] = [];
  total = 0;
  /** Requests of which the capture does not hold the whole line. */
  unnamed = 0;
  /** Requests whose client was seen to leave. */
  losses = 0;
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Takes the retry in, unless others of that line come as often anyway; it came some time between the two moments. */
  tell(
    { request: first, at, line: lostLine, answered }: LostRequest,
    { again, pid, line }: Arrival,
    from: Nanoseconds,
    to: Nanoseconds,
  ): boolean {
    const span = Math.max(SHORTEST_SPAN, to - from);
    // Others of that line that were to be expected in the span: by what came just before, a while before that, and on
    // the whole. A server that was quiet for minutes is as busy as it is now.
    const rates = [SOON, MOMENT].map((time) => this.demand.lately(first.identity, at, time, [first, again]) / time);
    const usually = this.demand.usually(first, this.#context.model.firstTime, to, again);
    const expected = Math.max(...rates, usually) * span;
    if (expected > POSSIBLE_UP_TO) return false;
    this.total++;
    if (this.kept.length === KEPT) return true;
    const isSoon = again.readAt >= at && again.readAt - at <= SOON;
    const sure = isSoon && expected < SURE_BELOW && addressOf(first) !== '' && addressOf(again) !== '';
    this.kept.push({
      request: again.line,
      firstAt: first.startedAt,
      againAt: again.startedAt,
      pid,
      line,
      lostLine,
      answered,
      sure,
    });
    return true;
  }
}

/** The client's address without the port; '' when unknown (unix sockets, `-s 0`). */
export function addressOf(request: Request): string {
  return request.connection.peer.replace(/:\d+$/, '');
}
