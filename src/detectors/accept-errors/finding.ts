import type { Listener } from '../../model/machine/listener.ts';
import { count, duration, plural } from '../../trace/format-numbers.ts';
import { subjectsOf } from '../accept-queues/accept-queues.ts';
import { cutTitle } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, type DraftStep, ofCause, type Step, span } from '../finding.ts';
import { millisecondsAt } from '../words.ts';
import type { Metrics } from './metrics.ts';
import type { Trouble } from './trouble.ts';

/** Kinds whose names have no plural. */
const NAMES: Readonly<Record<string, string>> = { epoll: 'epoll set', event: 'event fd' };

/** The finding about one listener on which accept failed for want of something. */
export function finding(context: Context, listener: Listener, trouble: Trouble): DraftFinding<Metrics> {
  const { times } = context.capabilities;
  const { errors, total, dropped, first, last, census, workers } = trouble;
  const named = [...errors].toSorted((a, b) => b[1] - a[1]);
  const [[worst = ''] = []] = named;
  const within = times && last > first ? ` within ${duration(last - first)}` : '';
  const lost =
    dropped > 0
      ? ` ${plural(dropped, 'connection')} after that ${dropped === 1 ? 'was' : 'were'} accepted and closed unread.`
      : '';
  const held = Object.entries(census)
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, 3)
    .map(([kind, number]) => plural(number, NAMES[kind] ?? kind))
    .join(', ');
  return {
    severity: 'critical',
    confidence: 'likely',
    title: cutTitle(`Accept failed ${plural(total, 'time')} on ${listener.name}: ${inWords(worst)}`),
    summary:
      `${plural(total, 'accept')} on ${listener.name} failed${within}` +
      (named.length === 1
        ? ` with ${worst}.`
        : ` (${named.map(([error, number]) => `${count(number)} ${error}`).join(', ')}).`) +
      lost +
      `${held === '' ? '' : ` Open in the worker at the first failure, as far as the trace shows: ${held}.`}`,
    why:
      'New clients wait in the queue, or are dropped, until something is closed. Some servers back off for up to ' +
      'a second after each failure, others try again at once and use a whole core.',
    ...span({ times }, first, last),
    openEnded: false,
    workers: [...workers].map(({ pid }) => pid).filter((pid) => pid !== 0),
    metrics: {
      listener: listener.name,
      count: total,
      errors: Object.fromEntries(named),
      dropped,
      firstMs: times ? millisecondsAt(context.model, first) : null,
      lastMs: times ? millisecondsAt(context.model, last) : null,
      openDescriptors: census,
    },
    evidence: trouble.lines,
    next: adviceFor(worst, [...workers][0]?.pid ?? 0),
    nextWhile: { 'fd-leak': leakFirst(adviceFor(worst, [...workers][0]?.pid ?? 0)) },
    subjects: subjectsOf(
      [listener],
      [...workers].map(({ pid }) => pid),
    ),
  };
}

const WORDS: Readonly<Record<string, string>> = {
  EMFILE: 'too many open files',
  ENFILE: 'too many open files on the host',
  ENOBUFS: 'no memory for the socket',
  ENOMEM: 'no memory',
};

/** `too many open files (EMFILE)`. */
function inWords(error: string): string {
  const words = WORDS[error];
  return words === undefined ? error : `${words} (${error})`;
}

/** What nobody closes reaches any limit, a higher one only later. */
function leakFirst(advice: readonly Step[]): DraftStep[] {
  return advice.slice(0, 1).map(ofCause);
}

function adviceFor(error: string, pid: number): Step[] {
  const worker = pid === 0 ? 'PID' : String(pid);
  if (error === 'EMFILE' || error === 'ENFILE') {
    return [
      {
        text: 'See how many descriptors the worker holds, of what kind, and its limit.',
        command: `ls /proc/${worker}/fd | wc -l; ls -l /proc/${worker}/fd; grep files /proc/${worker}/limits`,
      },
      {
        text:
          error === 'EMFILE'
            ? 'If they are connections in use, raise the limit (LimitNOFILE of the systemd unit, ulimit -n) or ' +
              'lower the connections a worker may hold; if they only grow, look for what never closes.'
            : 'The limit of the whole machine is reached: raise fs.file-max, or find the process that holds most.',
        caveat:
          'If descriptors leak, a higher limit only delays the failure. libuv (node, uvloop) closes new ' +
          'connections unread at the limit, ' +
          'without a word in its log.',
      },
    ];
  }
  return [
    {
      text: 'The kernel had no memory for the socket: look at memory limits of the cgroup and at net.ipv4.tcp_mem.',
      command: 'dmesg | tail; ss -s',
    },
  ];
}
