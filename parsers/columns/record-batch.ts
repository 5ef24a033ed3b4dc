import type { LaneFacts, OtherRecord } from './lane-facts.ts';

export * from './layout.ts';

/**
 * The records of one chunk, as columns of numbers in shared memory: they cross to another thread without being copied
 * or cloned. Strings stay ranges of the chunk, or of `extra` where the chunk that held them is gone.
 */
export interface RecordBatch {
  readonly count: number;
  readonly integers: Int32Array;
  readonly doubles: Float64Array;
  readonly extra: Uint8Array;
  readonly others: readonly OtherRecord[];
  /** Names that records of this batch and later ones mean by number. */
  readonly syscalls: readonly string[];
  readonly errors: readonly string[];
  readonly heads: readonly string[];
  readonly lanes: readonly LaneFacts[];
}
