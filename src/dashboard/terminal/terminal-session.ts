import { writeSync } from 'node:fs';
import type { ReadStream, WriteStream } from 'node:tty';
import type { Row } from '../row.ts';
import { BlessedPainter } from './blessed-painter.ts';
import { type Input, KeyDecoder } from './key-decoder.ts';
import type { Theme } from './theme.ts';

/** A terminal's sequence for one key may arrive in pieces this far apart. */
const PIECES_WITHIN_MS = 50;
/** A frame that was not taken for so long says that the link is slow. */
const SLOW_MS = 250;
const USUAL_SIZE = [80, 24] as const;
const PASTE_ON = '\x1b[?2004h';
/** Which colour the background has (OSC 11). Terminals that do not know the question say nothing. */
const ASK_BACKGROUND = '\x1b]11;?\x07';
const MOUSE_ON = '\x1b[?1000h\x1b[?1006h';
const MOUSE_OFF = '\x1b[?1006l\x1b[?1000l';
/**
 * Everything back, whatever was sent before: a cut sequence is ended (CAN), then mouse, bracketed paste, application
 * keys and line drawing off, colours reset, cursor on, normal screen.
 */
const RESTORE =
  '\x18\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?2004l' +
  '\x1b[?1l\x1b>\x1b(B\x0f\x1b[0m\x1b[?25h\x1b[?1049l';
/** A terminal that takes nothing is given up on after this. */
const RESTORE_TRIES = 10;
const RESTORE_WAIT_MS = 20;

interface SessionOptions {
  readonly input: ReadStream;
  readonly output: WriteStream;
  /** The stream of the same terminal that Node tells changes of its size. */
  readonly sized: WriteStream;
  readonly theme: Theme;
  /** Where the terminal says that its background is light, the theme becomes `light`. */
  readonly asksBackground: boolean;
  readonly onInput: (input: Input) => void;
  readonly onResize: (columns: number, rows: number) => void;
  /** The terminal is gone. */
  readonly onGone: () => void;
  readonly onSlow: (slow: boolean) => void;
}

/**
 * The terminal while the dashboard has it: raw keys in, frames out. Writing never blocks this thread: a frame is
 * skipped while the terminal has not taken the one before. `restore` gives the terminal back in the state in which it
 * was found, from wherever it is called.
 */
export class TerminalSession {
  readonly #options: SessionOptions;
  readonly #decoder = new KeyDecoder();
  #painter: BlessedPainter | null = null;
  #flushTimer: NodeJS.Timeout | undefined;
  #skipped: readonly Row[] | null = null;
  #waiting = false;
  #slow = false;
  #suspended = false;
  #restored = false;
  /** Plain text is shown until the next key. */
  #printed = false;

  private constructor(options: SessionOptions) {
    this.#options = options;
  }

  static async start(options: SessionOptions): Promise<TerminalSession> {
    const session = new TerminalSession(options);
    const { input, output, sized } = options;
    neverBlock(output);
    output.on('error', options.onGone);
    output.on('drain', () => session.#drained());
    input.on('error', options.onGone);
    input.on('end', options.onGone);
    input.setRawMode(true);
    input.setEncoding('utf8');
    input.on('data', (text: string) => session.#received(text));
    const [columns, rows] = sizeOf(sized);
    session.#painter = await BlessedPainter.create({
      columns,
      rows,
      theme: options.theme,
      write: (text) => session.#write(text),
    });
    session.#write(options.asksBackground ? `${PASTE_ON}${ASK_BACKGROUND}` : PASTE_ON);
    sized.on('resize', session.#resized);
    return session;
  }

  draw(rows: readonly Row[]): void {
    if (this.#suspended || this.#restored) return;
    if (this.#waiting) {
      this.#skipped = rows;
      return;
    }
    this.#painter?.draw(rows);
  }

  redraw(): void {
    this.#painter?.redraw();
  }

  setMouse(on: boolean): void {
    this.#write(on ? MOUSE_ON : MOUSE_OFF);
  }

  /** Sends a sequence of its own, between frames. */
  send(sequence: string): void {
    this.#write(sequence);
  }

  /** Lends the normal screen and keys in lines to whoever comes next; `resume` takes them back. */
  suspend(): void {
    if (this.#suspended || this.#restored) return;
    this.#suspended = true;
    this.#painter?.leave();
    this.#options.input.setRawMode(false);
    restoreNow(this.#options.output);
  }

  resume(): void {
    if (!this.#suspended || this.#restored) return;
    this.#suspended = false;
    this.#options.input.setRawMode(true);
    this.#painter?.enter();
    this.#write(PASTE_ON);
    this.#resized();
  }

  /** Leaves the screen, prints rows as plain text, for the mouse and for tickets, and comes back at a key. */
  printed(rows: readonly string[]): void {
    this.suspend();
    this.#options.output.write(`${rows.join('\n')}\n\nEnter goes back to the screen. `);
    this.#printed = true;
  }

  /** Gives the terminal back; synchronous, so that it also works while the process ends. */
  restore(): void {
    if (this.#restored) return;
    this.#restored = true;
    clearTimeout(this.#flushTimer);
    this.#options.sized.off('resize', this.#resized);
    try {
      this.#painter?.destroy();
      this.#options.input.setRawMode(false);
    } catch {
      // A terminal that is gone takes nothing; what another one takes is written below.
    }
    this.#options.input.pause();
    restoreNow(this.#options.output);
  }

  readonly #resized = (): void => {
    try {
      const [columns, rows] = sizeOf(this.#options.sized);
      this.#painter?.resize(columns, rows);
      this.#options.onResize(columns, rows);
    } catch {
      // A terminal whose size nobody can tell has hung up.
      this.#options.onGone();
    }
  };

  #lighten(): void {
    this.#painter?.setTheme('light');
    this.#resized();
  }

  #received(text: string): void {
    if (this.#printed) {
      this.#printed = false;
      this.resume();
      return;
    }
    clearTimeout(this.#flushTimer);
    for (const input of this.#decoder.push(text)) {
      if (input.kind !== 'background') this.#options.onInput(input);
      else if (input.isLight && this.#options.asksBackground) this.#lighten();
    }
    if (!this.#decoder.isWaiting) return;
    this.#flushTimer = setTimeout(() => {
      for (const input of this.#decoder.flush()) this.#options.onInput(input);
    }, PIECES_WITHIN_MS);
  }

  #write(text: string): void {
    if (this.#restored || this.#suspended) return;
    const { output, onSlow } = this.#options;
    if (output.write(text)) return;
    this.#waiting = true;
    const timer = setTimeout(() => {
      this.#slow = true;
      onSlow(true);
    }, SLOW_MS);
    output.once('drain', () => clearTimeout(timer));
  }

  #drained(): void {
    this.#waiting = false;
    if (this.#slow) this.#options.onSlow(false);
    this.#slow = false;
    const rows = this.#skipped;
    this.#skipped = null;
    if (rows !== null) this.draw(rows);
  }
}

/** Columns and rows; what terminals mostly have when this one tells neither, as serial consoles do. */
export function sizeOf(output: WriteStream): readonly [number, number] {
  const [columns, rows] = output.getWindowSize();
  return columns > 0 && rows > 0 ? [columns, rows] : USUAL_SIZE;
}

/** Node writes to terminals synchronously: one that stops reading would stop the whole program. */
function neverBlock(output: WriteStream): void {
  const { _handle: handle } = output as WriteStream & { readonly _handle?: { setBlocking?(on: boolean): void } };
  handle?.setBlocking?.(false);
}

function restoreNow(output: WriteStream): void {
  const { _handle: handle } = output as WriteStream & { readonly _handle?: { readonly fd?: number } };
  // The stream's own descriptor does not block; the one it was made from may.
  const descriptor =
    handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : (output as unknown as { readonly fd: number }).fd;
  for (let attempt = 0; attempt < RESTORE_TRIES; attempt++) {
    try {
      writeSync(descriptor, RESTORE);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RESTORE_WAIT_MS);
    }
  }
}
