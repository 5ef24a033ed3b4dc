import { oneWorker } from './server-lines.ts';
import { LISTENER, QUICK, type ThreadLines } from './thread-lines.ts';
import type { TraceLines } from './trace-lines.ts';

/** When the turn of `oneTurn` begins. */
export const TURN_START = 50;

/**
 * One event-loop worker that is idle, serves one request in a turn of exactly `ms` milliseconds, and is idle again.
 * What `inside` does not fill is a gap without a call.
 */
export function oneTurn(
  ms: number,
  inside: (worker: ThreadLines) => void = () => {},
  request = 'GET /slow',
): TraceLines {
  const { trace, worker } = oneWorker();
  turn(worker, TURN_START, ms, inside, request);
  worker.waitUntil(TURN_START + ms + 1000);
  return trace;
}

/** Waits until `at`, then serves one request in a turn of exactly `ms` milliseconds. */
export function turn(
  worker: ThreadLines,
  at: number,
  ms: number,
  inside: (worker: ThreadLines) => void = () => {},
  request = 'GET /slow',
): void {
  worker.waitUntil(at, LISTENER).accept(11).read(11, request);
  inside(worker);
  // The reply and the close end it.
  const end = at + ms - 2 * QUICK;
  if (worker.now > end + 1e-6) throw new RangeError(`the turn takes ${worker.now - at + 2 * QUICK} ms at least`);
  worker.at(end).reply(11).close(11);
}
