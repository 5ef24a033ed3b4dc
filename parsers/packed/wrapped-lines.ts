/** A line of a trace begins so, whichever tracer wrote it: pieces of one do not. */
export type Begins = (line: string) => boolean;

/** No terminal is narrower or wider. */
const NARROWEST = 60;
const WIDEST = 400;
/** So many lines must be full, and as good as none of the lines behind them may begin one of a trace. */
const LEAST_FULL = 3;
const LEAST_SHARE = 0.03;
const MOST_BEGINNING = 0.2;
const MOST_PIECES = 400;
/** Where fewer lines begin so, what begins a line cannot be told. */
const LEAST_BEGINNING = 0.1;

/** At how many characters a terminal broke these lines; 0 when none did. */
export function widthOf(lines: readonly string[], begins: Begins): number {
  const width = Math.max(0, ...lines.map((line) => line.length));
  if (width < NARROWEST || width > WIDEST) return 0;
  const behind = lines.flatMap((line, index) => (line.length === width ? (lines[index + 1] ?? []) : []));
  if (behind.length < Math.max(LEAST_FULL, lines.length * LEAST_SHARE)) return 0;
  // A program writes lines of one length in the middle of its calls: the rest of the call stands behind each.
  if (behind.filter((line) => line.startsWith(')')).length * 2 > behind.length) return 0;
  if (lines.filter(begins).length < lines.length * LEAST_BEGINNING) return 0;
  return behind.filter(begins).length > behind.length * MOST_BEGINNING ? 0 : width;
}

/**
 * Puts lines together that were broken at that width: nothing while one goes on, then the whole line and an empty one
 * for each further piece. A full line before one that begins was not broken.
 */
export class Unwrapping {
  readonly #width: number;
  #begun = '';
  #pieces = 0;

  constructor(width: number) {
    this.#width = width;
  }

  /** `length` is that of the line when it was broken; `begins` says that it is no piece of the one before. */
  add(text: string, length: number, begins: boolean): string | null {
    const isFull = length === this.#width;
    if (this.#pieces === 0 && !isFull) return text;
    const before = this.#pieces > 0 && begins ? this.end() : null;
    this.#begun += text;
    this.#pieces++;
    if (isFull && this.#pieces < MOST_PIECES) return before;
    const whole = this.end();
    return before === null ? whole : `${before}\n${whole}`;
  }

  /** What waits for its end. */
  end(): string {
    const whole = `${this.#begun}${'\n'.repeat(Math.max(0, this.#pieces - 1))}`;
    this.#begun = '';
    this.#pieces = 0;
    return whole;
  }

  get isWaiting(): boolean {
    return this.#pieces > 0;
  }
}
