import { describeTarget } from '../../model/descriptors.ts';
import type { FailedWrite } from '../../model/facts.ts';
import { pidsOf } from '../../model/roles.ts';
import type { KeptLine } from '../../model/turn.ts';
import { elapsed, MILLISECOND, UNKNOWN } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import type { Conclusion, DraftFinding, Severity, Step } from '../finding.ts';
import { moment } from '../moment.ts';
import { count, duration, milliseconds, plural } from '../words.ts';

const KEPT = 200;
const SHOWN = 50;
/** Standing behind others for less is noise. */
const NOTABLE = 10 * MILLISECOND;

export type Target = 'client' | 'upstream' | 'pipe' | 'log';

/** Failed writes to one kind of target. */
interface Tally {
  count: number;
  readonly errors: Map<string, number>;
  /** The first, and those that stood longest behind others. */
  readonly kept: FailedWrite[];
}

export const brokenPipe: DetectorDefinition = {
  kind: 'broken-pipe',
  title: 'A reply is written to somebody who left',
  thresholds: ['broken-pipe-warning-share', 'broken-pipe-critical-share', 'behind-ms'],
  create(context): Detector {
    const tallies = new Map<Target, Tally>();
    return {
      on: {
        failedWrite(failure: FailedWrite) {
          const target = targetOf(failure);
          const tally = tallies.get(target) ?? { count: 0, errors: new Map<string, number>(), kept: [] };
          tallies.set(target, tally);
          tally.count++;
          tally.errors.set(failure.error, (tally.errors.get(failure.error) ?? 0) + 1);
          tally.kept.push(failure);
          if (tally.kept.length > KEPT) tally.kept.splice(leastBehind(tally.kept), 1);
        },
      },
      conclude: () => conclude(context, tallies),
    };
  },
};

function leastBehind(kept: readonly FailedWrite[]): number {
  let least = 1;
  for (let i = 2; i < kept.length; i++) if ((kept[i] as FailedWrite).behind < (kept[least] as FailedWrite).behind) least = i;
  return least;
}

function targetOf({ connection, descriptor, fd }: FailedWrite): Target {
  if (connection !== null) return 'client';
  if (descriptor.label.includes('/dev/log') || descriptor.peer === 'unix:/dev/log' || fd === 1 || fd === 2) return 'log';
  return descriptor.kind === 'pipe' ? 'pipe' : 'upstream';
}

function conclude(context: Context, tallies: ReadonlyMap<Target, Tally>): Conclusion {
  const requests = context.model.processes.requests;
  const findings = [...tallies].map(([target, tally]) => finding(context, target, tally, requests));
  if (findings.length > 0)
    return {
      outcome: {
        status: 'found',
        reason: [...tallies].map(([target, tally]) => `${plural(tally.count, 'failed write')} to ${NAMES[target]}`).join('; '),
      },
      findings,
    };
  const writes = context.model.statistics
    .all()
    .filter(({ syscall }) => syscall.family === 'write')
    .reduce((sum, each) => sum + each.count, 0);
  if (writes === 0)
    return {
      outcome: {
        status: 'not-applicable',
        reason: 'No write or send call in the trace: it may have been filtered. Record without -e, or add %network,%desc.',
      },
      findings,
    };
  return {
    outcome: {
      status: 'clear',
      reason: `none of ${plural(writes, 'write')} failed because the other end had left (${plural(requests, 'request')} read). A reply that fits one write fails without a trace`,
    },
    findings,
  };
}

function finding(context: Context, target: Target, tally: Tally, requests: number): DraftFinding {
  const replies = tally.kept.toSorted((a, b) => a.time - b.time);
  const worst = replies.reduce((most, failure) => (isWorse(failure, most) ? failure : most));
  const fatal = replies.filter((failure) => failure.fatal);
  const first = replies[0] ?? worst;
  const last = replies.at(-1) ?? worst;
  const { times } = context.capabilities;
  return {
    kind: 'broken-pipe',
    severity: severityOf(context, target, tally, worst, requests, fatal.length > 0),
    // Where it went is not in the capture.
    sureness: worst.fd < 0 && target !== 'client' ? 'possible' : 'likely',
    title: titleOf(target, tally, worst, times),
    summary: target === 'client' ? clientSummary(tally, worst, requests, fatal.length, times) : otherSummary(tally, worst, fatal.length),
    why: WHY[target],
    start: times ? first.time : UNKNOWN,
    end: times ? last.time : UNKNOWN,
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
        atMs: times ? moment(context.model, failure.time) : null,
        fatal: failure.fatal,
      })),
    },
    evidence: evidenceOf(worst, replies),
    next: target === 'client' ? clientAdvice(worst, context) : OTHER_ADVICE[target],
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

/** Longest behind others; where nobody stood behind anybody for long, the oldest. */
function isWorse(failure: FailedWrite, most: FailedWrite): boolean {
  if (Math.max(failure.behind, most.behind) >= NOTABLE) return failure.behind > most.behind;
  return ageOf(failure) > ageOf(most);
}

function ageOf({ request, time }: FailedWrite): number {
  return request === null ? 0 : elapsed(request.startedAt, time);
}

function behindWhom({ longest, behind }: FailedWrite): string {
  return behind < NOTABLE || longest?.request == null ? '' : longest.request.name;
}

function severityOf(context: Context, target: Target, tally: Tally, worst: FailedWrite, requests: number, fatal: boolean): Severity {
  if (fatal) return 'critical';
  if (target !== 'client') return target === 'log' ? 'warning' : 'info';
  const share = tally.count / Math.max(1, requests);
  if (tally.count >= 3 && share >= context.threshold('broken-pipe-critical-share')) return 'critical';
  if (share >= context.threshold('broken-pipe-warning-share') || worst.behind >= context.threshold('behind-ms') * MILLISECOND)
    return 'warning';
  return 'info';
}

function titleOf(target: Target, tally: Tally, worst: FailedWrite, times: boolean): string {
  if (target !== 'client')
    return `${plural(tally.count, 'write')}${worst.fd < 0 ? '' : ` to ${NAMES[target]}`} failed: the other end is gone`;
  const whom = behindWhom(worst);
  const title =
    whom !== '' && times
      ? `${plural(tally.count, 'reply', 'replies')} too late: the client had left; ${duration(worst.behind)} behind ${whom}`
      : `${plural(tally.count, 'reply', 'replies')} too late: the client had left`;
  return title.length > 78 ? `${title.slice(0, 75)}...` : title;
}

function otherSummary(tally: Tally, { fd, descriptor }: FailedWrite, fatal: number): string {
  return `${plural(tally.count, 'write')} to ${describeTarget(fd, descriptor)} failed (${errorsOf(tally)}).${fatal > 0 ? ' The process was killed by SIGPIPE.' : ''}`;
}

/** `5 EPIPE, 3 ECONNRESET`. */
function errorsOf({ errors }: Tally): string {
  return [...errors].map(([error, times]) => `${count(times)} ${error}`).join(', ');
}

function clientSummary(tally: Tally, worst: FailedWrite, requests: number, fatal: number, times: boolean): string {
  const base = `${count(tally.count)} of ${plural(Math.max(requests, tally.count), 'request')} got a failed reply (${errorsOf(tally)}).`;
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
  const longest = whom === '' ? '' : `, longest ${duration((worst.longest?.end ?? 0) - (worst.longest?.start ?? 0))} of ${whom}`;
  const behind = worst.behind < NOTABLE ? '' : `, ${duration(worst.behind)} behind other work${longest}`;
  return `${base} The worst, ${worst.request.name}, was ${bound}${duration(ageOf(worst))} old: ${duration(worst.own)} own work, ${duration(worst.waiting)} waiting in the loop${behind}.${died}`;
}

const NAMES: Readonly<Record<Target, string>> = { client: 'a client', upstream: 'another service', pipe: 'a pipe', log: 'a log' };

const WHY: Readonly<Record<Target, string>> = {
  client: 'The work was done and nobody was there to read it. A client or proxy that gave up often asks again, which adds to the load.',
  upstream: 'The other service closed the connection that this worker still used.',
  pipe: 'The process that read this pipe is gone.',
  log: 'Whoever read this log stream is gone: messages are lost, and some programs die of it.',
};

function clientAdvice(worst: FailedWrite, context: Context): Step[] {
  const stalled = worst.behind >= context.threshold('behind-ms') * MILLISECOND;
  const steps: Step[] = stalled
    ? [{ text: `Look at the stall first: ${behindWhom(worst) || 'other work'} kept this reply from being read and sent.` }]
    : [];
  return [
    ...steps,
    {
      text: "Compare the ages above with the client's or proxy's timeout (nginx logs status 499 for a client that left).",
      command: "grep -c ' 499 ' /var/log/nginx/access.log",
    },
    {
      text: 'Give each request a deadline shorter than the timeout of its client, and stop working on it when the deadline passes.',
      caveat: 'Raising timeouts hides this; the timeout of async gunicorn workers is no request timeout.',
    },
  ];
}

const OTHER_ADVICE: Readonly<Record<Exclude<Target, 'client'>, Step[]>> = {
  upstream: [{ text: "Check that service's idle timeout: it should be longer than the time this worker keeps a connection." }],
  pipe: [{ text: 'Find which process held the other end.', command: 'lsof +E -p PID' }],
  log: [{ text: 'Find what reads this stream and restart it.', command: 'ls -l /proc/PID/fd/1 /proc/PID/fd/2' }],
};

function evidenceOf(worst: FailedWrite, replies: readonly FailedWrite[]): KeptLine[] {
  return [worst, ...replies.filter((failure) => failure !== worst)].flatMap((failure) => failure.lines).slice(0, 6);
}
