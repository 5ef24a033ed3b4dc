import type { Process } from '../model/machine/process.ts';
import { threadsOf } from '../model/machine/threads-of.ts';

/** Many captures do not tell a thread from a process: then nobody is called one. */
export function nounOf(all: readonly Process[]): 'processes' | 'pids' {
  return all.every((process) => threadsOf(process).length > 1 || process.parent !== null || process.forks > 0)
    ? 'processes'
    : 'pids';
}
