import type { CallTotals } from '../../model/measuring/call-statistics.ts';
import { type Failures, NO_ANSWER } from '../../model/topics/failures/failure-tracker.ts';
import { count, plural, ratio, round } from '../../trace/format-numbers.ts';
import { groupedBy } from '../../trace/grouped-by.ts';
import { shellWord } from '../../trace/shell-word.ts';
import { SECOND } from '../../trace/time.ts';
import { listensThere } from '../ask-there.ts';
import { cutTitle, LONGEST_TITLE } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, type Severity, type Step, span } from '../finding.ts';
import { shorterTargets } from '../short-path.ts';
import { peerSubjects } from '../words.ts';
import type { Metrics } from './metrics.ts';

/** What a storm means. */
export type Meaning =
  | 'refused'
  | 'unnamed'
  | 'full'
  | 'descriptors'
  | 'wait'
  | 'search'
  | 'unread'
  | 'accept'
  | 'other';

/** Failures of one call with one error, on one target where that is told. */
export interface Storm {
  readonly meaning: Meaning;
  readonly call: string;
  /** '' where a table does not name it. */
  readonly errno: string;
  readonly failed: number;
  readonly total: number;
  readonly target: string;
  readonly serving: boolean;
  readonly failures: Failures | null;
  readonly row: CallTotals | null;
}

const MOST = 20;
const MOST_LINES = 6;
const MOST_NAMED = 4;

/** What fails, how often, and what that means. */
export function finding(context: Context, storms: readonly Storm[]): DraftFinding<Metrics> {
  const { model, capabilities } = context;
  const [worst] = storms;
  if (worst === undefined) throw new Error('a group has a storm at least');
  const seconds = capabilities.times ? (model.lastTime - model.firstTime) / SECOND : 0;
  const failed = failedOf(storms);
  const pids = [...new Set(storms.flatMap(({ failures }) => [...(failures?.pids ?? [])]))].filter((pid) => pid > 0);
  const first = Math.min(...storms.map(({ failures }) => failures?.first ?? model.firstTime));
  const last = Math.max(...storms.map(({ failures }) => failures?.last ?? model.lastTime));
  return {
    severity: severityOf(worst, storms),
    confidence: worst.errno === '' ? 'possible' : 'likely',
    title: titleOf(worst, storms, failed),
    summary: summaryOf(worst, storms, seconds),
    why: whyOf(worst),
    ...span(capabilities, first, last),
    openEnded: false,
    workers: pids.slice(0, MOST),
    metrics: {
      storms: storms.slice(0, MOST).map((storm) => ({
        call: storm.call,
        errno: storm.errno === '' ? null : storm.errno,
        failed: storm.failed,
        total: storm.total,
        perSecond: seconds > 0 ? round(storm.failed / seconds, 1) : null,
        target: storm.target === '' ? null : storm.target,
      })),
      failed,
    },
    evidence: storms
      .flatMap(({ failures, row, errno }) => failures?.lines ?? row?.examples.get(errno) ?? [])
      .slice(0, MOST_LINES),
    next: NEXT[worst.meaning](worst, worst.meaning === 'full' ? folderOf(worst, storms) : ''),
    subjects: [
      ...pids.slice(0, MOST).map((pid) => `pid ${pid}`),
      ...peerSubjects(storms.filter(({ call }) => call === 'connect').map(({ target }) => target)),
    ],
  };
}

const failedOf = (storms: readonly Storm[]): number => storms.reduce((sum, { failed }) => sum + failed, 0);

function severityOf({ meaning, total }: Storm, storms: readonly Storm[]): Severity {
  if (meaning === 'full') return storms.some(({ serving }) => serving) ? 'critical' : 'warning';
  if (meaning === 'descriptors' || meaning === 'wait') return 'warning';
  // All of a group are tries of one address, whatever their error.
  // Whoever logs, or asks a cache of names, goes on without it.
  if (storms.every(isMissingDaemon)) return 'info';
  if (meaning === 'refused') return failedOf(storms) * 2 >= total ? 'warning' : 'info';
  return 'info';
}

/** Nobody runs the local daemon that libraries ask for by habit, as in most containers. */
const isMissingDaemon = ({ meaning, target, errno }: Storm): boolean =>
  meaning === 'refused' && errno === 'ENOENT' && (target === SYSLOG || NAME_CACHE.test(target));

const SYSLOG = 'unix:/dev/log';
const NAME_CACHE = /^unix:.*\/(?:nscd\/socket|io\.systemd\.Resolve)$/;

const times = ({ failed, total }: Storm): string => `${count(failed)} of ${plural(total, 'time')}`;
const onWhat = ({ target }: Storm): string =>
  target === '' ? '' : ` ${target.startsWith('/') ? 'on' : 'to'} ${target}`;
const errorOf = ({ errno }: Storm): string =>
  errno === '' ? '' : errno === NO_ANSWER ? ' without an answer: the program gave up' : ` with ${errno}`;

/** What is full, in the words of an operator. */
const FULL: Readonly<Record<string, string>> = {
  ENOSPC: 'No space is left on the disk',
  EDQUOT: 'The disk quota is used up',
  EROFS: 'The file system is read-only',
  EIO: 'The disk fails',
};

/** The folder that all files are in whose writes failed with the error of the worst; '' where there is none but `/`. */
function folderOf({ errno }: Storm, storms: readonly Storm[]): string {
  const targets = storms.filter((storm) => storm.errno === errno).map(({ target }) => target);
  if (targets.some((target) => !target.startsWith('/'))) return '';
  const folders = targets.map((target) => target.split('/').slice(1, -1));
  const [first = []] = folders;
  const same = first.findIndex((name, index) => folders.some((other) => other[index] !== name));
  return same === 0 || first.length === 0 ? '' : `/${first.slice(0, same < 0 ? first.length : same).join('/')}`;
}

/** The target is shortened before a figure gives way; half of a name may be half of a secret. */
function fullTitle(worst: Storm, storms: readonly Storm[], failed: number): string {
  const { call, target, errno } = worst;
  const start = `${FULL[errno] ?? errno}: ${failed === 1 ? call : `${count(failed)} calls`} failed with ${errno}`;
  const folder = folderOf(worst, storms);
  const isOne = storms.every((storm) => storm.target === target);
  const where = isOne ? { on: ' on ', target } : { on: folder === '' ? ', one on ' : ' in ', target: folder || target };
  const ways = where.target === '' ? [] : shorterTargets(where.target).map((name) => `${start}${where.on}${name}`);
  return ways.find((way) => way.length <= LONGEST_TITLE && !CUT_NAME.test(way)) ?? cutTitle(start);
}

/** A name that lost its middle. */
const CUT_NAME = /[^/ ]…/;

function titleOf(worst: Storm, storms: readonly Storm[], failed: number): string {
  const { call, target, errno } = worst;
  const on = target === '' ? '' : ` to ${target}`;
  if (worst.meaning === 'full') return fullTitle(worst, storms, failed);
  const title =
    `${worst.meaning === 'descriptors' ? 'No descriptor is left: ' : ''}${call}${on} failed ${times(worst)}` +
    (errno === '' ? '' : `: ${errno}`);
  return cutTitle(title);
}

/** Thousands a second need no fractions. */
const rateOf = (perSecond: number): string => (perSecond < 100 ? ratio(perSecond) : count(Math.round(perSecond)));

function summaryOf(worst: Storm, storms: readonly Storm[], seconds: number): string {
  const parts = worst.meaning === 'full' ? partsOfFull(storms) : storms.map(partOf);
  const named = parts.slice(0, MOST_NAMED);
  const more = parts.length - named.length;
  const failed = failedOf(storms);
  const rate = seconds > 0 && failed > 1 ? ` That is ${rateOf(failed / seconds)} a second.` : '';
  const doubt = worst.errno === '' ? ' The table does not say with which error.' : '';
  return `${named.join('; ')}${more > 0 ? `; and ${plural(more, 'other call', 'other calls')}` : ''}.${rate}${doubt}`;
}

/** Failed writes, a part for each call and folder: a full disk fails on each file once. */
function partsOfFull(storms: readonly Storm[]): readonly string[] {
  const groups = groupedBy(storms, ({ call, errno, target }) => `${call} ${errno} ${folderOfPath(target)}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { call, errno, target } = first;
    const folder = folderOfPath(target);
    if (group.length === 1 || folder === '') return group.map(partOf);
    return [
      `${call} failed ${plural(failedOf(group), 'time')} with ${errno} on ${count(group.length)} files in ${folder}, ` +
        `such as ${target.slice(folder.length + 1)}`,
    ];
  });
}

const folderOfPath = (path: string): string => (path.startsWith('/') ? path.slice(0, path.lastIndexOf('/')) : '');

const partOf = (storm: Storm): string =>
  `${storm.call}${onWhat(storm)} failed ${storm.total === 1 ? 'once' : times(storm)}${errorOf(storm)}`;

const WHY: Readonly<Record<Meaning, string>> = {
  refused:
    'Each failed try delays the request that needs the answer. A program that tries again at once loads both sides.',
  unnamed:
    'In a healthy server, too, a connect that does not wait fails with EINPROGRESS, and a library that asks for a ' +
    'local daemon with ENOENT. The table does not tell them from refused connects.',
  full:
    'The data that should be written is lost. A program that does not expect the error stops, or answers with ' +
    'errors.',
  descriptors:
    'The process has as many descriptors open as it may, or the whole host has: no file, no connection and no name ' +
    'server can be opened until some are closed.',
  wait:
    'A wait that fails returns at once: a loop that repeats it uses a whole core, and never notices ' +
    'what it should wait for.',
  search:
    'Each search costs a call into the kernel; along a long path of folders they add up on every request or start.',
  unread: 'The other end does not read: the buffer is full, and the writer has to wait or to keep the data.',
  accept:
    'An accept that finds no connection is wasted: either every worker wakes for each connection, or a loop asks ' +
    'until the queue is empty.',
  other: 'A call that fails each time does no work, but it costs time.',
};

/** The kernel of this host refuses, before it asks anybody. */
const NO_LOCAL_END = 'EADDRNOTAVAIL';

const isSyslog = ({ target, errno }: Storm): boolean => target === SYSLOG && errno === 'ENOENT';

function whyOf(storm: Storm): string {
  if (isSyslog(storm))
    return 'No syslog daemon runs here, as in most containers: what this program logs is lost, and requests go on.';
  if (storm.meaning === 'refused' && storm.errno === NO_LOCAL_END)
    return (
      'This host has no free port for one more connection to that address, or no address from which to reach it. ' +
      'The service is not asked at all: each request that needs it fails until ports are free.'
    );
  return WHY[storm.meaning];
}

const SEE_LOG: readonly Step[] = [
  {
    text: 'Let the program log to its standard error, or run a syslog daemon (rsyslog) whose socket it can reach.',
    command: 'ls -l /dev/log',
  },
];

const LOCAL_END: readonly Step[] = [
  {
    text: 'See how many ports are in use, and how many there are. Connections in TIME-WAIT hold a port for a minute.',
    command: "ss -tan | awk '{print $1}' | sort | uniq -c; sysctl net.ipv4.ip_local_port_range",
  },
  {
    text: 'Keep connections to that service open (keep-alive, a pool) in place of a new one for each request.',
    caveat: 'An IPv6 address fails so, too, on a host without IPv6 (ip -6 addr): then name the service by IPv4.',
  },
];

const askThere = ({ target }: Storm): readonly Step[] => [
  target === ''
    ? {
        text: 'Record the calls themselves: only they show to which address, and with which error.',
        command: 'strace -f -ttt -T -y -s 128 -e trace=network -o FILE -p PID',
      }
    : listensThere(target),
  { text: 'Wait longer between tries, and answer without that service meanwhile.' },
];

const NEXT: Readonly<Record<Meaning, (storm: Storm, folder: string) => readonly Step[]>> = {
  refused: (storm) => (isSyslog(storm) ? SEE_LOG : storm.errno === NO_LOCAL_END ? LOCAL_END : askThere(storm)),
  unnamed: (storm) => askThere(storm).slice(0, 1),
  full: ({ errno }, folder) => {
    const place = folder === '' ? '' : ` ${shellWord(folder)}`;
    const disk = folder === '' ? '/' : `"$(findmnt -no TARGET -T${place})"`;
    const mounted = folder === '' ? 'findmnt -O ro' : `findmnt -T${place}`;
    if (errno === 'EIO')
      return [{ text: 'EIO is the disk itself: see what the kernel reports.', command: 'dmesg -T | tail -30' }];
    if (errno === 'EROFS')
      return [
        {
          text: 'See whether the file system is mounted read-only (ro). After an error the kernel does that.',
          command: `${mounted}; dmesg -T | tail -30`,
        },
      ];
    if (errno === 'EDQUOT')
      return [{ text: 'See whose quota is used up.', command: 'repquota -a', needs: 'root, and the quota package' }];
    return [
      {
        text: 'See whether the file system is full (Use% of the first table) or out of inodes (IUse% of the second).',
        command: `df -h${place}; df -i${place}`,
      },
      {
        text: 'Find what takes the room: first logs, and files that are deleted and still open.',
        command: `du -xh ${disk} 2>/dev/null | sort -h | tail -20; lsof -nP +L1`,
        caveat: 'du reads every folder of the file system: on a large one it takes minutes.',
      },
    ];
  },
  descriptors: ({ failures }) => {
    const pid = [...(failures?.pids ?? [])].find((each) => each > 0) ?? 'PID';
    return [
      {
        text: 'See how many descriptors are open, how many may be, and what they are.',
        command: `ls /proc/${pid}/fd | wc -l; grep 'open files' /proc/${pid}/limits; ls -l /proc/${pid}/fd | tail -30`,
      },
      {
        text: 'Close what is not needed, or raise the limit (LimitNOFILE of the unit, ulimit -n).',
        caveat: 'ENFILE is the limit of the host: /proc/sys/fs/file-nr.',
      },
    ];
  },
  wait: ({ errno }) => [
    {
      text:
        errno === 'EBADF' || errno === 'EINVAL'
          ? 'The descriptor of the wait is closed, or is something else by now. Often it was closed twice, or ' +
            'before a fork. See what it is.'
          : 'See what the wait is given.',
      command: 'ls -l /proc/PID/fd',
    },
    { text: 'Restart the process: it does not recover by itself.' },
  ],
  search: () => [
    {
      text:
        'Shorten the search path, or let the program remember where it found what (an opcode cache, an ' +
        'autoloader with a class map).',
    },
    { text: 'See which paths are tried.', command: 'strace -f -e trace=%file -o FILE -p PID' },
  ],
  unread: () => [
    { text: 'See who does not read: Send-Q above 0 shows the connection.', command: 'ss -tnp' },
    {
      text:
        'Wait until the socket is writable (poll, epoll) before the next write, and limit how long a client may ' +
        'take.',
    },
  ],
  accept: () => [
    {
      text: 'Record the calls themselves: only they show who woke for nothing.',
      command: 'strace -f -ttt -T -y -s 128 -o FILE -p PID',
    },
  ],
  other: () => [
    {
      text: 'Record the calls themselves, and look at the arguments.',
      command: 'strace -f -ttt -T -y -s 128 -o FILE -p PID',
    },
  ],
};
