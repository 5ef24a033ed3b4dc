import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FactBus, type Facts } from '../../src/model/fact-bus.ts';
import type { Thread } from '../../src/model/machine/thread.ts';
import { ActivityRecorder } from '../../src/model/measuring/activity-recorder.ts';
import { HUB_WAIT } from '../../src/model/tracker.ts';
import { MILLISECOND, UNKNOWN } from '../../src/trace/time.ts';
import { callOf, lane, threadOf } from '../support/model-objects.ts';

const COLUMNS = 2_048;

/** What a recorder says of threads that make calls, in milliseconds. */
class Watched {
  readonly recorder = new ActivityRecorder(100 * MILLISECOND);
  readonly facts = new FactBus();
  readonly thread: Thread = threadOf(101);

  constructor() {
    this.recorder.subscribe(this.facts);
  }

  /** A call; the thread is told of it afterwards, as the model does. */
  call(name: string, from: number, to: number, { isHubWait = false, isTimed = true, thread = this.thread } = {}): this {
    const call = callOf(name, from * MILLISECOND, to * MILLISECOND);
    this.recorder.returned(isTimed ? call : { ...call, duration: UNKNOWN }, thread, isHubWait ? HUB_WAIT : null);
    thread.lastTime = to * MILLISECOND;
    thread.lastSyscall = call.syscall;
    thread.lastTimed = isTimed;
    return this;
  }

  /** How long each of these was, in milliseconds. */
  get sums(): readonly [waiting: number, blocked: number, silent: number] {
    const { waiting, blocked, silent } = this.recorder.lanes[0] ?? assert.fail();
    return [sum(waiting), sum(blocked), sum(silent)];
  }

  /** Milliseconds at which the filled columns begin and end. */
  span(of: 'waiting' | 'blocked' | 'silent' | 'calls' | 'long' | 'accepted'): readonly [number, number] {
    const { recorder } = this;
    const column = Array.from<number>(recorder.lanes[0]?.[of] ?? assert.fail());
    const at = (index: number): number => (recorder.zero + index * recorder.width) / MILLISECOND;
    return [at(column.findIndex((each) => each > 0)), at(column.findLastIndex((each) => each > 0) + 1)];
  }
}

function sum(column: Float32Array): number {
  return Math.round(column.reduce((total, each) => total + each, 0) * 1e5) / 100;
}

const total = (column: Uint32Array | undefined): number =>
  (column ?? assert.fail()).reduce((sum, each) => sum + each, 0);

describe('the columns of a worker', () => {
  it('tell waiting for work, being blocked, and doing nothing that shows', () => {
    const watched = new Watched().call('epoll_wait', 0, 300, { isHubWait: true }).call('fsync', 310, 410);
    watched.call('getpid', 460, 460.5).call('accept4', 460.5, 480.5);
    assert.deepEqual(watched.sums, [320, 100, 60]);
    assert.deepEqual(watched.span('blocked'), [310, 410]);
    assert.deepEqual(watched.span('silent'), [300, 460]);
    assert.equal(total(watched.recorder.lanes[0]?.calls), 4);
  });

  it('take calls of a millisecond and more, and silences of 10 ms and more', () => {
    const watched = new Watched().call('fsync', 0, 0.999).call('fsync', 10.998, 11.998).call('getpid', 21.998, 22);
    assert.deepEqual(watched.sums, [0, 1, 10]);
  });

  it('mark what lasts 100 ms and more: 1 where it was blocked, 2 where it was silent, nothing where it waited', () => {
    const marks = (ms: number): (number | undefined)[] => {
      const watched = new Watched().call('epoll_wait', 0, ms, { isHubWait: true });
      watched.thread.lastTime = UNKNOWN;
      const { long } = watched.call('fsync', 500, 500 + ms).recorder.lanes[0] ?? assert.fail();
      return [long[50], long[550]];
    };
    assert.deepEqual(marks(100), [0, 1]);
    assert.deepEqual(marks(99.999), [0, 0]);
    const silent = new Watched().call('getpid', 0, 1).call('getpid', 102, 103);
    assert.deepEqual([silent.recorder.lanes[0]?.long[50], silent.span('long')], [2, [1, 102]]);
  });

  it('take a poll for a wait for work only where no loop is known', () => {
    const poll = (hasLoop: boolean): readonly number[] => {
      const watched = new Watched();
      if (hasLoop) watched.thread.loop.confirmHub(watched.thread.loop.waitSet('epoll', null, 7), true);
      return watched.call('poll', 0, 40).sums;
    };
    assert.deepEqual(poll(false), [40, 0, 0]);
    assert.deepEqual(poll(true), [0, 40, 0]);
  });

  it('take the time up to the next line for the call before it where calls have no duration', () => {
    for (const [name, sums] of [
      ['read', [0, 50, 0]],
      ['write', [0, 50, 0]],
      ['futex', [0, 50, 0]],
      ['nanosleep', [0, 50, 0]],
      ['fsync', [0, 50, 0]],
      ['epoll_wait', [50, 0, 0]],
      ['getpid', [0, 0, 50]],
    ] as const)
      assert.deepEqual(new Watched().call(name, 7, 7, { isTimed: false }).call('getpid', 57, 57).sums, sums, name);
  });

  it('become wider as the capture grows, and lose nothing', () => {
    const watched = new Watched().call('epoll_wait', 0, 10, { isHubWait: true });
    for (const [name, facts] of [
      [
        'acceptCycle',
        [
          { kind: 'wasted', start: 20, accepted: 0 },
          { kind: 'productive', start: 1_500, accepted: 3 },
        ],
      ],
      [
        'failedWrite',
        [
          { time: 30, connection: {} },
          { time: 1_501, connection: {} },
          { time: 31, connection: null },
        ],
      ],
    ] as const)
      for (const fact of facts) {
        const times = Object.entries(fact).map(([key, value]) => [
          key,
          /start|time/.test(key) ? Number(value) * MILLISECOND : value,
        ]);
        watched.facts.tell(name, {
          thread: watched.thread,
          ...Object.fromEntries(times),
        } as unknown as Facts[typeof name]);
      }
    watched.call('fsync', 1_400, 1_610).call('getpid', 1_760, 1_760.5);
    const before = watched.sums;
    assert.deepEqual(before, [10, 210, 1_390 + 150]);
    watched.call('getpid', 70_001, 70_001.5);
    const { recorder } = watched;
    const own = recorder.lanes[0];
    // 64 times 2,048 ms are more than 70 s.
    assert.equal(recorder.width, 64 * MILLISECOND);
    assert.deepEqual(watched.sums, [10, 210, 1_390 + 150 + 68_240.5]);
    assert.deepEqual([own?.calls, own?.accepted, own?.wasted, own?.brokenPipes].map(total), [4, 3, 1, 2]);
    assert.deepEqual(watched.span('blocked'), [1_344, 1_664]);
    assert.deepEqual(watched.span('accepted'), [1_472, 1_536]);
    // Blocked for long up to 1,610 ms and silent for long behind it: both are in the column of 1,600 to 1,664.
    assert.deepEqual([own?.long[25], own?.long[26]], [3, 2]);
    assert.equal(own?.long[COLUMNS - 1], 0);
  });

  it('are as wide as the capture needs, and no wider', () => {
    assert.equal(new Watched().call('getpid', 0, 2_047.999).recorder.width, MILLISECOND);
    assert.equal(new Watched().call('getpid', 0, 2_048).recorder.width, 2 * MILLISECOND);
  });

  it('take in what comes before the first line, as of another file', () => {
    const watched = new Watched().call('fsync', 500, 530);
    watched.thread.lastTime = UNKNOWN;
    watched.call('fsync', 100.5, 120.5);
    assert.deepEqual([watched.recorder.zero, watched.sums[1]], [100 * MILLISECOND, 50]);
    assert.deepEqual(watched.span('blocked'), [100, 530]);
    const wide = new Watched().call('fsync', 2_500, 2_530);
    wide.thread.lastTime = UNKNOWN;
    wide.call('fsync', 100, 120);
    assert.equal(wide.recorder.width, 2 * MILLISECOND);
    assert.deepEqual([wide.sums[1], wide.span('blocked')], [50, [100, 2_530]]);
  });

  it('reach over a stretch in which there is no call', () => {
    const watched = new Watched();
    watched.recorder.cover(0, 5_000 * MILLISECOND);
    assert.equal(watched.call('getpid', 10, 11).recorder.width, 4 * MILLISECOND);
    assert.equal(watched.recorder.zero, 0);
  });

  it('are kept of 256 threads', () => {
    const watched = new Watched();
    for (let index = 0; index < 257; index++) {
      const thread = threadOf(1_001 + index);
      thread.lane = lane(index, thread.tid);
      watched.call('getpid', index, index, { thread });
    }
    assert.equal(watched.recorder.lanes.length, 256);
  });
});
