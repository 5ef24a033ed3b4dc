import type { Ink, Row } from '../spans.ts';

export type Theme = 'dark' | 'light' | 'cvd' | 'mono';
export const THEMES: readonly Theme[] = ['dark', 'light', 'cvd', 'mono'];

/**
 * SGR parameters. The terminal's own 16 colours, so that its theme decides; red and green never tell two things apart.
 */
type Inks = Readonly<Record<Ink, string>>;

const MONO: Inks = {
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
const DARK: Inks = {
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
const LIGHT: Inks = { ...DARK, quiet: '34', warning: '1;30;43', info: '34', silent: '35', herd: '1;34' };
/** Blue and orange: told apart without red and green. */
const COLOUR_BLIND: Inks = {
  ...DARK,
  critical: '1;30;48;5;208',
  blocked: '38;5;208',
  silent: '38;5;250',
  running: '34',
  herd: '1;34',
  broken: '1;30;48;5;250',
};

const INKS: Readonly<Record<Theme, Inks>> = { dark: DARK, light: LIGHT, cvd: COLOUR_BLIND, mono: MONO };

/** A row as the text that blessed takes: our colours around text that was made harmless before. */
export function painted(row: Row, theme: Theme): string {
  const inks = INKS[theme];
  return row
    .map(({ text, ink }) => (inks[ink] === '' || text === '' ? text : `\x1b[${inks[ink]}m${text}\x1b[0m`))
    .join('');
}
