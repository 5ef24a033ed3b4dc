import { cleanLine } from '../../text/cleaning.ts';

const LOST_BRACKET = /^p?i?d {1,8}(?=\d+\] )/;
/** The position that tmux shows in the upper right corner. */
const TMUX = /\[\d{1,9}\/\d{1,9}\]$/;

/** A multiplexer drew its position over the end of the line. */
export const showsPosition = (line: string): boolean => TMUX.test(line);

/**
 * What a line looked like before it was coloured, marked up or copied too short; the line itself when nothing
 * of that is to be seen.
 */
export function repairLine(line: string): string {
  let text = cleanLine(line);
  if (text.endsWith(']')) text = text.replace(TMUX, '').trimEnd();
  return text.replace(LOST_BRACKET, '[pid ');
}
