import type { KeptLine } from '../../model/evidence.ts';
import type { Listener } from '../../model/machine/listener.ts';
import type { FailedCall } from '../../model/topics/refusals/failed-calls.ts';
import type { SessionCensus } from '../../model/topics/sessions/session.ts';
import type { Refusal } from '../../trace/refusals.ts';
import type { Nanoseconds } from '../../trace/time.ts';

/** A call that had failed before so many of them. */
export interface Before extends FailedCall {
  count: number;
}

/** Refusals of one kind on one listener. */
export interface Refusals {
  readonly listener: Listener | null;
  readonly refusal: Refusal;
  count: number;
  readonly pids: Set<number>;
  first: Nanoseconds;
  last: Nanoseconds;
  /** What the sessions of the server were at, when most of them kept others waiting; null where it has none. */
  census: SessionCensus | null;
  readonly lines: KeptLine[];
  /** Of requests of HTTP: how many there were of each kind, and before how many a call had failed. */
  readonly requests: Map<string, number>;
  readonly before: Map<string, Before>;
  /** How many had been refused in the same way by a service behind, by its address. */
  readonly passedOn: Map<string, number>;
}
