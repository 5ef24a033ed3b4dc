import type { Description } from '../cases/case.ts';
import type { Act, ServerTruth } from './server-truth.ts';

/** What must be found, and what must not be, because of what was done to the server. */
export interface Wanted {
  readonly want: readonly Description[];
  readonly forbid: readonly Description[];
}

const around = (ms: number): readonly [number, number] => [ms * 0.9, ms * 1.1];

/** A wait that clients noticed as such: shorter ones come of the machine. */
export const NOTICED_MS = 500;

/** The findings that a scene calls for, from what was done and what its clients measured. */
export function wantedOf(truth: ServerTruth): Wanted {
  const all = [
    ...truth.acts.map((act) => ofAct(act, truth)),
    ofBlockedLoops(truth),
    ofLongRequests(truth),
    ofClients(truth),
    ofRoom(truth),
  ];
  return { want: all.flatMap(({ want }) => want), forbid: all.flatMap(({ forbid }) => forbid) };
}

function ofAct(act: Act, truth: ServerTruth): Wanted {
  switch (act.act) {
    case 'exhaust':
      if (/^(?:celery|sidekiq)/.test(truth.server))
        return want({
          anyKind: ['worker-saturation', 'slow-dependency', 'stuck-call'],
          severity: 'warning',
          target: act.upstream,
          ms: around(act.upstreamMs),
        });
      return want({ kind: 'worker-saturation', severity: 'warning', ...waitsIn(truth, act.upstreamMs) });
    case 'refuse': {
      const refused = truth.load.reduce((sum, { outcomes }) => sum + (outcomes.refused ?? 0), 0);
      return want({ kind: 'clients-refused', severity: 'warning', metric: { count: [refused, refused] } });
    }
    case 'limit':
      return want({ kind: 'accept-paused', severity: 'warning' });
    case 'wait':
      return { want: [], forbid: [{ kind: 'worker-saturation', severity: 'warning' }] };
    case 'queue':
      return want({
        kind: 'slow-dependency',
        severity: 'warning',
        title: 'waited up to .* for (?:a free connection|one of)',
        // Of what was connected before, strace -y shows what is spoken there, and not the address.
        target: `${act.upstream.replaceAll('.', '\\.')}|PostgreSQL`,
        ms: around(truth.slowestMs - act.upstreamMs),
      });
    case 'keep':
      return want({ kind: 'worker-saturation', severity: 'warning' });
    case 'stop': {
      const ms = (act.to - act.from) * 1000;
      return {
        want: [
          {
            anyKind: ['loop-stall', 'service-stall', 'stuck-call'],
            severity: 'warning',
            pid: act.pid,
            cause: 'stopped',
            ms: around(ms),
          },
        ],
        forbid: [{ kind: 'loop-stall', cause: '"cause":"(?:no-syscall|blocking-call)"', ms: [ms * 0.9, 1e6] }],
      };
    }
    case 'quota':
      // With a short period a request can be late by several, of which each is a short stall.
      return {
        want: [
          {
            kind: 'loop-stall',
            severity: 'warning',
            pid: act.pid,
            cause: '"cause":"(?:not-running|no-syscall)"',
            ms: [act.periodMs * 0.8, truth.slowestMs * 1.05],
          },
        ],
        forbid: [{ kind: 'loop-stall', severity: 'warning', cause: '"cause":"(?!not-running|no-syscall)' }],
      };
    case 'reload':
      if (truth.slowestMs < NOTICED_MS) return { want: [], forbid: [{ kind: 'ineffective-reuseport' }] };
      return want({
        kind: 'service-stall',
        severity: 'warning',
        ms: [truth.slowestMs * 0.85, truth.slowestMs * 1.1],
      });
    case 'fill-disk':
      return want({ anyKind: ['error-storm', 'accept-errors'], severity: 'warning', call: 'ENOSPC' });
    case 'deaf-name-server':
      return {
        want: [{ kind: 'blocking-dns', severity: 'warning', target: act.server.replaceAll('.', '\\.') }],
        forbid: [{ kind: 'loop-stall', severity: 'warning' }],
      };
    case 'lock':
      return want({
        kind: 'lock-contention',
        severity: 'warning',
        metric: { longestMs: around((act.clients - 1) * act.heldMs) },
      });
    case 'row-lock':
      return {
        want: [{ kind: 'session-lock', severity: 'warning', metric: { longestMs: around(truth.slowestMs) } }],
        forbid: [{ kind: 'service-stall' }, { kind: 'loop-stall', severity: 'warning' }],
      };
    case 'clock-step':
      return { want: [], forbid: [{ anyKind: ['loop-stall', 'service-stall'], ms: [1000, 1e6] }] };
  }
}

/** Of threads that a loop hands requests to: how long the client waited that waited longest for one of them. */
function waitsIn({ server, load }: ServerTruth, upstreamMs: number): Pick<Description, 'metric'> {
  if (!server.startsWith('FastAPI')) return {};
  const waits = load.map(({ label, slowestMs }) => (label === 'behind' ? slowestMs - upstreamMs : slowestMs));
  return { metric: { waitMs: around(Math.max(...waits)) } };
}

const want = (description: Description): Wanted => ({ want: [description], forbid: [] });

/** A server that has room for all stops accepting from nobody. */
function ofRoom({ acts }: ServerTruth): Wanted {
  const isFull = acts.some(({ act }) => act === 'limit' || act === 'exhaust' || act === 'keep');
  return { want: [], forbid: isFull ? [] : [{ kind: 'accept-paused' }] };
}

/** Requests that keep the loop, as long as the client measured. */
function ofBlockedLoops({ load }: ServerTruth): Wanted {
  const blocking = load.filter(({ label }) => label === 'sleep' || label === 'regex');
  return {
    want: blocking.map(({ slowestMs }) => ({ kind: 'loop-stall', severity: 'warning', ms: around(slowestMs) })),
    forbid: [],
  };
}

/** From here on a request without a reply is slow: `client-timeout-ms`. */
const SLOW_MS = 1000;

/** A request that holds one of several workers, as long as its client measured; none where no client waited so long. */
function ofLongRequests({ load, slowestMs }: ServerTruth): Wanted {
  const long = load.filter(({ label }) => label === 'long');
  return {
    want: long.map((each) => ({ kind: 'slow-request', severity: 'warning', ms: around(each.slowestMs) })),
    forbid: slowestMs < SLOW_MS ? [{ kind: 'slow-request' }] : [],
  };
}

/** Who left, and who did not. */
function ofClients(truth: ServerTruth): Wanted {
  const left: Description = { anyKind: ['abandoned-request', 'broken-pipe'] };
  if (truth.left > 0)
    return {
      want: [{ ...left, metric: { count: [1, truth.left] } }],
      forbid: [{ ...left, metric: { count: [truth.left + 1, 1e6] } }],
    };
  const retry: Description = { kind: 'request-retry' };
  const streams = truth.load.some(({ outcomes }) => outcomes.stream !== undefined);
  return { want: [], forbid: [streams ? { ...left, severity: 'warning' } : left, retry] };
}
