import { causesIn, effectsOf, isInWords } from '../analysis/causes.ts';
import type { Finding, Kind, Report } from '../analysis/report.ts';
import { causeKey } from '../analysis/same-cause.ts';

/** A cause as two reports have it; null in the one that has not. */
export interface CausePair {
  readonly before: Finding | null;
  readonly after: Finding | null;
}

/**
 * Which cause of one report is which of the other, and of causes that both have, which of their effects: what came of a
 * stall may be gone while the stall is not. Effects of other causes come and go with them.
 */
export function pairCauses(before: Report, after: Report): readonly CausePair[] {
  const causes = paired(causesBeside(before, after), causesBeside(after, before));
  const known = new Set(causes.flatMap((pair) => [pair.before, pair.after]));
  const others = (cause: Finding, { findings }: Report): readonly Finding[] =>
    effectsOf(cause, findings).filter((effect) => isInWords(effect) && !known.has(effect));
  const effects = causes.flatMap(({ before: old, after: now }) =>
    old === null || now === null ? [] : paired(others(old, before), others(now, after)),
  );
  return [...causes, ...effects];
}

/** The causes of a report, and those of its effects that are causes of their own in the other report. */
function causesBeside({ findings }: Report, other: Report): readonly Finding[] {
  const causes = causesIn(findings);
  const own = new Set(causes.map(causeKey));
  const wanted = new Set(
    causesIn(other.findings)
      .map(causeKey)
      .filter((key) => !own.has(key)),
  );
  const effects = findings.filter((each) => each.effectOf !== null && wanted.has(causeKey(each)));
  const inWords = effects.filter(isInWords);
  // One that has no words of its own stands in the sentence of its cause.
  const untold = [...grouped(effects).values()].flatMap((same) => (same.some(isInWords) ? [] : same.slice(0, 1)));
  return [...causes, ...inWords, ...untold];
}

/**
 * Those of the same text first (kind, request, target); of what is left those of a kind that each side has once, for a
 * title may name other numbers.
 */
function paired(before: readonly Finding[], after: readonly Finding[]): readonly CausePair[] {
  const news = grouped(after);
  const pairs: CausePair[] = [];
  const gone: Finding[] = [];
  for (const cause of before) {
    const same = news.get(causeKey(cause))?.shift();
    if (same === undefined) gone.push(cause);
    else pairs.push({ before: cause, after: same });
  }
  const added = [...news.values()].flat();
  for (const cause of gone) {
    const [twin] = onlyOne(cause.kind, gone) ? added.filter(({ kind }) => kind === cause.kind) : [];
    const isTwin = twin !== undefined && onlyOne(cause.kind, added) && !namesRequest(cause.kind);
    if (isTwin) added.splice(added.indexOf(twin), 1);
    pairs.push({ before: cause, after: isTwin ? twin : null });
  }
  return [...pairs, ...added.map((cause) => ({ before: null, after: cause }))];
}

function grouped(causes: readonly Finding[]): Map<string, Finding[]> {
  const groups = new Map<string, Finding[]>();
  for (const cause of causes) groups.set(causeKey(cause), [...(groups.get(causeKey(cause)) ?? []), cause]);
  return groups;
}

function onlyOne(kind: Kind, causes: readonly Finding[]): boolean {
  return causes.filter((cause) => cause.kind === kind).length === 1;
}

/** Two of such a kind that differ in request, call or target are two causes. */
function namesRequest(kind: Kind): boolean {
  return kind === 'loop-stall' || kind === 'slow-dependency' || kind === 'stuck-call';
}
