import type { Severity } from '../analysis/report.ts';

/** How a part of a line stands out. `plain` adds nothing. */
export type Style = 'plain' | 'bold' | Severity;

/** The only escape sequences that a view may write; 16 colours, so that the terminal's own theme decides. */
const SGR: Readonly<Record<Style, string>> = {
  plain: '',
  bold: '\x1b[1m',
  critical: '\x1b[1;37;41m',
  warning: '\x1b[1;33m',
  info: '\x1b[36m',
};
const RESET = '\x1b[0m';

/** Text in a style; unchanged without colour. */
export function paint(style: Style, text: string, colour: boolean): string {
  return colour && style !== 'plain' && text !== '' ? `${SGR[style]}${text}${RESET}` : text;
}
