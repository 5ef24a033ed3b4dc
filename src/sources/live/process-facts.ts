import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { serverOf } from '../../trace/server-names.ts';

/** Where the kernel shows processes. */
export const PROC = '/proc';

/** A process as /proc shows it. Strings come from the process itself and are untrusted. */
export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  /** Its session, which what it forks inherits; systemd and a login begin one. */
  readonly session: number;
  /** At most 15 characters, chosen by the process. */
  readonly name: string;
  /** The letter of `ps`: R running, S sleeping, D waiting, T stopped, t stopped by a tracer, Z zombie. */
  readonly state: string;
  /** Clock ticks since boot: with the pid it names a process for good. */
  readonly startTicks: number;
  readonly isKernelThread: boolean;
  /** Effective user, or -1 when it cannot be read. */
  readonly userId: number;
  /** 0 when nobody traces it. */
  readonly tracer: number;
  /** Path of the executable; '' when it may not be read. */
  readonly program: string;
  readonly argv: readonly string[];
  /** Address of its stack: forked processes share it until one calls execve. '0' when it may not be read. */
  readonly stackStart: string;
}

/** `PF_KTHREAD` of the kernel's task flags. */
const KERNEL_THREAD = 0x0020_0000;

/** What is known of a process, or null when there is none of that number. */
export function readProcess(pid: number): ProcessFacts | null {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  if (stat === '') return null;
  // The name stands in parentheses and may hold any character, also a parenthesis.
  const end = stat.lastIndexOf(')');
  const fields = stat.slice(end + 2).split(' ');
  const status = readOrEmpty(`/proc/${pid}/status`);
  return {
    pid,
    parent: Number(fields[1]),
    session: Number(fields[3]),
    name: stat.slice(stat.indexOf('(') + 1, end),
    state: fields[0] ?? '?',
    startTicks: Number(fields[19]),
    isKernelThread: (Number(fields[6]) & KERNEL_THREAD) !== 0,
    userId: Number(/^Uid:\t\d+\t(\d+)/m.exec(status)?.[1] ?? -1),
    tracer: Number(/^TracerPid:\t(\d+)/m.exec(status)?.[1] ?? 0),
    program: linkOrEmpty(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, ''),
    argv: readOrEmpty(`/proc/${pid}/cmdline`).split('\0').slice(0, -1),
    stackStart: fields[25] ?? '0',
  };
}

/** Python's multiprocessing starts an interpreter anew for each worker, or one that forks them, and names no server. */
const MULTIPROCESSING = /multiprocessing\.(?:spawn|forkserver)/;
/** A fork server stands between a worker and the server. */
const MOST_STARTED = 3;

/** The server that the command line of a process starts, or of the one that started it as its worker; '' for none. */
export function serverStarted(root: string, pid: number, parent: number, steps = 0): string {
  const argv = readOrEmpty(`${root}/${pid}/cmdline`).split('\0').slice(0, -1);
  if (steps === MOST_STARTED || !argv.some((word) => MULTIPROCESSING.test(word))) return serverOf(argv);
  return serverStarted(root, parent, parentIn(readOrEmpty(`${root}/${parent}/stat`)), steps + 1);
}

function parentIn(stat: string): number {
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
}

/** The process that a thread belongs to; the same number for a process, and where there is none. */
export function leaderOf(tid: number): number {
  return Number(/^Tgid:\t(\d+)/m.exec(readOrEmpty(`/proc/${tid}/status`))?.[1] ?? tid);
}

/** When a process started, clock ticks since boot; 0 when there is none of that number. */
export function readStartTicks(pid: number): number {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  return stat === '' ? 0 : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
}

/** Parent of every process that runs now. */
export function readParents(): Map<number, number> {
  return new ParentTable().look();
}

/** At every so manieth look all is read anew: meanwhile another process may have got the number of one that ended. */
const WHOLE_EVERY = 5;

/**
 * The parents of all processes for whoever looks every other second. A process whose parent is there has the same one
 * as before, so that of a thousand only those are read that are new or have lost their parent.
 */
export class ParentTable {
  readonly #root: string;
  #parents: ReadonlyMap<number, number> = new Map();
  #looks = 0;

  constructor(root = PROC) {
    this.#root = root;
  }

  look(): Map<number, number> {
    const isWhole = this.#looks++ % WHOLE_EVERY === 0;
    const pids = readdirSync(this.#root).filter((name) => /^\d+$/.test(name));
    const present = new Set(pids.map(Number));
    const parents = new Map<number, number>();
    for (const pid of present) {
      const known = isWhole ? undefined : this.#parents.get(pid);
      const parent = known !== undefined && (known === 0 || present.has(known)) ? known : this.#read(pid);
      if (parent !== null) parents.set(pid, parent);
    }
    this.#parents = parents;
    return parents;
  }

  #read(pid: number): number | null {
    const stat = readOrEmpty(`${this.#root}/${pid}/stat`);
    return stat === '' ? null : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  }
}

/** The number that a process or thread has in its own container, of its /proc status; 0 where that does not tell. */
export function innerNumber(status: string): number {
  return Number(/^NSpid:\t(.*)$/m.exec(status)?.[1]?.split('\t').at(-1) ?? 0);
}

/** How far a thread is: its state, and how often it gave up its CPU by itself, which every stop by a tracer is. */
export interface ThreadProgress {
  readonly tid: number;
  readonly state: string;
  readonly switches: number;
}

/** The threads of a process, at most `most` of them; empty when it is gone. */
export function threadsIn(pid: number, most: number): number[] {
  try {
    return readdirSync(`${PROC}/${pid}/task`).slice(0, most).map(Number);
  } catch {
    // It ended a moment ago.
    return [];
  }
}

/** Progress of a thread; null when it is gone. */
export function readThread(pid: number, tid: number): ThreadProgress | null {
  const status = readOrEmpty(`${PROC}/${pid}/task/${tid}/status`);
  const state = /^State:\t(\S)/m.exec(status)?.[1];
  const switches = /^voluntary_ctxt_switches:\t(\d+)/m.exec(status)?.[1];
  return state === undefined || switches === undefined ? null : { tid, state, switches: Number(switches) };
}

/** The text of a small file, '' where it cannot be read: a process may end, or belong to somebody else. */
export function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Between two looks: what is gone reads as nothing.
    return '';
  }
}

/** Where a link leads, or '' where that cannot be read. */
export function linkOrEmpty(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // As above: what is gone leads nowhere.
    return '';
  }
}
