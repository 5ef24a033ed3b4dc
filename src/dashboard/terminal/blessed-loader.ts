/** The few parts of blessed 0.1.81 that are used; its published types lack some of them. */
export interface BlessedScreen {
  readonly program: { cols: number; rows: number; clear(): void };
  render(): void;
  alloc(): void;
  leave(): void;
  enter(): void;
  destroy(): void;
  append(element: BlessedBox): void;
}

export interface BlessedBox {
  setContent(text: string): void;
}

interface Blessed {
  screen(options: object): BlessedScreen;
  box(options: object): BlessedBox;
  readonly tput: { readonly ipaths: string[] };
}

/**
 * Loads blessed, which takes 30 ms, and runs `use` in an environment in which it keeps to itself: without TMUX it does
 * not run a `tmux` from the PATH; without folders of terminal descriptions it reads none of the system's, which it
 * cannot parse (32-bit numbers since ncurses 6.1) and whose strings it would compile into code, and takes its own copy
 * of xterm-256color.
 */
export async function withBlessed<T>(use: (blessed: Blessed) => T): Promise<T> {
  const { TMUX, NCURSES_NO_UTF8_ACS } = process.env;
  delete process.env.TMUX;
  // Real lines in UTF-8 instead of the old line-drawing set, which copies as letters.
  process.env.NCURSES_NO_UTF8_ACS = '1';
  try {
    const module = await import('blessed');
    const blessed = module.default as unknown as Blessed;
    blessed.tput.ipaths.length = 0;
    return use(blessed);
  } finally {
    restoreVariable('TMUX', TMUX);
    restoreVariable('NCURSES_NO_UTF8_ACS', NCURSES_NO_UTF8_ACS);
  }
}

function restoreVariable(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}
