import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FactBus, type Facts } from '../../src/model/fact-bus.ts';
import { foundConnection } from '../../src/model/machine/accepted-by.ts';
import type { Connection } from '../../src/model/machine/connections.ts';
import { Descriptor } from '../../src/model/machine/descriptors.ts';
import type { LeftIn } from '../../src/model/machine/left-in.ts';
import type { Thread } from '../../src/model/machine/thread.ts';
import { TimelineRecorder } from '../../src/model/measuring/timeline-recorder.ts';
import { syscall } from '../../src/trace/syscalls.ts';
import { MILLISECOND, UNKNOWN } from '../../src/trace/time.ts';
import type { Mark, Slice, TimelineSink, TrackOwner } from '../../src/trace/timeline-sink.ts';
import { callOf, threadOf } from '../support/model-objects.ts';

/** What is written of one thread, in milliseconds: `turn 0-10`, `call read 2-4`. */
class Written implements TimelineSink {
  readonly lines: string[] = [];
  readonly owners: TrackOwner[] = [];
  omittedCalls = 0;
  /** There is room for slices of so many milliseconds and more. */
  least = 0;
  /** The number of each track; -1 where none is wanted. */
  number: number | null = null;
  readonly #open: [text: string, from: number][] = [];

  track(owner: TrackOwner): number {
    this.owners.push(owner);
    return this.number ?? this.owners.length;
  }

  describe(track: number, owner: TrackOwner): void {
    this.owners[track - 1] = owner;
  }

  admits(_kind: string, length: number): boolean {
    return length >= this.least * MILLISECOND;
  }

  omitted(_kind: string, count: number): void {
    this.omittedCalls += count;
  }

  begin(_track: number, time: number, slice: Slice): void {
    this.#open.push([textOf(slice), time]);
  }

  end(_track: number, time: number): void {
    const [text, from] = this.#open.pop() ?? assert.fail('an end without a begin');
    this.lines.push(`${text} ${from / MILLISECOND}-${time / MILLISECOND}`);
  }

  mark(_track: number, time: number, { kind, error, request, flows }: Mark): void {
    this.lines.push(`mark ${[kind, error, request, flows].flat().join(' ')} ${time / MILLISECOND}`);
  }

  request(_track: number, start: number, end: number, slice: Slice): void {
    this.lines.push(`${textOf(slice)} ${start / MILLISECOND}-${end / MILLISECOND}`);
  }
}

function textOf({ kind, call, error, requests, flows, isOpen, isUpperBound }: Slice): string {
  const words = [kind, call, error, ...requests, ...flows, isOpen ? 'open' : '', isUpperBound ? 'at most' : ''];
  return words.filter((word) => word !== '').join(' ');
}

class Recorded {
  readonly sink = new Written();
  readonly facts = new FactBus();
  readonly recorder: TimelineRecorder;
  readonly thread: Thread = threadOf(101);

  constructor(from = 0) {
    const inWindow = (time: number): boolean => time >= from * MILLISECOND;
    this.recorder = new TimelineRecorder({ facts: this.facts, inWindow }, this.sink);
  }

  turn(ms: number): this {
    this.thread.loop.inTurn = true;
    this.thread.loop.turn.start = ms * MILLISECOND;
    return this;
  }

  call(name: string, from: number, to: number, error = ''): this {
    this.recorder.blocked(callOf(name, from * MILLISECOND, to * MILLISECOND, { error }), this.thread);
    return this;
  }

  ends(ms: number, isOpen = false): this {
    this.recorder.turnEnding(this.thread, ms * MILLISECOND, isOpen);
    this.thread.loop.inTurn = false;
    return this;
  }

  /** A client's request that was read at `ms`; UNKNOWN for one of which nothing was read. */
  connection(readAt: number, line = 'GET /a'): Connection {
    const connection = foundConnection(new Descriptor('connection', '', false), 11, this.thread, 5 * MILLISECOND, 1);
    connection.request.line = line;
    connection.request.readAt = readAt === UNKNOWN ? UNKNOWN : readAt * MILLISECOND;
    return connection;
  }

  reads(connection: Connection): this {
    const fact = { thread: this.thread, request: connection.request, record: callOf('read', 0, 0) };
    this.facts.tell('requestRead', fact);
    return this;
  }

  replies(connection: Connection, ms: number): this {
    this.recorder.replied(callOf('write', ms * MILLISECOND, ms * MILLISECOND), this.thread, connection.request);
    return this;
  }

  get lines(): readonly string[] {
    return this.sink.lines;
  }
}

describe('the timeline of a thread', () => {
  it('has its turns, with the calls of each in it, which end with it at the latest', () => {
    const recorded = new Recorded().turn(10).call('read', 12, 14).call('fsync', 20, 50, 'EIO').ends(40);
    assert.deepEqual(recorded.lines, ['call read 12-14', 'call fsync EIO 20-40', 'turn 10-40']);
  });

  it('has what begins where a turn ends behind it: a lock in front of an accept is no work', () => {
    const recorded = new Recorded().turn(10).call('read', 12, 14).call('futex', 40, 60).ends(40);
    assert.deepEqual(recorded.lines, ['call read 12-14', 'turn 10-40', 'call futex 40-60']);
  });

  it('has calls outside turns at once, none before what is written', () => {
    const recorded = new Recorded().call('read', 1, 4).call('fsync', 3, 6).turn(5).ends(9);
    assert.deepEqual(recorded.lines, ['call read 1-4', 'call fsync 4-6', 'turn 6-9']);
  });

  it('has no wait for work in accept outside a turn, and one in it', () => {
    const recorded = new Recorded().call('accept4', 1, 4).turn(5).call('accept4', 6, 8).ends(9);
    assert.deepEqual(recorded.lines, ['call accept4 6-8', 'turn 5-9']);
  });

  it('has nothing that began before the window', () => {
    const recorded = new Recorded(10).call('read', 9, 14).turn(9).ends(20).turn(10).call('read', 10, 12).ends(13);
    assert.deepEqual(recorded.lines, ['call read 10-12', 'turn 10-13']);
    const requests = new Recorded(10);
    requests.replies(requests.connection(9.9), 20).replies(requests.connection(10), 9);
    assert.deepEqual(requests.lines, ['mark reply  GET /a 1 20']);
  });

  it('says of a call without a duration that it took at most up to the next line', () => {
    const recorded = new Recorded().turn(5);
    recorded.thread.lastSyscall = syscall('fsync');
    recorded.recorder.untimed(callOf('getpid', 40 * MILLISECOND, 40 * MILLISECOND), recorded.thread, 30 * MILLISECOND);
    assert.deepEqual(recorded.ends(50).lines, ['call fsync at most 10-40', 'turn 5-50']);
  });

  it('says of a call that had not come back, and of its turn, that they are open; a wait for work is neither', () => {
    const left = (parts: Partial<LeftIn>, to: number): readonly string[] => {
      const recorded = new Recorded().turn(5);
      const call = callOf('flock', 10 * MILLISECOND, to * MILLISECOND);
      recorded.recorder.leftOpen(call, recorded.thread, parts as LeftIn);
      return recorded.ends(20, true).lines;
    };
    assert.deepEqual(left({}, 20), ['call flock open 10-20', 'turn open 5-20']);
    assert.deepEqual(left({}, 11), ['call flock open 10-11', 'turn open 5-20']);
    assert.deepEqual(left({}, 10.999), ['turn open 5-20']);
    assert.deepEqual(left({ isHubWait: true }, 20), ['turn open 5-20']);
    assert.deepEqual(left({ isForListener: true }, 20), ['turn open 5-20']);
  });

  it('keeps of more than 256 calls in a turn the longer half and those that follow, and counts the others', () => {
    const recorded = new Recorded().turn(0);
    // Lengths of 1.001 to 1.257 ms, in no order.
    for (let index = 0; index < 257; index++)
      recorded.call('read', index * 10, index * 10 + 1.001 + ((index * 101) % 257) / 1_000);
    const calls = recorded.ends(9_000).lines.filter((line) => line.startsWith('call'));
    assert.deepEqual([calls.length, recorded.sink.omittedCalls], [129, 128]);
    const lengths = calls.map((line) => {
      const [from = 0, to = 0] = (line.split(' ').at(-1) ?? '').split('-').map(Number);
      return Math.round((to - from) * 1_000);
    });
    // The 257th is of any length.
    assert.ok(Math.min(...lengths.slice(0, -1)) >= 1_001 + 128 - 1, `${Math.min(...lengths)}`);
  });

  it('keeps 128 of 256 that are as long as each other', () => {
    const recorded = new Recorded().turn(0);
    for (let index = 0; index < 257; index++) recorded.call('read', index * 10, index * 10 + 2);
    assert.equal(recorded.ends(9_000).lines.length, 129 + 1);
    assert.equal(recorded.sink.omittedCalls, 128);
  });

  it('shows what was kept of a turn that turned out to be none', () => {
    const recorded = new Recorded().turn(5).call('read', 6, 8);
    recorded.thread.loop.inTurn = false;
    assert.deepEqual(recorded.ends(9).lines, []);
    assert.deepEqual(recorded.call('fsync', 12, 14).lines, ['call read 6-8', 'call fsync 12-14']);
    const atEnd = new Recorded().turn(5).call('read', 6, 8);
    atEnd.recorder.finish([atEnd.thread]);
    assert.deepEqual(atEnd.lines, ['call read 6-8']);
  });

  it('has no turns of a pool thread, whose waits are no loop, unless it serves', () => {
    const pool = (serves: boolean): readonly string[] => {
      const recorded = new Recorded();
      const { thread } = recorded;
      Object.defineProperty(thread.process, 'pid', { value: 100 });
      thread.loop.hub = thread.loop.waitSet('set', null, 3);
      recorded.turn(5).call('read', 6, 8);
      if (serves) recorded.reads(recorded.connection(6));
      return recorded.ends(9).lines;
    };
    assert.deepEqual(pool(false), ['call read 6-8']);
    assert.deepEqual(pool(true), ['call read 6-8', 'turn GET /a 1 5-9']);
  });
});

describe('what has no room in a timeline', () => {
  it('is what is shorter than the sink takes: turns, calls and requests, each by its own length', () => {
    const recorded = new Recorded();
    recorded.sink.least = 5;
    const [short, long] = [recorded.connection(20), recorded.connection(50, 'GET /b')];
    recorded.turn(20).call('read', 20, 24.9).reads(short).replies(short, 24.9).ends(24.9);
    recorded.turn(50).call('read', 50, 55).reads(long).replies(long, 55).ends(55);
    assert.deepEqual(recorded.lines, ['request GET /b 1 50-55', 'call read 50-55', 'turn GET /b 1 50-55']);
  });

  it('is everything of a thread for which there is no track', () => {
    for (const [number, count] of [
      [-1, 0],
      [0, 2],
    ] as const) {
      const recorded = new Recorded();
      recorded.sink.number = number;
      recorded.call('read', 1, 4).turn(5).ends(9).recorder.finish([recorded.thread]);
      assert.equal(recorded.lines.length, count);
    }
  });
});

describe('requests of a timeline', () => {
  it('are from the read to the reply, and in the turns that read or answered them', () => {
    const recorded = new Recorded().turn(5);
    const [first, second] = [recorded.connection(7), recorded.connection(8, 'GET /b')];
    recorded.reads(first).reads(second).reads(first).replies(first, 30).ends(31).turn(40).replies(second, 45).ends(50);
    assert.deepEqual(recorded.lines, [
      'request GET /a 1 7-30',
      'turn GET /a GET /b 1 2 5-31',
      'request GET /b 2 8-45',
      'turn GET /b 2 40-50',
    ]);
  });

  it('lead to a mark of a thread without turns', () => {
    const recorded = new Recorded();
    recorded.reads(recorded.connection(6)).replies(recorded.connection(7), 30);
    assert.deepEqual(recorded.lines, ['request GET /a 1 7-30', 'mark reply  GET /a 1 30']);
  });

  it('are from the accept on where no read shows, and 8 of them are named in a turn', () => {
    const recorded = new Recorded().turn(0);
    recorded.replies(recorded.connection(UNKNOWN, 'GET /x'), 9);
    assert.deepEqual(recorded.lines, ['request GET /x 1 5-9']);
    for (let index = 0; index < 9; index++) recorded.reads(recorded.connection(7, `GET /${index}`));
    assert.match(recorded.ends(20).lines.at(-1) ?? '', /^turn GET \/x GET \/0 .* GET \/6 1 2 3 4 5 6 7 8 0-20$/);
  });

  it('are open where their connection ended without a reply, up to the last that shows of them', () => {
    const ended = (change: (connection: Connection) => void): readonly string[] => {
      const recorded = new Recorded();
      const connection = recorded.connection(7);
      connection.request.lastReadAt = 8 * MILLISECOND;
      change(connection);
      recorded.recorder.connectionEnded(connection);
      return recorded.lines;
    };
    assert.deepEqual(
      ended(() => {}),
      ['request GET /a 1 open 7-8'],
    );
    assert.deepEqual(
      ended(({ request }) => Object.assign(request, { hungUpAt: 9 * MILLISECOND })),
      ['request GET /a 1 open 7-9'],
    );
    assert.deepEqual(
      ended(({ request }) => Object.assign(request, { answeredAt: 9 * MILLISECOND })),
      [],
    );
    assert.deepEqual(
      ended(({ request }) => Object.assign(request, { readAt: UNKNOWN })),
      [],
    );
    assert.deepEqual(
      ended((connection) => Object.assign(connection, { isUpgraded: true })),
      [],
    );
  });
});

describe('marks of a timeline', () => {
  it('are failed writes to clients, and wake-ups for nothing', () => {
    const recorded = new Recorded(3);
    const connection = recorded.connection(7);
    const write = { thread: recorded.thread, error: 'EPIPE', request: connection.request };
    recorded.facts.tell('failedWrite', {
      ...write,
      time: 9 * MILLISECOND,
      connection,
    } as unknown as Facts['failedWrite']);
    recorded.facts.tell('failedWrite', {
      ...write,
      time: 9 * MILLISECOND,
      connection,
    } as unknown as Facts['failedWrite']);
    recorded.facts.tell('failedWrite', {
      ...write,
      time: 9 * MILLISECOND,
      connection: null,
    } as unknown as Facts['failedWrite']);
    recorded.facts.tell('failedWrite', {
      ...write,
      time: 2 * MILLISECOND,
      connection,
    } as unknown as Facts['failedWrite']);
    for (const kind of ['wasted', 'productive', 'wasted'])
      recorded.facts.tell('acceptCycle', {
        thread: recorded.thread,
        kind,
        start: 11 * MILLISECOND,
      } as Facts['acceptCycle']);
    assert.deepEqual(recorded.lines, [
      'mark failed-write EPIPE GET /a 1 9',
      'mark failed-write EPIPE GET /a 1 9',
      'mark wasted-wakeup   11',
      'mark wasted-wakeup   11',
    ]);
  });
});

it('a track says whose it is by the end', () => {
  const recorded = new Recorded().call('read', 1, 4);
  assert.deepEqual(
    recorded.sink.owners.map(({ pid, tid }) => [pid, tid]),
    [[101, 101]],
  );
  recorded.thread.process.server = 'gunicorn';
  recorded.recorder.threadEnded(recorded.thread);
  assert.equal(recorded.sink.owners[0]?.server, 'gunicorn');
});
