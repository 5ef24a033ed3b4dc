import type { FailedWrite } from '../../model/facts.ts';
import { longestWaitOf } from '../../model/topics/dependencies/peer.ts';
import { elapsed, MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Target } from './metrics.ts';

const KEPT = 200;
/** Standing behind others for less is noise. */
export const NOTABLE = 10 * MILLISECOND;

/** Failed writes to one kind of target. */
export class Tally {
  count = 0;
  readonly errors = new Map<string, number>();
  /** The first, and those that stood longest behind others. */
  readonly kept: FailedWrite[] = [];

  /** All of them are how pipelines of a shell end. */
  isOfPipelines = true;

  add(failure: FailedWrite, isOfPipeline: boolean): void {
    this.count++;
    this.isOfPipelines &&= isOfPipeline;
    this.errors.set(failure.error, (this.errors.get(failure.error) ?? 0) + 1);
    this.kept.push(failure);
    if (this.kept.length > KEPT) this.kept.splice(leastBehind(this.kept), 1);
  }
}

function leastBehind(kept: readonly FailedWrite[]): number {
  let least = 1;
  for (let i = 2; i < kept.length; i++)
    if ((kept[i] as FailedWrite).behind < (kept[least] as FailedWrite).behind) least = i;
  return least;
}

/** What failed writes are told of together: who had left and, of clients, those who did so in the middle of a reply. */
export type Group = Target | 'cut';

export function writeGroupOf(failure: FailedWrite): Group {
  return failure.wasCut ? 'cut' : targetOf(failure);
}

/** Who had left when the write failed. */
function targetOf({ connection, descriptor, fd }: FailedWrite): Target {
  if (connection !== null) return 'client';
  if (descriptor.label.includes('/dev/log') || descriptor.peer === 'unix:/dev/log' || fd === 1 || fd === 2)
    return 'log';
  if (descriptor.kind === 'pipe') return 'pipe';
  const { seenOpening, peer, label } = descriptor;
  return seenOpening || peer !== '' || label.includes('->') ? 'upstream' : 'unknown';
}

/**
 * The one that stood longest behind others; where nobody stood behind anybody for long, the oldest. There is one at
 * least.
 */
export function worstOf(failures: readonly FailedWrite[]): FailedWrite {
  return failures.reduce((most, failure) => (isWorse(failure, most) ? failure : most));
}

/**
 * Whether each of these replies had begun when its client was gone. Where the capture has no times, streams that
 * clients end at will look like replies that came too late.
 */
export function hadAllBegun({ kept }: Tally): boolean {
  return kept.every(({ request }) => request !== null && request.answeredAt !== UNKNOWN);
}

function isWorse(failure: FailedWrite, most: FailedWrite): boolean {
  if (Math.max(failure.behind, most.behind) >= NOTABLE) return failure.behind > most.behind;
  return ageOf(failure) > ageOf(most);
}

/** How old the request was whose reply failed; 0 when it was not read in the capture. */
export function ageOf({ request, time }: FailedWrite): number {
  return request === null ? 0 : elapsed(request.startedAt, time);
}

/** Another service that the request waited for, for half of its life or longer; null when there is none. */
export function upstreamOf(failure: FailedWrite): { readonly peer: string; readonly total: Nanoseconds } | null {
  const wait = failure.request === null ? null : longestWaitOf(failure.request);
  return wait === null || wait.total < NOTABLE || wait.total * 2 < ageOf(failure) ? null : wait;
}

/** The request that kept the worker longest meanwhile; '' when none did for long. */
export function behindWhom({ longest, behind }: FailedWrite): string {
  return behind < NOTABLE || longest?.request == null ? '' : longest.request.name;
}
