import type { Listener } from '../../model/machine/listener.ts';
import { pidsOf } from '../../model/machine/roles.ts';
import { count, duration, milliseconds } from '../../trace/format-numbers.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import { subjectsOf } from '../accept-queues/accept-queues.ts';
import type { Context } from '../detector.ts';
import type { DraftFinding, Severity } from '../finding.ts';
import { millisecondsAt } from '../words.ts';
import type { Metrics } from './metrics.ts';
import type { Queue } from './queue.ts';

const EVIDENCE = 6;

/** The finding about one listener whose connections waited, or whose clients had left. */
export function finding(
  { model }: Context,
  listener: Listener,
  { delays, deadCount, dead, threads, first, last, longest }: Queue,
  { said, usual, isSlow }: { readonly said: string; readonly usual: Nanoseconds; readonly isSlow: boolean },
  severity: Severity,
): DraftFinding<Metrics> {
  const gone =
    deadCount === 0
      ? ''
      : ` ${deadCount === 1 ? '1 client' : `${count(deadCount)} clients`} had left before the connection was accepted.`;
  return {
    severity,
    confidence: 'likely',
    title: isSlow
      ? `Connections to ${listener.name} wait up to ${duration(usual)} to be accepted`
      : `${deadCount === 1 ? '1 client' : `${count(deadCount)} clients`} of ${listener.name} left before being ` +
        'accepted',
    summary: `${said}.${gone}`,
    why:
      'The kernel completes the connection at once. The client then waits until a worker accepts, and no log of ' +
      'the server shows this wait.',
    start: first,
    end: last,
    openEnded: false,
    workers: pidsOf([...threads]),
    metrics: {
      listener: listener.name,
      connections: delays.count,
      p50Ms: milliseconds(delays.percentile(0.5)),
      p95Ms: milliseconds(usual),
      maxMs: milliseconds(delays.longest),
      count: deadCount,
      deadOnArrival: deadCount,
      dead: dead.map(({ thread, peer, delay, time }) => ({
        pid: thread.process.pid,
        peer,
        waitedMs: milliseconds(delay),
        atMs: millisecondsAt(model, time),
      })),
    },
    evidence: [...(longest === null ? [] : [longest]), ...dead.map(({ line }) => line)].slice(0, EVIDENCE),
    next: [
      {
        text:
          'Look at the findings of this report about stalls and busy workers at the same time: a worker accepts ' +
          'nobody while it is blocked.',
      },
      { text: 'See the queue itself while it happens: Recv-Q of a listener is what waits.', command: 'ss -ltn' },
      {
        text: 'More workers help only if the machine has processors to spare.',
        caveat: 'A longer backlog makes clients wait longer instead of being turned away.',
      },
    ],
    subjects: subjectsOf([listener]),
  };
}
