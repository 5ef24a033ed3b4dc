import type { Finding } from '../../src/index.ts';
import type { ServerTruth } from './server-truth.ts';

/** Kinds that tell of time that somebody waited. */
const WAITS: ReadonlySet<string> = new Set([
  'loop-stall',
  'service-stall',
  'worker-saturation',
  'slow-dependency',
  'lock-contention',
  'disk-sync',
  'blocking-dns',
  'gil-starvation',
  'stranded-queue',
  'accept-hoarding',
  'accept-delay',
  'accept-paused',
  'stuck-call',
]);
/** What clients get who are not served. */
const REFUSED = /^(?:429|50[0234]|refused)$/;
/** A wait of a client is longer than the stall in it, but clients come late into one. */
const ABOUT = 1.15;

/** Whether a client waited about as long as the finding says, at the time of which it speaks. */
export function wasFelt(finding: Finding, truth: ServerTruth): boolean {
  if (finding.kind === 'clients-refused')
    return truth.load.some(({ outcomes }) => Object.keys(outcomes).some((outcome) => REFUSED.test(outcome)));
  if (!WAITS.has(finding.kind)) return false;
  const longest = longestOf(finding);
  const from = Date.parse(finding.startTime ?? '') / 1000;
  const to = Date.parse(finding.endTime ?? '') / 1000;
  return truth.load.some(({ label, slow }) => {
    // What the service behind takes, with workers left for everybody else, is no stall of theirs.
    const meant = label === 'behind' && finding.kind !== 'slow-dependency' ? meantMs(truth) : 0;
    return slow.some(({ at, ms }) => longest <= (ms - meant) * ABOUT && at <= to && at + ms / 1000 >= from);
  });
}

function meantMs({ acts }: ServerTruth): number {
  return acts.reduce((sum, act) => sum + (act.act === 'wait' ? act.upstreamMs : 0), 0);
}

/** Milliseconds of the longest wait that it tells, else its own length. */
function longestOf({ metrics, startMs, endMs }: Finding): number {
  const told = [...waitsIn(metrics)];
  return told.length > 0 ? Math.max(...told) : (endMs ?? 0) - (startMs ?? 0);
}

function* waitsIn(value: unknown): Generator<number> {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value))
    if ((name === 'longestMs' || name === 'stallMs') && typeof inner === 'number') yield inner;
    else yield* waitsIn(inner);
}
