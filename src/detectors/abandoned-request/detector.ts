import type { HangUp } from '../../model/facts.ts';
import { pidsOf } from '../../model/roles.ts';
import { elapsed, UNKNOWN } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import type { Conclusion } from '../finding.ts';
import { moment } from '../moment.ts';
import { count, duration, milliseconds, plural } from '../words.ts';

const KEPT = 50;

export const abandonedRequest: DetectorDefinition = {
  kind: 'abandoned-request',
  title: 'A client hangs up before the reply',
  thresholds: ['broken-pipe-warning-share', 'broken-pipe-critical-share'],
  create(context): Detector {
    let total = 0;
    let answered = 0;
    const kept: HangUp[] = [];
    return {
      on: {
        hangUp(hangUp: HangUp) {
          total++;
          if (hangUp.answered) answered++;
          if (kept.length < KEPT) kept.push(hangUp);
        },
      },
      conclude: () => conclude(context, total, answered, kept),
    };
  },
};

function conclude(context: Context, total: number, answered: number, kept: readonly HangUp[]): Conclusion {
  const requests = context.model.processes.requests;
  if (total === 0) {
    if (requests === 0)
      return {
        outcome: {
          status: 'not-applicable',
          reason: 'No request line is readable in the trace (TLS, HTTP/2, or a capture with -s 0). Record with -s 128.',
        },
        findings: [],
      };
    return {
      outcome: {
        status: 'clear',
        reason: `no hang-up seen before the reply in ${plural(requests, 'request')}. Servers that do not read while they work cannot see one`,
      },
      findings: [],
    };
  }
  const { times } = context.capabilities;
  const oldest = kept.reduce((most, hangUp) => (ageOf(hangUp) > ageOf(most) ? hangUp : most));
  const share = total / Math.max(1, requests);
  const first = kept[0] ?? oldest;
  return {
    outcome: { status: 'found', reason: `${plural(total, 'request')} whose client was seen to leave before the reply` },
    findings: [
      {
        kind: 'abandoned-request',
        severity:
          total >= 3 && share >= context.threshold('broken-pipe-critical-share')
            ? 'critical'
            : share >= context.threshold('broken-pipe-warning-share')
              ? 'warning'
              : 'info',
        sureness: answered < total ? 'likely' : 'possible',
        title: `${plural(total, 'client')} hung up before the reply`,
        summary: `${plural(total, 'client')} closed the connection before the first byte of the reply${times ? `; the oldest request, ${oldest.request.name}, was ${duration(ageOf(oldest))} old` : ''}. ${answeredNote(answered, total)}`,
        why: 'Work for a client that has left is wasted, and the client often asks again.',
        start: times ? Math.min(first.time, ...kept.map(({ time }) => time)) : UNKNOWN,
        end: times ? Math.max(first.time, ...kept.map(({ time }) => time)) : UNKNOWN,
        openEnded: false,
        workers: pidsOf(kept.map((hangUp) => hangUp.thread)),
        metrics: {
          count: total,
          requests: kept.map((hangUp) => ({
            pid: hangUp.thread.process.pid,
            fd: hangUp.request.connection.fd < 0 ? null : hangUp.request.connection.fd,
            peer: hangUp.request.connection.peer,
            request: hangUp.request.line,
            ageMs: times ? milliseconds(ageOf(hangUp)) : null,
            hungUpMs: times ? moment(context.model, hangUp.time) : null,
            answered: hangUp.answered,
          })),
        },
        evidence: kept.slice(0, 6).map((hangUp) => hangUp.line),
        next: [
          { text: "Compare these ages with the client's timeout; a common age is that timeout." },
          {
            text: 'Cancel the work when the client leaves (ASGI http.disconnect, nginx proxy_ignore_client_abort off).',
            caveat: 'A client may close only its sending side and still read: HTTP clients practically never do.',
          },
        ],
        subjects: [...new Set(kept.map((hangUp) => `request ${hangUp.request.name}`))],
      },
    ],
  };
}

function answeredNote(answered: number, total: number): string {
  if (total === 1) return answered === 1 ? 'It was answered all the same.' : 'It was not answered.';
  if (answered === 0) return 'None of them was answered.';
  return `${answered === total ? 'All' : count(answered)} of them were answered all the same.`;
}

function ageOf({ request, time }: HangUp): number {
  return elapsed(request.startedAt, time);
}
