import type { AcceptError, DroppedConnection } from '../../model/facts.ts';
import type { Listener } from '../../model/listeners.ts';
import type { Process } from '../../model/process.ts';
import type { KeptLine } from '../../model/turn.ts';
import { earlier, later, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import type { Conclusion, DraftFinding, Step } from '../finding.ts';
import { moment } from '../moment.ts';
import { count, duration, plural } from '../words.ts';

const EVIDENCE = 6;

/** What went wrong on one accept queue. */
interface Trouble {
  readonly errors: Map<string, number>;
  readonly workers: Set<Process>;
  total: number;
  dropped: number;
  first: Nanoseconds;
  last: Nanoseconds;
  /** What the process held open when it failed first, by kind. */
  readonly census: Readonly<Record<string, number>>;
  readonly lines: KeptLine[];
}

export const acceptErrors: DetectorDefinition = {
  kind: 'accept-errors',
  title: 'Connections cannot be accepted for want of descriptors or memory',
  thresholds: [],
  create(context): Detector {
    const troubles = new Map<Listener, Trouble>();
    return {
      on: {
        acceptError(fact: AcceptError) {
          const { listener, error, time, line, thread } = fact;
          const trouble = troubles.get(listener) ?? begin(fact);
          troubles.set(listener, trouble);
          trouble.total++;
          trouble.errors.set(error, (trouble.errors.get(error) ?? 0) + 1);
          trouble.workers.add(thread.process);
          trouble.first = earlier(trouble.first, time);
          trouble.last = later(trouble.last, time);
          if (trouble.lines.length < EVIDENCE) trouble.lines.push(line);
        },
        droppedConnection({ connection }: DroppedConnection) {
          const trouble = connection.listener === null ? undefined : troubles.get(connection.listener);
          if (trouble !== undefined) trouble.dropped++;
        },
      },
      conclude: () => conclude(context, troubles),
    };
  },
};

function begin({ thread, time }: AcceptError): Trouble {
  const kinds = new Map<string, number>();
  for (const [, { kind }] of thread.process.descriptors.entries()) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  const census = Object.fromEntries([...kinds].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return { errors: new Map(), workers: new Set(), total: 0, dropped: 0, first: time, last: time, census, lines: [] };
}

function conclude(context: Context, troubles: ReadonlyMap<Listener, Trouble>): Conclusion {
  const findings = [...troubles].map(([listener, trouble]) => finding(context, listener, trouble));
  if (findings.length > 0)
    return {
      outcome: { status: 'found', reason: `${plural(findings.length, 'listener')} on which accept failed for want of something` },
      findings,
    };
  const accepts = context.model.statistics.all().filter(({ syscall }) => syscall.family === 'accept');
  if (accepts.length === 0) return { outcome: { status: 'not-applicable', reason: 'No accept call in the trace' }, findings };
  const calls = accepts.reduce((sum, each) => sum + each.count, 0);
  return {
    outcome: { status: 'clear', reason: `none of ${plural(calls, 'accept call')} failed with EMFILE, ENFILE, ENOBUFS or ENOMEM` },
    findings,
  };
}

function finding(context: Context, listener: Listener, trouble: Trouble): DraftFinding {
  const { times } = context.capabilities;
  const { errors, total, dropped, first, last, census, workers } = trouble;
  const named = [...errors].toSorted((a, b) => b[1] - a[1]);
  const [[worst = ''] = []] = named;
  const span = times && last > first ? ` within ${duration(last - first)}` : '';
  const lost =
    dropped > 0 ? ` ${plural(dropped, 'connection')} after that ${dropped === 1 ? 'was' : 'were'} accepted and closed unread.` : '';
  const held = Object.entries(census)
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, 3)
    .map(([kind, number]) => `${count(number)} ${kind}`)
    .join(', ');
  return {
    kind: 'accept-errors',
    severity: 'critical',
    sureness: 'likely',
    title: `Accept failed ${count(total)} times on ${listener.name}: ${worst}`.slice(0, 78),
    summary: `${plural(total, 'accept')} on ${listener.name} failed${span} (${named.map(([error, number]) => `${count(number)} ${error}`).join(', ')}).${lost}${held === '' ? '' : ` Open in the worker at the first failure, as far as the trace shows: ${held}.`}`,
    why: 'New clients wait in the queue, or are dropped, until something is closed. Some servers back off for up to a second after each failure, others try again at once and burn a core.',
    start: times ? first : UNKNOWN,
    end: times ? last : UNKNOWN,
    openEnded: false,
    workers: [...workers].map((process) => process.pid),
    metrics: {
      listener: listener.name,
      count: total,
      errors: Object.fromEntries(named),
      dropped,
      firstMs: times ? moment(context.model, first) : null,
      lastMs: times ? moment(context.model, last) : null,
      openDescriptors: census,
    },
    evidence: trouble.lines,
    next: adviceFor(worst, [...workers][0]?.pid ?? 0),
    nextWhile: { 'fd-leak': [FIX_THE_LEAK] },
    subjects: [`listener ${listener.id}`, ...[...workers].map(({ pid }) => `pid ${pid}`)],
  };
}

const FIX_THE_LEAK: Step = {
  text: 'Close what the leak in this report leaves open: descriptors that nobody closes fill any limit, and a higher one only later.',
};

function adviceFor(error: string, pid: number): Step[] {
  const worker = pid === 0 ? 'PID' : String(pid);
  if (error === 'EMFILE' || error === 'ENFILE') {
    return [
      {
        text: 'See how many descriptors the worker holds, of what kind, and its limit.',
        command: `ls -l /proc/${worker}/fd | wc -l; grep files /proc/${worker}/limits`,
      },
      {
        text:
          error === 'EMFILE'
            ? 'If they are connections in use, raise the limit (LimitNOFILE of the systemd unit, ulimit -n) or lower the connections a worker may hold; if they only grow, look for what never closes.'
            : 'The limit of the whole machine is reached: raise fs.file-max, or find the process that holds most.',
        caveat:
          'A higher limit only delays a leak. libuv (node, uvloop) closes new connections unread at the limit, without a word in its log.',
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
