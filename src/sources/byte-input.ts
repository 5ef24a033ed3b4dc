import { count, plural } from '../trace/format-numbers.ts';
import { decompressed } from './compression.ts';
import { cannotRead, failureReason, InputError } from './input-error.ts';
import type { SourceDiagnostic, TraceInput } from './trace-input.ts';

interface ByteInputFacts {
  readonly name: string;
  readonly tid: number | undefined;
  readonly sizeBytes: number | null;
  readonly rereadable: boolean;
  /** Starts reading and yields the bytes as they are stored; tells at the end what was odd about it. */
  readonly read: (tell: (diagnostic: SourceDiagnostic) => void) => AsyncIterable<Buffer> | Iterable<Buffer>;
}

/** `1,048,576 bytes`. */
export function bytes(count: number): string {
  return plural(count, 'byte');
}

/**
 * The one kind of input: counts stored bytes, unpacks them, and turns a failure after the first byte into a diagnostic.
 */
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
    const tell = (diagnostic: SourceDiagnostic): void => {
      this.diagnostics.push(diagnostic);
    };
    return decompressed(this.#counted(tell), this.name, tell);
  }

  async *#counted(tell: (diagnostic: SourceDiagnostic) => void): AsyncGenerator<Buffer> {
    try {
      for await (const chunk of this.#read(tell)) {
        this.bytesRead += chunk.length;
        yield chunk;
      }
    } catch (error) {
      if (this.bytesRead === 0) throw error instanceof InputError ? error : cannotRead(this.name, error);
      const read =
        this.sizeBytes === null ? bytes(this.bytesRead) : `${count(this.bytesRead)} of ${bytes(this.sizeBytes)}`;
      tell({ code: 'read-error', text: `reading stopped after ${read}: ${failureReason(error)}` });
    }
  }
}
