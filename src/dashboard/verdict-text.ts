import type { Report } from '../analysis/report.ts';
import { withoutLeast } from '../analysis/short-title.ts';
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

/** The verdict in at most two lines of that width; in one where what matters least can go. */
export function verdictLines(state: DashboardState, { verdict }: Report, width: number): readonly string[] {
  const { glyphs } = state;
  if (isReading(state) && verdict.severity === 'none') return ['Nothing found so far.'];
  const early = isReading(state) ? 'So far: ' : '';
  const text = show(early + verdictSentence(verdict), glyphs.ascii);
  const room = Math.max(10, width);
  if (text.length <= room) return [text];
  const [, sure = '', title = '', more = ''] = ONE_CAUSE.exec(text) ?? [];
  if (title !== '') {
    const short = withoutLeast(title, room - sure.length);
    // The list of findings below has their number.
    if (sure.length + short.length <= room && !more.includes('critical')) return [sure + short];
    // Who does what to whom is one line; how sure that is gives way to it.
    const alone = withoutLeast(title, room);
    const rest = [sure.slice(0, -': '.length).toLowerCase(), ...(more === '' ? [] : [more.slice(2, -1)])].join(', ');
    if (alone.length <= room) return [alone, `(${rest})`];
  }
  // "(+2 more)" stays whole; a character that `show` never returns holds it together.
  const lines = wrap(text.replace(/(\(\+\d+) (more\))/, '$1\0$2'), room).map((line) => line.replace('\0', ' '));
  // What does not fit into two lines is cut where the second one ends.
  return lines.length <= MOST_LINES ? lines : [lines[0] ?? '', lines.slice(1).join(' ')];
}

/** A verdict that is one title: how sure it is, the title, and how many more there are. */
const ONE_CAUSE =
  /^((?:So far: )?(?:Likely|Possible|Unsure): )((?!.*\. (?:Not explained|Longer): ).*?)( \(\+\d+ more(?:, \d+ critical)?\))?$/;
