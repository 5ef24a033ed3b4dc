import type { Call } from '../../trace/record.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Aftermath } from './aftermath.ts';
import type { Blame, Request, Serving, Span } from './connections.ts';
import type { Descriptor } from './descriptors.ts';
import { Turn } from './turn.ts';

/** In place of a number: poll and select sets with a listener in them. */
export const WITH_LISTENER = -1;
/** Poll and select sets without one, as far as the trace tells. */
export const WITHOUT_LISTENER = -2;

/** An epoll instance that no line names: the wait on it has no beginning in the trace. */
export const UNNAMED = -3;
/** The number of a set whose descriptors the capture does not tell. */
export const UNTOLD = -4;

/** A set of descriptors that a thread waits on: one epoll instance, or its poll/select sets of one kind. */
export class WaitSet {
  readonly kind: 'epoll' | 'set';
  /** The epoll instance; null for a set. */
  descriptor: Descriptor | null;
  /** The number of the epoll instance; of sets, whether the listener is in them. */
  fd: number;
  /** Of sets: what was in the last one. */
  members: readonly number[] = [];
  waits = 0;
  /** Time spent in it. */
  total: Nanoseconds = 0;
  /** A listener this thread accepts from is in it. */
  hasListener = false;
  /** Accepted or upstream sockets were in it. */
  hasSockets = false;
  /**
   * Its thread answered several clients that wait here, or read requests of several that were there before the capture,
   * while none of them had left; or it answered datagrams of several.
   */
  servesSeveral = false;
  /** It takes one event at a time and waits for ever: the sign of a worker that serves one request at a time. */
  oneAtATime = false;

  constructor(kind: 'epoll' | 'set', descriptor: Descriptor | null, fd: number) {
    this.kind = kind;
    this.descriptor = descriptor;
    this.fd = fd;
  }
}

/** Spans shorter than this are not remembered for blame. */
const REMEMBERED_SPAN = 5 * MILLISECOND;
const REMEMBERED_SPANS = 64;
/** A thread waits on one or two sets; one that makes a new one for each wait is followed in the latest. */
const MOST_WAIT_SETS = 64;
export const NO_THREAD_STARTED = -10;

/**
 * What one thread does between its waits. The hub is the wait set that drives the loop: the one with the listener. A
 * turn is the time between two hub waits; spans divide it among requests.
 */
export class Loop implements Serving {
  readonly waitSets: WaitSet[] = [];
  hub: WaitSet | null = null;
  /** The hub before it was closed, as a worker does when it ends. */
  formerHub: WaitSet | null = null;
  /** The hub is known to hold the listener; before that it is the first wait set used, a guess. */
  hubIsCertain = false;
  /** Other threads of the process wait on the hub as well: they are one loop, and turns of one are no stalls. */
  isShared = false;
  /** Time inside the hub wait. */
  idle: Nanoseconds = 0;
  /** Time in finished turns. */
  busy: Nanoseconds = 0;
  turns = 0;
  longestTurn: Nanoseconds = 0;
  /** Time in calls that wait but are no hub wait: futex, foreign polls, sleeps; for telling loops from pool threads. */
  blockedElsewhere: Nanoseconds = 0;
  /** The word on which its thread waited for its interpreter lock last; '' when it never did. */
  interpreterWord = '';
  futexBlocked: Nanoseconds = 0;
  /** Time blocked in accept itself, or in the lock that serialises it: idle time of workers without a hub. */
  acceptBlocked: Nanoseconds = 0;
  /** The last wait for a lock between processes: right before an accept it is for the turn to accept. */
  lockedSince: Nanoseconds = UNKNOWN;
  lockedUntil: Nanoseconds = UNKNOWN;
  /** Calls that changed something: what waits repeat without any of them is a spin. */
  effects = 0;
  turn = new Turn(0);
  /**
   * The turn in which the thread last asked for its own id, as a thread does when it starts to run, without a native
   * thread being started.
   */
  startedThreadIn = NO_THREAD_STARTED;
  /** Turns in which the thread asked for its own id: some programs do so in each request, to log it. */
  turnsAskedForId = 0;
  /** Its hub wait was interrupted by a signal and goes on as another call. */
  isInterrupted = false;
  /** The running turn is open: the thread left its hub wait and has not entered the next. */
  inTurn = false;
  /** When the hub wait that began the running turn was entered, and when the turn before that wait had begun. */
  waitedSince: Nanoseconds = UNKNOWN;
  turnBefore: Nanoseconds = UNKNOWN;
  /** The trace does not tell when that wait ended (no `-T`): at the thread's next record at the latest. */
  waitIsUntimed = false;
  /** Whom the current span is for; null: nobody known. */
  owner: Request | null = null;
  spanStart: Nanoseconds = UNKNOWN;
  /** When a hub wait ended last that took a moment: nothing was left to do before it. */
  restedAt: Nanoseconds = UNKNOWN;
  /** The last hub wait of a millisecond and more: when it began, and when it ended. */
  lookedFrom: Nanoseconds = UNKNOWN;
  lookedTo: Nanoseconds = UNKNOWN;
  readonly spans: Span[] = [];
  /** What follows the last long turn, while those who waited for it show up. */
  aftermath: Aftermath | null = null;

  /** Time in waits of every kind so far, the running one left out. */
  get waited(): Nanoseconds {
    return this.idle + this.blockedElsewhere;
  }

  waitSet(kind: 'epoll' | 'set', descriptor: Descriptor | null, fd: number): WaitSet {
    for (const known of this.waitSets)
      if (known.kind === kind && known.descriptor === descriptor && (descriptor !== null || known.fd === fd))
        return known;
    const made = new WaitSet(kind, descriptor, fd);
    if (this.waitSets.length >= MOST_WAIT_SETS) {
      const oldest = this.waitSets.findIndex((set) => set !== this.hub && set !== this.formerHub);
      this.waitSets.splice(oldest, 1);
    }
    this.waitSets.push(made);
    return made;
  }

  /** Makes `set` the hub. Returns true when turns measured on another hub are void. */
  confirmHub(set: WaitSet, certain: boolean): boolean {
    if (this.hub === set) {
      this.hubIsCertain ||= certain;
      return false;
    }
    if (this.hub !== null && (this.hubIsCertain || !certain)) return false;
    const voided = this.hub !== null;
    // What it waited for its turn before is no part of what its turns are measured by.
    if (!voided && this.formerHub === null) this.acceptBlocked = 0;
    this.hub = set;
    this.hubIsCertain = certain;
    if (voided) {
      forgetTurns(this);
      this.inTurn = false;
    }
    return voided;
  }

  /**
   * An epoll instance is waited on. Where the hub is one that no line named, it is this one, as far as anybody can
   * tell: a listener that shows in another one makes that the hub.
   */
  nameHub(descriptor: Descriptor, fd: number): void {
    const { hub } = this;
    if (hub?.fd !== UNNAMED) return;
    hub.descriptor = descriptor;
    hub.fd = fd;
    this.hubIsCertain = false;
  }

  /**
   * The hub turned out to be that of other threads as well: turns that have ended are void, and the running one has
   * lasted since the thread was parked last.
   */
  join(): void {
    forgetTurns(this);
    this.isShared = true;
    this.dropFirstTurn();
    if (!this.inTurn) return;
    const parked = this.turn.dropParks();
    if (this.spanStart !== UNKNOWN) this.spanStart = Math.max(this.spanStart, parked);
  }

  /** What was taken for its wait is none: turns that began with it are void. */
  waitsElsewhere(): void {
    forgetTurns(this);
    this.inTurn = false;
    this.closeSpan(UNKNOWN);
  }

  /** The hub's epoll instance was closed: the next one may take its place. */
  hubClosed(): void {
    this.formerHub = this.hub;
    this.hub = null;
    this.hubIsCertain = false;
    this.isShared = false;
    this.inTurn = false;
    this.closeSpan(UNKNOWN);
  }

  /**
   * Ends the running turn at the entry of the next hub wait. The returned turn is reused unless `keepTurn` is called.
   */
  endTurn(at: Nanoseconds): Turn | null {
    if (!this.inTurn) return null;
    this.inTurn = false;
    this.closeSpan(at);
    this.owner = null;
    const { turn } = this;
    turn.end = at;
    this.turnBefore = turn.start;
    const length = at - turn.start;
    if (turn.untold > turn.ownerTime) turn.owner = null;
    if (turn.owner !== null && turn.owner !== turn.replied) turn.afterReply = false;
    this.busy += length;
    this.turns++;
    if (length > this.longestTurn) this.longestTurn = length;
    return turn;
  }

  /** Hands the ended turn over to the caller for good. */
  keepTurn(): Turn {
    const kept = this.turn;
    this.turn = new Turn(kept.number);
    return kept;
  }

  beginTurn(call: Call): void {
    this.inTurn = true;
    this.waitIsUntimed = call.duration < 0;
    this.waitedSince = call.start;
    // A look that waits for nothing takes long only where its thread got no CPU.
    if (this.waitIsUntimed || (call.duration >= MILLISECOND && call.arguments.timeout() !== 0))
      this.restedAt = call.end;
    this.turn.begin(call);
    this.owner = null;
    this.spanStart = call.end;
  }

  /** The tracer came while its thread was in this call, long after it had left its wait: the turn ends as others do. */
  beginTurnWithin({ start, file, startLine }: Pick<Call, 'start' | 'file' | 'startLine'>): void {
    const { turn } = this;
    this.inTurn = true;
    this.waitIsUntimed = false;
    turn.beganBefore = true;
    turn.start = start;
    turn.file = file;
    turn.startLine = startLine;
    this.spanStart = start;
  }

  /** Nothing shows that its thread goes back to a wait: what it was in when the tracer came may be no turn. */
  dropFirstTurn(): void {
    if (this.turn.beganBefore) this.inTurn = false;
  }

  /** The first record after a wait of unknown length: all of that time may have been waiting. */
  beginTurnAt(start: Nanoseconds): void {
    this.waitIsUntimed = false;
    const waited = Math.max(0, start - this.turn.start);
    this.idle += waited;
    if (waited > MILLISECOND) this.aftermath = null;
    this.turn.start = start;
    this.spanStart = start;
  }

  /**
   * Says that the record from `enteredAt` works for `owner`, other than what ran before. The gap before it belongs to
   * the same request, unless the record just started that request (`fresh`): then what ran before belongs to whoever
   * ran before. `begins` says that the reply begins: a loop that reads several requests and then works for each of them
   * has worked for this one since it turned to another client last.
   */
  attribute(owner: Request, fresh: boolean, begins: boolean, gapStart: Nanoseconds, enteredAt: Nanoseconds): void {
    if (this.owner === null && !fresh) {
      // Nothing in this turn had an owner so far: what led to this record was for it.
      this.owner = owner;
      if (this.spanStart === UNKNOWN) this.spanStart = gapStart;
      return;
    }
    this.closeSpan(fresh ? enteredAt : begins ? turnedFrom(this, owner, gapStart) : gapStart);
    if (begins && !fresh && mayBeOfAny(this, owner)) {
      this.turn.untold += Math.max(0, enteredAt - this.spanStart);
      this.owner = null;
      this.closeSpan(enteredAt);
    } else if (begins && this.owner !== null && isOutOfOrder(this, this.owner, owner)) {
      this.turn.untold += this.owner.inTurn;
      this.turn.ownerTime = 0;
    }
    this.owner = owner;
  }

  /** Credits the running span up to `at` to its owner and starts the next one there. */
  closeSpan(at: Nanoseconds): void {
    const start = this.spanStart;
    this.spanStart = at;
    if (start === UNKNOWN || at === UNKNOWN) return;
    const length = at - start;
    const { owner, turn } = this;
    if (owner !== null) {
      owner.own += length;
      if (owner.turn !== turn.number) {
        owner.turn = turn.number;
        owner.inTurn = 0;
      }
      owner.inTurn += length;
      if (owner.inTurn > turn.ownerTime) {
        turn.ownerTime = owner.inTurn;
        // A request is young: the collector is told of each store of one in what is old.
        if (turn.owner !== owner) turn.owner = owner;
      }
    }
    if (length < REMEMBERED_SPAN) return;
    if (this.spans.length === REMEMBERED_SPANS) this.spans.shift();
    this.spans.push({ request: owner, start, end: at });
  }

  /**
   * For whom it worked at that moment of the running turn: undefined where it is not remembered, null for nobody that
   * is known. A loop that goes from one of several requests to the next tells so only when the next reply begins.
   */
  workedFor(at: Nanoseconds): Request | null | undefined {
    if (this.spanStart !== UNKNOWN && at >= this.spanStart) return this.owner;
    return this.spans.findLast(({ start, end }) => start <= at && at < end)?.request;
  }

  /**
   * Divides the life of a request up to `at`: on itself, waiting in the hub, and behind others; `behind` is the longest
   * single span.
   */
  blame(request: Request, at: Nanoseconds): Blame {
    const running = this.owner === request && this.spanStart !== UNKNOWN ? Math.max(0, at - this.spanStart) : 0;
    const own = request.own + running;
    // Any thread may serve it: nothing tells what it stood behind.
    if (this.isShared) return { own, waiting: Math.max(0, at - request.startedAt - own), behind: 0, longest: null };
    const waiting = Math.max(0, this.idle - request.idleAtStart);
    const behind = Math.max(0, at - request.startedAt - own - waiting);
    let longest: Span | null = null;
    // The span before this record is closed only after it: it may be the one that the request stood behind.
    if (this.owner !== request && this.spanStart !== UNKNOWN && at - this.spanStart >= REMEMBERED_SPAN)
      longest = { request: this.owner, start: this.spanStart, end: at };
    for (const span of this.spans) {
      if (span.request === request || span.end <= request.startedAt) continue;
      if (longest === null || span.end - span.start > longest.end - longest.start) longest = span;
    }
    return { own, waiting, behind, longest };
  }

  /** Share of the observed time outside the hub wait, 0 to 1; NaN before the first turn. */
  get utilisation(): number {
    return this.busy / (this.busy + this.idle);
  }
}

/**
 * Since when the loop has worked for `next`, whose reply begins: since it turned from the client before, where both
 * were read before it was at rest again, in the running turn or in one before, with none read in the running one; or
 * where that client has its reply and `next` was read in this turn or the one before. asyncio looks for events between
 * reading and what it makes of that. Else since `gapStart`.
 */
function turnedFrom(loop: Loop, next: Request, gapStart: Nanoseconds): Nanoseconds {
  const { owner: before, turn, turnBefore, restedAt, spanStart } = loop;
  if (before === null) return gapStart;
  const isReadWithOthers = next.turn === turn.number || (next.readAt >= restedAt && turn.requestsRead === 0);
  const isNext = before.answeredAt !== UNKNOWN && next.readAt >= turnBefore;
  if (!isReadWithOthers && !isNext) return gapStart;
  return Math.min(gapStart, Math.max(spanStart, before.lastReadAt, before.wroteAt));
}

/**
 * Several requests were read in the running turn, and its first reply is not to the last of them: a loop that sends its
 * replies together (uvloop, redis) may have worked for any of them.
 */
function mayBeOfAny({ owner: before, turn }: Loop, next: Request): boolean {
  if (turn.replies !== 1 || !turn.severalConnections || before === null) return false;
  return next.readAt >= turn.start && before.readAt >= turn.start && before.answeredAt === UNKNOWN;
}

/**
 * The first reply of the turn was to the request that was read last, and now comes that to one that was read before:
 * they were sent together as well. Redis does what it is asked as soon as it has read that.
 */
function isOutOfOrder({ turn }: Loop, before: Request, next: Request): boolean {
  if (turn.replies !== 2 || turn.owner !== before || before.connection.framing != null) return false;
  return next.readAt >= turn.start && next.readAt < before.readAt && before.answeredAt >= turn.start;
}

/** Turns that were measured on another wait are void. */
function forgetTurns(loop: Loop): void {
  loop.isShared = false;
  loop.lookedFrom = UNKNOWN;
  loop.lookedTo = UNKNOWN;
  loop.idle = 0;
  loop.busy = 0;
  loop.turns = 0;
  loop.longestTurn = 0;
}
