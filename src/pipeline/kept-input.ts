import { PassedInput } from './passed-input.ts';

/** What is pasted is small; of what is larger nothing is kept. */
const MOST_BYTES = 16_777_216;

/** A pipe that can be read once more where little came through it. */
export class KeptInput extends PassedInput {
  #kept: Buffer[] | null = [];
  #length = 0;
  #isWhole = false;

  /** Known when it was read to its end. */
  override get rereadable(): boolean {
    return this.#isWhole;
  }

  async *chunks(): AsyncGenerator<Buffer> {
    if (this.#isWhole) {
      yield* this.#kept ?? [];
      return;
    }
    for await (const chunk of this.input.chunks()) {
      this.#length += chunk.length;
      if (this.#length > MOST_BYTES) this.#kept = null;
      // Its memory is filled anew.
      this.#kept?.push(Buffer.from(chunk));
      yield chunk;
    }
    this.#isWhole = this.#kept !== null;
  }
}
