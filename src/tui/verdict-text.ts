import type { Report } from '../analysis/report.ts';
import { wrap } from '../output/page.ts';
import { show } from '../output/show.ts';
import { verdictSentence } from '../output/wording.ts';
import type { TuiState } from './state.ts';

/** Where the sentence begins, behind the severity. */
export const VERDICT_LABEL = 12;
const MOST_LINES = 2;

/** The verdict in at most two lines of that width. */
export function verdictLines({ reading, source, glyphs }: TuiState, { verdict }: Report, width: number): readonly string[] {
  const early = source === 'file' && reading.state === 'reading' ? 'So far: ' : '';
  const lines = wrap(show(early + verdictSentence(verdict), glyphs.ascii), Math.max(10, width - 1));
  // What does not fit into two lines is cut where the second one ends.
  return lines.length <= MOST_LINES ? lines : [lines[0] ?? '', lines.slice(1).join(' ')];
}
