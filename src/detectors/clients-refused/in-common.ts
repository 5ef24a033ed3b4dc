import { nameOf, type Served } from '../../model/topics/refusals/refusal-tracker.ts';
import { count, plural } from '../../trace/format-numbers.ts';
import { shortRequest } from '../../trace/request-shape.ts';
import type { Before, Refusals } from './refusals.ts';

/** What had failed before less of them is not what they have in common. */
const MOST = 0.5;
/** What fails before more of the others than that is how this server works. */
const FEW = 0.1;
const NAMED = 3;
const LONGEST = 60;

/** A kind of request that was refused, and how many of that kind were answered otherwise since the first of them. */
export interface RefusedRequest {
  readonly request: string;
  readonly count: number;
  readonly others: number;
}

/** The kinds of requests that were refused most. */
export function requestsOf({ requests }: Refusals, served: Served | undefined): RefusedRequest[] {
  return [...requests]
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, NAMED)
    .map(([request, times]) => ({ request, count: times, others: served?.requests.get(request) ?? 0 }));
}

/** Calls that had failed before most of these replies, and before hardly any of the others: the most frequent first. */
export function failedBefore({ before, count: all }: Refusals, served: Served | undefined): Before[] {
  return [...before.values()]
    .filter((each) => {
      const others = served?.before.get(nameOf(each)) ?? 0;
      return each.count >= MOST * all && others <= FEW * (served?.count ?? 0);
    })
    .toSorted((a, b) => b.count - a.count)
    .slice(0, NAMED);
}

/** Which requests they were, and what they had in common, as sentences. */
export function inCommon(refusals: Refusals, served: Served | undefined): string {
  const requests = requestsOf(refusals, served);
  const [first] = failedBefore(refusals, served);
  const which =
    requests.length === 0
      ? ''
      : ` They were ${requests.map((each) => inWords(each)).join(', ')}${
          refusals.requests.size > requests.length
            ? ` and ${plural(refusals.requests.size - requests.length, 'more kind')}`
            : ''
        }.`;
  if (first === undefined) return which;
  const of = refusals.count === 1 ? 'it' : `${count(first.count)} of them`;
  const others = served?.before.get(nameOf(first)) ?? 0;
  const than =
    (served?.count ?? 0) === 0
      ? ''
      : `, and before ${others === 0 ? 'none' : count(others)} of the replies that were no such errors`;
  const whom = `${first.call === 'connect' ? 'to' : 'of'} ${first.target}`;
  return `${which} Before ${of} ${first.call} ${whom} had failed with ${first.errno}${than}.`;
}

function inWords({ request, count: times, others }: RefusedRequest): string {
  const name = shortRequest(request, LONGEST);
  return others === 0 ? `${name} (${count(times)})` : `${name} (${count(times)} of ${count(times + others)})`;
}
