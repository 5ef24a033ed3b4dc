import type { Model } from '../model/model.ts';
import type { Family } from '../trace/syscalls.ts';

/** How many calls of these families the capture holds, those that had not come back included. */
export function callsOf({ statistics }: Model, ...families: readonly Family[]): number {
  return statistics
    .all()
    .reduce((sum, { syscall, count }) => (families.includes(syscall.family) ? sum + count : sum), 0);
}
