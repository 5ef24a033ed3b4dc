import type { Model } from '../model/model.ts';
import type { Family } from '../trace/syscalls.ts';

/** How many calls of these families the capture holds, those that had not come back included. */
export function callsOf({ statistics }: Model, ...families: readonly Family[]): number {
  return statistics
    .all()
    .reduce((sum, { syscall, count }) => (families.includes(syscall.family) ? sum + count : sum), 0);
}

/** How many calls of a family, or of all, had not come back at the end of the capture. */
export function openCallsOf({ processes }: Model, family?: Family): number {
  let open = 0;
  for (const { ended, leftIn } of processes.threads())
    if (!ended && leftIn !== null && (family === undefined || leftIn.syscall.family === family)) open++;
  return open;
}
