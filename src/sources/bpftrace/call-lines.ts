import { readdirSync, readFileSync } from 'node:fs';
import { type Machine, syscallName } from '../../trace/syscall-numbers.ts';
import { EMPTY, MOST_BYTES, ProcessMemory } from './process-memory.ts';

/** More threads of a server are not listed. */
const MOST_THREADS = 10_000;
const POLLFD_BYTES = 8;
/** 64 descriptors. */
const SET_BYTES = 8;

/**
 * What every thread of these processes is in at this moment, as `event=in` lines: bpftrace sees neither the entry of a
 * call that began before it nor, while the call lasts, anything else of the thread. Threads that run, or may not be
 * looked at, give none.
 */
export function callLines(pids: readonly number[], machine: Machine): string {
  const lines: string[] = [];
  for (const pid of pids) {
    const memory = new ProcessMemory(`/proc/${pid}/mem`);
    for (const tid of threadsOf(pid)) {
      if (lines.length >= MOST_THREADS) break;
      lines.push(...lineOf(pid, tid, machine, memory));
    }
    memory.close();
  }
  return lines.join('');
}

/** The same of some threads, by their processes. */
export function callLinesOf(threads: Iterable<readonly [pid: number, tid: number]>, machine: Machine): string {
  const lines: string[] = [];
  for (const [pid, tid] of threads) {
    if (lines.length >= MOST_THREADS) break;
    const memory = new ProcessMemory(`/proc/${pid}/mem`);
    lines.push(...lineOf(pid, tid, machine, memory));
    memory.close();
  }
  return lines.join('');
}

function threadsOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    // It has ended: the capture can do without.
    return [];
  }
}

function lineOf(pid: number, tid: number, machine: Machine, memory: ProcessMemory): string[] {
  try {
    // `45 0xb 0x7f… 0x10000 0x0 0x0 0x0 0x7ffd… 0x7f…`, `running`, or `-1 …` outside of calls.
    const found = /^(\d+)((?: 0x[0-9a-f]+){6}) /.exec(readFileSync(`/proc/${pid}/task/${tid}/syscall`, 'latin1'));
    if (found === null) return [];
    const [, number = '', words = ''] = found;
    const args = words.trim().split(' ').map(BigInt);
    const data = pointedAt(syscallName(machine, Number(number)), args, memory);
    const raw = args.map((arg) => arg.toString(16)).join(',');
    const now = process.hrtime.bigint();
    return [`event=in ts=${now} pid=${pid} tid=${tid} nr=${number} a=${raw} data=${printed(data)}\n`];
  } catch {
    // Ended between the two looks, or somebody else's.
    return [];
  }
}

/** What the call is about, where an argument only points there. */
function pointedAt(name: string, args: readonly bigint[], memory: ProcessMemory): Buffer {
  const [first = 0n, second = 0n, third = 0n] = args;
  switch (name) {
    case 'poll':
    case 'ppoll':
      return memory.read(first, Number(second) * POLLFD_BYTES);
    case 'select':
    case 'pselect6':
      return memory.read(second, SET_BYTES);
    case 'connect':
      return memory.read(second, 28);
    case 'openat':
      return path(memory.read(second, MOST_BYTES));
    case 'open':
      return path(memory.read(first, MOST_BYTES));
    case 'write':
    case 'sendto':
      return memory.read(second, Number(third));
    default:
      return EMPTY;
  }
}

/** Up to its NUL: what follows in memory is somebody else's. */
function path(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end + 1);
}

/** As `%r` of bpftrace prints bytes. */
function printed(bytes: Buffer): string {
  let text = '';
  for (const byte of bytes)
    text +=
      byte >= 0x20 && byte < 0x7f && byte !== 0x5c
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).padStart(2, '0')}`;
  return text;
}
