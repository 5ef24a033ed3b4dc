import type { Report } from '../analysis/report.ts';
import { wrap } from '../output/page.ts';
import { show } from '../output/show.ts';
import { SEVERITY_WORDS, verdictSentence } from '../output/wording.ts';
import type { DashboardState } from './state.ts';

/** Where the text of the first lines begins, behind FILE and DATA. */
export const HEAD_LABEL = 10;
const MOST_LINES = 2;

/** The word before the verdict: as long as a file is being read, nothing found is no verdict. */
export function verdictWord(state: DashboardState, { verdict }: Report): string {
  return verdict.severity === 'none' && isReading(state) ? 'READING' : SEVERITY_WORDS[verdict.severity];
}

/** Where the sentence of the verdict begins: NO FINDING is longer than the other words. */
export function verdictLabel(state: DashboardState, report: Report): number {
  return Math.max(HEAD_LABEL, verdictWord(state, report).length + 2);
}

function isReading({ reading, source }: DashboardState): boolean {
  return source === 'file' && reading.state === 'reading';
}

/** The verdict in at most two lines of that width. */
export function verdictLines(state: DashboardState, { verdict }: Report, width: number): readonly string[] {
  const { glyphs } = state;
  if (isReading(state) && verdict.severity === 'none') return ['Nothing found so far.'];
  const early = isReading(state) ? 'So far: ' : '';
  // "(+2 more)" stays whole; a character that `show` never returns holds it together.
  const text = show(early + verdictSentence(verdict), glyphs.ascii).replace(/(\(\+\d+) (more\))/, '$1\0$2');
  const lines = wrap(text, Math.max(10, width)).map((line) => line.replace('\0', ' '));
  // What does not fit into two lines is cut where the second one ends.
  return lines.length <= MOST_LINES ? lines : [lines[0] ?? '', lines.slice(1).join(' ')];
}
