import { severityOf } from '../analysis/causes.ts';
import { measured } from '../analysis/measured.ts';
import { type Confidence, type Finding, type Report, SEVERITIES, type Severity } from '../analysis/report.ts';
import { servedBy } from '../analysis/served.ts';
import { durationOfMs, plural } from '../trace/format-numbers.ts';
import { type CausePair, pairCauses } from './cause-pairs.ts';
import { isImprobable, type Judgement, judge, type Seen } from './change.ts';
import type { Amount, CauseChange, Change, Comparison, Side } from './comparison.ts';
import { conclude, type RareCauses } from './conclusion.ts';
import { conditionsOf } from './conditions.ts';
import { type Exposure, exposuresOf, loadOf } from './exposure.ts';

/** In this order causes are read. */
const CHANGES: readonly Change[] = ['worse', 'new', 'unclear', 'better', 'gone', 'same'];
const CONFIDENCES: readonly Confidence[] = ['likely', 'possible', 'cannot-tell'];
/** Roles of processes that serve nobody by themselves. */
const NOT_SERVING: ReadonlySet<string> = new Set(['master', 'pool-thread', 'library-thread', 'unknown']);
/** Nobody records for longer to prove one change. */
const LONGEST_WANTED_MS = 3_600_000;
const LEAST_WANTED_MS = 10_000;

/** Says what changed from one report to another. Both are as `--json` prints them, or as the analysis gives them. */
export function compareReports(before: Report, after: Report): Comparison {
  const [first, second] = exposuresOf(before, after);
  const seenIn = (report: Report, exposure: typeof first, cause: CausePair['before']): Seen => ({
    report,
    exposure,
    cause,
    amount: cause === null ? null : amountOf(cause, report, exposure),
  });
  const judged = pairCauses(before, after).map((pair) => {
    const old = seenIn(before, first, pair.before);
    const now = seenIn(after, second, pair.after);
    return changeOf(old, now);
  });
  const rare = rareOnes(judged, first, second);
  const sorted = judged.toSorted(
    ([a], [b]) =>
      Number(a.severity === 'info') - Number(b.severity === 'info') ||
      CHANGES.indexOf(a.change) - CHANGES.indexOf(b.change) ||
      CONFIDENCES.indexOf(a.confidence) - CONFIDENCES.indexOf(b.confidence) ||
      rank(a.severity) - rank(b.severity),
  );
  const causes = sorted.map(([cause]) => cause);
  const sides: readonly [Side, Side] = [sideOf(before), sideOf(after)];
  const conditions = conditionsOf(before, after, sides);
  return {
    schemaVersion: 1,
    tool: after.tool,
    before: sides[0],
    after: sides[1],
    verdict: conclude(causes, sides, [before, after], rare),
    causes,
    conditions,
    next: nextOf(sorted),
  };
}

function changeOf(before: Seen, after: Seen): readonly [CauseChange, Judgement] {
  const cause = after.cause ?? before.cause;
  if (cause === null) throw new Error('one of the reports has the cause');
  const judgement = judge(before, after, cause.kind);
  const severities = [before.amount?.severity, after.amount?.severity].flatMap((severity) => severity ?? []);
  const [severity = 'info'] = severities.toSorted((a, b) => rank(a) - rank(b));
  return [
    {
      kind: cause.kind,
      change: judgement.change,
      confidence: judgement.confidence,
      severity,
      title: cause.title,
      reason: judgement.reason,
      before: before.amount,
      after: after.amount,
    },
    judgement,
  ];
}

/** Whether those that came too rarely to judge each are together too many in one of the captures to be chance. */
function rareOnes(
  judged: readonly (readonly [CauseChange, Judgement])[],
  first: Exposure | null,
  second: Exposure | null,
): RareCauses {
  if (first === null || second === null) return { areGone: false, areNew: false };
  const events = (isBefore: boolean): number =>
    judged
      .filter(([{ severity, before: amount }]) => severity !== 'info' && (amount !== null) === isBefore)
      .reduce((sum, [, judgement]) => sum + judgement.events, 0);
  return { areGone: isImprobable(events(true), first, second), areNew: isImprobable(events(false), second, first) };
}

function sideOf(report: Report): Side {
  const { source, window, workers, quality } = report;
  const { durationMs } = window;
  return {
    paths: source.paths,
    servers: [...new Set(workers.flatMap(({ server }) => (server === '' ? [] : [server])))].sort(),
    format: source.format,
    durationMs,
    workers: workers.filter(({ role }) => !NOT_SERVING.has(role)).length,
    served: servedBy(report.workers),
    servedPerSecond: loadOf(report),
    grade: quality.grade,
  };
}

function nextOf(judged: readonly (readonly [CauseChange, Judgement])[]): readonly string[] {
  const wanted = judged.flatMap(([{ severity }, { wantedMs }]) =>
    severity === 'info' || wantedMs === null ? [] : [wantedMs],
  );
  const possible = wanted.filter((each) => each <= LONGEST_WANTED_MS);
  if (possible.length === 0) return [];
  const longest = Math.max(LEAST_WANTED_MS, ...possible);
  const rest = wanted.length - possible.length;
  const length = durationOfMs(Math.ceil(longest / 1_000) * 1_000).replace('.00 s', ' s');
  const others = rest === 0 ? '' : ` It proves nothing about ${plural(rest, 'rarer cause')}.`;
  return [`Record again for ${length} under the same load, and compare again.${others}`];
}

function rank(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}

/** How much there is of a cause in a report: of the finding that speaks for it and of those that are the same. */
function amountOf(cause: Finding, { findings }: Report, exposure: Exposure | null): Amount {
  const members = cause.members.flatMap((id) => findings.find((finding) => finding.id === id) ?? []);
  const { count, totalMs, longestMs, share } = measured([cause, ...members]);
  return {
    id: cause.id,
    severity: severityOf(cause, findings),
    count,
    rate: count === null || exposure === null ? null : count / exposure.units,
    per: exposure?.per ?? null,
    totalMs,
    longestMs,
    share,
  };
}
