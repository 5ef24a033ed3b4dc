import type { Observed } from '../../src/trace/record.ts';
import { serverOfComm } from '../../src/trace/server-names.ts';
import { LONGEST_CAPTURE, type Nanoseconds, UNKNOWN } from '../../src/trace/time.ts';

/** What a line `event=seen` says, with its stamp as printed. */
export interface Sight
  extends Pick<
    Observed,
    | 'parent'
    | 'comm'
    | 'server'
    | 'call'
    | 'held'
    | 'holder'
    | 'ran'
    | 'peer'
    | 'isOfClient'
    | 'clients'
    | 'hasRing'
    | 'queue'
    | 'before'
    | 'isOver'
  > {
  readonly stamp: string;
  readonly pid: number;
  readonly tid: number;
  /** From the first look at which it was so to the last. */
  readonly lasted: Nanoseconds;
}

/** In front of such a line where others than drover read the file: messages of the tracer begin so. */
export const SIGHT_IN_STRACE = 'strace: drover: event=seen ';

const PAIR = /(?:^| )([a-z]{1,10})=(\S{1,200})/g;
const HELD = ['stopped', 'frozen', 'traced'] as const;
const MOST_TID = 0x7fffffff;

/**
 * Reads what drover notes of a thread that it looked at (`src/sources/live/sight-lines.ts`), without what stands in
 * front of the first key; null when it cannot be that.
 */
export function readSight(words: string): Sight | null {
  const found = new Map<string, string>();
  for (const [, key = '', value = ''] of words.matchAll(PAIR)) found.set(key, value);
  const pid = whole(found.get('pid'), MOST_TID);
  const tid = whole(found.get('tid'), MOST_TID);
  const lasted = whole(found.get('for'), LONGEST_CAPTURE);
  const call = found.get('call') ?? '';
  const stamp = found.get('ts') ?? '';
  if (
    !(pid > 0) ||
    !(tid > 0) ||
    lasted < 0 ||
    !/^(?:-|\w{1,40})$/.test(call) ||
    !/^\d{1,20}(?:\.\d{1,9})?$/.test(stamp)
  )
    return null;
  const peer = found.get('peer') ?? '';
  return {
    stamp,
    pid,
    tid,
    lasted,
    call: call === '-' ? '' : call,
    parent: Math.max(0, whole(found.get('parent'), MOST_TID)),
    comm: found.get('comm') ?? '',
    server: serverOfComm(found.get('server') ?? ''),
    held: HELD.find((each) => each === found.get('held')) ?? '',
    holder: Math.max(0, whole(found.get('holder'), MOST_TID)),
    ran: whole(found.get('ran'), LONGEST_CAPTURE),
    peer: /^[\w.:/@[\]-]{3,110}$/.test(peer) ? peer : '',
    isOfClient: found.get('of') === 'client',
    clients: whole(found.get('clients'), MOST_TID),
    hasRing: found.get('ring') === '1',
    queue: queueOf(found),
    before: Math.max(0, whole(found.get('before'), LONGEST_CAPTURE)),
    isOver: found.get('over') === '1',
  };
}

function queueOf(found: ReadonlyMap<string, string>): Observed['queue'] {
  const least = whole(found.get('queue'), MOST_TID);
  const length = whole(found.get('queued'), LONGEST_CAPTURE);
  if (!(least > 0) || length < 0) return null;
  return { least, length, ago: Math.max(0, whole(found.get('unqueued'), LONGEST_CAPTURE)) };
}

function whole(text: string | undefined, most: number): number {
  if (text === undefined || !/^\d{1,20}$/.test(text)) return UNKNOWN;
  const number = Number(text);
  return number <= most ? number : UNKNOWN;
}
