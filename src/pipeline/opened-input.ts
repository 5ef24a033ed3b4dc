import type { TraceFormat, TraceParser } from '../../parsers/format.ts';
import type { TraceInput } from '../sources/trace-input.ts';

/** The side of a parser that its records come out of. */
export type OpenParser = Pick<TraceParser, 'flags' | 'account' | 'diagnostics' | 'next' | 'inFlight'>;

/** An input of a known format that is being read, in this thread or with the help of another. */
export interface OpenedInput {
  readonly input: TraceInput;
  readonly format: TraceFormat;
  readonly parser: OpenParser;
  /** Makes the parser have more records. False when there are no more. */
  refill(): Promise<boolean>;
  /** Gives up before the end. */
  abandon?(): Promise<unknown>;
}
