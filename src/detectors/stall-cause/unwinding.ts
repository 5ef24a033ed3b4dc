import { MILLISECOND } from '../../trace/time.ts';
import type { Cause } from './cause.ts';

// With -k strace prints a stack for each call, and holds all threads that it traces meanwhile: tens of milliseconds for
// a large program on a busy host, and hundreds the first time.

/** No stack takes longer to print. */
export const LONGEST_UNWINDING = 500 * MILLISECOND;

/** Behind the sentence on a stall that may be nothing else. */
export const STACKS_NOTE =
  ' strace holds all threads while it prints a stack (-k), and printed one for each of these calls: that may be all ' +
  'of it. Record stalls without -k.';

const CAUSES: ReadonlySet<Cause> = new Set<Cause>(['no-syscall', 'patched-thread-pool', 'gil-wait', 'not-running']);

/** Whether such a stall looks like threads that are held. */
export function isOfTracer({ cause }: { readonly cause: Cause }): boolean {
  return CAUSES.has(cause);
}
