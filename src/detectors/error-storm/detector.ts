import type { CallTotals } from '../../model/measuring/call-statistics.ts';
import { DESCRIPTOR_ERRORS, DISK_ERRORS, FailureTracker } from '../../model/topics/failures/failure-tracker.ts';
import { count, plural } from '../../trace/format-numbers.ts';
import { groupedBy } from '../../trace/grouped-by.ts';
import type { Family, Syscall } from '../../trace/syscalls.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, type DraftFinding, found, notApplicable } from '../finding.ts';
import { openCallsOf } from '../recorded.ts';
import { effect } from './effect.ts';
import { finding, type Meaning, type Storm } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';

export const errorStorm = defineDetector({
  kind: 'error-storm',
  title: 'The same call fails again and again',
  needs: [],
  judgesCounts: 'tables',
  thresholds: {
    'storm-connects': {
      default: 3,
      unit: 'failures',
      meaning: 'Failed connects to one address are reported from this number on.',
    },
    'storm-share': {
      default: 0.5,
      unit: 'of the calls',
      meaning: 'Other calls are reported when this share of them fails.',
    },
    'storm-calls': {
      default: 500,
      unit: 'failures',
      meaning: 'Failed searches for files, and other failed calls, are reported from this number on.',
    },
    'storm-writes': {
      default: 3,
      unit: 'failures',
      meaning: 'Writes that find no room (EAGAIN) are reported from this number on.',
    },
  },
  trackers: [FailureTracker],
  effect,
  metrics,
  measures: { count: 'failed' },
  create(context) {
    return { on: {}, conclude: () => conclude(context) };
  },
});

/** Failures that are how a call says "not now", "nothing there" or "not this kind". */
const ORDINARY: ReadonlySet<string> = new Set([
  'EINPROGRESS',
  'EALREADY',
  'EINTR',
  'ERESTARTSYS',
  'ERESTARTNOINTR',
  'ERESTARTNOHAND',
  'ERESTART_RESTARTBLOCK',
  'ETIMEDOUT',
  'ENOTTY',
  'ESPIPE',
  'ECHILD',
  'ENOTCONN',
  'ENODATA',
]);
/** Of all calls of a table. */
const LEAST_OF_TABLE = 0.01;
/** Calls that ask whether a file is there. */
const SEARCHES: ReadonlySet<Family> = new Set<Family>(['open', 'file']);

function conclude(context: Context): Conclusion<Metrics> {
  const storms = [...ofTargets(context), ...ofTable(context)];
  const groups = groupedBy(storms, ({ meaning, target }) => (meaning === 'refused' ? `refused ${target}` : meaning));
  const findings: DraftFinding<Metrics>[] = [...groups.values()].map((group) => finding(context, group));
  if (findings.length > 0)
    return found(
      `${plural(
        storms.reduce((sum, { failed }) => sum + failed, 0),
        'call',
      )} failed again and again`,
      findings,
    );
  const rows = context.model.statistics.all();
  const calls = rows.reduce((sum, row) => sum + row.count, 0);
  const failed = rows.reduce((sum, row) => sum + failedOf(row), 0);
  const fewest = Math.min(context.threshold('storm-connects'), context.threshold('storm-writes'));
  const cameBack = Math.max(0, calls - openCallsOf(context.model));
  if (cameBack < fewest)
    return notApplicable(`${plural(cameBack, 'call')} that came back: too few to judge (${fewest} needed)`);
  const [ordinary, often] = ordinaryIn(rows);
  const others =
    ordinary === 0
      ? 'no group of them often enough to report'
      : `${count(ordinary)} of them as in any healthy server (${often}), no other group often enough to report`;
  return clear(`${count(failed)} of ${plural(cameBack, 'call')} failed, ${others}`);
}

/** Connects that fail, by address, and what a disk refuses, by file. */
function ofTargets({ model, threshold }: Context): Storm[] {
  const tracker = model.topic(FailureTracker);
  return tracker.all().flatMap((failures): Storm[] => {
    const { call, errno, target, failed, serving } = failures;
    if (DISK_ERRORS.has(errno) && call !== 'connect')
      return [{ meaning: 'full', call, errno, failed, total: failed, target, serving, failures, row: null }];
    if (DESCRIPTOR_ERRORS.has(errno)) {
      const row = model.statistics.all().find(({ syscall }) => syscall.name === call);
      const total = Math.max(failed, row?.count ?? 0);
      return [{ meaning: 'descriptors', call, errno, failed, total, target, serving, failures, row: null }];
    }
    // Libraries ask whether a local daemon runs (nscd), and go on without it.
    const least = errno === 'ENOENT' ? threshold('storm-calls') : threshold('storm-connects');
    if (failed < least) return [];
    const total = Math.max(failed, tracker.triesOf(target));
    return [{ meaning: 'refused', call, errno, failed, total, target, serving, failures, row: null }];
  });
}

/** Everything else, by call and error, as the table of calls has it. */
function ofTable({ model, threshold }: Context): Storm[] {
  const storms: Storm[] = [];
  const rows = model.statistics.all();
  const all = rows.reduce((sum, row) => sum + row.count, 0);
  const askedLater = rows.find(({ syscall }) => syscall.family === 'getsockopt')?.count ?? 0;
  for (const row of rows) {
    const { name } = row.syscall;
    for (const [error, failed] of row.errors) {
      const errno = error === '?' ? '' : error;
      const share = failed / Math.max(1, row.count);
      const known = meaningOf(row.syscall, errno);
      if (known === null || (known === 'refused' && errno !== '')) continue;
      // Who does not wait for a connect asks for its outcome later, and libraries ask for daemons that nobody runs.
      const mayBeOrdinary = known === 'refused' && failed - askedLater < threshold('storm-calls');
      const meaning = mayBeOrdinary ? 'unnamed' : known;
      const least =
        meaning === 'unread'
          ? threshold('storm-writes')
          : known === 'refused' || meaning === 'wait'
            ? threshold('storm-connects')
            : threshold('storm-calls');
      if (failed < least || share < threshold('storm-share')) continue;
      // Searches when a program starts are nothing in the table of one that ran for hours.
      if (errno === '' && meaning === 'search' && failed < all * LEAST_OF_TABLE) continue;
      storms.push({
        meaning,
        call: name,
        errno,
        failed,
        total: row.count,
        target: '',
        serving: false,
        failures: null,
        row,
      });
    }
  }
  return storms.toSorted((a, b) => b.failed - a.failed);
}

/** What it means that such a call fails so; null when it is ordinary. */
function meaningOf({ family, name }: Syscall, errno: string): Meaning | null {
  if (ORDINARY.has(errno) || DESCRIPTOR_ERRORS.has(errno)) return null;
  // Those that a signal interrupts fail so by design, and what a handler returns to is no failure of its own.
  if (family === 'sigreturn' || family === 'signal-wait' || family === 'sleep' || family === 'restart') return null;
  if (family === 'epoll-wait' || family === 'poll' || family === 'select')
    return errno === '' || errno === 'EAGAIN' ? null : 'wait';
  if (family === 'connect') return 'refused';
  // So `realpath` asks of each part of a path whether it is a link.
  if (name === 'readlink' || name === 'readlinkat') return null;
  if (SEARCHES.has(family)) return errno === '' || errno === 'ENOENT' || errno === 'ENOTDIR' ? 'search' : 'other';
  // A loop asks until nothing is left: only in a table nobody can see that.
  if (family === 'accept') return errno === '' ? 'accept' : null;
  if (family === 'write') return errno === 'EAGAIN' ? 'unread' : errno === '' ? 'other' : null;
  if (errno === 'EAGAIN' || family === 'read' || family === 'wait-child') return null;
  // In a table nobody can see which of them only say that the word had changed, or that the time was over.
  if (family === 'futex' && errno === '') return null;
  return family === 'close' || family === 'ioctl' || family === 'prctl' || family === 'trivial' ? null : 'other';
}

/** How many failures are ordinary answers, and the most frequent one of them: `accept4 EAGAIN`. */
function ordinaryIn(rows: readonly CallTotals[]): readonly [failed: number, often: string] {
  const all = rows.flatMap(({ syscall, errors }) =>
    [...errors]
      .filter(([errno]) => errno !== '?' && !DESCRIPTOR_ERRORS.has(errno) && meaningOf(syscall, errno) === null)
      .map(([errno, failed]) => ({ name: `${syscall.name} ${errno}`, failed })),
  );
  const most = all.reduce((worst, each) => (each.failed > worst.failed ? each : worst), { name: '', failed: 0 });
  return [all.reduce((sum, { failed }) => sum + failed, 0), most.name];
}

function failedOf({ errors, otherErrors }: CallTotals): number {
  return [...errors.values()].reduce((sum, times) => sum + times, otherErrors);
}
