import type { Call } from '../../trace/record.ts';
import { earlier } from '../../trace/time.ts';
import { LazySet } from '../machine/lazy-set.ts';
import { PerProcess, PerThread } from '../machine/owned-state.ts';
import type { Thread } from '../machine/thread.ts';

/** Two clients are enough to know whose loop it is; the answer to one may come some way behind its question. */
const MOST_KNOWN = 64;

/** The other ends of the datagrams of a process, until it is known who answers them. */
class OtherEnds {
  /** Those that asked, and those that were asked. */
  readonly heard = new LazySet<string>(MOST_KNOWN);
  readonly asked = new LazySet<string>(MOST_KNOWN);
}

const ends = new PerProcess<OtherEnds>();
/** The first client that a thread answered. */
const answered = new PerThread<string>();

/**
 * A datagram was read. A name server accepts no connection: who waits in a set, and answers several that asked, is the
 * loop of them. What comes from somebody who was asked first is an answer.
 */
export function heardDatagram(call: Call, { loop: { hub }, process }: Thread): void {
  if (hub === null || hub.servesSeveral || !(call.result > 0)) return;
  const known = ends.of(process) ?? ends.set(process, new OtherEnds());
  if (known.heard.size >= MOST_KNOWN) return;
  const from = call.arguments.socketAddress();
  if (!isOnNetwork(from) || known.asked.has(from)) return;
  known.heard.add(from);
  process.heardAt = earlier(process.heardAt, call.start);
}

/** A datagram was sent. */
export function sentDatagram(call: Call, thread: Thread): void {
  const { hub } = thread.loop;
  if (hub === null || hub.servesSeveral || !(call.result > 0)) return;
  const known = ends.of(thread.process) ?? ends.set(thread.process, new OtherEnds());
  if (known.asked.size >= MOST_KNOWN) return;
  const to = call.arguments.socketAddress();
  if (!known.heard.has(to)) {
    if (isOnNetwork(to)) known.asked.add(to);
    return;
  }
  const first = answered.of(thread) ?? answered.set(thread, to);
  if (first !== to) hub.servesSeveral = true;
}

const isOnNetwork = (address: string): boolean => address !== '' && !address.startsWith('unix:');
