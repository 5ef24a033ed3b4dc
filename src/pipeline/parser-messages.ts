import type { MessagePort } from 'node:worker_threads';
import type { RecordBatch } from '../../parsers/columns/record-batch.ts';
import type { DiagnosticCount, LineAccount, TraceFlags } from '../../parsers/format.ts';
import type { LaneNumbers } from '../../parsers/lanes.ts';
import type { Call } from '../trace/record.ts';
import type { TimeOrigin } from '../trace/time.ts';

/** What one parser in the parser thread is made from. */
export interface ParserTask {
  readonly format: string;
  readonly file: string;
  readonly tid: number | undefined;
  /** No two parsers give one number. */
  readonly laneNumbers: LaneNumbers;
  readonly origin: TimeOrigin;
  readonly head: Uint8Array;
  /** Batches that may be under way at once. */
  readonly slots: number;
  readonly chunkBytes: number;
}

/** Asks the parser thread for a parser, which takes its `ParserRequest`s and answers on `port`. */
export interface ParserCall {
  readonly task: ParserTask;
  readonly port: MessagePort;
}

/** Bytes to parse, in shared memory; null when no more come. */
export type ParserRequest = Uint8Array | null;

/** A call in flight, decoded, with its lane by index, and its arguments as they were written. */
export type InFlightCall = Omit<Call, 'lane' | 'syscall' | 'arguments' | 'previousArguments'> & {
  readonly args: string;
  readonly returned: string;
  readonly lane: number;
  readonly syscall: string;
};

export interface ParserAnswer {
  readonly batch: RecordBatch;
  readonly account: LineAccount;
  readonly flags: TraceFlags;
  readonly diagnostics: ReadonlyMap<string, DiagnosticCount>;
  readonly origin: TimeOrigin;
  /** With the last batch: what the parser knows at the end. */
  readonly end: {
    readonly inFlight: readonly InFlightCall[];
    readonly lastLines: readonly {
      readonly lane: number;
      readonly file: string;
      readonly line: number;
      readonly text: string;
    }[];
  } | null;
}
