import type { TraceFormat, TraceParser } from '../../parsers/format.ts';
import { LaneTable } from '../../parsers/lanes.ts';
import type { OpenFacts } from '../analysis/analysis.ts';
import type { Call, Observed, Sampled } from '../trace/record.ts';
import type { SharedTables } from './open-input.ts';
import type { OpenParser } from './opened-input.ts';
import type { OpenEnds } from './progress.ts';

interface EndsReaderOptions {
  /** As evidence shows it. */
  readonly name: string;
  readonly format: TraceFormat;
  /** The beginning of the capture, by which its columns are known. */
  readonly head: Buffer;
  readonly shared: SharedTables;
  /** Reads the capture. */
  readonly parser: Pick<OpenParser, 'account' | 'inFlight'>;
}

/**
 * Reads what stands behind a capture at work, beside the parser of the capture itself, which goes on as if nobody had
 * asked.
 */
export class EndsReader {
  readonly #options: EndsReaderOptions;

  constructor(options: EndsReaderOptions) {
    this.#options = options;
  }

  read({ lines, elsewhere, unsettled = 0 }: OpenEnds): OpenFacts {
    const { name, format, head, shared, parser } = this.#options;
    // Lanes of its own: those of the capture know the last lines and open calls of its threads.
    const beside = format.createParser(head, {
      file: name,
      lanes: new LaneTable(),
      origin: shared.origin,
      linesBefore: parser.account.lines,
    });
    beside.push(Buffer.from(lines, 'latin1'));
    beside.end();
    const seen: Observed[] = [];
    const looks: Sampled[] = [];
    for (let record = beside.next(); record !== null; record = beside.next())
      if (record.kind === 'observed') seen.push(record);
      else if (record.kind === 'sampled') looks.push(record);
    const calls = inFlight(parser, beside);
    return { calls, seen, looks, elsewhere, unsettled, laneOf: (tid) => shared.lanes.get(tid) };
  }
}

/** Of a thread of which both tell one, the later is told last. */
function* inFlight(...parsers: readonly Pick<TraceParser, 'inFlight'>[]): Generator<Call> {
  for (const parser of parsers) yield* parser.inFlight();
}
