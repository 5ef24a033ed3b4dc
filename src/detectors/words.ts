import { count, milliseconds, plural } from '../trace/format-numbers.ts';
import type { Nanoseconds } from '../trace/time.ts';

/**
 * A moment as reports tell it: milliseconds from the first event of the trace, which may lie before its first stamp.
 */
export function millisecondsAt({ zero }: { readonly zero: Nanoseconds }, at: Nanoseconds): number {
  return milliseconds(at - zero);
}

/** `Worker 4711`; a capture without pids names nobody. */
export function workerName(pid: number): string {
  return pid === 0 ? 'The worker' : `Worker ${pid}`;
}

/** `once`, `3 times`. */
export function often(number: number): string {
  return number === 1 ? 'once' : plural(number, 'time');
}

/** `Both workers`, `All 3 workers`: a sentence that begins with everybody; `noun` is in the plural. */
export function everyOne(number: number, noun: string): string {
  return number === 2 ? `Both ${noun}` : `All ${count(number)} ${noun}`;
}

/** `All 3 processes`, `2 of 3 processes`: a sentence that begins with so many of them; `noun` is in the plural. */
export function someOf(part: number, all: number, noun: string): string {
  return part === all ? everyOne(all, noun) : `${part} of ${all} ${noun}`;
}

/** `Process 101`; strace writes no number of a process that it started without -f. */
export function processName(pid: number): string {
  return pid === 0 ? 'The process' : `Process ${pid}`;
}

const MOST_NAMED = 5;

/** `101, 103`, `101, 103, 107, 109, 113 and 2 more`. */
export function firstPids(pids: readonly number[]): string {
  const more = pids.length > MOST_NAMED ? ` and ${pids.length - MOST_NAMED} more` : '';
  return `${pids.slice(0, MOST_NAMED).join(', ')}${more}`;
}

/** `Process 101`, `Processes 101, 103`: a sentence that begins with these. */
export function namedProcesses(pids: readonly number[]): string {
  return pids.length === 1 ? processName(pids[0] ?? 0) : `Processes ${firstPids(pids)}`;
}

/** `Process 101`, `2 of 3 processes`: a sentence that begins with these of `all` processes. */
export function processesOf(pids: readonly number[], all: number): string {
  return pids.length === 1 ? processName(pids[0] ?? 0) : someOf(pids.length, all, 'processes');
}

/** `Most`, where that is more than half of all; else how many, as in `2 of them`; `one` where there is no other. */
export function mostOrSome(part: number, all: number, one: string): string {
  if (all === 1) return one;
  return part * 2 > all ? 'Most' : `${count(part)} of them`;
}

/** So many reasons of one outcome are written out: a capture may hold a hundred thousand listeners. */
const MOST_REASONS = 10;

/** Why an outcome is what it is, for each listener or address: the first ones, and how many more there are. */
export function reasonsOf(reasons: Iterable<string>): string {
  const all = [...reasons];
  const shown = all.slice(0, MOST_REASONS);
  return [...shown, ...(all.length > shown.length ? [`and ${count(all.length - shown.length)} more`] : [])].join('; ');
}

/** The subject of findings about one service, of a target such as `10.0.0.7:3306 (MySQL)`; none without an address. */
export function peerSubjects(targets: readonly string[]): string[] {
  return targets.flatMap((target) => {
    const [address = ''] = target.split(' ', 1);
    return /^[^/].*:\d+$/.test(address) ? [`peer ${address}`] : [];
  });
}
