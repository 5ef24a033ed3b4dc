import type { LineReader } from '../line-reader.ts';
import { NOTED, RECORD } from '../outcome.ts';
import type { Reading } from '../reading.ts';

/** Reads a made-up text in place of the current line: one that was cleaned, joined or completed. */
export class Aside {
  readonly #reading: Reading;
  readonly #reader: LineReader;

  constructor(reading: Reading, reader: LineReader) {
    this.#reading = reading;
    this.#reader = reader;
  }

  /** `text` is Latin-1, a character a byte. Unless that gives RECORD or NOTED, the current line is as it was. */
  read(text: string): number {
    const reading = this.#reading;
    const { source, from, to } = reading;
    const { bytes } = source;
    // Lines that were read before stand in the bytes that go away now.
    reading.threads.keep();
    source.bytes = Buffer.from(`${text}\n`, 'latin1');
    reading.from = 0;
    reading.to = text.length;
    const outcome = this.#reader.read(true);
    if (outcome === RECORD || outcome === NOTED) return outcome;
    source.bytes = bytes;
    reading.from = from;
    reading.to = to;
    return outcome;
  }
}
