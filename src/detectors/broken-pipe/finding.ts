import type { KeptLine } from '../../model/evidence.ts';
import type { FailedWrite } from '../../model/facts.ts';
import { describeTarget } from '../../model/machine/descriptors.ts';
import { pidsOf } from '../../model/machine/roles.ts';
import { count, duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import { requestName, shortRequest } from '../../trace/request-shape.ts';
import { cutTitle, LONGEST_TITLE } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, type Severity, span } from '../finding.ts';
import { millisecondsAt } from '../words.ts';
import { clientAdvice, otherAdvice } from './advice.ts';
import type { Metrics, Target } from './metrics.ts';
import { ageOf, behindWhom, type Group, hadAllBegun, NOTABLE, type Tally, upstreamOf, worstOf } from './tally.ts';

/** So many failed writes are listed. */
export const SHOWN = 50;
const SHORT_REQUEST = 24;
/** Less of the age of a reply than that does not explain it. */
const NOTABLE_PART = 0.5;

/** The finding about all failed writes to one kind of target. */
export function finding(
  context: Context,
  target: Target,
  tally: Tally,
  requests: number,
  severity: Severity,
): DraftFinding<Metrics> {
  const replies = tally.kept.toSorted((a, b) => a.time - b.time);
  const worst = worstOf(replies);
  const fatal = replies.filter((failure) => failure.fatal);
  const first = replies[0] ?? worst;
  const last = replies.at(-1) ?? worst;
  const { times } = context.capabilities;
  const mayBeStreams = target === 'client' && !times && hadAllBegun(tally);
  return {
    severity,
    // Where it went is not in the capture.
    confidence: (worst.fd < 0 && target !== 'client') || mayBeStreams ? 'possible' : 'likely',
    title: mayBeStreams
      ? `${plural(tally.count, 'reply', 'replies')} cut off: the client had left`
      : titleOf(target, tally, worst, times),
    summary:
      target === 'client'
        ? clientSummary(tally, worst, requests, fatal.length, times) + (mayBeStreams ? MAY_BE_STREAMS : '')
        : otherSummary(tally, worst, fatal.length),
    why: WHY[target],
    ...span({ times }, first.time, last.time),
    openEnded: false,
    workers: pidsOf(replies.map((failure) => failure.thread)),
    metrics: {
      count: tally.count,
      target,
      requests,
      replies: replies.slice(0, SHOWN).map((failure) => ({
        pid: failure.thread.process.pid,
        fd: failure.fd < 0 ? null : failure.fd,
        errno: failure.error,
        signal: failure.signal,
        target,
        peer: failure.connection?.peer ?? describeTarget(failure.fd, failure.descriptor),
        request: failure.request?.line ?? '',
        ageMs: times && failure.request !== null ? milliseconds(ageOf(failure)) : null,
        ageIsLowerBound: failure.connection !== null && !failure.connection.seenOpening,
        ownMs: times && failure.request !== null ? milliseconds(failure.own) : null,
        waitingMs: times && failure.request !== null ? milliseconds(failure.waiting) : null,
        behindMs: times && failure.request !== null ? milliseconds(failure.behind) : null,
        behind: behindWhom(failure),
        upstream: upstreamOf(failure)?.peer ?? null,
        upstreamMs: times ? upstreamMs(failure) : null,
        atMs: times ? millisecondsAt(context.model, failure.time) : null,
        fatal: failure.fatal,
        cut: false,
      })),
    },
    evidence: evidenceOf(worst, replies),
    next: target === 'client' ? clientAdvice(worst, context) : otherAdvice(target, worst.thread.process.pid),
    subjects: [
      ...new Set(
        replies.flatMap((failure) => [
          `pid ${failure.thread.process.pid}`,
          ...(failure.request?.line ? [`request ${failure.request.line}`] : []),
          ...(behindWhom(failure) === '' ? [] : [`request ${behindWhom(failure)}`]),
        ]),
      ),
    ],
  };
}

const MAY_BE_STREAMS =
  ' Each of them had begun. The capture has no times: it does not tell replies that came too late from streams and ' +
  'downloads that their clients ended.';

function titleOf(target: Target, tally: Tally, worst: FailedWrite, times: boolean): string {
  if (target !== 'client') {
    const where = target === 'unknown' ? describeTarget(worst.fd, worst.descriptor) : NAMES[target];
    return `${plural(tally.count, 'write')}${worst.fd < 0 ? '' : ` to ${where}`} failed: the other end is gone`;
  }
  const whom = behindWhom(worst);
  const upstream = upstreamOf(worst);
  const late = `${plural(tally.count, 'reply', 'replies')} too late`;
  const reason =
    upstream !== null && times
      ? `${duration(upstream.total)} for ${upstream.peer}`
      : whom !== '' && times && worst.behind >= ageOf(worst) * NOTABLE_PART
        ? `${duration(worst.behind)} behind ${whom}`
        : '';
  const name = requestName(worst.request?.name ?? '');
  const ways = [name, shortRequest(name, SHORT_REQUEST)].flatMap((request) => {
    if (request === '' || !times) return [];
    const took = `${request} took ${duration(ageOf(worst))}`;
    return reason === '' ? [`${late} (${took}): the client had left`] : [`${late} (${took}, ${reason})`];
  });
  return (
    ways.find((way) => way.length <= LONGEST_TITLE) ??
    cutTitle(`${late}: the client had left${reason === '' ? '' : `; ${reason}`}`)
  );
}

function otherSummary(tally: Tally, { fd, descriptor }: FailedWrite, fatal: number): string {
  return (
    `${plural(tally.count, 'write')} to ${describeTarget(fd, descriptor)} failed ` +
    `(${errorsOf(tally)}).${fatal > 0 ? ' The process was killed by SIGPIPE.' : ''}`
  );
}

/** `5 EPIPE, 3 ECONNRESET`. */
export function errorsOf({ errors }: Tally): string {
  return [...errors].map(([error, times]) => `${count(times)} ${error}`).join(', ');
}

function clientSummary(tally: Tally, worst: FailedWrite, requests: number, fatal: number, times: boolean): string {
  const base =
    `The reply to ${count(tally.count)} of ${plural(Math.max(requests, tally.count), 'request')} failed ` +
    `(${errorsOf(tally)}).`;
  const died =
    fatal > 0
      ? ` ${plural(fatal, 'worker was', 'workers were')} killed by SIGPIPE.`
      : tally.kept.some(({ signalIgnored }) => signalIgnored)
        ? ' The process ignores SIGPIPE.'
        : tally.kept.some(({ signal }) => signal === 'SIGPIPE')
          ? ' SIGPIPE was delivered and did not end the process.'
          : '';
  if (!times || worst.request === null) return base + died;
  const bound = worst.connection?.seenOpening === false ? 'at least ' : '';
  const whom = behindWhom(worst);
  const longest =
    whom === ''
      ? ''
      : ` (the longest: ${duration((worst.longest?.end ?? 0) - (worst.longest?.start ?? 0))} of ${whom})`;
  const behind = worst.behind < NOTABLE ? '' : `, ${duration(worst.behind)} behind other work${longest}`;
  return (
    `${base} The worst, ${worst.request.name}, was ${bound}${duration(ageOf(worst))} old: ` +
    `${spentOf(worst)}${behind}.${died}`
  );
}

/** Its own work and its waits, and whom it waited for. */
function spentOf(worst: FailedWrite): string {
  const { own, waiting } = worst;
  const upstream = upstreamOf(worst);
  if (upstream === null) return `${duration(own)} of work, ${duration(waiting)} of waiting`;
  const { peer, total } = upstream;
  const answer = `${duration(total)} of it for an answer from ${peer}`;
  return waiting >= own
    ? `${duration(own)} of work, ${duration(waiting)} of waiting (${answer})`
    : `${duration(own)} in its worker (${answer}), ${duration(waiting)} of waiting`;
}

function upstreamMs(failure: FailedWrite): number | null {
  const upstream = upstreamOf(failure);
  return upstream === null ? null : milliseconds(upstream.total);
}

/** Who had left, in words. */
export const NAMES: Readonly<Record<Group, string>> = {
  client: 'a client',
  cut: 'a client in the middle of a reply',
  upstream: 'another service',
  pipe: 'a pipe',
  log: 'a log',
  unknown: 'a descriptor that was open before the capture',
};

const WHY: Readonly<Record<Target, string>> = {
  client:
    'The work was done and nobody was there to read it. A client or proxy that gave up often asks again, which adds ' +
    'to the load.',
  upstream: 'The other service closed the connection that this worker still used.',
  pipe: 'The process that read this pipe is gone.',
  unknown:
    'Whoever was connected there had closed the connection: a client that left, or a service. The capture does not ' +
    'show how it was made.',
  log: 'Whoever read this log stream is gone: messages are lost, and some programs die of it.',
};

/** The lines of the worst, and of the others. */
export function evidenceOf(worst: FailedWrite, replies: readonly FailedWrite[]): KeptLine[] {
  return [worst, ...replies.filter((failure) => failure !== worst)].flatMap((failure) => failure.lines).slice(0, 6);
}
