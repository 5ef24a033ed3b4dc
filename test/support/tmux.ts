import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DROVER } from './run-drover.ts';

const PATIENCE_MS = 20_000;

export interface TmuxOptions {
  readonly columns: number;
  readonly rows: number;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A real terminal of a given size: a tmux server of its own, with a shell in it. */
export class Tmux {
  readonly #folder = mkdtempSync(join(tmpdir(), 'drover-tmux-'));
  readonly #socket = join(this.#folder, 'socket');

  constructor({ columns, rows, environment = {} }: TmuxOptions) {
    const settings = Object.entries({ LC_ALL: 'C.UTF-8', PS1: '$ ', CI: '', ...environment }).flatMap(
      ([name, value]) => ['-e', `${name}=${value}`],
    );
    const size = ['-x', String(columns), '-y', String(rows)];
    // -f /dev/null: not the configuration of whoever runs the tests.
    this.#run('-f', '/dev/null', 'new-session', '-d', ...size, ...settings, 'bash --norc --noprofile');
  }

  /** Types a command and Enter. */
  command(line: string): void {
    this.#run('send-keys', '-l', line);
    this.keys('Enter');
  }

  /** Starts drover with these words; the shell says `left N` when it ends. */
  drover(words: string, before = ''): void {
    this.command(`clear; ${before}${process.execPath} ${DROVER} ${words}; echo "left $?"`);
  }

  /** Presses keys as tmux names them: `Enter`, `j`, `C-c`. */
  keys(...keys: readonly string[]): void {
    for (const key of keys) this.#run('send-keys', key);
  }

  resize(columns: number, rows: number): void {
    this.#run('resize-window', '-x', String(columns), '-y', String(rows));
  }

  /** What the terminal shows, without blanks at the ends of lines. */
  screen(): string {
    return this.#run('capture-pane', '-p');
  }

  /** The same with the sequences of its colours. */
  coloured(): string {
    return this.#run('capture-pane', '-e', '-p');
  }

  /** Gives the terminal a background, which it tells whoever asks: `#ffffff`. */
  background(colour: string): void {
    this.#run('select-pane', '-P', `bg=${colour}`);
  }

  /** A property of the terminal: `alternate_on`, `cursor_flag`, `mouse_any_flag`, `pane_pid`. */
  property(name: string): string {
    return this.#run('display-message', '-p', `#{${name}}`).trim();
  }

  /** Waits until the screen passes; returns it. Fails with the screen that it waited in vain on. */
  async until(passes: RegExp | ((screen: string) => boolean), what = String(passes)): Promise<string> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const screen = this.screen();
      if (typeof passes === 'function' ? passes(screen) : passes.test(screen)) return screen;
      if (performance.now() > end) throw new Error(`waited in vain for ${what}; the screen is\n${screen}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The same for a screen of the whole file: while drover reads, its verdict says "So far". */
  async untilRead(passes: RegExp): Promise<string> {
    return this.until((screen) => passes.test(screen) && !/So far|Reading/.test(screen), `${passes}, all read`);
  }

  close(): void {
    try {
      this.#run('kill-server');
    } finally {
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  #run(...words: readonly string[]): string {
    // Of the server that the tests run in nothing is taken over.
    const { TMUX: _, ...environment } = process.env;
    return execFileSync('tmux', ['-S', this.#socket, ...words], { encoding: 'utf8', env: environment });
  }
}
