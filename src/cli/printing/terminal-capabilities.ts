import type { DashboardFlags } from '../options/dashboard.ts';
import type { ReportFlags } from '../options/print.ts';

/** How text may look where it goes. */
export interface TextStyle {
  readonly colour: boolean;
  readonly ascii: boolean;
  readonly width: number;
}

export type Environment = Readonly<Record<string, string | undefined>>;

interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const WIDTH_OFF_TERMINAL = 100;

/** What the flags, the environment and the stream allow, in this order. */
export function textStyle(
  flags: Pick<ReportFlags, 'color' | 'ascii' | 'width'>,
  environment: Environment,
  screen: Screen,
): TextStyle {
  return {
    colour: mayColour(flags.color ?? 'auto', environment, screen),
    ascii: flags.ascii === true || !speaksUtf8(environment),
    width: flags.width ?? (screen.columns || WIDTH_OFF_TERMINAL),
  };
}

/** How the report that these flags ask for may look: no terminal is near when it goes to a file. */
export function reportStyle(flags: ReportFlags): TextStyle {
  return textStyle(flags, process.env, flags.output === undefined ? process.stdout : {});
}

/** Flags that ask for text rather than for the dashboard. */
type TextFlags = Pick<ReportFlags & DashboardFlags, 'json' | 'ndjson' | 'md' | 'quiet' | 'output' | 'tui'>;

/** Terminals that cannot show the dashboard. */
const NO_DASHBOARD = /^(?:|dumb|unknown|vt100|vt52|ansi)$/;

/**
 * Whether the dashboard may be drawn: on a terminal that can show one, unless text was asked for or nobody is there to
 * look.
 */
export function mayShowDashboard(flags: TextFlags, environment: Environment, screen: Screen): boolean {
  const { json, ndjson, md, quiet, output, tui } = flags;
  if (json === true || ndjson === true || md === true || quiet === true || output !== undefined || tui === false)
    return false;
  return screen.isTTY === true && !environment.CI && !NO_DASHBOARD.test(environment.TERM ?? '');
}

/** Background colours by number that are dark: black to cyan, and dark grey (as Vim reads COLORFGBG). */
const DARK = /^(?:[0-6]|8)$/;

/** The background that COLORFGBG (`15;0`: colours of text and background) tells; null when nothing does. */
export function backgroundOf({ COLORFGBG = '' }: Environment): 'dark' | 'light' | null {
  const [, number] = /;(\d+)$/.exec(COLORFGBG) ?? [];
  return number === undefined ? null : DARK.test(number) ? 'dark' : 'light';
}

function mayColour(when: 'always' | 'never' | 'auto' | false, environment: Environment, screen: Screen): boolean {
  if (when === 'always') return true;
  if (when !== 'auto') return false;
  // NO_COLOR counts when set and not empty (no-color.org).
  if (environment.NO_COLOR || environment.TERM === 'dumb') return false;
  if (environment.FORCE_COLOR) return environment.FORCE_COLOR !== '0';
  return screen.isTTY === true;
}

function speaksUtf8(environment: Environment): boolean {
  const locale = environment.LC_ALL || environment.LC_CTYPE || environment.LANG || 'C';
  return /utf-?8/i.test(locale);
}
