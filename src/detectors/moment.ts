import type { Nanoseconds } from '../trace/time.ts';
import { milliseconds } from './words.ts';

/**
 * A moment as reports tell it: milliseconds from the first event of the trace, which may lie before its first stamp.
 */
export function moment({ zero }: { readonly zero: Nanoseconds }, at: Nanoseconds): number {
  return milliseconds(at - zero);
}
