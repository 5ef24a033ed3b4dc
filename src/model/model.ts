import type { CaptureFacts } from '../trace/capture-facts.ts';
import type {
  Call,
  CallCount,
  Exit,
  Frame,
  Lost,
  Membership,
  Noted,
  Notice,
  Observed,
  Printed,
  Sampled,
  Scheduling,
  Signal,
  SocketState,
  Watched,
} from '../trace/record.ts';
import { serverOf } from '../trace/server-names.ts';
import { signalInfo } from '../trace/siginfo.ts';
import { type Family, type Syscall, syscall } from '../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../trace/time.ts';
import type { TimelineSink } from '../trace/timeline-sink.ts';
import { type Audience, audienceOf } from './audience.ts';
import { FactBus, type Facts } from './fact-bus.ts';
import { CallBehind } from './following/call-behind.ts';
import { Followers } from './following/followers.ts';
import { isCutShort, isInterruption, passes } from './following/interruptions.ts';
import { OpenCall } from './following/open-call.ts';
import { Route } from './following/routes.ts';
import { seenIn } from './following/seen-in.ts';
import { OpenThreads, type StillOpen } from './following/still-open.ts';
import { endStop, noteStop } from './following/stops.ts';
import { leftIn, withSighting } from './following/turn-notes.ts';
import type { TurnTracker } from './following/turn-tracker.ts';
import { Completeness } from './machine/completeness.ts';
import { noteEnding } from './machine/ending.ts';
import type { LeftIn } from './machine/left-in.ts';
import { Listeners } from './machine/listeners.ts';
import { Processes } from './machine/processes.ts';
import type { Thread } from './machine/thread.ts';
import type { ActivityRecorder } from './measuring/activity-recorder.ts';
import { Calibration } from './measuring/calibration.ts';
import { CallCounter } from './measuring/call-statistics.ts';
import { CodeSamples } from './measuring/code-samples.ts';
import { Losses } from './measuring/losses.ts';
import { LEAST_PAUSE, Pauses } from './measuring/pauses.ts';
import { SchedulerTracker } from './measuring/scheduler-tracker.ts';
import { SocketTracker } from './measuring/socket-tracker.ts';
import { TimeTable } from './measuring/time-table.ts';
import { TimelineRecorder } from './measuring/timeline-recorder.ts';
import { WatchTracker } from './measuring/watch-tracker.ts';
import { HUB_WAIT, MAY_HAVE_FRAMES, type Tracker, type TrackerContext, type TrackerType } from './tracker.ts';

export type { StillOpen };

export interface ModelOptions {
  /** Facts outside this stretch of trace time are followed and not told. */
  readonly from: Nanoseconds;
  readonly to: Nanoseconds;
  /** Many calls fit between two times that can be told apart. */
  readonly isCoarse: boolean;
  /** Turns from this length on are told. */
  readonly longTurn: Nanoseconds;
  /** Replies that begin so late are told. */
  readonly clientTimeout: Nanoseconds;
  /** What is followed beside the machine itself, in the order in which it hears of things. None depends on another. */
  readonly topics: readonly TrackerType[];
  /** Told of every call, for a picture of the whole trace. */
  readonly activity?: ActivityRecorder;
  /** Where what each thread did goes, event by event; absent where nobody wants a timeline. */
  readonly events?: TimelineSink | undefined;
  /** What stands beside the trace about its host. */
  readonly noted?: CaptureFacts | null;
}

/**
 * Rebuilds what the machine was doing from the records of a trace. For each call the followers say first whom it works
 * for (descriptors, connections, waits), then the trackers hear of it, then the loop of its thread is charged.
 */
export class Model {
  readonly facts = new FactBus();
  readonly processes: Processes;
  readonly listeners = new Listeners();
  readonly statistics = new CallCounter();
  readonly calibration = new Calibration();
  readonly losses = new Losses();
  readonly completeness = new Completeness();
  readonly code = new CodeSamples();
  readonly pauses = new Pauses();
  readonly watch = new WatchTracker();
  readonly scheduler: SchedulerTracker;
  readonly sockets: SocketTracker;
  options: ModelOptions;
  /** First and last moment seen. */
  firstTime: Nanoseconds = UNKNOWN;
  lastTime: Nanoseconds = UNKNOWN;
  /** Turns that go on, while somebody asks for what goes on (`asIfEnded`). */
  openTurns: readonly Facts['longTurn'][] = [];
  readonly #topics: readonly Tracker[];
  readonly #audience: Audience;
  readonly #followers: Followers;
  readonly #turns: TurnTracker;
  readonly #routes: (Route | undefined)[] = [];
  readonly #behind = new CallBehind();
  /** Calls so far of a trace that has shown no frame. */
  #withoutFrames = 0;
  readonly #activity: ActivityRecorder | null;
  /** The trackers that want to be called at times. In a trace of days that is so at every call. */
  readonly #periodic: readonly Tracker[];
  /** When the next of them does. */
  #nextDue = Number.NEGATIVE_INFINITY;

  constructor(options: ModelOptions) {
    this.options = options;
    const { facts, listeners } = this;
    const { longTurn, clientTimeout } = options;
    const context: TrackerContext = { facts, inWindow: (time) => this.inWindow(time), longTurn, clientTimeout };
    options.activity?.subscribe(facts);
    this.scheduler = new SchedulerTracker(context);
    this.sockets = new SocketTracker(context);
    this.#topics = options.topics.map((Topic) => new Topic(context));
    this.#activity = options.activity ?? null;
    const { noted } = options;
    const measuring: Tracker[] = [
      this.scheduler,
      this.sockets,
      this.watch,
      this.pauses,
      this.code,
      new TimeTable(context),
    ];
    this.#audience = audienceOf([
      ...measuring,
      ...this.#topics,
      ...(options.events === undefined ? [] : [new TimelineRecorder(context, options.events)]),
      { threadLetGo: (thread) => facts.tell('threadLetGo', thread) },
    ]);
    this.#periodic = this.#audience.trackers.filter(({ due }) => due !== undefined);
    this.processes = new Processes(this.#audience);
    if (noted) this.processes.memberships.introduce(noted);
    const { processes, completeness } = this;
    this.#followers = new Followers({ ...context, processes, listeners, audience: this.#audience, completeness });
    this.#turns = this.#followers.turns;
  }

  /**
   * The first event, from which reports count: as a rule 0; earlier when something had begun before the first stamp,
   * later when no event has that.
   */
  get zero(): Nanoseconds {
    return this.firstTime === UNKNOWN ? 0 : this.firstTime;
  }

  /** The tracker of a topic, for the detector of that topic. */
  topic<T extends Tracker>(type: TrackerType<T>): T {
    const found = this.#topics.find((tracker) => tracker instanceof type);
    if (found === undefined) throw new Error(`${type.name} is a tracker that no detector names in its definition`);
    return found as T;
  }

  /** The clock is known: facts outside this stretch of its time are followed and not told from now on. */
  lookAt(stretch: Pick<ModelOptions, 'from' | 'to' | 'isCoarse'>): void {
    this.options = { ...this.options, ...stretch };
  }

  inWindow(time: Nanoseconds): boolean {
    return time >= this.options.from && time <= this.options.to;
  }

  /** strace told which threads it attached together. */
  attached({ tid, threads }: Notice): void {
    this.processes.memberships.together.attached(tid, threads);
  }

  call(call: Call): void {
    const thread = this.processes.at(call.lane, call.start);
    if (call.partial && thread.lastTime !== UNKNOWN) this.completeness.orphanHalves++;
    // One that never came back is counted when the capture ends, up to there.
    if (!call.inFlight && call.end >= this.options.from && call.end <= this.options.to) this.statistics.add(call);
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
    if (!this.options.isCoarse && !call.inFlight) {
      const { holes } = this.#followers;
      holes.cameBack(this.lastTime, end);
      holes.look(call, thread);
    }
    if (end > this.lastTime || this.lastTime === UNKNOWN) this.lastTime = end;
    if (start < thread.firstTime) thread.firstTime = start;
    if (end >= this.#nextDue) this.#due(end);
    const turns = this.#turns;
    if (call.inFlight) {
      this.#stays(call, thread);
      return;
    }
    if (!syscall.changesNothing && call.error === '' && !(call.result === 0 && answersNothing(syscall.family)))
      thread.loop.effects++;
    const route = this.#routes[syscall.id] ?? this.#route(syscall);
    const worksFor = route.follow(call, thread);
    const gap = turns.gapBefore(call, thread);
    this.calibration.add(call, gap);
    this.calibration.queue?.returned(call, thread, gap, worksFor === HUB_WAIT);
    if (gap >= MILLISECOND) {
      thread.outside += gap;
      if (thread.stop !== null) endStop(thread, start);
      else if (gap >= LEAST_PAUSE && thread.lastTimed) this.pauses.gap(thread, start - gap, start);
      if (!thread.lastTimed) this.#audience.untimed(call, thread, gap);
    }
    turns.charge(call, thread, worksFor, gap);
    if (this.#withoutFrames < MAY_HAVE_FRAMES) {
      this.#withoutFrames++;
      this.#audience.framesMayFollow(call, thread);
    }
    if (this.#activity !== null) this.#activity.returned(call, thread, worksFor);
    if (thread.interruptedIn !== null) thread.interruptedIn = null;
    if (call.error === '' ? Number.isNaN(call.result) && isCutShort(call) : isInterruption(call.error))
      thread.interruptedIn = leftIn(call, thread);
    if (end > thread.lastTime || thread.lastTime === UNKNOWN) thread.lastTime = end;
    thread.lastSyscall = syscall;
    thread.lastFd = call.fd;
    thread.lastTimed = call.duration >= 0;
  }

  /** A stack frame of the last call of its thread. */
  frame(frame: Frame): void {
    const thread = this.processes.known(frame.lane);
    if (thread === undefined) return;
    this.calibration.unwinds();
    this.#withoutFrames = Number.NEGATIVE_INFINITY;
    this.#audience.frame(frame, thread);
  }

  signal(signal: Signal): void {
    const thread = this.processes.at(signal.lane, signal.time);
    // A thread gets such a signal from its own process: `raise`, `pthread_kill`, the scheduler of Go.
    const sender = signal.info.includes('SI_TKILL') ? signalInfo(signal.info).pid : 0;
    if (sender > 0) this.processes.memberships.pidNamed(thread, sender);
    // The scheduler of Go takes the processor from a goroutine with it, as nobody else does.
    if (sender > 0 && signal.signal === 'SIGURG' && thread.process.server === '') thread.process.server = 'Go';
    thread.process.lastSignal = signal.signal;
    thread.process.lastSignalAt = signal.time;
    noteEnding(thread.process, signal.signal, signal.time);
    this.#audience.signalled(signal, thread);
    if (!passes(signal.signal)) thread.interruptedIn = null;
    noteStop(thread, signal);
    if (thread.stop !== null) this.#turns.stopped(thread, signal.time);
    this.#followers.traffic.failures.signal(thread, signal);
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
    if (signal !== '' && assumed === undefined) this.processes.memberships.killed(thread, signal, time);
    if (assumed === undefined) this.#audience.exited(exit, thread);
    // Where ends have lines of their own those of its siblings come, too.
    const siblings =
      assumed === 'left' && thread.lastSyscall?.name === 'exit_group' ? this.processes.endSiblings(thread) : [];
    for (const sibling of siblings) this.#ended(sibling, time, '');
    this.#ended(thread, time, signal);
  }

  #ended(thread: Thread, told: Nanoseconds, signal: string): void {
    // Nothing that it did comes after its end.
    const time = thread.lastTime === UNKNOWN ? told : Math.max(told, thread.lastTime);
    const { cycles, traffic, turns } = this.#followers;
    cycles.finish(thread, time);
    this.#audience.threadEnded(thread, time, signal);
    traffic.failures.exited(thread, signal);
    turns.threadEnded(thread, time, signal);
    this.processes.exited(thread, time, signal);
  }

  membership({ lane, leader, time }: Membership): void {
    this.#saw(time);
    this.processes.memberships.belongs(this.processes.at(lane, time), this.processes.at(leader, time));
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

  noted(record: Noted): void {
    this.#saw(record.time);
    this.#saw(record.time + Math.max(0, record.length));
    if (!this.inWindow(record.time)) return;
    this.watch.note(record, this.processes.at(record.lane, record.time));
    const { call, error } = record;
    if (call === '') return;
    const errors = [[error, 1]] as const;
    this.statistics.addCounted({
      kind: 'count',
      syscall: syscall(call),
      count: 1,
      errors,
      total: UNKNOWN,
      longest: UNKNOWN,
    });
  }

  /** Somebody looked at a thread from outside. Its own calls say more, where it makes any. */
  observed(record: Observed): void {
    const { lane, leader, parent, comm, call, held, holder, since, ran, peer, isOfClient, clients, hasRing, isOver } =
      record;
    const { queue, before } = record;
    if (this.processes.isOver(lane)) return;
    const { processes } = this;
    const thread = processes.at(lane, since);
    processes.memberships.belongs(thread, processes.at(leader, since));
    processes.memberships.parentNamed(thread.process, parent);
    if (lane.comm === '') lane.comm = comm;
    const { process } = thread;
    if (process.server === '') process.server = serverOf([comm]) || (record.server ?? '');
    process.usesRing ||= hasRing;
    const { file, line, text } = record;
    const seen = { call, held, holder, since, before, ran, peer, isOfClient, line: { file, line, text } };
    if (isOver) thread.stuckAtFirst = { ...seen, until: record.time, clients };
    else {
      thread.seen = seen;
      if (clients !== UNKNOWN) process.clientsHeld = clients;
      const until = record.time - (queue?.ago ?? 0);
      if (lane === leader)
        process.queued = queue === null ? null : { least: queue.least, since: until - queue.length, until };
    }
    this.#saw(since);
    this.#saw(record.time);
  }

  /** What the program wrote belongs to the thread whose line stands above it, as far as anybody can tell. */
  printed(record: Printed): void {
    const thread = this.processes.known(record.lane);
    if (thread !== undefined) this.#audience.printed(record, thread);
  }

  /** Somebody looked at the stack of a thread. */
  sampled(record: Sampled): void {
    this.code.add(record);
    this.#saw(record.time);
  }

  lost({ time, count, isElision = false }: Lost): void {
    if (isElision) this.#followers.holes.elided();
    else this.losses.add(time, count);
  }

  counted(count: CallCount): void {
    this.statistics.addCounted(count);
  }

  /** What `judge` finds if the capture ended now with what is known of this moment. Nothing of that stays. */
  asIfEnded<Found>(open: StillOpen, judge: () => Found): Found {
    const { firstTime, lastTime } = this;
    const threads = new OpenThreads(this.processes, this.listeners, open, lastTime);
    try {
      threads.suppose((record) => this.observed(record), firstTime);
      this.openTurns = threads.turns();
      return judge();
    } finally {
      threads.forget();
      this.openTurns = [];
      this.firstTime = firstTime;
      this.lastTime = lastTime;
    }
  }

  /** Closes what is still open when no more records come. `inFlight` are the calls that had not returned. */
  finish(inFlight: Iterable<Call>): void {
    const { cycles, traffic, turns } = this.#followers;
    for (const call of inFlight) {
      if (this.processes.isOver(call.lane)) {
        this.#saw(call.start);
        continue;
      }
      const thread = this.processes.at(call.lane, call.start);
      const inOrder = this.#inOrder(call, thread);
      this.#saw(inOrder.start);
      if (cameBackUnseen(call, thread)) continue;
      this.#stays(inOrder, thread);
    }
    this.processes.memberships.finish();
    for (const thread of this.processes.threads()) {
      cycles.finish(thread, this.lastTime);
      if (thread.ended) continue;
      // It was let go in the middle of a call, and went on later.
      const isOld = thread.lastTime !== UNKNOWN && thread.leftIn !== null && thread.leftIn.since < thread.lastTime;
      if (isOld) thread.leftIn = null;
      if (thread.stop !== null && thread.continued === null) thread.stopAtEnd = thread.stop;
      if (thread.stop !== null && thread.leftIn === null) endStop(thread, this.lastTime);
      thread.leftIn ??= seenIn(thread, this.lastTime);
      if (thread.leftIn !== null) {
        thread.leftIn = withSighting(thread.leftIn, thread, this.firstTime);
        this.#wasLeftIn(thread, thread.leftIn);
      }
      turns.finish(thread, this.lastTime);
    }
    turns.finishShared(this.processes.threads(), this.lastTime);
    this.#audience.finish([...this.processes.threads()]);
    traffic.ends.finish(this.processes.all(), this.lastTime);
    // It is counted as a call that returned; for the end of the capture its thread is still in it.
    for (const thread of this.processes.threads())
      if (!thread.ended && thread.interruptedIn?.isInterrupted) thread.leftIn ??= thread.interruptedIn;
  }

  /** A call that the thread had not left when the capture ended. */
  #stays(call: Call, thread: Thread): void {
    const { traffic, turns } = this.#followers;
    if (call.syscall.family === 'connect') traffic.connect(call, thread);
    if (thread.stop !== null) endStop(thread, call.start);
    this.#audience.staying(call, thread);
    turns.stays(call, thread);
  }

  /** What had not come back took at least up to the end of the capture. */
  #wasLeftIn(thread: Thread, left: LeftIn): void {
    const call = new OpenCall(thread, left, this.lastTime);
    this.statistics.add(call);
    this.#followers.leftOpen(call, thread, left);
    this.#audience.leftOpen(call, thread, left);
  }

  #saw(time: Nanoseconds): void {
    if (this.firstTime === UNKNOWN || time < this.firstTime) this.firstTime = time;
    if (time > this.lastTime || this.lastTime === UNKNOWN) this.lastTime = time;
  }

  #due(now: Nanoseconds): void {
    this.#nextDue = Number.POSITIVE_INFINITY;
    for (const tracker of this.#periodic) {
      if (tracker.dueAt === undefined) continue;
      if (now >= tracker.dueAt) tracker.due?.(now, () => this.processes.all());
      this.#nextDue = Math.min(this.#nextDue, tracker.dueAt);
    }
  }

  #route(syscall: Syscall): Route {
    const made = new Route(syscall, this.#followers, this.#audience);
    while (this.#routes.length <= syscall.id) this.#routes.push(undefined);
    this.#routes[syscall.id] = made;
    return made;
  }
}

/** A result of 0 says that there is nothing: the end of a stream, no child that has ended, no byte that was sent. */
function answersNothing(family: Family): boolean {
  return family === 'read' || family === 'wait-child' || family === 'write';
}

/** The tracer found it in that call when it came; whoever looked from outside saw it in something else since then. */
function cameBackUnseen({ start, syscall: { name, family } }: Call, { lastTime, seen }: Thread): boolean {
  return lastTime === UNKNOWN && seen !== null && seen.since > start && seen.call !== name && family !== 'restart';
}
