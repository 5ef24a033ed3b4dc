import type { CaptureFacts } from '../trace/capture-facts.ts';
import type {
  Call,
  CallCount,
  Exit,
  Frame,
  Lost,
  Membership,
  Scheduling,
  Signal,
  SocketState,
  Watched,
} from '../trace/record.ts';
import type { Syscall } from '../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../trace/time.ts';
import { FactBus } from './fact-bus.ts';
import { AcceptCycles } from './following/accept-cycles.ts';
import { CallBehind } from './following/call-behind.ts';
import { DescriptorTracker } from './following/descriptor-tracker.ts';
import { TrafficTracker } from './following/traffic-tracker.ts';
import { leftIn, noteCall, noteGap, noteSilence } from './following/turn-notes.ts';
import { WaitTracker } from './following/wait-tracker.ts';
import type { Request } from './machine/connections.ts';
import { Listeners } from './machine/listeners.ts';
import { Processes } from './machine/processes.ts';
import type { Thread } from './machine/thread.ts';
import { LADDER_RUNG } from './machine/turn.ts';
import type { ActivityRecorder } from './measuring/activity-recorder.ts';
import { Calibration } from './measuring/calibration.ts';
import { CallStatistics } from './measuring/call-statistics.ts';
import { Losses } from './measuring/losses.ts';
import { SchedulerTracker } from './measuring/scheduler-tracker.ts';
import { SocketTracker } from './measuring/socket-tracker.ts';
import { WatchTracker } from './measuring/watch-tracker.ts';
import { type Handler, HUB_WAIT, routeOf, type Trackers } from './routes.ts';
import { DiskTracker } from './topics/disk/disk-tracker.ts';
import { DescriptorCensus } from './topics/leaks/descriptor-census.ts';
import { LivenessTracker } from './topics/liveness/liveness-tracker.ts';
import { ModuleTracker } from './topics/loading/module-tracker.ts';
import { FutexWords } from './topics/locks/futex-words.ts';
import { SharedLocks } from './topics/locks/shared-locks.ts';
import { NameLookups } from './topics/names/name-lookups.ts';
import { StackTracker } from './topics/stacks/stack-tracker.ts';

export interface ModelOptions {
  /** Facts outside this stretch of trace time are followed and not told. */
  readonly from: Nanoseconds;
  readonly to: Nanoseconds;
  /** Many calls fit between two times that can be told apart. */
  readonly isCoarse: boolean;
  /** Turns from this length on are told. */
  readonly longTurn: Nanoseconds;
  /** Told of every call, for a picture of the whole trace. */
  readonly activity?: ActivityRecorder;
  /** What stands beside the trace about its host. */
  readonly noted?: CaptureFacts | null;
}

/**
 * How much of a gap after the first use of a socket `-yy` may have caused, at most (measured: 16 to 25 ms a look-up).
 */
const ADDRESS_LOOKUP = 50 * MILLISECOND;
/** Gaps up to here show what the tracer itself takes between two calls. */
const TRACER_GAP = 50_000;

/**
 * Rebuilds what the machine was doing from the records of a trace. For each call the trackers say first whom it works
 * for (descriptors, connections, waits), then the loop of its thread is charged.
 */
export class Model {
  readonly facts = new FactBus();
  readonly processes = new Processes((thread) => this.#letGo(thread));
  readonly listeners = new Listeners();
  readonly statistics = new CallStatistics();
  readonly calibration = new Calibration();
  readonly losses = new Losses();
  readonly watch = new WatchTracker();
  readonly scheduler: SchedulerTracker;
  readonly sockets: SocketTracker;
  options: ModelOptions;
  /** First and last moment seen. */
  firstTime: Nanoseconds = UNKNOWN;
  lastTime: Nanoseconds = UNKNOWN;
  readonly #cycles: AcceptCycles;
  readonly #trackers: Trackers;
  readonly #traffic: TrafficTracker;
  readonly #modules: ModuleTracker;
  readonly stacks: StackTracker;
  readonly #locks: SharedLocks;
  readonly #census: DescriptorCensus;
  readonly #lookups: NameLookups;
  readonly #futexes: FutexWords;
  readonly #handlers: (Handler | undefined)[] = [];
  readonly #activity: ActivityRecorder | null;
  readonly #behind = new CallBehind();

  constructor(options: ModelOptions) {
    this.options = options;
    this.#activity = options.activity ?? null;
    this.#activity?.subscribe(this.facts);
    if (options.noted) this.processes.introduce(options.noted);
    const inWindow = (time: Nanoseconds): boolean => this.inWindow(time);
    this.scheduler = new SchedulerTracker(this.facts, inWindow);
    this.sockets = new SocketTracker(this.facts, inWindow);
    this.#cycles = new AcceptCycles(this.facts, inWindow, options.longTurn);
    this.#census = new DescriptorCensus(inWindow);
    this.#lookups = new NameLookups(this.facts, inWindow);
    this.#traffic = new TrafficTracker(
      this.facts,
      this.listeners,
      this.#cycles,
      this.#lookups,
      this.sockets,
      inWindow,
      options.longTurn,
    );
    this.#modules = new ModuleTracker(this.facts, inWindow);
    this.stacks = new StackTracker(this.facts, inWindow);
    this.#locks = new SharedLocks(this.facts, inWindow);
    this.#futexes = new FutexWords(inWindow);
    this.#trackers = {
      processes: this.processes,
      descriptors: new DescriptorTracker(this.listeners, inWindow),
      traffic: this.#traffic,
      waits: new WaitTracker(this.facts, this.#cycles, inWindow),
      liveness: new LivenessTracker(this.facts, inWindow),
      modules: this.#modules,
      locks: this.#locks,
      disk: new DiskTracker(this.facts, inWindow),
      futexes: this.#futexes,
      lookups: this.#lookups,
    };
  }

  /**
   * The first event, from which reports count: as a rule 0; earlier when something had begun before the first stamp,
   * later when no event has that.
   */
  get zero(): Nanoseconds {
    return this.firstTime === UNKNOWN ? 0 : this.firstTime;
  }

  /** The clock is known: facts outside this stretch of its time are followed and not told from now on. */
  lookAt(stretch: Pick<ModelOptions, 'from' | 'to' | 'isCoarse'>): void {
    this.options = { ...this.options, ...stretch };
  }

  inWindow(time: Nanoseconds): boolean {
    return time >= this.options.from && time <= this.options.to;
  }

  call(call: Call): void {
    const thread = this.processes.at(call.lane, call.start);
    if (call.end >= this.options.from && call.end <= this.options.to) this.statistics.add(call);
    this.#follow(this.#inOrder(call, thread), thread);
  }

  /**
   * A thread does one thing at a time, whatever the times of its lines say. Where they say whole seconds, or nothing,
   * durations say more.
   */
  #inOrder(call: Call, { lastTime }: Thread): Call {
    if (call.start >= lastTime || lastTime === UNKNOWN) return call;
    return this.#behind.after(lastTime, call, this.options.isCoarse && !call.partial && !call.inFlight);
  }

  /** Follows a call that did not begin before the one before it in its thread had ended. */
  #follow(call: Call, thread: Thread): void {
    const { start, end, syscall } = call;
    if (this.firstTime === UNKNOWN || start < this.firstTime) this.firstTime = start;
    if (end > this.lastTime || this.lastTime === UNKNOWN) this.lastTime = end;
    if (start < thread.firstTime) thread.firstTime = start;
    if (end >= this.#census.dueAt) this.#census.take(end, () => this.processes.all());
    if (call.inFlight) {
      this.#stays(call, thread);
      return;
    }
    const handler = this.#handlers[syscall.id] ?? this.#route(syscall);
    const owner = handler(call, thread);
    this.#account(call, thread, owner);
    if (this.#activity !== null) this.#activity.call(call, thread, owner === HUB_WAIT);
    if (this.stacks.active) this.stacks.called(call, thread);
    if (end > thread.lastTime || thread.lastTime === UNKNOWN) thread.lastTime = end;
    thread.lastSyscall = syscall;
    thread.lastFd = call.fd;
    thread.lastTimed = call.duration >= 0;
  }

  /** A stack frame of the last call of its thread. */
  frame(frame: Frame): void {
    const thread = this.processes.known(frame.lane);
    if (thread !== undefined) this.stacks.frame(frame, thread);
  }

  signal(signal: Signal): void {
    const thread = this.processes.at(signal.lane, signal.time);
    this.#traffic.failures.signal(thread, signal);
    this.#saw(signal.time);
  }

  exit(exit: Exit): void {
    const { lane, time, signal, assumed } = exit;
    if (assumed === 'silent') {
      this.processes.fellSilent(lane);
      return;
    }
    const thread = assumed === undefined ? this.processes.at(lane, time) : this.processes.known(lane);
    this.#saw(time);
    if (exit.supersededBy !== 0 || thread === undefined) return;
    // Where ends have lines of their own those of its siblings come, too.
    const siblings =
      assumed === 'left' && thread.lastSyscall?.name === 'exit_group' ? this.processes.endSiblings(thread) : [];
    for (const sibling of siblings) this.#ended(sibling, time, '');
    this.#ended(thread, time, signal);
  }

  #ended(thread: Thread, told: Nanoseconds, signal: string): void {
    // Nothing that it did comes after its end.
    const time = thread.lastTime === UNKNOWN ? told : Math.max(told, thread.lastTime);
    this.#cycles.finish(thread, time);
    this.stacks.close(thread);
    this.#traffic.failures.exited(thread, signal);
    this.#locks.exited(thread, time);
    // A worker that ends by itself is shutting down, not stalled; one that is killed in a long turn was in it to the
    // end.
    if (thread.loop.inTurn && !thread.loop.waitIsUntimed && signal !== '') {
      noteSilence(thread, time);
      this.#endTurn(thread, time, true);
    }
    this.processes.exited(thread, time, signal);
  }

  /** Nobody keeps a thread that there is no room for. */
  #letGo(thread: Thread): void {
    this.stacks.close(thread);
    this.#traffic.failures.exited(thread, '');
    this.watch.threads.delete(thread);
    this.facts.tell('threadLetGo', thread);
  }

  membership({ lane, leader, time }: Membership): void {
    this.#saw(time);
    this.processes.belongs(this.processes.at(lane, time), this.processes.at(leader, time));
  }

  scheduling(record: Scheduling): void {
    this.scheduler.note(record, this.processes.at(record.lane, record.time));
  }

  socketState(record: SocketState): void {
    this.sockets.changed(record);
    this.#saw(record.time);
  }

  watched(record: Watched): void {
    this.#saw(record.time);
    if (this.inWindow(record.time)) this.watch.add(record, this.processes.at(record.lane, record.time));
  }

  lost({ time, count }: Lost): void {
    this.losses.add(time, count);
  }

  counted(count: CallCount): void {
    this.statistics.addCounted(count);
  }

  /** Closes what is still open when no more records come. `inFlight` are the calls that had not returned. */
  finish(inFlight: Iterable<Call>): void {
    for (const call of inFlight) {
      if (this.processes.isOver(call.lane)) {
        this.#saw(call.start);
        continue;
      }
      const thread = this.processes.at(call.lane, call.start);
      const inOrder = this.#inOrder(call, thread);
      this.#saw(inOrder.start);
      this.#stays(inOrder, thread);
    }
    for (const thread of this.processes.threads()) {
      this.#cycles.finish(thread, this.lastTime);
      if (thread.ended) continue;
      const { loop, leftIn: left } = thread;
      if (left?.isHubWait) {
        if (loop.inTurn) this.#endTurn(thread, left.since, false);
        loop.idle += Math.max(0, this.lastTime - left.since);
        this.#trackers.waits.idled(thread, left.since, this.lastTime);
      } else if (loop.inTurn && loop.waitIsUntimed) loop.beginTurnAt(this.lastTime);
      else if (loop.inTurn) {
        if (left === null) noteSilence(thread, this.lastTime);
        this.#endTurn(thread, this.lastTime, true);
      }
    }
    this.stacks.finish();
    this.#locks.finish(this.processes.threads());
    this.#traffic.finish(this.processes.all(), this.lastTime);
  }

  /** A call that the thread had not left when the trace ended. */
  #stays(call: Call, thread: Thread): void {
    const { loop, lastTime } = thread;
    if (loop.inTurn && loop.waitIsUntimed) loop.beginTurnAt(call.start);
    else if (loop.inTurn && lastTime !== UNKNOWN && call.start - lastTime > loop.turn.longestGap)
      noteGap(call, thread, call.start - lastTime);
    thread.leftIn = leftIn(call, thread);
  }

  #saw(time: Nanoseconds): void {
    if (this.firstTime === UNKNOWN || time < this.firstTime) this.firstTime = time;
    if (time > this.lastTime || this.lastTime === UNKNOWN) this.lastTime = time;
  }

  /** Charges the time since the thread's last record. */
  #account(call: Call, thread: Thread, owner: Request | null | typeof HUB_WAIT): void {
    const { loop, lastTime } = thread;
    const { start, duration } = call;
    const untimed = loop.inTurn && loop.waitIsUntimed;
    if (untimed) loop.beginTurnAt(start);
    const gap = untimed || lastTime === UNKNOWN || start < lastTime ? 0 : start - lastTime;
    if (gap < TRACER_GAP) this.calibration.gap(gap);
    if (call.syscall.family === 'trivial' && duration >= 0) this.calibration.call(duration);
    if (owner === HUB_WAIT) {
      this.#hubWait(call, thread, gap);
      return;
    }
    if (loop.spanStart === UNKNOWN) loop.spanStart = lastTime === UNKNOWN ? start : lastTime;
    if (owner !== null && owner !== loop.owner) {
      // Its life begins when accept returns, not when that was called.
      const isAccepted = owner.startedAt === call.end;
      loop.attribute(owner, isAccepted || owner.readAt === call.end, lastTime, isAccepted ? call.end : start);
    }
    if (duration >= LADDER_RUNG) this.#blocked(call, thread);
    if (!loop.inTurn) return;
    const { turn } = loop;
    turn.calls++;
    if (duration > 0) turn.inCalls += duration;
    if (gap < MILLISECOND) return;
    turn.gaps += gap;
    if (gap > turn.longestGap) noteGap(call, thread, gap);
    if (this.listeners.byAddress && usedNewSocket(thread.lastSyscall)) turn.tracer += Math.min(gap, ADDRESS_LOOKUP);
  }

  #hubWait(call: Call, thread: Thread, gap: Nanoseconds): void {
    const { loop } = thread;
    if (thread.process.boot !== null && loop.hub?.hasListener) this.#modules.ready(thread, call.start);
    if (loop.inTurn) {
      if (gap > loop.turn.longestGap) noteGap(call, thread, gap);
      if (gap >= MILLISECOND) loop.turn.gaps += gap;
      this.#endTurn(thread, call.start, false);
    }
    if (call.duration > 0) loop.idle += call.duration;
    if (this.scheduler.active) this.scheduler.waited(thread, call.end);
    loop.beginTurn(call);
    // Whoever is served right after a wait that did not wait had been waiting during the turn before.
    if (loop.aftermath !== null && (call.duration > MILLISECOND || loop.turn.number > loop.aftermath.number + 2))
      loop.aftermath = null;
  }

  /** A call took a millisecond or more and is no hub wait. */
  #blocked(call: Call, thread: Thread): void {
    const { loop } = thread;
    loop.blockedElsewhere += call.duration;
    if (call.syscall.family === 'accept') loop.acceptBlocked += call.duration;
    else if (call.syscall.family === 'futex') {
      loop.futexBlocked += call.duration;
      const futex = call.arguments.futex();
      if (futex?.operation.includes('LOCK_PI')) loop.acceptBlocked += call.duration;
      else if (futex !== null) this.#futexes.waited(call, thread, futex);
    }
    if (!loop.inTurn) return;
    const kind = noteCall(call, thread);
    if (kind === 'gil' && this.inWindow(call.end)) this.facts.tell('interpreterWait', { thread, record: call });
  }

  #endTurn(thread: Thread, at: Nanoseconds, open: boolean): void {
    const { loop } = thread;
    if (thread.lookup !== null) this.#lookups.settle(thread);
    const turn = loop.endTurn(at);
    if (turn === null) return;
    // Coarse stamps, or none, may show less than the calls in it tell.
    const length = Math.max(at - turn.start, turn.inCalls);
    if (length < this.options.longTurn || !this.inWindow(turn.start)) return;
    thread.process.inProgress.noteWaiting(turn, at, thread.process);
    loop.keepTurn();
    loop.aftermath = turn;
    this.facts.tell('longTurn', { thread, turn, length, open, stuckIn: open ? thread.leftIn : null });
  }

  #route(syscall: Syscall): Handler {
    const handler = routeOf(syscall, this.#trackers);
    while (this.#handlers.length <= syscall.id) this.#handlers.push(undefined);
    this.#handlers[syscall.id] = handler;
    return handler;
  }
}

function usedNewSocket(syscall: Syscall | null): boolean {
  return (
    syscall !== null && (syscall.family === 'accept' || syscall.family === 'socket' || syscall.family === 'connect')
  );
}
