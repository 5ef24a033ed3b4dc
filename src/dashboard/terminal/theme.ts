import type { Row, Style } from '../row.ts';

export type Theme = 'dark' | 'light' | 'cvd' | 'mono';

/**
 * SGR parameters. The terminal's own 16 colours, so that its theme decides; red and green never tell two things apart.
 */
type Palette = Readonly<Record<Style, string>>;

const MONO: Palette = {
  plain: '',
  bold: '1',
  quiet: '',
  critical: '1;7',
  warning: '1',
  info: '',
  good: '',
  selected: '7',
  match: '1;4',
  running: '',
  blocked: '1',
  silent: '',
  herd: '1',
  broken: '1;7',
};
const DARK: Palette = {
  ...MONO,
  quiet: '36',
  critical: '1;37;41',
  warning: '1;33',
  info: '36',
  running: '34',
  blocked: '31',
  silent: '33',
  herd: '1;36',
  broken: '1;37;45',
};
const LIGHT: Palette = { ...DARK, quiet: '34', warning: '1;30;43', info: '34', silent: '35', herd: '1;34' };
/** Blue and orange: told apart without red and green. */
const COLOUR_BLIND: Palette = {
  ...DARK,
  critical: '1;30;48;5;208',
  blocked: '38;5;208',
  silent: '38;5;250',
  running: '34',
  herd: '1;34',
  broken: '1;30;48;5;250',
};

const PALETTES: Readonly<Record<Theme, Palette>> = { dark: DARK, light: LIGHT, cvd: COLOUR_BLIND, mono: MONO };

/** A row as the text that blessed takes: our colours around text that was made harmless before. */
export function painted(row: Row, theme: Theme): string {
  const palette = PALETTES[theme];
  return row
    .map(({ text, style }) => (palette[style] === '' || text === '' ? text : `\x1b[${palette[style]}m${text}\x1b[0m`))
    .join('');
}
