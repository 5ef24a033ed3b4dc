import type { QueueTaken } from '../../model/facts.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { percent } from '../../trace/format-numbers.ts';
import { MILLISECOND } from '../../trace/time.ts';
import type { BusyTurns } from '../busy-at-once/busy-turns.ts';
import type { Interval } from '../busy-at-once/intersection.ts';
import type { Context } from '../detector.ts';
import type { DraftFinding } from '../finding.ts';
import { MOMENT, timeOf, timeWithin, worstMoment } from '../worst-moment.ts';
import { type BusyCrew, finding } from './finding.ts';
import { windowOf } from './judge.ts';
import type { Metrics } from './metrics.ts';

/** So many times that a client was there already are remembered of a worker, the last ones. */
const MOST_AWAYS = 20_000;
const MOST_THREADS = 4_096;
/** Between two requests a worker closes the connection of the first, writes a log, shows its master that it lives. */
const AT_ONCE = 50 * MILLISECOND;

/**
 * When workers came back to their listener from a long request and found the next client there. Of one worker alone
 * this tells what the others of its crew would: whoever of them had been free would have taken that client.
 */
export class NextClients {
  readonly #aways = new Map<Thread, Interval[]>();

  taken({ thread, since, start }: QueueTaken): void {
    const own = this.#aways.get(thread as Thread);
    if (own === undefined) {
      if (this.#aways.size < MOST_THREADS) this.#aways.set(thread as Thread, [{ start: since, end: start }]);
      return;
    }
    if (own.length === MOST_AWAYS) own.splice(0, MOST_AWAYS / 2);
    own.push({ start: since, end: start });
  }

  forget(thread: Thread): void {
    this.#aways.delete(thread);
  }

  /**
   * The parts of its turns after which the next client was there, those that follow each other at once as one. In one
   * turn a worker may serve several clients, each after a look at the queue.
   */
  awaited(thread: Thread, turns: readonly Interval[]): Interval[] {
    const joined: { start: number; end: number }[] = [];
    let index = 0;
    for (const away of this.#aways.get(thread) ?? []) {
      while (index < turns.length && (turns[index] as Interval).end <= away.start) index++;
      const turn = turns[index];
      const start = Math.max(away.start, turn?.start ?? Number.POSITIVE_INFINITY);
      const end = Math.min(away.end, turn?.end ?? 0);
      if (end <= start) continue;
      const last = joined.at(-1);
      if (last !== undefined && start <= last.end + AT_ONCE) last.end = Math.max(last.end, end);
      else joined.push({ start, end });
    }
    return joined;
  }
}

/** Whether a worker has not come back from a long request: nothing shows whether a client waits meanwhile. */
export function isAwayToTheEnd(turns: BusyTurns | undefined, context: Context): boolean {
  const last = turns?.turns.at(-1);
  const { start, end } = windowOf(context);
  return last?.open === true && last.end - last.start >= context.threshold('saturation-share') * (end - start);
}

/** The finding about the one worker of a service that was traced, or what its share was. */
export function judgeAlone(context: Context, crew: BusyCrew, clients: NextClients): DraftFinding<Metrics> | string {
  const [thread] = crew.threads;
  const window = windowOf(context);
  const stretches = thread === undefined ? [] : clients.awaited(thread, crew.turns.get(thread)?.turns ?? []);
  const total = timeOf(stretches);
  const share = total / Math.max(1, window.end - window.start);
  const worst = worstMoment(stretches, window);
  const moment = worst === null ? 0 : timeWithin(stretches, worst);
  const isOutage = moment >= context.threshold('saturation-critical-share') * MOMENT;
  if (share < context.threshold('saturation-share') && !isOutage)
    return (
      `${(crew.name ?? 'the worker').toLowerCase()} was busy ${percent(share)} of the time with requests of ` +
      `${context.threshold('stall-ms')} ms or more while the next client waited`
    );
  // One client that asks again at once is there as soon, and waits for nobody: more than a warning would be a guess.
  const draft = finding(context.model, crew, { stretches, total, share, severity: 'warning', moment }, 1);
  return {
    ...draft,
    summary:
      `${draft.summary} Each time the next client had connected before the worker looked for one: nobody else ` +
      'was free to take that client. If all requests come from one client that asks again at once, nobody waited.',
  };
}
