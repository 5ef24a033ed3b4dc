import { LISTENER, type ThreadLines } from './thread-lines.ts';

/** From one wake-up of a burst to the next, in milliseconds. */
const APART = 0.05;

/** A connection comes in: the first of these workers wins and serves it, the others are woken for nothing. */
export function arrival(at: number, woken: readonly ThreadLines[]): void {
  for (const [index, worker] of woken.entries()) {
    worker.waitUntil(at + index * APART, LISTENER);
    if (index === 0) worker.serve(11, 'GET /a');
    else worker.acceptNothing();
  }
}

/**
 * So many connections, one every `every` milliseconds from `from` on, won by each worker in turn. The wasted wake-ups
 * are spread over them as evenly as can be: every connection wakes somebody for nothing, or some do.
 */
export function arrivals(
  workers: readonly ThreadLines[],
  { connections = 0, wasted = 0, from = 50, every = 10 } = {},
): void {
  for (let index = 0; index < connections; index++) {
    const losers = Math.floor(((index + 1) * wasted) / connections) - Math.floor((index * wasted) / connections);
    const order = [...workers.slice(index % workers.length), ...workers.slice(0, index % workers.length)];
    if (losers >= workers.length) throw new RangeError('more losers than workers');
    arrival(from + index * every, order.slice(0, losers + 1));
  }
  const end = from + connections * every;
  for (const worker of workers) worker.waitUntil(end);
}
