/** How text may look where it goes. */
export interface Manners {
  readonly colour: boolean;
  readonly ascii: boolean;
  readonly width: number;
}

export interface MannerFlags {
  /** `--no-color` gives false. */
  readonly color?: 'always' | 'never' | 'auto' | false;
  readonly ascii?: boolean;
  readonly width?: number;
}

interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const WIDTH_OFF_TERMINAL = 100;

/** What the flags, the environment and the stream allow, in this order. */
export function manners(
  flags: MannerFlags,
  environment: Readonly<Record<string, string | undefined>>,
  screen: Screen,
): Manners {
  return {
    colour: mayColour(flags.color ?? 'auto', environment, screen),
    ascii: flags.ascii === true || !speaksUtf8(environment),
    width: flags.width ?? (screen.columns || WIDTH_OFF_TERMINAL),
  };
}

/** Flags that ask for text. */
interface TextFlags {
  readonly json?: boolean;
  readonly ndjson?: boolean;
  readonly md?: boolean;
  readonly quiet?: boolean;
  readonly output?: string;
  readonly tui?: boolean;
}

/** Terminals that cannot show a screen. */
const NO_SCREEN = /^(?:|dumb|unknown|vt100|vt52|ansi)$/;

/**
 * Whether a dashboard may be drawn: on a terminal that can show one, unless text was asked for or nobody is there to
 * look.
 */
export function mayTakeTerminal(
  flags: TextFlags,
  environment: Readonly<Record<string, string | undefined>>,
  screen: Screen,
): boolean {
  const { json, ndjson, md, quiet, output, tui } = flags;
  if (json === true || ndjson === true || md === true || quiet === true || output !== undefined || tui === false)
    return false;
  return screen.isTTY === true && !environment.CI && !NO_SCREEN.test(environment.TERM ?? '');
}

function mayColour(
  when: 'always' | 'never' | 'auto' | false,
  environment: Readonly<Record<string, string | undefined>>,
  screen: Screen,
): boolean {
  if (when === 'always') return true;
  if (when !== 'auto') return false;
  // NO_COLOR counts when set and not empty (no-color.org).
  if (environment.NO_COLOR || environment.TERM === 'dumb') return false;
  if (environment.FORCE_COLOR) return environment.FORCE_COLOR !== '0';
  return screen.isTTY === true;
}

function speaksUtf8(environment: Readonly<Record<string, string | undefined>>): boolean {
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || 'C';
  return /utf-?8/i.test(locale);
}
