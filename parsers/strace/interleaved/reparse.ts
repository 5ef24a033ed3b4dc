import type { LineReader } from '../line-reader.ts';
import { NOTED, RECORD } from '../outcome.ts';
import type { ParserState } from '../parser-state.ts';

/** Reads a made-up text in place of the current line: one that was cleaned, joined or completed. */
export class Reparser {
  readonly #state: ParserState;
  readonly #reader: LineReader;

  constructor(state: ParserState, reader: LineReader) {
    this.#state = state;
    this.#reader = reader;
  }

  /** `text` is Latin-1, a character a byte. Unless that gives RECORD or NOTED, the current line is as it was. */
  read(text: string): number {
    const state = this.#state;
    const { window, from, to } = state;
    const { bytes } = window;
    // Lines that were read before stand in the bytes that go away now.
    state.threads.keep();
    window.bytes = Buffer.from(`${text}\n`, 'latin1');
    state.from = 0;
    state.to = text.length;
    const outcome = this.#reader.read(true);
    if (outcome === RECORD || outcome === NOTED) return outcome;
    window.bytes = bytes;
    state.from = from;
    state.to = to;
    return outcome;
  }
}
