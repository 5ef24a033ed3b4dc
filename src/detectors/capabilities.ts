/** What the lines of the capture can tell. */
export interface Capabilities {
  readonly times: boolean;
  /** Nanoseconds between two distinguishable times. */
  readonly resolution: number;
  readonly durations: boolean;
  readonly pids: boolean;
  /** What recorded it: `strace` stretches what it records, others do so less. */
  readonly format: string;
}
