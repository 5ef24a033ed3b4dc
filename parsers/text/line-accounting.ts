import { type DiagnosticCount, emptyAccount } from '../format.ts';

const SAMPLES = 3;
const SAMPLE_LENGTH = 200;

/** Counts lines by shape, and what was odd about them. */
export class LineAccounting {
  readonly #file: string;
  readonly account = emptyAccount();
  readonly diagnostics = new Map<string, DiagnosticCount>();

  constructor(file: string) {
    this.#file = file;
  }

  note(code: string, line: number, text: string): void {
    this.noteMany(code, 1, line, text);
  }

  noteMany(code: string, times: number, line: number, text: string): void {
    let found = this.diagnostics.get(code);
    if (found === undefined) {
      found = { code, count: 0, samples: [] };
      this.diagnostics.set(code, found);
    }
    found.count += times;
    if (found.samples.length < SAMPLES)
      found.samples.push({ file: this.#file, line, text: text.slice(0, SAMPLE_LENGTH) });
  }
}
