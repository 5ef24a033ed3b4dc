import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report, TimeShare } from '../../src/index.ts';
import { Connection, type Request } from '../../src/model/machine/connections.ts';
import type { DescriptorKind } from '../../src/model/machine/descriptor-kind.ts';
import { Descriptor } from '../../src/model/machine/descriptors.ts';
import { timeKindOf } from '../../src/model/measuring/time-table.ts';
import { syscall } from '../../src/trace/syscalls.ts';
import { analyzed } from '../support/analyzed.ts';
import { threadOf } from '../support/model-objects.ts';
import { oneWorker } from '../support/server-lines.ts';
import { LISTENER } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

function sharesOf({ time }: Report, pid: number): Pick<TimeShare, 'kind' | 'call' | 'target' | 'count' | 'totalMs'>[] {
  return time
    .filter((share) => share.pid === pid)
    .map(({ kind, call, target, count, totalMs }) => ({ kind, call, target, count, totalMs }));
}

describe('the time of a process', () => {
  it('is told by call and target: idle, waiting, working, outside calls', async () => {
    const { trace, worker } = oneWorker();
    // 0.04 ms of quick calls before the first wait, which so begins at 5.04 ms.
    worker.waitUntil(1005.04, LISTENER).accept(11).read(11, 'GET /a');
    worker.call('openat(AT_FDCWD, "/srv/app.db", O_RDWR', ')', '9</srv/app.db>', 7);
    worker.call('fsync(9</srv/app.db>', ')', 0, 300).call('fsync(9</srv/app.db>', ')', 0, 200);
    worker.gap(50).reply(11).close(11).waitUntil(3000, LISTENER).call('getpid(', ')', 101);
    const report = await analyzed(trace);
    // Quick: epoll_create, epoll_ctl, accept, read, reply, close, getpid; the second wait takes what is left.
    const quick = 7 * 0.02;
    const ends = 1005.04 + 2 * 0.02 + 7 + 500 + 50 + 2 * 0.02;
    assert.deepEqual(
      sharesOf(report, 101).map((share) => ({ ...share, totalMs: Math.round((share.totalMs ?? 0) * 100) / 100 })),
      [
        { kind: 'idle', call: 'epoll_wait', target: null, count: 2, totalMs: 1000 + 3000 - ends },
        { kind: 'waiting', call: 'fsync', target: '/srv/app.db', count: 2, totalMs: 500 },
        { kind: 'outside', call: null, target: null, count: 0, totalMs: 50 },
        { kind: 'working', call: 'openat', target: null, count: 1, totalMs: 7 },
        { kind: 'working', call: null, target: null, count: 0, totalMs: quick },
      ].map((share) => ({ ...share, totalMs: Math.round(share.totalMs * 100) / 100 })),
    );
    const sync = report.time.find(({ call }) => call === 'fsync');
    assert.deepEqual([sync?.longestMs, sync?.openAtEnd], [300, 0]);
    const lines = trace.text({}).split('\n');
    assert.match(lines[(sync?.longestAt?.line ?? 0) - 1] ?? '', /fsync.*<0\.300000>/);
  });

  it('counts a call that never came back up to the end, where it was called', async () => {
    const trace = new TraceLines();
    trace.thread(101).at(0).call('getpid(', ')', 101).stays('flock(9</run/l.lock>, LOCK_EX');
    trace.thread(102).at(6000).call('getpid(', ')', 102);
    const { time } = await analyzed(trace);
    const [first] = time;
    assert.deepEqual(
      [first?.pid, first?.call, first?.target, first?.kind, first?.openAtEnd, first?.totalMs],
      [101, 'flock', '/run/l.lock', 'waiting', 1, 6000],
    );
  });

  it('goes, where calls have no duration, from each call to the next line of its thread', async () => {
    const lines = [
      '14:48:33.000000 futex(0x7fc20001b9d0, FUTEX_WAIT, 318213, NULL) = 0',
      '14:49:22.300000 getpid() = 9',
      '14:49:22.300900 fsync(3</srv/app.db>) = 0',
      '14:49:22.400900 getpid() = 9',
    ];
    const { time } = await analyzed(`${lines.join('\n')}\n`);
    assert.deepEqual(
      time.map(({ call, kind, count, totalMs, longestAt }) => [call, kind, count, totalMs, longestAt?.line]),
      [
        ['futex', 'waiting', 1, 49_300, 1],
        ['fsync', 'waiting', 1, 100, 3],
      ],
    );
  });

  it('is told without times where calls have durations, but for calls that had not ended', async () => {
    const lines = [
      '101 flock(9, LOCK_EX) = 0 <0.300000>',
      '101 flock(9, LOCK_EX) = 0 <0.007000>',
      '102 flock(9, LOCK_EX <unfinished ...>',
      '101 getpid() = 101 <0.000007>',
    ];
    const { time } = await analyzed(`${lines.join('\n')}\n`);
    assert.deepEqual(
      time.map(({ pid, call, count, totalMs, longestMs }) => [pid, call, count, totalMs, longestMs]),
      [[101, 'flock', 2, 307, 300]],
    );
  });

  it('is not told without times', async () => {
    assert.deepEqual((await analyzed('101 getpid() = 101\n101 flock(9, LOCK_EX) = 0\n')).time, []);
  });
});

describe('the time in a call that can wait', () => {
  interface Scene {
    readonly inRequest?: boolean;
    readonly isKnown?: boolean;
    readonly peer?: string;
    readonly client?: 'asks' | 'is silent';
  }

  /** What it is to be in such a call on a descriptor of that kind; `nothing` where nothing tells which it is. */
  function kindIn(call: string, kind: DescriptorKind | 'nothing', scene: Scene = {}): string {
    const { inRequest = false, isKnown = true, peer = '', client } = scene;
    const thread = threadOf(101);
    thread.process.forks = isKnown ? 1 : 0;
    const requestOn = (fd: number, isAsked: boolean): Request => {
      const connection = new Connection(fd, new Descriptor('connection', '', true), null, thread.loop, 0, 1, '', false);
      const request = connection.request;
      if (isAsked) Object.assign(request, { readAt: 1, line: 'GET /a' });
      return request;
    };
    if (inRequest) thread.loop.owner = requestOn(7, true);
    if (kind === 'nothing') return timeKindOf(syscall(call).family, thread, undefined);
    const descriptor = new Descriptor(kind, '', true);
    descriptor.peer = peer;
    if (client !== undefined) descriptor.connection = requestOn(11, client === 'asks').connection;
    return timeKindOf(syscall(call).family, thread, descriptor);
  }

  it('is idle where a client, an event or a pause is waited for, and nobody has asked anything', () => {
    assert.equal(kindIn('poll', 'nothing'), 'idle');
    assert.equal(kindIn('read', 'event'), 'idle');
    assert.equal(kindIn('read', 'pipe'), 'idle');
    assert.equal(kindIn('poll', 'epoll'), 'idle');
    assert.equal(kindIn('read', 'connection', { client: 'is silent' }), 'idle');
    assert.equal(kindIn('poll', 'connection', { client: 'is silent', inRequest: true }), 'idle');
    assert.equal(kindIn('poll', 'pipe', { isKnown: false }), 'idle');
  });

  it('is a wait where a client has asked, or where somebody else is waited for', () => {
    assert.equal(kindIn('poll', 'nothing', { inRequest: true }), 'waiting');
    assert.equal(kindIn('read', 'nothing'), 'waiting');
    assert.equal(kindIn('read', 'event', { inRequest: true }), 'waiting');
    assert.equal(kindIn('read', 'connection', { client: 'asks' }), 'waiting');
    assert.equal(kindIn('read', 'socket'), 'waiting');
    assert.equal(kindIn('poll', 'datagram'), 'waiting');
    assert.equal(kindIn('read', 'unknown', { peer: '10.0.0.7:3306' }), 'waiting');
    assert.equal(kindIn('read', 'pipe', { isKnown: false }), 'waiting');
  });

  it('is work where a file is read or written', () => {
    assert.equal(kindIn('read', 'file'), 'working');
    assert.equal(kindIn('write', 'file'), 'working');
    assert.equal(kindIn('write', 'pipe'), 'waiting');
  });
});
