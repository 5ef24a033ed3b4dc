import type { CodeFrame } from '../../../trace/code-frame.ts';
import type { Argv } from '../launch.ts';

/** The stack of a thread as a sampler shows it. */
export interface ThreadStack {
  /** As the sampler numbers it, which may be its number in a container; 0 when it does not tell. */
  readonly tid: number;
  /** It is the first thread of its process, as far as the sampler tells. */
  readonly isMain: boolean;
  /** Innermost first. */
  readonly frames: readonly CodeFrame[];
}

/** A program that shows the stacks of a process. */
export interface Sampler {
  readonly name: string;
  /** It stops the process while it looks. */
  readonly stops: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  command(pid: number, tid: number): Argv;
  /** What it printed; empty for what is no stack. Never throws. */
  read(printed: string, pid: number, tid: number): readonly ThreadStack[];
}
