import type { QueueTaken } from '../../model/facts.ts';
import type { Listener } from '../../model/listeners.ts';
import { pidsOf } from '../../model/roles.ts';
import { MILLISECOND } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import type { Conclusion, DraftFinding, Outcome, Step } from '../finding.ts';
import { moment } from '../moment.ts';
import { count, duration, milliseconds, plural } from '../words.ts';
import { type Flood, Floods } from './floods.ts';

const SHOWN = 20;
/** `net.core.somaxconn` since Linux 5.4: a longer backlog is cut to it. */
const SOMAXCONN = 4096;
/** A queue taken within this part of the time in which it grew holds few that came while it was being taken. */
const AT_ONCE = 0.25;

export const backlogOverflow: DetectorDefinition = {
  kind: 'backlog-overflow',
  title: 'The queue of the listener was full, or nearly',
  thresholds: ['backlog-share', 'backlog-min-connections', 'stall-ms'],
  create(context): Detector {
    const queues = new Map<Listener, Floods>();
    const together = context.threshold('stall-ms') * MILLISECOND;
    return {
      on: {
        queueTaken(taken: QueueTaken) {
          const known = queues.get(taken.listener) ?? new Floods(together);
          queues.set(taken.listener, known);
          known.add(taken);
        },
      },
      conclude: () => conclude(context, queues),
    };
  },
};

function conclude(context: Context, queues: ReadonlyMap<Listener, Floods>): Conclusion {
  const { model, capabilities } = context;
  if (!capabilities.times || !capabilities.durations) return missing('The capture does not tell how long calls took. Record with -ttt -T.');
  const known = model.listeners.all.filter(({ backlog }) => backlog >= 0);
  if (known.length === 0)
    return missing(
      'The capture does not show listen() and so no backlog: start the server under strace, or read Send-Q of its port in ss -ltn',
    );
  const findings: DraftFinding[] = [];
  const reasons = new Set<string>();
  for (const listener of known) {
    const floods = queues.get(listener);
    const limit = Math.min(listener.backlog, SOMAXCONN);
    const enough = Math.max(limit * context.threshold('backlog-share'), context.threshold('backlog-min-connections'));
    const full = floods?.ofAtLeast(enough) ?? [];
    if (full.length > 0) findings.push(finding(context, listener, limit, full));
    else
      reasons.add(
        `${listener.name}: ${plural(floods?.most ?? 0, 'connection')} at most had queued up while nobody looked, backlog ${count(limit)}`,
      );
  }
  if (findings.length === 0) return { outcome: { status: 'clear', reason: [...reasons].slice(0, 8).join('; ') }, findings };
  return { outcome: { status: 'found', reason: `${plural(findings.length, 'listener')} whose queue was full, or nearly` }, findings };
}

function missing(reason: string): { outcome: Outcome; findings: [] } {
  return { outcome: { status: 'not-applicable', reason }, findings: [] };
}

function finding({ model }: Context, listener: Listener, limit: number, full: readonly Flood[]): DraftFinding {
  const { name, openedLine } = listener;
  const worst = full.reduce((most, flood) => (flood.accepted > most.accepted ? flood : most));
  const away = worst.start - worst.since;
  const wasFull = full.some((flood) => isOver(flood, limit));
  const workers = pidsOf(new Set(full.flatMap(({ threads }) => [...threads])));
  const again = full.length === 1 ? '' : ` ${count(full.length)} times it was full or nearly.`;
  return {
    kind: 'backlog-overflow',
    severity: wasFull ? 'critical' : 'warning',
    sureness: wasFull ? 'likely' : 'possible',
    title: `Queue of ${name} ${wasFull ? 'full' : 'nearly full'}: ${count(worst.accepted)} waiting, backlog ${count(limit)}`.slice(0, 78),
    summary: `Nobody looked at ${name} for ${duration(away)}; then ${plural(worst.accepted, 'connection')} were accepted within ${duration(worst.end - worst.start)}. With a backlog of ${count(limit)} the kernel queues ${count(limit + 1)}.${again}`,
    why: 'While the queue is full the kernel drops what comes. The client tries again after 1 s, then 3 s and 7 s: people see pages that take whole seconds, and neither the log of the server nor this trace shows the ones that were dropped.',
    start: Math.min(...full.map(({ since }) => since)),
    end: Math.max(...full.map(({ end }) => end)),
    openEnded: false,
    workers,
    metrics: {
      listener: name,
      backlog: listener.backlog,
      limit,
      count: full.length,
      most: worst.accepted,
      awayMs: milliseconds(away),
      floods: full.slice(-SHOWN).map(({ since, start, end, accepted }) => ({
        fromMs: moment(model, since),
        startMs: moment(model, start),
        endMs: moment(model, end),
        accepted,
      })),
    },
    evidence: [...worst.lines, openedLine].filter((line) => line !== null),
    next: adviceFor(limit),
    subjects: [`listener ${listener.id}`, ...workers.map((pid) => `pid ${pid}`)],
  };
}

/** More than the queue holds, in so short a time that few of them can have come later. */
function isOver({ accepted, since, start, end }: Flood, limit: number): boolean {
  return accepted > limit && end - start <= AT_ONCE * (start - since);
}

function adviceFor(limit: number): Step[] {
  return [
    { text: 'Fix what kept the workers from accepting: see the stalls in this report. A longer queue only makes clients wait longer.' },
    {
      text: 'See whether the kernel dropped connections: the counters grow with each one.',
      command: 'nstat -az TcpExtListenOverflows TcpExtListenDrops; ss -ltn',
    },
    {
      text: `Raise the backlog of ${count(limit)} (gunicorn --backlog, listen() in own code), so that a short stall drops nobody.`,
      needs: 'net.core.somaxconn as large: the smaller of the two counts',
      caveat: 'The server has to be started again; those at the end of a long queue may have left when their turn comes.',
    },
  ];
}
