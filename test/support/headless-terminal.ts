import xterm from '@xterm/headless';

/** A terminal without a window: takes what a program writes and tells what one would see. */
export class HeadlessTerminal {
  readonly #terminal: InstanceType<typeof xterm.Terminal>;
  /** All that was written. */
  written = '';

  constructor(columns: number, rows: number) {
    this.#terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  }

  readonly write = (text: string): void => {
    this.written += text;
    this.#terminal.write(text);
  };

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows);
  }

  /** Resolves when all that was written is on the screen. */
  async settled(): Promise<void> {
    // blessed hands its frames over in the next turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    return new Promise((resolve) => this.#terminal.write('', resolve));
  }

  get screen(): string {
    const { active } = this.#terminal.buffer;
    return Array.from(
      { length: this.#terminal.rows },
      (_, row) =>
        active
          .getLine(active.viewportY + row)
          ?.translateToString(true)
          .trimEnd() ?? '',
    ).join('\n');
  }

  get isAlternate(): boolean {
    return this.#terminal.buffer.active.type === 'alternate';
  }

  /** How a cell looks: its character, colours (-1: the terminal's own), bold and inverse. */
  cell(column: number, row: number) {
    const { active } = this.#terminal.buffer;
    const cell = active.getLine(active.viewportY + row)?.getCell(column);
    if (cell === undefined) throw new Error(`no cell ${column},${row}`);
    const foreground = cell.isFgDefault() ? -1 : cell.getFgColor();
    const background = cell.isBgDefault() ? -1 : cell.getBgColor();
    return {
      text: cell.getChars(),
      foreground,
      background,
      isBold: cell.isBold() !== 0,
      isInverse: cell.isInverse() !== 0,
    };
  }
}
