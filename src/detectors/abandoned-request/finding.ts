import type { HangUp } from '../../model/facts.ts';
import { pidsOf } from '../../model/machine/roles.ts';
import { longestWaitOf } from '../../model/topics/dependencies/peer.ts';
import { count, duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import { requestName, shortRequest } from '../../trace/request-shape.ts';
import { elapsed } from '../../trace/time.ts';
import { LONGEST_TITLE } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, type Severity, type Step, span } from '../finding.ts';
import { millisecondsAt } from '../words.ts';
import type { Metrics } from './metrics.ts';

const EVIDENCE = 6;
const SHORT_REQUEST = 24;

/** Requests whose client left before the reply. */
export interface HangUps {
  readonly total: number;
  /** Those that were answered all the same. */
  readonly answered: number;
  /** Those on connections that speak TLS: what was read may have been no request. */
  readonly encrypted: number;
  /** Further ones that may have been answered: they are not in `total`. */
  readonly untold: number;
  /** The first ones; there is one at least. */
  readonly kept: readonly HangUp[];
}

/** The finding about all of them. */
export function finding(
  { model, capabilities }: Context,
  { total, answered, encrypted, untold, kept }: HangUps,
  severity: Severity,
): DraftFinding<Metrics> {
  const { times } = capabilities;
  const oldest = kept.reduce((most, hangUp) => (ageOf(hangUp) > ageOf(most) ? hangUp : most));
  const age = times ? `; the oldest request, ${oldest.request.name}, was ${duration(ageOf(oldest))} old` : '';
  const upstream = longestWaitOf(oldest.request);
  const isUpstream = upstream !== null && times && upstream.total * 2 >= ageOf(oldest);
  const waited = isUpstream ? `; it had waited ${duration(upstream.total)} for ${upstream.peer}` : '';
  const moments = kept.map(({ time }) => time);
  return {
    severity,
    confidence: answered < total && encrypted < total ? 'likely' : 'possible',
    title: titleOf(total, oldest, times, isUpstream ? upstream.peer : ''),
    summary:
      `${plural(total, 'client')} closed the connection before the first byte of the reply${age}${waited}. ` +
      `${answeredNote(answered, total)}${encryptedNote(encrypted, total)}${untoldNote(untold)}`,
    why: 'Work for a client that has left is wasted, and the client often asks again.',
    ...span(capabilities, Math.min(...moments), Math.max(...moments)),
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
        hungUpMs: times ? millisecondsAt(model, hangUp.time) : null,
        answered: hangUp.answered,
        upstream: longestWaitOf(hangUp.request)?.peer ?? null,
        upstreamMs: times ? upstreamMs(hangUp) : null,
      })),
    },
    evidence: kept.slice(0, EVIDENCE).map((hangUp) => hangUp.line),
    next: [...(isUpstream ? [lookAt(upstream.peer)] : []), ...ADVICE],
    subjects: [...new Set(kept.map((hangUp) => `request ${hangUp.request.name}`))],
  };
}

/** Who left, what that client had asked for, and how long it had waited. */
function titleOf(total: number, oldest: HangUp, times: boolean, upstream: string): string {
  const left = `${plural(total, 'client')} hung up before the reply`;
  const name = requestName(oldest.request.name);
  if (name === '' || !times) return left;
  const age = duration(ageOf(oldest));
  const after = total === 1 ? `after ${age}` : `after up to ${age}`;
  const names = [name, shortRequest(name, SHORT_REQUEST)];
  const ways = [
    ...(upstream === ''
      ? []
      : names.map((request) => `${plural(total, 'client')} hung up ${after}: ${request} waited for ${upstream}`)),
    ...names.map((request) => (total === 1 ? `${left} to ${request}, ${after}` : `${left}, ${after} (${request})`)),
  ];
  return ways.find((way) => way.length <= LONGEST_TITLE) ?? left;
}

function upstreamMs({ request }: HangUp): number | null {
  const wait = longestWaitOf(request);
  return wait === null ? null : milliseconds(wait.total);
}

function answeredNote(answered: number, total: number): string {
  if (total === 1) return answered === 1 ? 'It was answered all the same.' : 'It was not answered.';
  if (answered === 0) return 'None of them was answered.';
  const who = answered === total ? 'All' : count(answered);
  return `${who} of them ${answered === 1 ? 'was' : 'were'} answered all the same.`;
}

function encryptedNote(encrypted: number, total: number): string {
  if (encrypted === 0) return '';
  const which = total === 1 ? 'It' : encrypted === total ? 'All of them' : `${count(encrypted)} of them`;
  return ` ${which} spoke TLS: whether a request was open is an estimate.`;
}

function untoldNote(untold: number): string {
  if (untold === 0) return '';
  return ` Of ${plural(untold, 'more', 'more')} the capture does not tell whether they were answered before.`;
}

function ageOf({ request, time }: HangUp): number {
  return elapsed(request.startedAt, time);
}

function lookAt(upstream: string): Step {
  return { text: `Look at ${upstream}, which the requests waited for: its load, and its own slow requests.` };
}

const ADVICE: readonly Step[] = [
  {
    text:
      "Compare the ages of these requests with the client's timeout: where many have the same age, that age is the " +
      'timeout.',
  },
  {
    text: 'Cancel the work when the client leaves (ASGI http.disconnect, nginx proxy_ignore_client_abort off).',
    caveat: 'A client may close only its sending side and still read: HTTP clients practically never do.',
  },
];
