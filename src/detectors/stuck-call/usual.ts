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

/** Calls like it, or waits for what they read, take as long on average: requests of this server take that long. */
export function isOrdinary(process: Process, { call, since, until }: FirstStay): boolean {
  const alike = timeOf(process, false).filter(
    (row) => (row.call === call || isWait(syscall(row.call).family)) && row.kind !== 'idle' && row.target !== CLIENTS,
  );
  const count = alike.reduce((sum, row) => sum + row.count, 0);
  const total = alike.reduce((sum, row) => sum + row.total, 0);
  return count > 1 && total * ORDINARY >= count * elapsed(since, until);
}
