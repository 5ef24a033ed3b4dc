import { readFileSync } from 'node:fs';
import { type Machine, syscallName } from '../../trace/syscall-numbers.ts';

/** What a process is in at this moment, as the kernel says. */
export interface ProcessCall {
  readonly isRunning: boolean;
  /** '' while it is in no call, or where the call cannot be named. */
  readonly call: string;
  /** The first argument of the call, as a number: the descriptor of calls that take one. */
  readonly first: number;
}

/**
 * Asks the kernel for the call that the main thread of a process is in; null when it does not tell, or there is no such
 * process.
 */
export function processCall(pid: number, machine: Machine): ProcessCall | null {
  try {
    // `232 0x6 …`, `running`, or `-1` outside of calls.
    const [word = '', first = '0'] = readFileSync(`/proc/${pid}/syscall`, 'latin1').trim().split(' ');
    if (word === 'running' || word === '-1') return { isRunning: word === 'running', call: '', first: 0 };
    return { isRunning: false, call: syscallName(machine, Number(word)), first: Number(first) };
  } catch {
    // Ended, somebody else's, or a kernel that does not tell.
    return null;
  }
}
