import type { Amount, CauseChange, Change, Comparison, ComparisonOutcome, Side } from '../../comparison/comparison.ts';
import { count, durationOfMs, percent, plural, ratio, significant } from '../../trace/format-numbers.ts';

const SECONDS_A_MINUTE = 60;

const OUTCOME_WORDS: Readonly<Record<ComparisonOutcome, string>> = {
  better: 'BETTER',
  worse: 'WORSE',
  mixed: 'MIXED',
  same: 'SAME',
  'cannot-tell': 'UNKNOWN',
};

const CHANGE_WORDS: Readonly<Record<Change, string>> = {
  worse: 'WORSE',
  new: 'NEW',
  unclear: 'UNCLEAR',
  better: 'BETTER',
  gone: 'GONE',
  same: 'SAME',
};

const SHOWN_PATHS = 2;

/** `BETTER`; `BETTER?` where chance may have done it. */
export function outcomeWord({ outcome, confidence }: Comparison['verdict']): string {
  return `${OUTCOME_WORDS[outcome]}${confidence === 'possible' ? '?' : ''}`;
}

/** `GONE`; `GONE?` of what was too rare to be sure. */
export function changeWord({ change, confidence }: CauseChange): string {
  return `${CHANGE_WORDS[change]}${confidence === 'likely' || change === 'unclear' ? '' : '?'}`;
}

/** `before.strace`, `a.1, a.2 +6 more`. */
export function nameOf({ paths }: Side): string {
  const names = paths.map((path) => (path === '-' || path === '' ? 'standard input' : path));
  const hidden = names.length - SHOWN_PATHS;
  return names.slice(0, SHOWN_PATHS).join(', ') + (hidden > 0 ? ` +${hidden} more` : '');
}

/** What a capture is of, how long it is and what was served in it. */
export function partsOf(side: Side): readonly string[] {
  const { servers, workers, durationMs, served, servedPerSecond, format } = side;
  const rate = servedPerSecond === null ? '' : ` (${ratio(significant(servedPerSecond, 3))} a second)`;
  return [
    nameOf(side),
    [...servers, plural(workers, 'worker')].join(', '),
    durationMs === null ? 'duration unknown' : durationOfMs(durationMs),
    `${plural(served, 'request')}${rate}`,
    format,
  ];
}

/** How much there is of a cause on both sides: `before: 19 times, 12.30 s in all, longest 1.41 s`. */
export function amountsOf({ before, after }: CauseChange): readonly string[] {
  return [`before: ${inWords(before)}`, `after: ${inWords(after)}`];
}

function inWords(amount: Amount | null): string {
  if (amount === null) return 'not there';
  const parts = [
    ...(amount.count === null ? [] : [amount.count === 1 ? 'once' : `${count(amount.count)} times`]),
    ...(amount.rate === null || amount.per === null || isGuess(amount) ? [] : [rateOf(amount.rate, amount.per)]),
    ...(amount.share === null ? [] : [percent(amount.share)]),
    ...(amount.totalMs === null ? [] : [`${durationOfMs(amount.totalMs)} in all`]),
    ...(amount.longestMs === null ? [] : [`longest ${durationOfMs(amount.longestMs)}`]),
  ];
  return parts.length === 0 ? 'there' : parts.join(', ');
}

/** What came so often in less than a second says nothing of a minute. */
function isGuess({ count: times, rate, per }: Amount): boolean {
  return per === 'minute' && times !== null && rate !== null && times * SECONDS_A_MINUTE < rate;
}

function rateOf(rate: number, per: 'thousand-requests' | 'minute'): string {
  const value = count(significant(rate, rate >= 100 ? 6 : 3));
  return `${rate >= 100 ? count(Math.round(rate)) : value} ${per === 'minute' ? 'a minute' : 'per 1,000 requests'}`;
}
