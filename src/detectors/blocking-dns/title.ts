import { duration, plural } from '../../trace/format-numbers.ts';
import { requestName, shortRequest } from '../../trace/request-shape.ts';
import { cutTitle, LONGEST_TITLE } from '../cut-title.ts';
import type { LookupTally } from './lookup-tally.ts';
import type { Place } from './metrics.ts';

const SHORT_REQUEST = 24;
/** So much of a title is shown in a list that is 80 columns wide. */
const SHOWN_IN_LISTS = 70;

/** Who looks names up, how long that takes, and who does not answer. */
export function titleOf(tally: LookupTally, place: Place): string {
  const { count, longest, silent, timeouts } = tally;
  const length = `${longest?.openAtEnd ? 'at least ' : ''}${duration(longest?.blocked ?? 0)}`;
  const [deaf] = [...silent].toSorted((a, b) => b[1] - a[1]);
  if (place !== 'pool') return cutTitle(holdsTitle(tally));
  if (deaf !== undefined && timeouts > 0)
    return cutTitle(
      `Name server ${deaf[0]} ${deafness(deaf, tally)}: ${plural(count, 'lookup')} waited up to ${length}`,
    );
  const name = longest?.name ? `: ${longest.name}` : '';
  return cutTitle(`${plural(count, 'name lookup')} beside the loop, longest ${length}${name}`);
}

/** Which request holds which workers for how long, and whom it asks: the name that it looks up only where it fits. */
function holdsTitle(tally: LookupTally): string {
  const { threads, servers, silent } = tally;
  // Of several requests the one that waited most is named, with figures of its own.
  const [[request, own] = ['', tally] as const] = [...tally.requests].toSorted((a, b) => b[1].total - a[1].total);
  const { count, longest } = own;
  const pids = [...new Set([...threads].map(({ process }) => process.pid))];
  const whom = pids.length === 1 ? (pids[0] === 0 ? 'the worker' : `worker ${pids[0]}`) : `${pids.length} workers`;
  const [server = ''] = [...mostFirst(silent), ...mostFirst(servers)];
  const asked = server === '' ? 'a name lookup' : `name server ${server}`;
  const named = longest?.name ? `${asked}, ${longest.name}` : asked;
  const times = count > 1 ? ` (${count}x)` : '';
  const bare = duration(longest?.blocked ?? 0);
  const isOpen = longest?.openAtEnd === true;
  const most = isOpen ? `, once at least ${bare}` : ` up to ${bare}`;
  const long = count > 1 ? most : ` ${isOpen ? 'at least' : 'for'} ${bare}`;
  const who = requestName(request) === '' ? `${plural(count, 'name lookup')} hold${count === 1 ? 's' : ''}` : '';
  const ways = [request, shortRequest(request, SHORT_REQUEST)].flatMap((name) => {
    const begin = `${who || `${name} holds`} ${whom}${long}`;
    const whole = `${begin}${times}: ${asked}`;
    // At its end a list may cut it.
    return [...(whole.length <= SHOWN_IN_LISTS ? [`${begin}${times}: ${named}`] : []), whole, `${begin}: ${asked}`];
  });
  const isShown = (way: string): boolean => way.length <= SHOWN_IN_LISTS || (way.includes(named) && named !== asked);
  return ways.find((way) => way.length <= LONGEST_TITLE && isShown(way)) ?? ways.at(-1) ?? '';
}

/** The keys of counts, the one that came most often first. */
function mostFirst(counts: ReadonlyMap<string, number>): readonly string[] {
  return [...counts].toSorted((a, b) => b[1] - a[1]).map(([key]) => key);
}

/** As many tries in vain as lookups that asked it: it answered none, unless nobody else was asked and answers came. */
function deafness([server, tries]: readonly [string, number], { servers, unanswered }: LookupTally): string {
  const answersOthers = servers.size === 1 && unanswered === 0;
  return tries >= (servers.get(server) ?? 0) && !answersOthers
    ? 'does not answer'
    : `did not answer ${plural(tries, 'try', 'tries')}`;
}
