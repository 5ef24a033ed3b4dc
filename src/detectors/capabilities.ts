/** What the lines of the capture can tell. */
export interface Capabilities {
  readonly times: boolean;
  /** Nanoseconds between two distinguishable times. */
  readonly resolution: number;
  readonly durations: boolean;
  readonly pids: boolean;
  /** The tracer stops threads at every call (strace): it sees all wake-ups, and what it records took longer. */
  readonly stopsThreads: boolean;
  /** Descriptors have names (strace -y). */
  readonly names: boolean;
  /** All arguments are numbers (strace -e raw=all). */
  readonly isRaw?: boolean;
}
