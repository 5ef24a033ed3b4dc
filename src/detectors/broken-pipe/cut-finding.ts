import { pidsOf } from '../../model/machine/roles.ts';
import { duration, plural } from '../../trace/format-numbers.ts';
import { elapsed } from '../../trace/time.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, type Severity, type Step, span } from '../finding.ts';
import { millisecondsAt } from '../words.ts';
import { errorsOf, evidenceOf, SHOWN } from './finding.ts';
import type { Metrics } from './metrics.ts';
import type { Tally } from './tally.ts';
import { UNDATED } from './undated.ts';

/**
 * The finding about replies whose clients left while they went on: streams and downloads. Nobody waited for them, so
 * there is no age to divide.
 */
export function cutFinding(
  { model, capabilities }: Context,
  tally: Tally,
  requests: number,
  severity: Severity,
): DraftFinding<Metrics> {
  const { times } = capabilities;
  const replies = tally.kept.toSorted((a, b) => a.time - b.time);
  const lasting = replies.map(({ request, time }) => elapsed(request?.answeredAt ?? time, time));
  const longest = replies[lasting.indexOf(Math.max(...lasting))] ?? replies[0];
  if (longest === undefined) throw new Error('a tally holds one failed write at least');
  const lasted = `; the longest, ${longest.request?.name ?? ''}, had gone on for ${duration(Math.max(...lasting))}`;
  const died = replies.filter(({ fatal }) => fatal).length;
  const moments = replies.map(({ time }) => time);
  return {
    severity,
    confidence: 'likely',
    title: `${plural(tally.count, 'client')} left in the middle of a reply`,
    summary:
      `${plural(tally.count, 'client')} closed the connection while a reply went on (${errorsOf(tally)}), as a ` +
      `client does that ends a stream or a download${times ? lasted : ''}.` +
      (died > 0 ? ` ${plural(died, 'worker was', 'workers were')} killed by SIGPIPE.` : ''),
    why: 'A client may end a stream when it has seen enough. The server notices when it writes the next piece.',
    ...span(capabilities, Math.min(...moments), Math.max(...moments)),
    openEnded: false,
    workers: pidsOf(replies.map(({ thread }) => thread)),
    metrics: {
      count: tally.count,
      target: 'client',
      requests,
      replies: replies.slice(0, SHOWN).map((failure) => ({
        ...UNDATED,
        pid: failure.thread.process.pid,
        fd: failure.fd < 0 ? null : failure.fd,
        errno: failure.error,
        signal: failure.signal,
        peer: failure.connection?.peer ?? '',
        request: failure.request?.line ?? '',
        atMs: times ? millisecondsAt(model, failure.time) : null,
        fatal: failure.fatal,
        cut: true,
      })),
    },
    evidence: evidenceOf(longest, replies),
    next: ADVICE,
    subjects: [...new Set(replies.map(({ thread }) => `pid ${thread.process.pid}`))],
  };
}

const ADVICE: readonly Step[] = [
  {
    text: 'Were these streams (events, WebSockets)? Then clients leave when they like, and nothing is to be done.',
  },
  {
    text: 'For downloads, compare how long they had gone on with the time limits of clients and proxies.',
  },
];
