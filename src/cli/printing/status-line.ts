/** Serial consoles and some containers report a width of 0. */
const USUAL_WIDTH = 80;

/** The part of a terminal's stream that is needed. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** One line on a terminal that is written again and again, and leaves nothing behind. */
export class StatusLine {
  /** Whether anybody sees it. */
  readonly isShown: boolean;
  readonly #terminal: Terminal;
  #length = 0;

  constructor(terminal: Terminal, enabled: boolean) {
    this.#terminal = terminal;
    this.isShown = enabled && terminal.isTTY === true;
  }

  /** Writes over what is there; cut where the terminal ends. */
  write(text: string): void {
    const line = text.slice(0, (this.#terminal.columns || USUAL_WIDTH) - 1);
    this.#terminal.write(`\r${line.padEnd(this.#length)}`);
    this.#length = line.length;
  }

  clear(): void {
    if (this.#length > 0) this.#terminal.write(`\r${' '.repeat(this.#length)}\r`);
    this.#length = 0;
  }
}
