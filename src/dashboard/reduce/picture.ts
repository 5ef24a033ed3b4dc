import type { Activity } from '../../analysis/activity.ts';
import type { Finding, Report } from '../../analysis/report.ts';
import type { DashboardEvent } from '../events.ts';
import type { DashboardState } from '../state.ts';
import { findingKey, steadied } from '../steady-findings.ts';
import { findingRows, selectedFinding } from '../tables/findings.ts';

type PictureEvent = Extract<DashboardEvent, { type: 'picture' }>;

/** The report with what goes on, which judges of a growing trace leave open. */
function withOpen(report: Report, open: readonly Finding[]): Report {
  const serious = open.filter(({ severity }) => severity !== 'info');
  if (serious.length === 0) return report;
  // Both reports number their findings from one: what is the same in both has one id, all others have their own.
  const own = new Map(serious.map((finding, index) => [finding.id, `${finding.kind}-open-${index + 1}`]));
  const keys = new Map(serious.map((finding) => [findingKey(finding), own.get(finding.id) ?? finding.id]));
  const same = new Map(report.findings.map((finding) => [finding.id, keys.get(findingKey(finding)) ?? finding.id]));
  const closed = report.findings.filter((finding) => !keys.has(findingKey(finding)));
  return {
    ...report,
    findings: [
      ...serious.map((finding) => renamed(finding, (id) => own.get(id) ?? null)),
      ...closed.map((finding) => renamed(finding, (id) => same.get(id) ?? id)),
    ],
  };
}

/** The finding with other ids; it stands alone where there is none for a finding that it speaks of. */
function renamed(finding: Finding, idFor: (id: string) => string | null): Finding {
  const { id, related, members, memberOf, effects, effectOf } = finding;
  const known = (ids: readonly string[]): readonly string[] => ids.flatMap((each) => idFor(each) ?? []);
  return {
    ...finding,
    id: idFor(id) ?? id,
    related: known(related),
    members: known(members),
    memberOf: memberOf === null ? null : idFor(memberOf),
    effects: known(effects),
    effectOf: effectOf === null ? null : idFor(effectOf),
  };
}

/** Takes a new report in; what is selected and what is open stay, though findings have other numbers now. */
export function withPicture(
  state: DashboardState,
  { report: fresh, activity, open = [] }: Pick<PictureEvent, 'report' | 'activity' | 'open'>,
): DashboardState {
  const chosen = state.lists.findings.position === 0 ? undefined : selectedFinding(state);
  const live = state.live;
  const { memory, report } =
    // What has ended was judged as a whole: nothing of it changes from one report to the next.
    live === null || state.reading.state !== 'reading'
      ? { memory: state.memory, report: fresh }
      : steadied(state.memory, withOpen(fresh, open), state.nowMs, live.elapsedMs - live.behindMs);
  const keys = new Map(state.report?.findings.map((finding) => [finding.id, findingKey(finding)]));
  const ids = new Map(report.findings.map((finding) => [findingKey(finding), finding.id]));
  const screens = state.screens.map((screen) =>
    screen.finding === '' ? screen : { ...screen, finding: ids.get(keys.get(screen.finding) ?? '') ?? screen.finding },
  );
  const next = {
    ...state,
    memory,
    report,
    activity: live?.state === 'tracing' ? withLastNow(activity, state.activity) : activity,
    screens,
  };
  if (chosen === undefined) return next;
  const position = findingRows(next).findIndex((finding) => findingKey(finding) === findingKey(chosen));
  return position < 0 ? next : { ...next, lists: { ...next.lists, findings: { ...next.lists.findings, position } } };
}

/** What workers are in is reported more often, and by who knows better, than reports come. */
function withLastNow(activity: Activity | null, before: Activity | null): Activity | null {
  if (activity === null || before === null) return activity;
  const known = new Map(before.workers.map(({ pid, now }) => [pid, now]));
  return {
    ...activity,
    workers: activity.workers.map((worker) => ({ ...worker, now: known.get(worker.pid) ?? worker.now })),
  };
}
