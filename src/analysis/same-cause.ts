import { listOf, textOf } from '../detectors/read-metric.ts';
import { requestShape } from '../trace/request-shape.ts';
import type { Finding, Metric } from './report.ts';

/**
 * A number that stands alone, not part of an address, a path or a name, with the unit of a time: `702 ms` here is
 * `1.20 s` on the next host.
 */
const LONE_NUMBER = /(?<![\w.:/-])\d[\d,]*(?:\.\d+)?(?![\w:/]|\.\d)(?: (?:ms|s|min|h|d)\b(?: \d+ (?:min|h)\b)?)?/g;
/** An address in memory. */
const ADDRESS = /\b0x[\da-f]+\b/g;
/** Numbers of workers, which mean nothing on another host. */
const TOTAL = /\b(?:all|both|workers?|pids?|process(?:es)?) #|\b(?:All|Both|Workers?|Pids?|Process(?:es)?) #/g;

/** What findings of one cause have in common, on whatever host: the same text for the same cause. */
export function causeKey({ kind, title, metrics }: Finding): string {
  const { cause, target, request, requests, listener, place } = metrics;
  if (kind === 'loop-stall') {
    const [first] = Array.isArray(requests) ? requests : [];
    const name = typeof first === 'string' ? first : typeof request === 'string' ? request : '';
    return [kind, cause, bareTarget(target), requestShape(name)].join('\n');
  }
  if (kind === 'slow-request') return [kind, cause, bareTarget(target), requestShape(textOf(request))].join('\n');
  // Their titles name a request or a name that differs from one time to the next.
  if (kind === 'slow-dependency') return [kind, textOf(listOf(metrics.dependencies)[0]?.peer)].join('\n');
  if (kind === 'blocking-dns') return [kind, textOf(place), textOf(listOf(metrics.servers)[0]?.server)].join('\n');
  if (kind === 'broken-pipe') return [kind, textOf(target)].join('\n');
  if (kind === 'abandoned-request') return kind;
  return [kind, textOf(listener), title.replace(ADDRESS, '#').replace(LONE_NUMBER, '#').replace(TOTAL, '#')].join('\n');
}

/** What was waited for, without the number of a descriptor. */
const bareTarget = (target: Metric | undefined): string =>
  typeof target === 'string' ? target.replace(/fd \d+/, 'fd') : '';
