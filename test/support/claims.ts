import type { Kind, Report } from '../../src/analysis/report.ts';
import { isWorkerRole } from '../../src/model/machine/roles.ts';

/** A sentence that an outcome may give as its reason, and whether it is true of the report that it stands in. */
export interface Claim {
  readonly pattern: RegExp;
  /** `numbers`: what the pattern captured, separators of thousands taken out. */
  readonly holds: (report: Report, numbers: readonly number[]) => boolean;
}

/** Calls of these names, with those that had not come back. */
export function callsNamed({ calls }: Report, names: RegExp): number {
  return calls.reduce((sum, { call, count }) => (names.test(call) ? sum + count : sum), 0);
}

const ACCEPT = /^accept4?$/;
const WRITE = /^(?:p?write(?:v|64|v2)?|send(?:|to|msg|mmsg|file|file64)|splice)$/;
const SYNC = /^(?:fsync|fdatasync|sync|syncfs|msync|sync_file_range2?)$/;
const OPEN_OR_WRITE = /^(?:open(?:at2?)?|creat|memfd_create|write|writev|pwrite64|pwritev2?)$/;

const accepted = ({ workers }: Report): number => workers.reduce((sum, worker) => sum + worker.accepted, 0);
const requests = ({ workers }: Report): number => workers.reduce((sum, worker) => sum + worker.requests, 0);
const serving = ({ workers }: Report): number => workers.filter(({ role }) => isWorkerRole(role)).length;
const all = ({ calls }: Report): number => calls.reduce((sum, { count }) => sum + count, 0);
const failed = ({ calls }: Report): number =>
  calls.reduce((sum, { errors }) => sum + Object.values(errors).reduce((some, times) => some + times, 0), 0);
/** So many calls may not have come back: one a thread, and threads of helpers stand in no row. */
const most = ({ workers }: Report): number => 50 + workers.reduce((sum, { tids }) => sum + tids.length, 0);
/** Threads that some process of the report was in a call with at the end. */
const inCalls = ({ workers }: Report): number => workers.filter(({ atEnd }) => atEnd !== null).length;

const PERCENT = '([\\d.]+) %';
const listener = '(?:[^;]+): ';
/** One reason for each listener, joined. */
const each = (reason: string): RegExp =>
  new RegExp(`^${listener}${reason}(?:; (?:${listener}${reason}|and .* more))*$`);

/**
 * What each kind may say when it is clear. Each claim names what was looked at, and that is never nothing: what is not
 * in its list is no reason for an all-clear. A kind that has no list yet is not looked at.
 */
export const CLEAR: Readonly<Partial<Record<Kind, readonly Claim[]>>> = {
  'service-stall': [
    {
      pattern: /^at no time were all of the ([\d, and]+) workers away from their loops for \d+ ms or more$/,
      holds: (report) => report.workers.filter(({ role }) => role === 'event-loop').length >= 2,
    },
  ],
  'stuck-call': [
    {
      pattern: /^(?:the one thread|both threads|all ([\d,]+) threads) had ended when the capture did$/,
      holds: (report) => inCalls(report) === 0,
    },
    {
      pattern: /^([\d,]+) threads? in a call when the capture ended, all waiting for work or for a time$/,
      holds: (report, [threads = 0]) =>
        threads > 0 && report.workers.every(({ atEnd }) => atEnd === null || atEnd.idle === 'yes'),
    },
    {
      pattern:
        /^([\d,]+) threads? in a call when the capture ended: ([\d,]+) waiting for work or for a time(?:, ([\d,]+) in a call that strace does not name)?(?:, ([\d,]+) waiting for another thread or process while no request waits)?(?:, ([\d,]+) for less than [\d.]+ ms)?$/,
      holds: (report, [threads = 0, idle = 0, untold = 0, parked = 0, brief = 0]) =>
        untold + parked + brief > 0 && threads === idle + untold + parked + brief && threads >= inCalls(report),
    },
  ],
  'worker-death': [
    { pattern: /^the capture does not hold the end of the one process that was traced$/, holds: isStrace },
    {
      pattern: /^the capture holds the end of none of the ([\d,]+) processes that were traced$/,
      holds: (report, [processes = 0]) => isStrace(report) && processes >= 2,
    },
    {
      pattern:
        /^([\d,]+) process(?:es)? that ended with status 0(?:, ([\d,]+) that were asked to end or were helper programs)?$/,
      holds: (_report, [ended = 0, others = 0]) => ended + others > 0,
    },
  ],
  'error-storm': [
    {
      pattern:
        /^([\d,]+) of ([\d,]+) calls? failed, (?:no group of them often enough to report|([\d,]+) of them as in any healthy server \([a-z_\d]+ E[A-Z_\d]+\), no other group often enough to report)$/,
      holds: (report, [failures = 0, calls = 0, ordinary = 0]) =>
        failures === failed(report) &&
        ordinary <= failures &&
        calls >= 3 &&
        calls <= all(report) &&
        calls >= all(report) - most(report),
    },
  ],
  'accept-errors': [
    {
      pattern: /^none of ([\d,]+) accept calls? failed with EMFILE, ENFILE, ENOBUFS or ENOMEM$/,
      holds: (report, [calls = 0]) =>
        calls > 0 &&
        calls === callsNamed(report, ACCEPT) &&
        report.calls.every(
          ({ call, errors }) =>
            !ACCEPT.test(call) || !Object.keys(errors).some((errno) => /^E(?:[MN]FILE|NOBUFS|NOMEM)$/.test(errno)),
        ),
    },
  ],
  'clients-refused': [
    {
      pattern: /^none of ([\d,]+) answers? that could be read refused its client$/,
      holds: (report, [connections = 0]) => connections > 0 && callsNamed(report, WRITE) >= connections,
    },
  ],
  'accept-paused': [
    {
      pattern: each(
        '(?:no connection came while the listener was out of all epoll sets for .* or more|the listener was out of all epoll sets for .* ' +
          'at most while connections came)',
      ),
      holds: (report) => accepted(report) > 0 && callsNamed(report, /^epoll_(?:wait|pwait2?)$/) > 0,
    },
  ],
  'session-lock': [
    {
      pattern:
        /^of ([\d,]+) answered statements? none was seen to wait [\d.]+ ms for another session(?:; the longest such wait took .*)?$/,
      holds: (report, [statements = 0]) => statements > 0 && callsNamed(report, WRITE) >= statements,
    },
  ],
  'accept-delay': [
    {
      pattern: each('of ([\\d,]+) connections? half waited up to .* to be accepted, 95 in 100 up to .*, one .*'),
      holds: (_report, [connections = 0]) => connections > 0,
    },
  ],
  'backlog-overflow': [
    {
      pattern: each('([\\d,]+) connections? at most had queued up while nobody accepted, backlog [\\d,]+'),
      holds: (report) => callsNamed(report, ACCEPT) > 0,
    },
  ],
  'worker-saturation': [
    {
      pattern: new RegExp(
        `^(?:all ([\\d,]+)|both) (?:queue workers|pool threads) were busy at once ${PERCENT} of the time, with jobs ` +
          'of [\\d.]+ ms or more(?:, as far as more of them were seen to wait)?$',
      ),
      // Those of a process without a row are among them.
      holds: (report, [threads = 0]) => (threads || 2) <= most(report),
    },
    {
      pattern: new RegExp(
        `^(?:all ([\\d,]+)|both) (?:sync )?workers were busy at once ${PERCENT} of the time, with requests of ` +
          '[\\d.]+ ms or more$',
      ),
      holds: (report, [workers = 0]) => (workers || 2) <= serving(report),
    },
    {
      pattern: new RegExp(
        `^(?:sync )?worker ([\\d,]+) was busy ${PERCENT} of the time with requests of [\\d.]+ ms or more while the next ` +
          'client waited$',
      ),
      holds: (report, [pid]) => report.workers.some((worker) => worker.pid === pid && isWorkerRole(worker.role)),
    },
    {
      pattern: new RegExp(
        `^(?:all ([\\d,]+)|both) pool threads were busy at once ${PERCENT} of the time, with requests of ` +
          '[\\d.]+ ms or more(?:, as far as a request was seen to wait [\\d.]+ ms for one of them)?$',
      ),
      holds: (report, [threads = 0]) => (threads || 2) < report.workers.reduce((sum, { tids }) => sum + tids.length, 0),
    },
  ],
  'slow-dependency': [
    {
      pattern:
        /^([\d,]+) waits? for .*; (?:the longest|no wait) of a request or of the main work of a process (?:took .*|was timed)$/,
      holds: (report, [waits = 0]) =>
        report.dependencies.length > 0 && waits === report.dependencies.reduce((sum, peer) => sum + peer.waits, 0),
    },
    {
      pattern: /^([\d,]+) DNS questions? of clients went on to .*; the longest wait took .*$/,
      holds: (_report, [questions = 0]) => questions > 0,
    },
  ],
  'loop-stall': [
    {
      pattern: /^no turn of [\d.]+ ms or more in ([\d,]+) turns? of ([\d,]+) loops?; the longest took .*$/,
      holds: (_report, [turns = 0, loops = 0]) => loops > 0 && turns >= loops,
    },
    {
      pattern:
        /^no turn that surely took [\d.]+ ms in ([\d,]+) turns? of ([\d,]+) loops?; with whole-second stamps .*$/,
      holds: (_report, [turns = 0, loops = 0]) => loops > 0 && turns >= loops,
    },
    {
      pattern:
        /^at no time of [\d.]+ ms or more was a thread at work while none .* waited there \((\d+) sets?\); a wait for a lock would not show$/,
      holds: (report, [sets = 0]) =>
        sets > 0 && report.workers.filter(({ role }) => role === 'runtime-thread').length <= sets,
    },
  ],
  'heartbeat-late': [
    {
      pattern: /^([\d,]+) workers?, longest time between two heartbeats .* \(timeout .*\)$/,
      holds: (_report, [workers = 0]) => workers > 0,
    },
  ],
  'gil-starvation': [
    {
      pattern: /^no loop waited [\d.]+ ms in any second for an interpreter lock; the worst .*$/,
      holds: (report) => callsNamed(report, /^futex/) > 0 && serving(report) > 0,
    },
  ],
  'gc-io': [
    {
      pattern: /^([\d,]+) stacks? of calls that can wait, none made by code that a collector had called$/,
      holds: (_report, [stacks = 0]) => stacks > 0,
    },
  ],
  'stranded-queue': [
    {
      pattern: each('([\\d,]+) connections? waited on one of (\\d+) queues while another worker was free'),
      holds: (report, [, queues = 0]) => queues >= 2 && serving(report) >= 2,
    },
  ],
  'accept-hoarding': [
    {
      pattern: each(
        '([\\d,]+) requests? waited in one worker while another was idle; (?:no worker accepted several in one go|at most [\\d,]+ accepted in one go)',
      ),
      holds: (report) => accepted(report) > 0 && serving(report) >= 1,
    },
  ],
  'lock-contention': [
    {
      pattern:
        /^(?:nobody waited for a shared file or semaphore|at most .* of waiting for one shared lock), and no \d+ threads queued at one futex$/,
      holds: (report) => callsNamed(report, /^(?:flock|fcntl|fcntl64|semop|semtimedop|futex.*)$/) > 0,
    },
  ],
  'blocking-dns': [
    {
      pattern:
        /^([\d,]+) lookups?, (?:and nobody waited for the name server itself|none of [\d.]+ ms; the longest .*)$/,
      holds: (report, [lookups = 0]) => lookups > 0 && callsNamed(report, /^(?:connect|send.*)$/) > 0,
    },
  ],
  'disk-sync': [
    {
      pattern: /^no fsync, fdatasync, msync or sync_file_range beside ([\d,]+) open or write calls?$/,
      holds: (report, [calls = 0]) =>
        calls > 0 && calls === callsNamed(report, OPEN_OR_WRITE) && callsNamed(report, SYNC) === 0,
    },
    {
      pattern: /^([\d,]+) syncs?, the longest .*, none long enough to report: .*$/,
      holds: (report, [syncs = 0]) => syncs > 0 && syncs <= callsNamed(report, SYNC),
    },
  ],
  'fd-leak': [
    {
      pattern:
        /^no process opened (\d+) descriptors of a kind with its requests and kept them; the most that one process is known to hold is ([\d,]+) descriptors?$/,
      holds: (report) => callsNamed(report, /^close/) > 0,
    },
  ],
  'broken-pipe': [
    {
      pattern:
        /^none of ([\d,]+) writes? failed because the other end had left \(([\d,]+) requests? read\)(?:; \d+ more had not come back)?\. A reply that fits one write fails without a trace$/,
      holds: (report, [writes = 0, read = 0]) =>
        writes > 0 &&
        writes <= callsNamed(report, WRITE) &&
        writes >= callsNamed(report, WRITE) - most(report) &&
        read >= requests(report) &&
        read + accepted(report) > 0,
    },
  ],
  'abandoned-request': [
    {
      pattern:
        /^no hang-up seen before the reply in ([\d,]+) requests?\. Servers that do not read while they work cannot see one$/,
      holds: (report, [read = 0]) => read > 0 && read >= requests(report),
    },
  ],
  'request-retry': [
    {
      pattern: /^in ([\d,]+) requests? ([\d,]+) clients? left before the reply, and none asked again within \d+ s$/,
      holds: (report, [read = 0]) => read > 0 && read >= requests(report),
    },
  ],
  'busy-poll': [
    {
      pattern: new RegExp(`^none of ([\\d,]+) loops spun for ${PERCENT} of its time; the most was ${PERCENT}$`),
      holds: (_report, [loops = 0, limit = 0, most = 0]) => loops > 1 && most <= limit,
    },
    {
      pattern: new RegExp(`^the one loop did not spin for ${PERCENT} of its time; the most was ${PERCENT}$`),
      holds: (_report, [limit = 0, most = 0]) => most <= limit,
    },
  ],
  'lazy-import': [
    {
      pattern: /^([\d,]+) requests?, ([\d,]+) modules? opened during one at most$/,
      holds: (report, [read = 0]) => read > 0 && read >= requests(report),
    },
  ],
  'fork-then-load': [
    {
      pattern:
        /^([\d,]+) forked workers?, ([\d,]+) modules? opened by one between its fork and its first accept at most$/,
      holds: (report, [forked = 0]) => forked > 0 && callsNamed(report, /^(?:clone3?|v?fork)$/) > 0,
    },
  ],
  'thundering-herd': [
    {
      pattern: each(
        '(?:one acceptor only|(?:\\d+) listeners with one acceptor each), which cannot be a herd \\(([\\d,]+) connections?\\)',
      ),
      holds: (report) => accepted(report) > 0,
    },
    {
      pattern:
        /^(?:.*: )?[\d.]+ wake-ups? a connection \(([\d,]+) of ([\d,]+) found nothing\) over ([\d,]+) connections?, ([\d,]+) acceptors?/,
      holds: (_report, [wasted = 0, wakeUps = 0, connections = 0, acceptors = 0]) =>
        wasted <= wakeUps && connections >= 10 && acceptors >= 2,
    },
  ],
  'accept-skew': [
    {
      pattern: each('shares [\\d ,…]+ of ([\\d,]+) connections, Gini [\\d.]+'),
      holds: (report) => accepted(report) >= 40,
    },
  ],
  'ineffective-reuseport': [
    {
      pattern:
        /^(?:(?:SO_REUSEPORT was not set on [^;]+|[^;]+: \d+ sockets with SO_REUSEPORT, each with a queue of its own)(?:; )?)+$/,
      holds: (report) => callsNamed(report, /^listen$/) > 0 && callsNamed(report, /^(?:setsockopt|bind)$/) > 0,
    },
  ],
  'epoll-churn': [
    {
      pattern: each('([\\d,]+) epoll_ctl calls? for ([\\d,]+) requests?, (?:.*) for ([\\d,]+) connections?'),
      holds: (report, [changes = 0]) => callsNamed(report, /^epoll_ctl/) >= changes,
    },
  ],
};

function isStrace({ source }: Report): boolean {
  return source.format === 'strace';
}

/** What any reason may deny: where it says so, the report holds nothing of it. */
export const DENIED: readonly Claim[] = [
  { pattern: /No accept call in the trace/, holds: (report) => callsNamed(report, ACCEPT) === 0 },
  { pattern: /No write or send call in the trace/, holds: (report) => callsNamed(report, WRITE) === 0 },
  { pattern: /No close call in the trace/, holds: (report) => callsNamed(report, /^close(?:_range)?$/) === 0 },
  {
    pattern: /No open call in the trace|shows no open calls/,
    holds: (report) => callsNamed(report, /^open(?:at2?)?$/) === 0,
  },
  { pattern: /No futex call in the trace/, holds: (report) => callsNamed(report, /^futex/) === 0 },
  {
    pattern: /No flock, fcntl, semop or futex call in the trace/,
    holds: (report) => callsNamed(report, /^(?:flock|fcntl|semop|futex)/) === 0,
  },
  {
    pattern: /No sync, and no open or write call in the trace/,
    holds: (report) => callsNamed(report, OPEN_OR_WRITE) === 0,
  },
  { pattern: /no ioctl or fcntl call was recorded/, holds: (report) => callsNamed(report, /^(?:ioctl|fcntl)/) === 0 },
  { pattern: /No setsockopt and no bind call/, holds: (report) => callsNamed(report, /^(?:setsockopt|bind)$/) === 0 },
  { pattern: /does not show how listeners were opened/, holds: (report) => callsNamed(report, /^listen$/) === 0 },
  { pattern: /[Nn]o connection was accepted/, holds: (report) => accepted(report) === 0 },
  {
    pattern: /No (?:request was read|request line is readable|request and no)/,
    holds: (report) => requests(report) === 0,
  },
  { pattern: /has no times/, holds: (report) => report.source.flags.timestamps === 'none' },
  { pattern: /no durations of calls/, holds: (report) => !report.source.flags.durations },
  { pattern: /No sync workers seen/, holds: (report) => !report.workers.some(({ role }) => role === 'sync-worker') },
  {
    pattern: /No event[- ]loops?(?: workers| and no sync worker)? seen$/,
    holds: (report) => !report.workers.some(({ role }) => role === 'event-loop'),
  },
  {
    pattern: /No wait for another service is in the capture/,
    holds: (report) => report.dependencies.length === 0,
  },
  {
    pattern: /No call is open at the end of the capture/,
    holds: (report) => report.workers.every(({ atEnd }) => atEnd === null),
  },
  {
    pattern: /^([\d,]+) calls? that came back: too few to judge/,
    holds: (report, [calls = 0]) => calls <= all(report) && calls >= all(report) - most(report),
  },
];

/** What is untrue of the reasons in a report, a sentence each. */
export function untrueReasons(report: Report): string[] {
  // What there was no room to list cannot be added up.
  if (report.omitted !== undefined) return [];
  const complaints: string[] = [];
  for (const [name, outcome] of Object.entries(report.outcomes)) {
    if (outcome === undefined) continue;
    const { status, reason } = outcome;
    const said = `${name} is ${status}: ${reason}`;
    const claims = CLEAR[name as Kind];
    if (status === 'clear' && claims !== undefined) {
      const claim = claims.find(({ pattern }) => pattern.test(reason));
      if (claim === undefined) complaints.push(`no known reason to be clear: ${said}`);
      else if (!claim.holds(report, numbersOf(claim, reason))) complaints.push(`untrue: ${said}`);
    }
    for (const claim of DENIED)
      if (claim.pattern.test(reason) && !claim.holds(report, numbersOf(claim, reason)))
        complaints.push(`denies what the report holds: ${said}`);
  }
  return complaints;
}

function numbersOf({ pattern }: Claim, reason: string): number[] {
  const [, ...groups] = pattern.exec(reason) ?? [];
  return groups.map((group) => Number((group ?? '0').replaceAll(',', '')));
}
