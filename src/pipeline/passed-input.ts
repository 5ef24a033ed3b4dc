import type { SourceDiagnostic, TraceInput } from '../sources/trace-input.ts';

/** An input that says of itself what the one says from which it gets its bytes. */
export abstract class PassedInput implements TraceInput {
  protected readonly input: TraceInput;

  constructor(input: TraceInput) {
    this.input = input;
  }

  get name(): string {
    return this.input.name;
  }

  get sizeBytes(): number | null {
    return this.input.sizeBytes;
  }

  get bytesRead(): number {
    return this.input.bytesRead;
  }

  get rereadable(): boolean {
    return this.input.rereadable;
  }

  get diagnostics(): readonly SourceDiagnostic[] {
    return this.input.diagnostics;
  }

  abstract chunks(): AsyncGenerator<Buffer>;
}
