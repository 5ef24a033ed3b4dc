import type { CauseChange, Comparison, ComparisonOutcome } from '../../comparison/comparison.ts';
import { plural } from '../../trace/format-numbers.ts';
import { Page, type PageOptions } from '../page.ts';
import { SEVERITY_WORDS } from '../wording.ts';
import { amountsOf, changeWord, outcomeWord, partsOf } from './wording.ts';

const LABEL = 12;
/** So many causes are told; a longer list says how many more there are. */
const MOST_CAUSES = 20;

const STYLES = {
  better: 'bold',
  same: 'bold',
  worse: 'critical',
  mixed: 'warning',
  'cannot-tell': 'warning',
} as const satisfies Readonly<Record<ComparisonOutcome, string>>;

/** The comparison as text for a terminal: the verdict, the causes, what else differs. Ends with a line break. */
export function renderComparison(comparison: Comparison, options: PageOptions): string {
  const { before, after, verdict, causes, conditions, next } = comparison;
  const page = new Page(options);
  page.parts([{ text: 'BEFORE' }], LABEL, partsOf(before));
  page.parts([{ text: 'AFTER' }], LABEL, partsOf(after));
  page.prose([{ text: outcomeWord(verdict), style: STYLES[verdict.outcome] }], LABEL, verdict.text, 'bold');
  conditions.forEach((sentence, index) => {
    page.prose([{ text: index === 0 ? 'ALSO' : '' }], LABEL, sentence);
  });
  page.rule();
  for (const cause of causes.slice(0, MOST_CAUSES)) addCause(page, cause);
  if (causes.length === 0) page.prose([], 0, 'Neither capture has a finding.');
  const hidden = causes.length - MOST_CAUSES;
  if (hidden > 0) page.prose([], LABEL, `${plural(hidden, 'more cause')}: --json has all.`);
  for (const step of next) page.prose([{ text: 'NEXT', style: 'bold' }], LABEL, step);
  return page.toString();
}

/** The verdict in one line. */
export function comparisonLine({ verdict }: Comparison, { ascii, width, colour }: PageOptions): string {
  const page = new Page({ ascii, width, colour });
  page.verbatim(0, `${outcomeWord(verdict)}  ${verdict.text}`);
  return page.toString();
}

function addCause(page: Page, cause: CauseChange): void {
  const { severity, title, kind, reason } = cause;
  page.prose([{ text: changeWord(cause), style: 'bold' }], LABEL, title);
  page.parts([{ text: SEVERITY_WORDS[severity], style: severity }], LABEL, [kind, ...amountsOf(cause)]);
  page.prose([], LABEL, reason);
  page.blank();
}
