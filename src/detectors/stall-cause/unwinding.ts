import type { Turn } from '../../model/machine/turn.ts';
import type { Model } from '../../model/model.ts';
import { duration } from '../../trace/format-numbers.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import type { Cause } from './cause.ts';

// With -k strace prints a stack for each call, and holds all threads that it traces meanwhile: tens of milliseconds for
// a large program on a busy host, and hundreds the first time.

/** No stack takes longer to print. */
export const LONGEST_UNWINDING = 500 * MILLISECOND;

/** Behind the sentence on a stall that may be nothing else. */
export const STACKS_NOTE =
  ' strace holds all threads while it prints a stack (-k), and printed one for each of these calls: that may be all ' +
  'of it. Record stalls without -k.';

/** Behind the sentence on a stall of which a part is more than that. */
export function partlyHeldNote(length: Nanoseconds, held: Nanoseconds): string {
  if (held < NOTABLE * length) return '';
  return (
    ` strace may have held the worker for ${duration(held)} of that, while it printed stacks (-k). The other ` +
    `${duration(Math.max(0, length - held))} are the worker's own.`
  );
}

/** Stretches of a turn in which its thread may have been held. */
export type HeldStretches = Pick<Turn, 'held' | 'longHolds'>;

/** Less of a stall is not worth a sentence. */
const NOTABLE = 0.1;

const CAUSES: ReadonlySet<Cause> = new Set<Cause>(['no-syscall', 'patched-thread-pool', 'gil-wait', 'not-running']);

/** Whether such a stall looks like threads that are held. */
export function isOfTracer({ cause }: { readonly cause: Cause }): boolean {
  return CAUSES.has(cause);
}

/** What of a turn such a tracer may have taken: stretches in which it served each of the other threads once at most. */
export function heldIn({ calibration }: Pick<Model, 'calibration'>, holds: HeldStretches): Nanoseconds {
  return calibration.queue?.heldIn(holds) ?? 0;
}
