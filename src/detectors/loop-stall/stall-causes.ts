import { runtimeOf } from '../../model/machine/runtime.ts';
import { groupedBy } from '../../trace/grouped-by.ts';
import { requestName } from '../../trace/request-shape.ts';
import { mergedGroups, type StallGroup, targetKey } from './stall-group.ts';

/** From so many requests on, stalls of one worker with one cause and target are one group: the code is shared. */
const MOST_REQUESTS = 4;

/** What one cause did to one or several workers: a group for each, the one with the longest stall first. */
export interface StallCause {
  readonly members: readonly StallGroup[];
  /** The requests in which it happened, those that took most of the time first; empty where none is known. */
  readonly requests: readonly string[];
  readonly count: number;
  readonly total: number;
}

/**
 * The same groups of one worker. Those of many requests with one cause and target are one, and so are those of which
 * the request is not known where there is but one request that they can belong to.
 */
export function foldedByRequest(groups: readonly StallGroup[]): StallGroup[] {
  const alike = groupedBy(groups, ({ cause, target }) => `${cause} ${targetKey(target)}`);
  return [...alike.values()].flatMap((same) => {
    const [first] = same;
    const unknown = same.filter(({ request }) => request === '');
    const known = same.filter(({ request }) => request !== '');
    const isOne = known.length === 1 && unknown.length > 0 && first?.target !== '';
    if (isOne) return [{ ...same.reduce(mergedGroups), request: known[0]?.request ?? '' }];
    return same.length > MOST_REQUESTS ? [same.reduce(mergedGroups)] : same;
  });
}

/** The groups of all workers by what caused them. */
export function causesOf(groups: readonly StallGroup[]): StallCause[] {
  return [...groupedBy(groups, keyOf).values()].map((same) => {
    const members = same.toSorted((a, b) => b.longest.length - a.longest.length);
    return {
      members,
      requests: requestsOf(members),
      count: members.reduce((sum, { count }) => sum + count, 0),
      total: members.reduce((sum, { total }) => sum + total, 0),
    };
  });
}

function keyOf({ thread, cause, target, request, longest }: StallGroup): string {
  const { process, loop } = thread;
  const way = loop.isShared ? 'shared' : runtimeOf(process);
  return [cause, targetKey(target), request, longest.reason.stop?.signal ?? '', way, process.server].join('\n');
}

function requestsOf(members: readonly StallGroup[]): string[] {
  const spent = new Map<string, number>();
  for (const { stalls } of members)
    for (const { request, length } of stalls) {
      const name = requestName(request);
      if (name !== '') spent.set(name, (spent.get(name) ?? 0) + length);
    }
  return [...spent].sort((a, b) => b[1] - a[1]).map(([name]) => name);
}
