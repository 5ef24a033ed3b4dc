import type { FailedWrite, HangUp, RequestRead } from '../../model/facts.ts';
import type { Request } from '../../model/connections.ts';
import { type KeptLine, keptLine } from '../../model/turn.ts';
import { type Nanoseconds, SECOND } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import type { Conclusion } from '../finding.ts';
import { duration, milliseconds, plural } from '../words.ts';

const REMEMBERED = 1000;
const KEPT = 50;

interface Lost {
  readonly identity: string;
  readonly address: string;
  readonly at: Nanoseconds;
  readonly request: Request;
  readonly line: KeptLine;
  /** Arrivals of the same line while it waits for a retry: a popular path is no retry. */
  arrivals: number;
  readonly arrivalsBefore: number;
}

interface Retry {
  readonly request: string;
  readonly firstAt: Nanoseconds;
  readonly againAt: Nanoseconds;
  readonly pid: number;
  readonly line: KeptLine;
  readonly lostLine: KeptLine;
  readonly sure: boolean;
}

export const requestRetry: DetectorDefinition = {
  kind: 'request-retry',
  title: 'A client asks again after it gave up',
  thresholds: ['retry-window-s'],
  create(context): Detector {
    const window = context.threshold('retry-window-s') * SECOND;
    const lost: Lost[] = [];
    const seen = new Map<string, number>();
    const retries: Retry[] = [];
    let total = 0;
    const lose = (request: Request | null, at: Nanoseconds, line: KeptLine | undefined): void => {
      if (request === null || request.identity === '' || line === undefined) return;
      lost.push({ identity: request.identity, address: addressOf(request), at, request, line, arrivals: 0, arrivalsBefore: seen.get(request.identity) ?? 0 });
      if (lost.length > REMEMBERED) lost.shift();
    };
    return {
      on: {
        failedWrite: (failure: FailedWrite) => lose(failure.request, failure.time, failure.lines[0]),
        hangUp: (hangUp: HangUp) => lose(hangUp.request, hangUp.time, hangUp.line),
        requestRead({ request, record, thread }: RequestRead) {
          if (request.identity === '') return;
          if (seen.size < REMEMBERED || seen.has(request.identity)) seen.set(request.identity, (seen.get(request.identity) ?? 0) + 1);
          const at = lost.findIndex((other) => other.identity === request.identity && other.request.connection !== request.connection && record.end - other.at <= window && sameClient(other.address, addressOf(request)));
          const match = lost[at];
          if (match === undefined) return;
          lost.splice(at, 1);
          // So many arrivals of this line were to be expected in that time anyway (the coincidence guard of semantics 4.5).
          const rate = match.arrivalsBefore / Math.max(1, (match.at - Math.max(0, context.model.firstTime)) / SECOND);
          const expected = (rate * (record.end - match.at)) / SECOND;
          if (expected > 1) return;
          total++;
          if (retries.length < KEPT) {
            retries.push({ request: request.line, firstAt: match.request.startedAt, againAt: request.startedAt, pid: thread.process.pid, line: keptLine(record), lostLine: match.line, sure: record.end - match.at <= 2 * SECOND && expected < 1 / 3 });
          }
        },
      },
      conclude: () => conclude(context, total, retries),
    };
  },
};

/** The client's address without the port; '' when unknown (unix sockets, `-s 0`). */
function addressOf(request: Request): string {
  return request.connection.peer.replace(/:\d+$/, '');
}

function sameClient(first: string, second: string): boolean {
  return first === second || first === '' || second === '';
}

function conclude(context: Context, total: number, retries: readonly Retry[]): Conclusion {
  const { times } = context.capabilities;
  if (!times) return { outcome: { status: 'not-applicable', reason: 'The capture has no times, so that one cannot tell a retry from another request. Record with -ttt.' }, findings: [] };
  if (total === 0) return { outcome: { status: 'clear', reason: `no request came again within ${context.threshold('retry-window-s')} s after its client had left` }, findings: [] };
  const first = retries[0] as Retry;
  const unsafe = retries.filter((retry) => !/^(GET|HEAD|OPTIONS) /.test(retry.request));
  return {
    outcome: { status: 'found', reason: plural(total, 'retry', 'retries') },
    findings: [
      {
        kind: 'request-retry',
        severity: retries.some((retry) => retry.sure) || unsafe.length > 0 ? 'warning' : 'info',
        sureness: retries.every((retry) => retry.sure) ? 'likely' : 'possible',
        title: `${plural(total, 'request')} came again after the client gave up`,
        summary: `${plural(total, 'request')} arrived a second time from the same address on a new connection after the first reply had failed; first ${first.request}, ${duration(first.againAt - first.firstAt)} after the first attempt. The first attempt had completed its work: the client does not know.`,
        why: `Each retry is work done twice${unsafe.length > 0 ? `; ${plural(unsafe.length, 'one', 'of them')} may change data twice (${unsafe[0]?.request})` : ''}, and retries add load exactly when the service is slow.`,
        start: first.firstAt,
        end: retries.at(-1)?.againAt ?? first.againAt,
        openEnded: false,
        workers: [...new Set(retries.map((retry) => retry.pid))],
        metrics: {
          count: total,
          retries: retries.map((retry) => ({ request: retry.request, pid: retry.pid, firstAtMs: milliseconds(retry.firstAt), againAtMs: milliseconds(retry.againAt), sure: retry.sure })),
        },
        evidence: retries.slice(0, 3).flatMap((retry) => [retry.lostLine, retry.line]),
        next: [
          { text: 'Remove what made the first attempt late: see the broken-pipe and loop-stall findings.' },
          { text: 'Let clients wait a random, growing time between tries and limit retries to a share of their requests; give requests that change data an idempotency key.' },
        ],
        subjects: [...new Set(retries.map((retry) => `request ${retry.request}`))],
      },
    ],
  };
}
