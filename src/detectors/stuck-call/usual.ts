import type { ThreadAtEnd } from '../../model/at-end/at-end.ts';
import type { FirstStay } from '../../model/machine/first-stay.ts';
import type { Process } from '../../model/machine/process.ts';
import { CLIENTS, targetGroupOf } from '../../model/measuring/call-targets.ts';
import { timeOf } from '../../model/measuring/time-table.ts';
import { isWait, syscall } from '../../trace/syscalls.ts';
import { elapsed } from '../../trace/time.ts';

/** So much longer than others like it a stay may be. */
export const ORDINARY = 1.5;

/** Calls of a millisecond and more like this one, on the same kind of target, came back before in this process. */
export function isUsual({ thread: { process }, left: { name, descriptor } }: ThreadAtEnd): boolean {
  const target = targetGroupOf(descriptor ?? undefined);
  return timeOf(process, false).some((row) => row.call === name && row.target === target && row.count > row.openAtEnd);
}

/** So many such stays show that requests of this server take that long. */
const LEAST_ALIKE = 2;

/**
 * Calls like it, or waits for what they read, took as long at other times, in it or in another worker of the same
 * kind: requests of this server take that long. Shorter calls between them say nothing about that.
 */
export function isOrdinary(
  workers: readonly Process[],
  { call, since, until }: Pick<FirstStay, 'call' | 'since' | 'until'>,
): boolean {
  const length = elapsed(since, until);
  const alike = workers
    .flatMap((process) => timeOf(process, false))
    .filter(
      (row) =>
        (row.call === call || isWait(syscall(row.call).family)) &&
        row.kind !== 'idle' &&
        row.target !== CLIENTS &&
        row.longest * ORDINARY >= length,
    );
  const count = alike.reduce((sum, row) => sum + row.count, 0);
  const total = alike.reduce((sum, row) => sum + row.total, 0);
  return count >= LEAST_ALIKE && total * ORDINARY >= LEAST_ALIKE * length;
}
