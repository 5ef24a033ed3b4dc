import type { Call } from '../../trace/record.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { MarkKind, Slice, TimelineSink, TrackOwner } from '../../trace/timeline-sink.ts';
import type { FactBus } from '../fact-bus.ts';
import { acceptedBy } from '../machine/accepted-by.ts';
import type { Connection, Request } from '../machine/connections.ts';
import type { LeftIn } from '../machine/left-in.ts';
import { PerRequest, PerThread } from '../machine/owned-state.ts';
import { rolesOf } from '../machine/roles.ts';
import type { Thread } from '../machine/thread.ts';
import type { RequestView } from '../machine/views.ts';
import type { Tracker, TrackerContext } from '../tracker.ts';

/** Calls of a running turn that are kept until it ends; of more the longer half. */
const MOST_KEPT = 256;
/** Requests that a turn names. */
const MOST_NAMED = 8;

interface KeptCall {
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  readonly slice: Slice;
}

/** What is to be written of a thread. */
interface Track {
  readonly number: number;
  calls: KeptCall[];
  /** Those that its turn read or answered. */
  requests: Request[];
  /** Nothing that is still to come begins before this: two slices meet at most. */
  until: Nanoseconds;
}

const tracks = new PerThread<Track>();
const numbers = new PerRequest<number>();

/**
 * Says what each thread did, event by event, to whoever writes a timeline: turns with the calls of a millisecond and
 * more within them, requests, failed writes and wasted wake-ups. Keeps the calls of running turns only. Made only when
 * somebody asks for a timeline.
 */
export class TimelineRecorder implements Tracker {
  readonly #sink: TimelineSink;
  readonly #inWindow: (time: Nanoseconds) => boolean;
  #lastRequest = 0;
  #end: Nanoseconds = 0;

  constructor({ facts, inWindow }: Pick<TrackerContext, 'facts' | 'inWindow'>, sink: TimelineSink) {
    this.#sink = sink;
    this.#inWindow = inWindow;
    this.#subscribe(facts);
  }

  blocked(call: Call, thread: Thread): void {
    // A worker that waits in accept, or in the lock before it, waits for work, as others do in their loop's wait.
    if (call.syscall.family === 'accept' && !thread.loop.inTurn) return;
    this.#keep(thread, call.start, call.end, sliceOfCall(call));
  }

  untimed({ start }: Call, thread: Thread, gap: Nanoseconds): void {
    const call = thread.lastSyscall?.name ?? '';
    this.#keep(thread, start - gap, start, { ...CALL, call, isUpperBound: true });
  }

  leftOpen(call: Call, thread: Thread, left: LeftIn): void {
    if (left.isHubWait || left.isForListener || call.end - call.start < MILLISECOND) return;
    this.#keep(thread, call.start, call.end, { ...CALL, call: call.syscall.name, isOpen: true });
  }

  turnEnding(thread: Thread, at: Nanoseconds, isOpen: boolean): void {
    const { loop } = thread;
    if (!loop.inTurn || !this.#inWindow(loop.turn.start)) return;
    const track = this.#trackOf(thread);
    if (track === null) return;
    const { calls, requests } = track;
    track.calls = [];
    track.requests = [];
    const start = Math.max(loop.turn.start, track.until);
    const end = Math.max(at, start);
    const isShown = (requests.length > 0 || hasTurns(thread)) && this.#sink.admits('turn', end - start);
    if (isShown) this.#sink.begin(track.number, start, this.#sliceOfTurn(requests, isOpen));
    track.until = start;
    // The lock in front of an accept comes after the turn, for whoever waits there waits for work.
    for (const call of calls) if (call.start < at) this.#write(track, call, end);
    if (isShown) this.#sink.end(track.number, end);
    track.until = end;
    for (const call of calls) if (call.start >= at) this.#write(track, call);
  }

  replied(call: Call, thread: Thread, request: Request): void {
    this.#request(thread, request, call.end, { isOpen: false });
    if (thread.loop.inTurn) this.#served(thread, request);
    // Of a pool thread, which has no turns, this is what the request leads to.
    else this.#mark(thread, call.end, 'reply', '', request);
  }

  connectionEnded(connection: Connection): void {
    const { request, isUpgraded } = connection;
    if (isUpgraded || request.readAt === UNKNOWN || request.answeredAt !== UNKNOWN) return;
    const thread = acceptedBy(connection);
    const end = Math.max(request.lastReadAt, request.hungUpAt, thread.lastTime, this.#end);
    this.#request(thread, request, end, { isOpen: true });
  }

  threadEnded(thread: Thread): void {
    this.threadLetGo(thread);
  }

  threadLetGo(thread: Thread): void {
    this.#describe(thread, rolesOf([thread]).get(thread) ?? '');
  }

  finish(threads: Iterable<Thread>): void {
    for (const { lastTime } of threads) if (lastTime > this.#end) this.#end = lastTime;
    for (const [thread, role] of rolesOf(threads)) {
      const track = tracks.of(thread);
      if (track !== undefined) this.#writeKept(track);
      this.#describe(thread, role);
    }
  }

  #subscribe(facts: FactBus): void {
    facts.subscribe(
      {
        requestRead: ({ thread, request }) => {
          if (thread.loop.inTurn) this.#served(thread as Thread, request as Request);
        },
        failedWrite: ({ thread, time, error, request, connection }) => {
          if (connection !== null) this.#mark(thread as Thread, time, 'failed-write', error, request);
        },
        acceptCycle: ({ thread, kind, start }) => {
          if (kind === 'wasted') this.#mark(thread as Thread, start, 'wasted-wakeup', '', null);
        },
      },
      // A timeline that lacks its marks is still worth a look.
      () => undefined,
    );
  }

  #keep(thread: Thread, start: Nanoseconds, end: Nanoseconds, slice: Slice): void {
    if (!this.#inWindow(start)) return;
    const track = this.#trackOf(thread);
    if (track === null) return;
    const isInTurn = thread.loop.inTurn && start >= thread.loop.turn.start;
    if (!isInTurn) {
      this.#writeKept(track);
      this.#write(track, { start, end, slice });
      return;
    }
    if (track.calls.length === MOST_KEPT) this.#keepLonger(track);
    track.calls.push({ start, end, slice });
  }

  #keepLonger(track: Track): void {
    const lengths = track.calls.map(({ start, end }) => end - start).sort((a, b) => b - a);
    const least = lengths[MOST_KEPT / 2 - 1] ?? 0;
    track.calls = track.calls.filter(({ start, end }) => end - start >= least).slice(0, MOST_KEPT / 2);
    this.#sink.omitted('call', MOST_KEPT - track.calls.length);
  }

  /** Calls whose turn turned out to be none. */
  #writeKept(track: Track): void {
    const { calls } = track;
    track.calls = [];
    for (const call of calls) this.#write(track, call);
  }

  /** Writes a call; as a part of a turn it ends with that at the latest. */
  #write(track: Track, { start, end, slice }: KeptCall, latest = Number.POSITIVE_INFINITY): void {
    const begins = Math.min(Math.max(start, track.until), latest);
    const ends = Math.min(Math.max(end, begins), latest);
    if (!this.#sink.admits('call', ends - begins)) return;
    this.#sink.begin(track.number, begins, slice);
    this.#sink.end(track.number, ends);
    track.until = ends;
  }

  #request(thread: Thread, request: Request, end: Nanoseconds, { isOpen }: { readonly isOpen: boolean }): void {
    const start = request.readAt === UNKNOWN ? request.startedAt : request.readAt;
    if (end < start || !this.#inWindow(start)) return;
    const track = this.#trackOf(thread);
    if (track === null || !this.#sink.admits('request', end - start)) return;
    const slice = { ...CALL, kind: 'request', requests: [request.name], flows: [this.#numberOf(request)] } as const;
    this.#sink.request(track.number, start, end, { ...slice, isOpen });
  }

  #served(thread: Thread, request: Request): void {
    const track = this.#trackOf(thread);
    if (track === null || track.requests.length === MOST_NAMED || track.requests.includes(request)) return;
    track.requests.push(request);
  }

  #mark(thread: Thread, time: Nanoseconds, kind: MarkKind, error: string, request: RequestView | null): void {
    if (!this.#inWindow(time)) return;
    const track = this.#trackOf(thread);
    if (track === null) return;
    const flows = request === null ? [] : [this.#numberOf(request as Request)];
    this.#sink.mark(track.number, time, { kind, error, request: request?.name ?? '', flows });
  }

  #sliceOfTurn(requests: readonly Request[], isOpen: boolean): Slice {
    if (requests.length === 0) return isOpen ? OPEN_TURN : TURN;
    const flows = requests.map((request) => this.#numberOf(request));
    return { ...TURN, requests: requests.map(({ name }) => name), flows, isOpen };
  }

  #numberOf(request: Request): number {
    return numbers.of(request) ?? numbers.set(request, ++this.#lastRequest);
  }

  #trackOf(thread: Thread): Track | null {
    const known = tracks.of(thread);
    if (known !== undefined) return known.number < 0 ? null : known;
    const number = this.#sink.track(ownerOf(thread, ''));
    tracks.set(thread, { number, calls: [], requests: [], until: Number.NEGATIVE_INFINITY });
    return this.#trackOf(thread);
  }

  #describe(thread: Thread, role: string): void {
    const track = tracks.of(thread);
    if (track !== undefined && track.number >= 0) this.#sink.describe(track.number, ownerOf(thread, role));
  }
}

const CALL: Slice = {
  kind: 'call',
  call: '',
  error: '',
  requests: [],
  flows: [],
  isOpen: false,
  isUpperBound: false,
};
const TURN: Slice = { ...CALL, kind: 'turn' };
const OPEN_TURN: Slice = { ...TURN, isOpen: true };

/**
 * Whether its turns are work between two waits of a loop. Of a pool thread, whose waits are taken for those of a loop
 * until more is known, they are the times in which it waits elsewhere.
 */
function hasTurns({ tid, process, loop: { hub, hubIsCertain } }: Thread): boolean {
  return tid === process.pid || hub === null || hubIsCertain || hub.hasListener || hub.hasSockets;
}

function sliceOfCall({ syscall, error }: Call): Slice {
  return { ...CALL, call: syscall.name, error };
}

function ownerOf({ tid, lane, process }: Thread, role: string): TrackOwner {
  return { pid: process.pid, tid, comm: lane.comm, server: process.server, role };
}
