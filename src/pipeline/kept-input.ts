import type { SourceDiagnostic, TraceInput } from '../sources/trace-input.ts';

/** What is pasted is small; of what is larger nothing is kept. */
const MOST_BYTES = 16_777_216;

/** A pipe that can be read once more where little came through it. */
export class KeptInput implements TraceInput {
  readonly #input: TraceInput;
  #kept: Buffer[] | null = [];
  #length = 0;
  #isWhole = false;

  constructor(input: TraceInput) {
    this.#input = input;
  }

  get name(): string {
    return this.#input.name;
  }

  get sizeBytes(): number | null {
    return this.#input.sizeBytes;
  }

  get bytesRead(): number {
    return this.#input.bytesRead;
  }

  /** Known when it was read to its end. */
  get rereadable(): boolean {
    return this.#isWhole;
  }

  get diagnostics(): readonly SourceDiagnostic[] {
    return this.#input.diagnostics;
  }

  async *chunks(): AsyncGenerator<Buffer> {
    if (this.#isWhole) {
      yield* this.#kept ?? [];
      return;
    }
    for await (const chunk of this.#input.chunks()) {
      this.#length += chunk.length;
      if (this.#length > MOST_BYTES) this.#kept = null;
      // Its memory is filled anew.
      this.#kept?.push(Buffer.from(chunk));
      yield chunk;
    }
    this.#isWhole = this.#kept !== null;
  }
}
