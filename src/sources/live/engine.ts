import type { AttachError } from '../attach-error.ts';
import type { Argv } from './launch.ts';
import type { ToldLoss } from './loss-log.ts';
import type { SightNotation } from './sight-lines.ts';
import type { ProcessSight } from './sights.ts';
import type { StopManner } from './tracer.ts';

/** How an engine starts and how one sees that it has begun. */
export interface Engine {
  readonly name: 'strace' | 'bpftrace';
  readonly command: Argv;
  readonly environment?: Readonly<Record<string, string>>;
  /** The tracer stops what it traces: only then can a worker stall. */
  readonly stopsProcesses: boolean;
  /** It runs a program of its own, which ends with it. */
  readonly runsProgram: boolean;
  /** The capture is what it prints; strace writes its file itself. */
  readonly writesToStdout: boolean;
  /**
   * Lines that end the capture, as of the moment at which the tracer is asked to end, about these processes and what
   * was just seen of them: it takes some time to leave, and threads go on.
   */
  readonly closing?: (pids: readonly number[], processes: readonly ProcessSight[]) => string;
  /**
   * Lines that begin a capture of these processes at this moment, where what the tracer prints does not tell what was
   * there before.
   */
  readonly opening?: (pids: readonly number[]) => string;
  /**
   * It prints counts once a second, of a server at rest as well, and no calls: lines say how often nothing, and that
   * there are some says that it works.
   */
  readonly counts?: boolean;
  /** How the capture prints what drover saw of the processes meanwhile. */
  readonly sights: SightNotation;
  /** Lines of events that the tracer lost, where it says so beside the capture. */
  readonly lost?: (losses: readonly ToldLoss[]) => string;
  /** The line by which the clock of the others is known, where there is one; '' before it is there. */
  readonly start?: () => string;
  /** Lines of calls that were entered and have not come back, where the capture shows them at its end only. */
  readonly open?: (processes: readonly ProcessSight[]) => string;
  readonly stop: StopManner;
  /** Looks at the processes, at what the tracer said, or at how much it wrote. */
  hasBegun(words: () => Promise<readonly string[]>, bytes: () => number): boolean | Promise<boolean>;
  /** What its last words mean when it ended before it began. */
  explain(words: readonly string[]): AttachError;
}
