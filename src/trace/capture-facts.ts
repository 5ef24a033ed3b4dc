/** What was noted about the host beside a trace: who is who, and what the kernel counted meanwhile. */
export interface CaptureFacts {
  /** By thread number. */
  readonly threads: ReadonlyMap<number, ThreadIdentity>;
  /** Program and arguments of processes, by pid. */
  readonly commands: ReadonlyMap<number, readonly string[]>;
  /** Processes that had a ring of io_uring. */
  readonly rings: ReadonlySet<number>;
  /** null when it was not noted. */
  readonly processors: number | null;
  /**
   * Connections that found an accept queue full while the trace was recorded, on the whole host; null when it was not
   * noted.
   */
  readonly listenOverflows: number | null;
  /** `net.core.somaxconn`: no accept queue is longer. */
  readonly longestQueue: number | null;
}

export interface ThreadIdentity {
  /** Its process. */
  readonly pid: number;
  /** The process that started it. */
  readonly parent: number;
  readonly comm: string;
}
