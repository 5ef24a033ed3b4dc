import type { Exit, Lane, LastLine } from '../../src/trace/record.ts';
import { SharedNumbers } from '../../src/trace/shared-numbers.ts';
import type { LaneTable } from '../lanes.ts';

/** So many descriptors of one process may have a label. */
const MOST_LABELS = 4_096;

/** Threads, the processes they belong to, and what the capture says about descriptors that were open before it. */
export class Threads {
  readonly #lanes: LaneTable;
  readonly #pids = new Map<number, number>();
  readonly #killers = new Map<number, string>();
  readonly #labels = new Map<number, SharedNumbers<string>>();

  constructor(lanes: LaneTable) {
    this.#lanes = lanes;
  }

  lane(tid: number): Lane {
    return this.#lanes.get(tid);
  }

  /** True when it is news that the thread belongs to that process. */
  belongs(tid: number, pid: number): boolean {
    if (this.#pids.get(tid) === pid) return false;
    this.#pids.set(tid, pid);
    return tid !== pid;
  }

  pidOf(tid: number): number {
    return this.#pids.get(tid) ?? tid;
  }

  /** A signal ends the process. */
  killedBy(pid: number, signal: string): void {
    if (this.#killers.size < MOST_LABELS) this.#killers.set(pid, signal);
  }

  /** The signal that ends the process; '' when it ends by itself. */
  killerOf(pid: number): string {
    return this.#killers.get(pid) ?? '';
  }

  ended(tid: number): void {
    this.#lanes.end(tid);
    this.#killers.delete(tid);
    this.#pids.delete(tid);
    this.#labels.delete(tid);
  }

  /** The ends of threads that were silent for long while thousands of others came. */
  endSilent(at: Pick<Exit, 'time' | 'file' | 'line'>): Exit[] {
    const ends = this.#lanes.endSilent(at);
    for (const { lane } of ends) this.ended(lane.tid);
    return ends;
  }

  /** A descriptor that was open before the capture, in the words of `ls -l /proc/PID/fd`. */
  describe(pid: number, fd: number, label: string): void {
    let labels = this.#labels.get(pid);
    if (labels === undefined) {
      labels = new SharedNumbers();
      this.#labels.set(pid, labels);
    }
    if (labels.size < MOST_LABELS) labels.set(fd, label);
  }

  /** A child has what its parent has open. */
  forked(parent: number, child: number): void {
    const labels = this.#labels.get(parent);
    if (labels !== undefined && !this.#labels.has(child)) this.#labels.set(child, new SharedNumbers(labels));
  }

  /** From now on the number stands for something else. */
  forget(pid: number, fd: number): void {
    this.#labels.get(pid)?.delete(fd);
  }

  labelsOf(pid: number): Pick<SharedNumbers<string>, 'get'> | undefined {
    return this.#labels.get(pid);
  }
}

/** The last line of a thread, replaced by the next one. */
export class ThreadLine implements LastLine {
  readonly file: string;
  readonly line: number;
  readonly text: string;

  constructor(file: string, line: number, text: string) {
    this.file = file;
    this.line = line;
    this.text = text;
  }
}
