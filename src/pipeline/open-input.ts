import type { TraceFormat, TraceParser } from '../../parsers/format.ts';
import type { LaneTable } from '../../parsers/lanes.ts';
import type { TraceInput } from '../sources/trace-input.ts';
import type { TimeOrigin } from '../trace/time.ts';
import type { PeekedInput } from './peeked-input.ts';

/** What the parsers of one analysis share. */
export interface SharedTables {
  readonly lanes: LaneTable;
  readonly origin: TimeOrigin;
  readonly isGrowing?: boolean;
}

/** An input of a known format that is being read: chunks go from the source into the parser. */
export class OpenInput {
  readonly input: TraceInput;
  readonly format: TraceFormat;
  readonly parser: TraceParser;
  readonly #rest: AsyncIterator<Buffer>;
  #peeked: Buffer | null;
  #ended = false;

  constructor(peeked: PeekedInput, format: TraceFormat, { lanes, origin, isGrowing = false }: SharedTables) {
    const { input } = peeked;
    this.input = input;
    this.format = format;
    this.parser = format.createParser(peeked.head, {
      file: input.name,
      lanes,
      origin,
      isGrowing,
      ...(input.tid === undefined ? {} : { tid: input.tid }),
    });
    this.#rest = peeked.rest;
    this.#peeked = peeked.read;
  }

  /** Gives the parser what was read to recognise the format. */
  pushHead(): void {
    if (this.#peeked !== null) this.parser.push(this.#peeked);
    this.#peeked = null;
  }

  /** Gives up before the end. */
  async abandon(): Promise<void> {
    this.#ended = true;
    await this.#rest.return?.();
  }

  /**
   * Gives the parser more to read, at last the news that the input is at its end. False when there is nothing more to
   * come.
   */
  async refill(): Promise<boolean> {
    if (this.#ended) return false;
    if (this.#peeked !== null) {
      this.pushHead();
      return true;
    }
    const step = await this.#rest.next();
    if (step.done === true) {
      this.#ended = true;
      this.parser.end();
    } else {
      this.parser.push(step.value);
    }
    return true;
  }
}
