import { readdirSync, readlinkSync } from 'node:fs';

/**
 * More descriptors of one process are not listed: what matters, listeners and pools, was opened early and has low
 * numbers.
 */
const MOST = 1_024;

/**
 * What the descriptors of these processes are, as `event=fd` lines in front of a capture: bpftrace does not see what
 * was opened before it. Processes that are gone or may not be looked at give none.
 */
export function descriptorLines(pids: readonly number[]): string {
  return pids.flatMap((pid) => numbersOf(pid).flatMap((fd) => lineOf(pid, fd))).join('');
}

function numbersOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/fd`)
      .map(Number)
      .sort((a, b) => a - b)
      .slice(0, MOST);
  } catch {
    // It has ended, or belongs to somebody else: the capture can do without.
    return [];
  }
}

function lineOf(pid: number, fd: number): string[] {
  try {
    // Files that only a descriptor holds, such as gunicorn's heartbeat: strace names them without that word, too.
    const label = readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/ \(deleted\)$/, '');
    return /^[^\s"\\<>\p{Cc}]{1,300}$/u.test(label) ? [`event=fd pid=${pid} fd=${fd} is=${label}\n`] : [];
  } catch {
    // Closed between the two looks.
    return [];
  }
}
