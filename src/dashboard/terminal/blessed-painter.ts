import { PassThrough, Writable } from 'node:stream';
import type { Row } from '../row.ts';
import { type BlessedBox, type BlessedScreen, withBlessed } from './blessed-loader.ts';
import { painted, type Theme } from './theme.ts';

interface PainterOptions {
  readonly columns: number;
  readonly rows: number;
  readonly theme: Theme;
  /** Takes what a terminal is to be sent. */
  readonly write: (text: string) => void;
}

/**
 * The one thin layer over blessed: rows go into one box, and what changed on the screen comes out as text for the
 * terminal.
 */
export class BlessedPainter {
  #theme: Theme;
  readonly #screen: BlessedScreen;
  readonly #box: BlessedBox;
  readonly #sink: Sink;
  #shown = '';
  #destroyed = false;

  private constructor(options: PainterOptions, screen: BlessedScreen, box: BlessedBox, sink: Sink) {
    this.#theme = options.theme;
    this.#screen = screen;
    this.#box = box;
    this.#sink = sink;
  }

  /** Enters the alternate screen. */
  static async create(options: PainterOptions): Promise<BlessedPainter> {
    const sink = new Sink(options);
    return withBlessed((blessed) => {
      const before = listeners();
      const screen = blessed.screen({
        input: inertInput(),
        output: sink,
        terminal: 'xterm-256color',
        forceUnicode: true,
        smartCSR: false,
        fullUnicode: false,
        warnings: false,
        resizeTimeout: 1,
      });
      const box = blessed.box({ top: 0, left: 0, width: '100%', height: '100%', tags: false, wrap: false });
      screen.append(box);
      removeListenersSince(before);
      return new BlessedPainter(options, screen, box, sink);
    });
  }

  draw(rows: readonly Row[]): void {
    if (this.#destroyed) return;
    const content = rows.map((row) => painted(row, this.#theme)).join('\n');
    if (content === this.#shown) return;
    this.#shown = content;
    this.#box.setContent(content);
    this.#screen.render();
  }

  /** From the next frame on. */
  setTheme(theme: Theme): void {
    this.#theme = theme;
  }

  resize(columns: number, rows: number): void {
    this.#sink.columns = columns;
    this.#sink.rows = rows;
    this.#screen.program.cols = columns;
    this.#screen.program.rows = rows;
    this.redraw();
  }

  /** Forgets what the terminal shows: the next frame is drawn whole. */
  redraw(): void {
    this.#shown = '';
    this.#screen.alloc();
    this.#screen.program.clear();
  }

  /** Gives the terminal's normal screen back for a while. */
  leave(): void {
    this.#screen.leave();
  }

  enter(): void {
    this.#screen.enter();
    this.redraw();
  }

  destroy(): void {
    if (this.#destroyed) return;
    this.#destroyed = true;
    this.#screen.destroy();
  }
}

/**
 * Where blessed listens on the process: it would end it with code 0 at a signal, and print errors into its own screen.
 */
const LISTENED = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'uncaughtException', 'exit'] as const;

function listeners(): ReadonlyMap<string, readonly unknown[]> {
  return new Map(LISTENED.map((event) => [event, process.listeners(event as 'exit')]));
}

function removeListenersSince(before: ReadonlyMap<string, readonly unknown[]>): void {
  for (const event of LISTENED)
    for (const listener of process.listeners(event as 'exit'))
      if (!before.get(event)?.includes(listener)) process.off(event, listener);
}

/** What blessed takes for a terminal. */
class Sink extends Writable {
  readonly isTTY = true;
  columns: number;
  rows: number;
  readonly #write: (text: string) => void;

  constructor({ columns, rows, write }: PainterOptions) {
    super({ decodeStrings: false });
    this.columns = columns;
    this.rows = rows;
    this.#write = write;
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#write(chunk.toString());
    done();
  }
}

/** Keys are read and named elsewhere: blessed takes the pieces of a split sequence for keys of their own. */
function inertInput(): PassThrough {
  return Object.assign(new PassThrough(), { isTTY: true, isRaw: true, setRawMode: () => undefined });
}
