import type { Confidence, Report } from '../analysis/report.ts';
import { isSameCapture } from '../analysis/same-capture.ts';
import { plural } from '../trace/format-numbers.ts';
import type { CauseChange, Change, Comparison, ComparisonOutcome, Side } from './comparison.ts';
import { areOfDifferentServers } from './conditions.ts';

type Verdict = Comparison['verdict'];

/** A capture under less load than this part of the other's does not show what the load brings. */
const LEAST_LOAD = 0.1;
const LEAST_SERVED = 20;

/** Causes that came too rarely to judge each, taken together: they are more than chance gives to one capture. */
export interface RareCauses {
  readonly areGone: boolean;
  readonly areNew: boolean;
}

/** One sentence on all causes: infos are left out. */
export function conclude(
  all: readonly CauseChange[],
  [before, after]: readonly [Side, Side],
  reports: readonly [Report, Report],
  { areGone, areNew }: RareCauses,
): Verdict {
  if (isSameCapture(...reports))
    return {
      outcome: 'same',
      confidence: 'likely',
      text: 'BEFORE and AFTER hold the same capture: nothing to compare.',
    };
  const causes = all.filter(({ severity }) => severity !== 'info');
  const has = (confidence: Confidence, ...changes: readonly Change[]): boolean =>
    causes.some((cause) => cause.confidence === confidence && (changes.length === 0 || changes.includes(cause.change)));
  const harm = has('likely', 'worse', 'new') || areNew;
  const relief = has('likely', 'better', 'gone') || areGone;
  const obstacle = obstacleTo(before, after, reports);
  // What one of the two shows is seen all the same: its other checks may have failed for a reason of their own.
  const unjudged = unjudgedOf(reports.map((report) => (report.findings.length > 0 ? null : report)));
  const doubt = obstacle === '' ? unjudged : obstacle;
  const but = doubt === '' ? '' : ` But ${doubt}`;
  const together = areNew || areGone ? ' The rare ones together are too many to be chance.' : '';
  if (harm && relief) return likely('mixed', `Worse and better: ${told(causes)}.${together}${but}`);
  if (harm) return likely('worse', `Worse: ${told(causes)}.${together}${but}`);
  if (obstacle !== '') return cannotTell(obstacle);
  if (relief && unjudged === '') return likely('better', `Better: ${told(causes)}.${together}`);
  const [isNew, isGone] = [has('possible', 'new'), relief || has('possible', 'gone')];
  if (isNew && !isGone) return possible('worse', `Possibly worse: ${told(causes)}.${but}`);
  if (isGone && !isNew) return possible('better', `Possibly better: ${told(causes)}.${together}${but}`);
  if (unjudged !== '') return cannotTell(unjudged);
  if (isNew || has('cannot-tell')) return cannotTell(`${told(causes)}.`);
  if (causes.length > 0) return likely('same', `No difference: ${told(causes)}.`);
  const judgedByNobody = unjudgedOf(reports);
  if (judgedByNobody !== '') return cannotTell(judgedByNobody);
  return withoutTrouble(all);
}

/**
 * Of two captures without trouble: what is only worth knowing (an info) may have come or gone, and that for certain.
 */
function withoutTrouble(infos: readonly CauseChange[]): Verdict {
  const isSure = ({ change, confidence }: CauseChange): boolean => confidence === 'likely' && change !== 'same';
  const [harm, relief] = [HARM, RELIEF].map((changes) =>
    infos.some((each) => isSure(each) && changes.has(each.change)),
  );
  const nothing = 'neither capture shows any trouble';
  if (!harm && !relief) return likely('same', `No difference: ${nothing}.`);
  const [outcome, word] =
    harm && relief
      ? (['mixed', 'Other infos'] as const)
      : harm
        ? (['worse', 'Slightly worse'] as const)
        : (['better', 'Slightly better'] as const);
  return likely(outcome, `${word}: ${nothing}; ${told(infos, 'info')}.`);
}

const HARM: ReadonlySet<Change> = new Set(['worse', 'new']);
const RELIEF: ReadonlySet<Change> = new Set(['better', 'gone']);

function likely(outcome: ComparisonOutcome, text: string): Verdict {
  return { outcome, confidence: 'likely', text };
}

function possible(outcome: ComparisonOutcome, text: string): Verdict {
  return { outcome, confidence: 'possible', text };
}

function cannotTell(why: string): Verdict {
  return { outcome: 'cannot-tell', confidence: 'cannot-tell', text: `Cannot tell: ${why}` };
}

/** Why a cause that is not there means nothing; '' where it does. */
function obstacleTo(before: Side, after: Side, [old, now]: readonly [Report, Report]): string {
  if (areOfDifferentServers(before, after))
    return `BEFORE is a capture of ${before.servers.join(', ')}, and AFTER one of ${after.servers.join(', ')}.`;
  if (old.quality.grade === 'poor') return 'the data of BEFORE are poor.';
  if (now.quality.grade === 'poor') return 'the data of AFTER are poor.';
  if (before.served >= LEAST_SERVED && (after.servedPerSecond ?? 0) < (before.servedPerSecond ?? 0) * LEAST_LOAD)
    return `AFTER served ${plural(after.served, 'request')}, too few to show what BEFORE showed under load.`;
  return '';
}

/** That nobody can judge the first of BEFORE and AFTER of which that is so; '' where both were judged. */
function unjudgedOf(reports: readonly (Report | null)[]): string {
  const index = reports.findIndex((report) => report?.verdict.confidence === 'cannot-tell');
  const text = reports[index]?.verdict.text;
  if (text === undefined) return '';
  return `nobody can judge ${index === 0 ? 'BEFORE' : 'AFTER'}: ${text.replace(/^Cannot tell: /, '')}`;
}

const WORDS: readonly (readonly [Change, readonly Confidence[], string, string])[] = [
  ['worse', ['likely'], 'is worse', 'are worse'],
  ['new', ['likely'], 'is new', 'are new'],
  ['new', ['possible', 'cannot-tell'], 'may be new', 'may be new'],
  ['gone', ['likely'], 'is gone', 'are gone'],
  ['better', ['likely'], 'is better', 'are better'],
  ['gone', ['possible', 'cannot-tell'], 'may be gone', 'may be gone'],
  ['same', ['likely'], 'is as before', 'are as before'],
  ['unclear', ['cannot-tell'], 'cannot be compared', 'cannot be compared'],
];

/** `1 of 3 causes is gone, 2 are as before`. */
function told(causes: readonly CauseChange[], noun = 'cause'): string {
  const parts = WORDS.flatMap(([change, confidences, one, many]) => {
    const number = causes.filter((cause) => cause.change === change && confidences.includes(cause.confidence)).length;
    return number === 0 ? [] : [{ number, words: number === 1 ? one : many }];
  });
  const [first, ...rest] = parts;
  if (first === undefined) return 'there is no cause';
  const isAll = first.number === causes.length;
  const begin = isAll
    ? `${allOf(causes.length, noun)} ${first.words}`
    : `${first.number} of ${causes.length} ${noun}s ${first.words}`;
  return [begin, ...rest.map(({ number, words }) => `${number} ${words}`)].join('; ');
}

function allOf(number: number, noun: string): string {
  return number === 1 ? `the only ${noun}` : number === 2 ? `both ${noun}s` : `all ${number} ${noun}s`;
}
