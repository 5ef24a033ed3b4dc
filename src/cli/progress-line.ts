import type { Progress } from '../drive.ts';

const FIRST_AFTER_MS = 500;
const INTERVAL_MS = 250;
const MEGABYTE = 1_000_000;

/** One line on a terminal's stderr that tells how far the reading is. Shows up after half a second and is gone at the end. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #enabled: boolean;
  #due = performance.now() + FIRST_AFTER_MS;
  #shown = 0;

  constructor(stream: NodeJS.WriteStream, enabled: boolean) {
    this.#stream = stream;
    this.#enabled = enabled && stream.isTTY === true;
  }

  /** Cheap enough to be called after every chunk. */
  update(progress: Progress): void {
    if (!this.#enabled) return;
    const now = performance.now();
    if (now < this.#due) return;
    this.#due = now + INTERVAL_MS;
    const text = progressText(progress).slice(0, Math.max(0, (this.#stream.columns ?? 80) - 1));
    this.#stream.write(`\r${text.padEnd(this.#shown)}`);
    this.#shown = text.length;
  }

  clear(): void {
    if (this.#shown > 0) this.#stream.write(`\r${' '.repeat(this.#shown)}\r`);
    this.#shown = 0;
  }
}

/** `Reading 43% (263 of 612 MB, 1.9 M lines)`. */
export function progressText({ bytesRead, sizeBytes, lines }: Progress): string {
  const read = Math.floor(bytesRead / MEGABYTE);
  const amount = lines < 1_000_000 ? `${Math.floor(lines / 1_000)} k lines` : `${(lines / 1_000_000).toFixed(1)} M lines`;
  if (sizeBytes === null || sizeBytes === 0) return `Reading (${read} MB, ${amount})`;
  const percent = Math.min(100, Math.floor((bytesRead / sizeBytes) * 100));
  return `Reading ${percent}% (${read} of ${Math.floor(sizeBytes / MEGABYTE)} MB, ${amount})`;
}
