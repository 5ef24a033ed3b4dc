import type { Report } from '../analysis/report.ts';
import { wrap } from '../output/page.ts';
import { show } from '../output/show.ts';
import { SEVERITY_WORDS, verdictSentence } from '../output/wording.ts';
import type { DashboardState } from './state.ts';

/** Where the text of the first lines begins, behind FILE and DATA. */
export const HEAD_LABEL = 10;
const MOST_LINES = 2;

/** Where the sentence of the verdict begins: NO FINDING is longer than the other words. */
export function verdictLabel({ verdict }: Report): number {
  return Math.max(HEAD_LABEL, SEVERITY_WORDS[verdict.severity].length + 2);
}

/** The verdict in at most two lines of that width. */
export function verdictLines(
  { reading, source, glyphs }: DashboardState,
  { verdict }: Report,
  width: number,
): readonly string[] {
  const early = source === 'file' && reading.state === 'reading' ? 'So far: ' : '';
  // "(+2 more)" stays whole; a character that `show` never returns holds it together.
  const text = show(early + verdictSentence(verdict), glyphs.ascii).replace(/(\(\+\d+) (more\))/, '$1\0$2');
  const lines = wrap(text, Math.max(10, width)).map((line) => line.replace('\0', ' '));
  // What does not fit into two lines is cut where the second one ends.
  return lines.length <= MOST_LINES ? lines : [lines[0] ?? '', lines.slice(1).join(' ')];
}
