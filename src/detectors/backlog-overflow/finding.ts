import type { Listener } from '../../model/machine/listener.ts';
import { pidsOf } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { count, duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import { subjectsOf } from '../accept-queues/accept-queues.ts';
import { cutTitle } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, type DraftStep, ofCause } from '../finding.ts';
import { seeCode } from '../see-code.ts';
import { millisecondsAt } from '../words.ts';
import type { Flood } from './floods.ts';
import type { Metrics } from './metrics.ts';

const SHOWN = 20;

/** The finding about one listener whose queue was full at least once, or (`wasFull` is false) nearly. */
export function finding(
  { model }: Context,
  listener: Listener,
  limit: number,
  full: readonly Flood[],
  wasFull: boolean,
): DraftFinding<Metrics> {
  const { name, openedLine } = listener;
  const worst = full.reduce((most, flood) => (flood.accepted > most.accepted ? flood : most));
  const away = worst.start - worst.since;
  const workers = pidsOf(new Set(full.flatMap(({ threads }) => [...threads])));
  const again = full.length === 1 ? '' : ` ${count(full.length)} times the queue was full or nearly full.`;
  return {
    severity: wasFull ? 'critical' : 'warning',
    confidence: wasFull ? 'likely' : 'possible',
    title: cutTitle(
      `Queue of ${name} ${wasFull ? 'full' : 'nearly full'}: ${count(worst.accepted)} waiting, ` +
        `backlog ${count(limit)}`,
    ),
    summary:
      `Nobody accepted from ${name} for ${duration(away)}; then ${plural(worst.accepted, 'connection')} were ` +
      `accepted within ${duration(worst.end - worst.start)}. With a backlog of ${count(limit)} the kernel queues ` +
      `${count(limit + 1)}.${again}`,
    why:
      'While the queue is full the kernel drops new connections. The client tries again after 1 s, 3 s and 7 s: ' +
      'pages take whole seconds. Neither the log of the server nor this trace shows the dropped connections.',
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
        fromMs: millisecondsAt(model, since),
        startMs: millisecondsAt(model, start),
        endMs: millisecondsAt(model, end),
        accepted,
      })),
    },
    evidence: [...worst.lines, openedLine].filter((line) => line !== null),
    next: adviceFor(limit, [...worst.threads][0] ?? null),
    subjects: subjectsOf([listener], workers),
  };
}

function adviceFor(limit: number, thread: Thread | null): DraftStep[] {
  return [
    ...(thread === null
      ? []
      : [ofCause(seeCode(thread.process, 'See the code of a worker while the queue is full: it does not accept.'))]),
    {
      text: 'See whether the kernel dropped connections: the counters grow with each one.',
      command: 'nstat -az TcpExtListenOverflows TcpExtListenDrops; ss -ltn',
    },
    {
      text:
        `Raise the backlog of ${count(limit)} (gunicorn --backlog, listen() in own code), so that a short stall ` +
        'drops nobody.',
      needs: 'net.core.somaxconn at least as large: the smaller of the two counts',
      caveat:
        'A longer queue only makes clients wait longer, and those at its end may have left before a worker accepts. ' +
        'You have to restart the server.',
    },
  ];
}
