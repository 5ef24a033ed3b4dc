import { decompressed } from './compression.ts';
import { cannotRead, failureReason } from './input-error.ts';
import type { SourceDiagnostic, TraceInput } from './trace-input.ts';

export interface ByteInputFacts {
  readonly name: string;
  readonly tid: number | undefined;
  readonly sizeBytes: number | null;
  readonly rereadable: boolean;
  /** Starts reading and yields the bytes as they are stored. */
  readonly read: () => AsyncIterable<Buffer> | Iterable<Buffer>;
}

/** The one kind of input: counts stored bytes, unpacks them, and turns a failure after the first byte into a diagnostic. */
export class ByteInput implements TraceInput {
  readonly name: string;
  readonly tid?: number;
  readonly sizeBytes: number | null;
  readonly rereadable: boolean;
  readonly diagnostics: SourceDiagnostic[] = [];
  bytesRead = 0;
  readonly #read: ByteInputFacts['read'];

  constructor(facts: ByteInputFacts) {
    this.name = facts.name;
    if (facts.tid !== undefined) this.tid = facts.tid;
    this.sizeBytes = facts.sizeBytes;
    this.rereadable = facts.rereadable;
    this.#read = facts.read;
  }

  chunks(): AsyncIterableIterator<Buffer> {
    this.bytesRead = 0;
    this.diagnostics.length = 0;
    return decompressed(this.#counted(), this.name, (diagnostic) => this.diagnostics.push(diagnostic));
  }

  async *#counted(): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of this.#read()) {
        this.bytesRead += chunk.length;
        yield chunk;
      }
    } catch (error) {
      if (this.bytesRead === 0) throw cannotRead(this.name, error);
      this.diagnostics.push({ code: 'read-error', text: `reading stopped after ${this.bytesRead} bytes: ${failureReason(error)}` });
    }
  }
}
