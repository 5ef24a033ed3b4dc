import type { ThreadAtEnd } from '../../model/at-end/at-end.ts';
import { targetGroupOf } from '../../model/measuring/call-targets.ts';
import { timeOf } from '../../model/measuring/time-table.ts';

/** Calls of a millisecond and more like this one, on the same kind of target, came back before in this process. */
export function isUsual({ thread: { process }, left: { name, descriptor } }: ThreadAtEnd): boolean {
  const target = targetGroupOf(descriptor ?? undefined);
  return timeOf(process, false).some((row) => row.call === name && row.target === target && row.count > row.openAtEnd);
}
