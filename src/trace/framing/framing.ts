import type { RequestStart } from '../payload.ts';

/** Tells where requests begin in what a client sends, read by read. */
export interface Framing {
  /** The bytes are hidden: what is told of requests is an estimate. */
  readonly isEncrypted: boolean;
  /** Requests may begin while others are in progress. */
  readonly isMultiplexed: boolean;
  /** What the last bytes ask for, where this protocol says so itself; null where they do not tell. */
  readonly start?: RequestStart | null;
  /**
   * How many requests begin in these bytes, of `size` that were read. It sees every read, whatever is in progress: it
   * has to know where the next message begins.
   */
  begun(bytes: string, size: number): number;
}
