import type { Call } from '../../trace/record.ts';
import type { Family } from '../../trace/syscalls.ts';
import { MILLISECOND, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { FactBus } from '../fact-bus.ts';
import type { Thread } from '../machine/thread.ts';
import { HUB_WAIT, type WorksFor } from '../tracker.ts';
import { ActivityLane, BUCKETS } from './activity-lane.ts';
import { CallTargets } from './call-targets.ts';
import { SlowRequests } from './slow-requests.ts';

const FIRST_WIDTH: Nanoseconds = MILLISECOND;
/** Shorter stays are the ordinary work of a busy worker. */
const NOTED: Nanoseconds = MILLISECOND;
/** Between two calls a thread computes; from here on it was silent. */
const SILENT: Nanoseconds = 10 * MILLISECOND;
/** About 60 KB each. */
const MOST_LANES = 256;
/** What a thread does that has nothing to do: for its clients, its children, or a signal. */
const WAITS: ReadonlySet<Family> = new Set<Family>(['accept', 'signal-wait', 'wait-child']);
const MULTIPLEXERS: ReadonlySet<Family> = new Set<Family>(['epoll-wait', 'poll', 'select']);

/**
 * A coarse picture of what each thread did over time, and of calls by what they were made on. Bounded whatever the
 * length of the trace; made only for those who draw it: without a recorder the model does nothing for it.
 */
export class ActivityRecorder {
  /** Nanoseconds a bucket. */
  width = FIRST_WIDTH;
  /** When the first bucket begins: at the first event, or a little before. */
  zero: Nanoseconds = 0;
  #isEmpty = true;
  readonly targets = new CallTargets();
  readonly requests = new SlowRequests();
  readonly #late: Nanoseconds;
  readonly #lanes: (ActivityLane | undefined)[] = [];
  #count = 0;
  #last: Nanoseconds = Number.NEGATIVE_INFINITY;

  /** `late`: requests that were answered sooner are not kept. */
  constructor(late: Nanoseconds) {
    this.#late = late;
  }

  get lanes(): readonly ActivityLane[] {
    return this.#lanes.filter((lane) => lane !== undefined);
  }

  subscribe(facts: FactBus): void {
    facts.subscribe(
      {
        acceptCycle: ({ thread, kind, start, accepted }) => {
          const lane = this.#laneOf(thread);
          if (lane === null) return;
          const bucket = this.#bucketOf(start);
          lane.accepted[bucket] = (lane.accepted[bucket] ?? 0) + accepted;
          if (kind === 'wasted') lane.wasted[bucket] = (lane.wasted[bucket] ?? 0) + 1;
        },
        slowReply: ({ thread, request, record: { start, end } }) => {
          const length = request.waitedUntil(end);
          if (length < this.#late) return;
          this.requests.add({ request, pid: thread.process.pid, length, blame: request.loop.blame(request, start) });
        },
        failedWrite: ({ thread, time, connection }) => {
          const lane = connection === null ? null : this.#laneOf(thread);
          if (lane === null) return;
          const bucket = this.#bucketOf(time);
          lane.brokenPipes[bucket] = (lane.brokenPipes[bucket] ?? 0) + 1;
        },
      },
      // A picture that lacks its marks is still worth drawing.
      () => undefined,
    );
  }

  /** Makes the columns reach over all of that stretch. */
  cover(from: Nanoseconds, to: Nanoseconds): void {
    this.#makeRoom(from);
    this.#bucketOf(to);
  }

  /** A call returned; `thread` still says when its last one did. */
  returned(call: Call, thread: Thread, worksFor: WorksFor): void {
    const isHubWait = worksFor === HUB_WAIT;
    this.targets.add(call, thread);
    const lane = this.#laneOf(thread);
    if (lane === null) return;
    const { start, end, duration, syscall } = call;
    const { lastTime } = thread;
    this.#makeRoom(start);
    const bucket = this.#bucketOf(end);
    lane.calls[bucket] = (lane.calls[bucket] ?? 0) + 1;
    const { loop, accepts } = thread;
    const mayBeHub = loop.hub === null && !accepts.isSurelyWait && MULTIPLEXERS.has(syscall.family);
    const isWait = isHubWait || WAITS.has(syscall.family) || mayBeHub;
    if (lastTime !== UNKNOWN && start - lastTime >= SILENT)
      lane.add(silenceOf(lane, thread), lastTime - this.zero, start - this.zero, this.width);
    if (duration >= NOTED) lane.add(isWait ? 'waiting' : 'blocked', start - this.zero, end - this.zero, this.width);
    lane.lastWasWait = isWait;
    lane.isEmpty = false;
  }

  #laneOf(thread: Thread): ActivityLane | null {
    const { index } = thread.lane;
    const known = this.#lanes[index];
    if (known !== undefined) return known;
    if (this.#count === MOST_LANES) return null;
    this.#count++;
    const made = new ActivityLane(thread);
    this.#lanes[index] = made;
    return made;
  }

  #bucketOf(time: Nanoseconds): number {
    if (time > this.#last) this.#last = time;
    while (time - this.zero >= this.width * BUCKETS) this.#widen();
    return Math.max(0, Math.floor((time - this.zero) / this.width));
  }

  /** Takes in a moment before the first bucket. */
  #makeRoom(time: Nanoseconds): void {
    if (this.#isEmpty) {
      this.#isEmpty = false;
      this.zero = time;
    }
    if (time >= this.zero) return;
    while (this.#last - time >= this.width * (BUCKETS - 1)) this.#widen();
    const buckets = Math.ceil((this.zero - time) / this.width);
    for (const lane of this.#lanes) lane?.moveBack(buckets);
    this.zero -= buckets * this.width;
  }

  #widen(): void {
    this.width *= 2;
    for (const lane of this.#lanes) lane?.halve();
  }
}

/** Without durations the call before it fills the gap. */
function silenceOf(lane: ActivityLane, thread: Thread): 'waiting' | 'blocked' | 'silent' {
  if (thread.lastTimed) return 'silent';
  if (lane.lastWasWait) return 'waiting';
  const family = thread.lastSyscall?.family;
  return family === 'read' || family === 'write' || family === 'futex' || family === 'sleep' || family === 'sync'
    ? 'blocked'
    : 'silent';
}
