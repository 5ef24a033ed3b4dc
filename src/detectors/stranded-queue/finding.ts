import type { QueueTaken } from '../../model/facts.ts';
import type { Listener } from '../../model/machine/listener.ts';
import type { Process } from '../../model/machine/process.ts';
import { pidsOf } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';
import { duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import { serverOf, subjectsOf } from '../accept-queues/accept-queues.ts';
import { cutTitle } from '../cut-title.ts';
import { largestOf } from '../extremes.ts';
import { type DraftFinding, type DraftStep, ofCause } from '../finding.ts';
import { seeCode } from '../see-code.ts';
import { millisecondsAt, workerName } from '../words.ts';
import type { Metrics } from './metrics.ts';

const SHOWN = 20;

const EVIDENCE = 6;

/** A queue that was left alone while these workers were free. */
export interface Stranded extends QueueTaken {
  readonly free: readonly Thread[];
}

/** The finding about one address. `isBusy`: sync workers, which are in a request rather than stalled. */
export function finding(
  model: Model,
  name: string,
  queues: ReadonlyMap<Listener, readonly Thread[]>,
  stranded: readonly Stranded[],
  connections: number,
  isBusy: boolean,
): DraftFinding<Metrics> {
  const stalled = isBusy ? 'busy' : 'stalled';
  const longest = (left: Stranded): Nanoseconds => left.start - left.since;
  const worst = stranded.reduce((most, left) =>
    left.accepted * longest(left) > most.accepted * longest(most) ? left : most,
  );
  const workers = pidsOf(new Set(stranded.map(({ thread }) => thread)));
  const others = pidsOf(worst.free).slice(0, 4).join(', ');
  const server = serverOf([...queues.values()].flat());
  return {
    severity: 'warning',
    confidence: 'likely',
    title: cutTitle(
      `${plural(connections, 'connection')} waited up to ${duration(largestOf(stranded.map(longest)))} on a ` +
        `${stalled} worker; others were free`,
    ),
    summary:
      `Each of ${queues.size} workers has a queue of its own for ${name}. ` +
      `${stranded.length === 1 ? 'Once' : plural(stranded.length, 'time')} a worker did not accept from its queue ` +
      `while another was free; ${plural(connections, 'connection')} had queued up there. ` +
      `At worst ${plural(worst.accepted, 'connection')} waited for up to ${duration(longest(worst))} on ` +
      `${workerName(worst.thread.process.pid).toLowerCase()} while ` +
      `${worst.free.length === 1 ? `worker ${others} was` : `workers ${others} were`} free.`,
    why:
      'With SO_REUSEPORT the kernel picks the queue when a connection comes, and never moves the connection: an ' +
      `idle worker cannot take connections that wait for a ${stalled} worker.`,
    start: Math.min(...stranded.map(({ since }) => since)),
    end: Math.max(...stranded.map(({ end }) => end)),
    openEnded: false,
    workers,
    metrics: {
      listener: name,
      queues: queues.size,
      count: stranded.length,
      connections,
      longestMs: milliseconds(largestOf(stranded.map(longest))),
      stranded: stranded.slice(-SHOWN).map((left) => ({
        pid: left.thread.process.pid,
        startMs: millisecondsAt(model, left.since),
        endMs: millisecondsAt(model, left.start),
        connections: left.accepted,
        free: pidsOf(left.free),
      })),
    },
    evidence: [worst.line, ...stranded.filter((left) => left !== worst).map(({ line }) => line)].slice(0, EVIDENCE),
    next: adviceFor(server, isBusy, worst.thread.process),
    subjects: subjectsOf(queues.keys(), workers),
  };
}

function adviceFor(server: string, isBusy: boolean, process: Process): DraftStep[] {
  const share = server.startsWith('gunicorn')
    ? 'start gunicorn without --reuse-port.'
    : 'let the workers share one listening socket.';
  const caveat =
    'A shared queue wakes every idle worker for each connection (a herd) unless the server registers it with ' +
    'EPOLLEXCLUSIVE.';
  const cures: DraftStep[] = isBusy
    ? [
        {
          text: `Give all workers one queue: ${share} The next free worker then takes the connection.`,
          caveat,
        },
      ]
    : [
        ofCause(seeCode(process, 'See the code of the worker that stalls.')),
        { text: `Where stalls cannot be avoided, ${share} The next free worker then takes the connection.`, caveat },
      ];
  return [
    ...cures,
    {
      text: 'See the length of each queue while it happens: Recv-Q of the LISTEN rows.',
      command: 'ss -ltnp',
      needs: 'root, to see the pids',
    },
  ];
}
