import type { KeptLine } from '../../model/evidence.ts';
import type { Listener } from '../../model/machine/listener.ts';
import { duration, milliseconds, percent, plural, round } from '../../trace/format-numbers.ts';
import { shortRequest } from '../../trace/request-shape.ts';
import { MILLISECOND, type Nanoseconds } from '../../trace/time.ts';
import { subjectsOf } from '../accept-queues/accept-queues.ts';
import { cutTitle } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, span } from '../finding.ts';
import { millisecondsAt } from '../words.ts';
import { MOMENT, timeWithin, worstMoment } from '../worst-moment.ts';
import { nextFor } from './advice.ts';
import type { Metrics } from './metrics.ts';
import { longestStretch, type ShutTime, type Watch } from './shut-times.ts';

const SHOWN = 20;
const MOST_REQUEST = 40;
const EVIDENCE = 4;

const OUT_OF_SET =
  'had taken the listener out of its epoll set, or asked it for no connections, and then waited for other things';
const UNASKED =
  'did not call accept. At other times it calls accept again after each connection, until none is left. The server ' +
  'went on when a connection had just ended, as a server at its limit of connections does';

const isUnasked = ({ pauses }: ShutTime): boolean => pauses.every((pause) => pause.isUnasked);

/** How long nobody looked, in all. */
export function totalOf({ times }: Watch): Nanoseconds {
  return times.reduce((sum, { start, end }) => sum + end - start, 0);
}

/** The same of the worst `MOMENT` of a longer capture; 0 of others. */
export function inWorstMoment({ times, start, end }: Watch): Nanoseconds {
  const worst = worstMoment(times, { start, end });
  return worst === null ? 0 : timeWithin(times, worst);
}

/** A listener that nobody looked at while connections came. */
export function finding(context: Context, listener: Listener, watch: Watch): DraftFinding<Metrics> {
  const { model, capabilities } = context;
  const { times, workers } = watch;
  const longestFirst = times.toSorted((a, b) => b.end - b.start - (a.end - a.start));
  const longest = longestFirst.reduce((most, { start, end }) => Math.max(most, end - start), 0);
  const total = totalOf(watch);
  const share = Math.min(1, total / Math.max(1, watch.end - watch.start));
  const stretched = longestStretch(watch);
  const stretch = stretched > longest ? ` These pauses came one after the other for ${duration(stretched)}.` : '';
  const queued = times.reduce((sum, { taken }) => sum + taken, 0);
  const connections = times.reduce((most, time) => Math.max(most, openAt(time)), 0);
  const isOpen = times.at(-1)?.isOpen === true;
  const request = commonRequest(times);
  const moment = inWorstMoment(watch);
  const isRare = share < context.threshold('accept-pause-share');
  const isCritical =
    Math.max(share, moment / MOMENT) >= context.threshold('accept-pause-critical-share') &&
    (queued > 1 || longest >= criticalOf(context));
  return {
    severity: isCritical ? 'critical' : 'warning',
    // A server that is told to end stops accepting as well.
    confidence: queued > 0 ? 'likely' : 'possible',
    title: cutTitle(
      `Nobody accepted ${isRare ? `for ${duration(Math.max(moment, longest))}` : `${percent(share)} of the time`}` +
        `${connections > 0 ? ` (${plural(connections, 'connection')} open)` : ''}: ${shortNameOf(listener)}`,
    ),
    summary:
      `Nobody accepted from ${listener.name} for up to ${duration(longest)}` +
      `${times.length === 1 ? '' : ` (${plural(times.length, 'time')}, ${duration(total)} in all)`}: the server ` +
      `${times.every(isUnasked) ? UNASKED : OUT_OF_SET}.` +
      `${stretch} ${opened(connections)}${came(queued, isOpen)}` +
      `${request === '' ? '' : ` ${shortRequest(request, MOST_REQUEST)} was in progress meanwhile.`}`,
    why:
      'A server at its limit of connections leaves the next ones in the accept queue of the kernel. ' +
      'Their clients are connected and wait. No log reports it, and the server itself looks idle.',
    ...span(capabilities, times[0]?.start ?? watch.start, Math.min(times.at(-1)?.end ?? watch.end, model.lastTime)),
    openEnded: isOpen,
    workers,
    metrics: {
      listener: listener.name,
      workers,
      count: times.length,
      totalMs: milliseconds(total),
      longestMs: milliseconds(longest),
      stretchMs: milliseconds(longestStretch(watch)),
      share: round(share, 4),
      queued,
      connections,
      request,
      goesOn: isOpen,
      pauses: longestFirst.slice(0, SHOWN).map(({ start, end, taken }) => ({
        startMs: millisecondsAt(model, start),
        endMs: millisecondsAt(model, end),
        queued: taken,
      })),
    },
    evidence: evidenceOf(longestFirst),
    next: nextFor(listener, workers, model),
    subjects: subjectsOf([listener], workers),
  };
}

/** `fd 3 socket:[12822569]`: the inode tells the reader of a title nothing, and takes the room of the number. */
function shortNameOf({ name }: Listener): string {
  return name.replace(/(?<=^fd \d+) .*$/, '');
}

function criticalOf(context: Context): Nanoseconds {
  return context.threshold('stall-critical-ms') * MILLISECOND;
}

/** Each worker counts those that it had accepted when it stopped: all together were there when the last one did. */
function openAt({ pauses }: ShutTime): number {
  return pauses.reduce((most, { connections }) => Math.max(most, connections), 0);
}

function opened(connections: number): string {
  const are = connections === 1 ? 'was' : 'were';
  return connections === 0 ? '' : `At least ${plural(connections, 'connection')} from it ${are} open then. `;
}

function came(queued: number, isOpen: boolean): string {
  if (queued === 0) return 'Nobody accepted again before the capture ended.';
  const after = isOpen ? ' At the end of the capture still nobody accepted.' : '';
  return `At least ${plural(queued, 'connection')} had come meanwhile and waited.${after}`;
}

function commonRequest(times: readonly ShutTime[]): string {
  const counts = new Map<string, number>();
  for (const { request } of times) if (request !== '') counts.set(request, (counts.get(request) ?? 0) + 1);
  return [...counts].reduce((most, each) => (each[1] > most[1] ? each : most), ['', 0] as [string, number])[0];
}

function evidenceOf(times: readonly ShutTime[]): readonly KeptLine[] {
  const lines = times.slice(0, 2).flatMap(({ pauses }) => {
    const last = pauses.at(-1);
    return last === undefined ? [] : [last.line, ...(last.endLine === null ? [] : [last.endLine])];
  });
  return lines.slice(0, EVIDENCE);
}
