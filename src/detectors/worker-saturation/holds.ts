import type { Thread } from '../../model/machine/thread.ts';
import type { ConnectionHeld } from '../../model/topics/pools/hold-tracker.ts';
import { duration, percent } from '../../trace/format-numbers.ts';
import { BusyTurns } from '../busy-at-once/busy-turns.ts';
import type { Interval } from '../busy-at-once/intersection.ts';
import type { DraftFinding } from '../finding.ts';
import { everyOne } from '../words.ts';
import { NEXT_HELD, WHY_HELD } from './advice.ts';
import type { Crew } from './crews.ts';
import { oftenOf, type Saturation } from './finding.ts';
import type { Metrics } from './metrics.ts';

const MOST_THREADS = 4_096;

/** When workers that serve one connection at a time were held by one that asked nothing. */
export class Holds {
  readonly turns = new Map<Thread, BusyTurns>();
  readonly #nextWasThere = new Map<Thread, Interval[]>();

  held({ thread, start, end, open, idle, nextWasThere, line }: ConnectionHeld): void {
    if (this.turns.size >= MOST_THREADS && !this.turns.has(thread)) return;
    const own = this.turns.get(thread) ?? new BusyTurns();
    this.turns.set(thread, own);
    own.add(
      { start, end, outside: Math.max(0, end - start - idle), open, lines: [line], pauseStart: start, pauseEnd: end },
      { cause: 'foreign-poll', call: '', target: '', isBrief: false, request: '' },
    );
    if (!nextWasThere) return;
    const known = this.#nextWasThere.get(thread) ?? [];
    this.#nextWasThere.set(thread, known);
    if (known.length < MOST_THREADS) known.push({ start, end });
  }

  forget(thread: Thread): void {
    this.turns.delete(thread);
    this.#nextWasThere.delete(thread);
  }

  /** Such stretches at the end of which somebody took a connection that was in the queue. */
  awaited(crew: Crew, stretches: readonly Interval[]): Interval[] {
    const ends = crew.flatMap((thread) => this.#nextWasThere.get(thread) ?? []);
    return stretches.filter((stretch) => ends.some(({ start, end }) => start < stretch.end && end >= stretch.end));
  }
}

/** What a finding about held workers, or threads of a pool, says in place of one about requests. */
export function heldFinding(
  draft: DraftFinding<Metrics>,
  workers: number,
  saturation: Saturation,
  noun = 'workers',
): DraftFinding<Metrics> {
  const { stretches, total, share } = saturation;
  const longest = stretches.reduce((most, { start, end }) => Math.max(most, end - start), 0);
  const everybody = everyOne(workers, noun);
  return {
    ...draft,
    title: `${everybody} held by idle connections ${oftenOf(saturation, longest)}`,
    summary:
      `${everybody} were held by connections at once for ${duration(total)}, ${percent(share)} of the ` +
      `time, the longest stretch ${duration(longest)}. ${ASKED_NOTHING} ` +
      (noun === 'workers'
        ? 'When one of them ended, another client was in the queue of the listener.'
        : 'Meanwhile the thread that accepts waited for a free one.'),
    why: WHY_HELD,
    next: NEXT_HELD,
  };
}

const ASKED_NOTHING =
  'For most of that time the clients of these connections sent nothing: they had their answer and kept the ' +
  'connection open (keep-alive), or they were slow to send a request.';

/**
 * The same of the one worker of a service that was traced. A client that ends its connection and makes another one at
 * once is in the queue as soon as any other: more than a warning would be a guess.
 */
export function heldAloneFinding(
  draft: DraftFinding<Metrics>,
  name: string,
  saturation: Saturation,
): DraftFinding<Metrics> {
  const { stretches, total, share } = saturation;
  const longest = stretches.reduce((most, { start, end }) => Math.max(most, end - start), 0);
  return {
    ...draft,
    severity: draft.severity === 'critical' ? 'warning' : draft.severity,
    title: `${name} was held by idle connections ${oftenOf(saturation, longest)}`,
    summary:
      `${name} was held by connections for ${duration(total)}, ${percent(share)} of the time, the longest stretch ` +
      `${duration(longest)}. ${ASKED_NOTHING} When such a connection ended, another client was in the queue of ` +
      'the listener: no other worker had been free to take that client.',
    why: WHY_HELD,
    next: NEXT_HELD,
  };
}
