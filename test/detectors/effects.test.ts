import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Kind } from '../../src/analysis/report.ts';
import type { Causing, Effect } from '../../src/detectors/effect.ts';
import { coveredMs } from '../../src/detectors/effect.ts';
import type { AnyMetrics } from '../../src/detectors/metric.ts';
import { detectors } from '../../src/detectors/registry.ts';

/** Which part of a finding comes of which cause, and how that is said: worked out by hand from made-up numbers. */
function effectOf(kind: Kind): Effect {
  const effect = detectors.find((detector) => detector.kind === kind)?.effect;
  if (effect === undefined) throw new Error(`${kind} is no effect`);
  return effect;
}

const share = (kind: Kind, metrics: AnyMetrics, cause: Causing): number => effectOf(kind).share(metrics, cause);
const words = (kind: Kind, metrics: AnyMetrics, part = 0.7, by = ''): string =>
  effectOf(kind).inWords(metrics, part, by);

/** A cause with one finding for each of these. */
const cause = (kind: Kind, ...findings: readonly (readonly [worker: number, metrics: AnyMetrics])[]): Causing => ({
  kind,
  findings: findings.map(([worker, metrics]) => ({ workers: [worker], metrics })),
});

describe('how much of a wait is that of loops that stood still, or of threads that are stuck', () => {
  const stuckIn = (target: string, ...forMs: readonly number[]): Causing =>
    cause('stuck-call', [101, { threads: forMs.map((ms) => ({ pid: 101, target, forMs: ms })) }]);

  it('of a service: their time of all, whatever a port stands for', () => {
    const dependencies = [
      { peer: '10.0.0.2:5432 (PostgreSQL)', totalMs: 3000, longestMs: 1700, requests: 3 },
      { peer: '10.0.0.3:9000', totalMs: 1000, longestMs: 900, requests: 1 },
    ];
    const of = (by: Causing): number => share('slow-dependency', { dependencies }, by);
    const stalls = (target: string, totalMs: number): Causing => cause('loop-stall', [101, { target, totalMs }]);
    assert.equal(of(stuckIn('10.0.0.2:5432 (PostgreSQL by convention)', 500, 700)), 0.3);
    assert.equal(of(stalls('10.0.0.3:9000', 1000)), 0.25);
    assert.equal(of(stalls('10.0.0.2:5432', 9000)), 1);
    assert.equal(of(stalls('10.0.0.4:9000', 1000)), 0);
    assert.equal(of(cause('disk-sync', [101, { target: '10.0.0.3:9000', totalMs: 1000 }])), 0);
    assert.equal(share('slow-dependency', { dependencies: [] }, stalls('10.0.0.3:9000', 1000)), 0);
    const said = '3 requests waited for 10.0.0.2:5432 (PostgreSQL), up to 1.70 s';
    assert.equal(words('slow-dependency', { dependencies }), said);
    assert.equal(
      words('slow-dependency', { dependencies: [{ peer: '10.0.0.3:9000', longestMs: 900, requests: 0 }] }),
      'work waited for 10.0.0.3:9000, up to 900 ms',
    );
    // The cause says whom all of it waited for, and for how long.
    assert.equal(words('slow-dependency', { dependencies }, 1), '');
  });

  it('of a disk', () => {
    const files = [{ path: '/var/lib/a.db' }, { path: '/var/log/b.log' }];
    const of = (by: Causing, totalMs = 2000): number => share('disk-sync', { files, totalMs }, by);
    assert.equal(of(stuckIn('/var/log/b.log', 300, 200)), 0.25);
    assert.equal(of(stuckIn('/var/lib/a.db', 2300)), 1);
    assert.equal(of(stuckIn('/var/lib/c.db', 2300)), 0);
    assert.equal(of(stuckIn('/var/lib/a.db', 2300), 0), 0);
    assert.equal(words('disk-sync', { worker: 101, totalMs: 1300 }), 'worker 101 waited 1.30 s in all for the disk');
    assert.equal(words('disk-sync', { worker: 101, totalMs: 1300 }, 1), '');
  });

  it('of a lock, and of processes each counts once', () => {
    const of = (by: Causing, totalMs = 2000): number => share('lock-contention', { lock: '/run/a.lock', totalMs }, by);
    assert.equal(of(stuckIn('/run/a.lock', 900, 600)), 0.75);
    assert.equal(of(stuckIn('/run/a.lock', 9000)), 1);
    assert.equal(of(stuckIn('/run/b.lock', 9000)), 0);
    assert.equal(of(stuckIn('/run/a.lock', 900), 0), 0);
    const waiters = [{ pid: 101 }, { pid: 103 }, { pid: 101 }];
    const said = (of: readonly AnyMetrics[]): string => words('lock-contention', { waiters: of, totalMs: 1300 });
    assert.equal(said(waiters), '2 processes waited 1.30 s in all for the lock');
    assert.equal(said([{ pid: 101 }]), '1 process waited 1.30 s in all for the lock');
    assert.equal(words('lock-contention', { waiters, totalMs: 1300 }, 1), '');
    // Who holds it the cause does not say.
    assert.equal(
      words('lock-contention', { waiters, totalMs: 1300, holders: [{ pid: 107 }] }, 1),
      '2 processes waited 1.30 s in all for the lock, which process 107 held',
    );
  });

  it('of the interpreter lock: stalls of that worker alone, and of that cause', () => {
    const of = (...stalls: readonly AnyMetrics[]): number =>
      share(
        'gil-starvation',
        { worker: 101, totalMs: 1000 },
        cause('loop-stall', ...stalls.map((metrics) => [101, metrics] as const)),
      );
    const stall = { worker: 101, cause: 'gil-wait', totalMs: 300 };
    assert.equal(of(stall, { ...stall, totalMs: 200 }), 0.5);
    assert.equal(of({ ...stall, totalMs: 1700 }), 1);
    assert.equal(of({ ...stall, worker: 103 }), 0);
    assert.equal(of({ ...stall, cause: 'no-syscall' }), 0);
    assert.equal(share('gil-starvation', { worker: 101, totalMs: 0 }, cause('loop-stall', [101, stall])), 0);
    assert.equal(
      words('gil-starvation', { worstMsPerSecond: 170 }),
      'its loop waited up to 170 ms a second for the interpreter lock',
    );
  });
});

describe('which requests, replies and connections came of a cause', () => {
  it('that came again: those that were late, left or stalled before', () => {
    const retries = ['GET /a', 'GET /b', 'POST /c', 'GET /d'].map((request) => ({ request }));
    const of = (by: Causing): number => share('request-retry', { retries }, by);
    assert.equal(of(cause('broken-pipe', [101, { replies: [{ request: 'GET /a' }, { request: 'GET /x' }] }])), 0.25);
    const left = { requests: [{ request: 'POST /c' }] };
    assert.equal(of(cause('abandoned-request', [101, left], [103, { requests: [{ request: 'GET /b' }] }])), 0.5);
    const stalls = { request: 'GET /a', requests: ['GET /b', 'GET /d'] };
    assert.equal(of(cause('loop-stall', [101, stalls])), 0.75);
    assert.equal(of(cause('loop-stall', [101, { request: '', requests: [] }])), 0);
    assert.equal(words('request-retry', { count: 3 }), '3 requests came again');
  });

  it('that stranded: those of a worker in the time of its stalls', () => {
    const stranded = [
      { pid: 101, startMs: 100, endMs: 200 },
      { pid: 101, startMs: 300, endMs: 400 },
      { pid: 103, startMs: 100, endMs: 200 },
      { pid: 101, startMs: 500, endMs: 600 },
    ];
    const of = (startMs: number, endMs: number): number =>
      share('stranded-queue', { stranded }, cause('loop-stall', [101, { worker: 101, stalls: [{ startMs, endMs }] }]));
    assert.deepEqual([of(150, 160), of(200, 300), of(199, 301), of(0, 900)], [0.25, 0, 0.5, 0.75]);
    assert.equal(
      words('stranded-queue', { connections: 1 }),
      '1 connection waited for a stalled worker while others were free',
    );
  });

  it('that a proxy refused: with 502 or 504, where it asked the slow server itself', () => {
    const of = (code: string, worker = 101): number =>
      share('clients-refused', { code, workers: [101, 103] }, cause('slow-dependency', [107, {}], [worker, {}]));
    assert.deepEqual([of('status 502'), of('status 504'), of('status 503'), of('status 500')], [1, 1, 0, 0]);
    assert.equal(of('status 502', 109), 0);
    assert.equal(share('clients-refused', { code: 'status 502', workers: null }, cause('error-storm', [101, {}])), 0);
    assert.equal(words('clients-refused', { count: 3, code: 'status 502' }), '3 requests answered 502');
  });

  it('that a server refused with 503, which may be its own limit: where as many connects failed', () => {
    const refused = (more: AnyMetrics = {}): AnyMetrics => ({ code: 'status 503', workers: [101], count: 71, ...more });
    const storm = (failed: number, call = 'connect', worker = 101): Causing =>
      cause('error-storm', [worker, { storms: [{ call, failed }] }]);
    const of = (by: Causing, more: AnyMetrics = {}): number => share('clients-refused', refused(more), by);
    assert.deepEqual([of(storm(71)), of(storm(64)), of(storm(63)), of(storm(71, 'openat'))], [1, 1, 0, 0]);
    assert.equal(of(storm(71, 'connect', 109)), 0);
    // The server behind said so itself.
    assert.equal(of(storm(71), { passedOn: [{ target: '10.0.0.2:80', count: 71 }] }), 0);
    assert.equal(of(cause('slow-dependency', [101, {}])), 0);
  });

  it('that a server answered with 500 or 503 by itself: where as many requests waited for one service, in vain', () => {
    const waits = (failures: number, longRequests: number, worker = 101): Causing =>
      cause('slow-dependency', [worker, { dependencies: [{ failures: 3 }, { failures, longRequests }] }]);
    const of = (by: Causing, more: AnyMetrics = {}): number =>
      share('clients-refused', { code: 'status 500', workers: [101], count: 10, ...more }, by);
    assert.deepEqual([of(waits(10, 10)), of(waits(9, 12)), of(waits(8, 12)), of(waits(12, 8))], [1, 1, 0, 0]);
    assert.deepEqual([of(waits(9, 9), { code: 'status 503' }), of(waits(8, 9), { code: 'status 503' })], [1, 0]);
    assert.equal(of(waits(10, 10, 109)), 0);
    assert.equal(of(waits(10, 10), { passedOn: [{ target: '10.0.0.2:80', count: 10 }] }), 0);
  });

  it('that Redis refused as busy: after a stall of the same process in a script', () => {
    const refused = { code: '-BUSY', workers: [101], count: 14, firstMs: 8081 };
    const stall = (request: string, endMs: number, worker = 101): Causing =>
      cause('loop-stall', [worker, { worker, stalls: [{ request, endMs }] }]);
    const of = (by: Causing, metrics: AnyMetrics = refused): number => share('clients-refused', metrics, by);
    assert.deepEqual([of(stall('EVAL', 8080)), of(stall('FCALL', 8080)), of(stall('EVALSHA', 8081))], [1, 1, 1]);
    assert.deepEqual([of(stall('EVAL', 8082)), of(stall('KEYS', 8080)), of(stall('EVAL', 8080, 109))], [0, 0, 0]);
    assert.equal(of(stall('EVAL', 8080), { ...refused, code: '-OOM' }), 0);
    assert.equal(words('clients-refused', refused), '14 commands answered BUSY');
  });

  it('that no queue had room for: floods that a stall of anybody overlaps', () => {
    const floods = [
      { fromMs: 100, startMs: 200 },
      { fromMs: 300, startMs: 400 },
    ];
    const of = (startMs: number, endMs: number): number =>
      share('backlog-overflow', { floods }, cause('loop-stall', [101, { worker: 101, stalls: [{ startMs, endMs }] }]));
    assert.deepEqual([of(199, 300), of(200, 300), of(0, 100), of(0, 101), of(150, 350)], [0.5, 0, 0, 0.5, 1]);
    assert.equal(words('backlog-overflow', { count: 1 }), 'the queue of the listener was full 1 time');
  });
});

describe('what came of accepts that fail', () => {
  it('are storms of the same error, where it is about descriptors', () => {
    const storms = ['EMFILE', 'ENFILE', 'ECONNREFUSED', 'EAGAIN'].map((errno) => ({ errno, call: 'openat' }));
    const of = (...errors: readonly string[]): number =>
      share(
        'error-storm',
        { storms },
        cause('accept-errors', [101, { errors: Object.fromEntries(errors.map((errno) => [errno, 7])) }]),
      );
    assert.deepEqual([of('EMFILE'), of('EMFILE', 'ENFILE'), of('EAGAIN'), of()], [0.25, 0.5, 0, 0]);
    assert.equal(effectOf('error-storm').least, 1);
    assert.equal(share('error-storm', { storms }, cause('accept-errors', [101, {}])), 0);
    assert.equal(words('error-storm', { storms, failed: 1300 }), 'openat failed 1,300 times: EMFILE');
  });
});

describe('replies that came too late', () => {
  it('came of a first thread that came to no wait in the whole capture, and of no other stuck one', () => {
    const stuck = (more: AnyMetrics = {}, isOver = false): Causing =>
      cause('stuck-call', [
        101,
        { isOver, threads: [{ pid: 101, tid: 101, sinceMs: null, forMs: 7000, waitsFor: null, ...more }] },
      ]);
    const of = (by: Causing): number =>
      share('broken-pipe', { target: 'client', replies: [{ pid: 101 }, { pid: 103 }] }, by);
    assert.equal(of(stuck()), 0.5);
    for (const other of [{ tid: 107 }, { sinceMs: 3000 }, { forMs: null }, { waitsFor: 'a lock' }])
      assert.equal(of(stuck(other)), 0, JSON.stringify(other));
    assert.equal(of(stuck({}, true)), 0);
  });
});

describe('what came of one that many wait for', () => {
  it('is that no worker was free, where most of them were in it', () => {
    const busyIn = ['10.0.0.2:9000', '10.0.0.2:9000', '/run/a.lock', 'fd 7', ''].map((target) => ({ target }));
    const of = (by: Causing): number => share('worker-saturation', { busyIn }, by);
    assert.equal(of(cause('slow-dependency', [101, { dependencies: [{ peer: '10.0.0.2:9000 (HTTP)' }] }])), 0.4);
    assert.equal(of(cause('lock-contention', [101, { lock: '/run/a.lock' }])), 0.2);
    assert.equal(of(cause('disk-sync', [101, { files: [{ path: 'socket fd 7' }] }])), 0.2);
    assert.equal(of(cause('blocking-dns', [101, { servers: [{ server: '10.0.0.9:53' }, { server: '' }] }])), 0);
    assert.equal(effectOf('worker-saturation').least, 0.51);
    assert.equal(
      words('worker-saturation', { share: 0.37, longestMs: 1300 }),
      'no worker was free 37 % of the time, up to 1.30 s at a time',
    );
  });

  it('is that all workers were busy, where the service has no address, only what it speaks', () => {
    const busy = (target: string): number =>
      share(
        'worker-saturation',
        { busyIn: [101, 103, 107].map((pid) => ({ pid, call: 'poll', target })) },
        cause('slow-dependency', [101, { dependencies: [{ peer: 'PostgreSQL' }] }], [103, {}]),
      );
    assert.ok(Math.abs(busy('socket fd 7') - 2 / 3) < 0.01);
    assert.deepEqual([busy('10.0.0.2:5432'), busy('')], [0, 0]);
    const named = cause('slow-dependency', [101, { dependencies: [{ peer: '10.0.0.2:5432' }] }]);
    assert.equal(share('worker-saturation', { busyIn: [{ pid: 101, target: 'socket fd 7' }] }, named), 0);
  });

  it('is that nobody accepted, where the workers are those', () => {
    const of = (worker: number): number =>
      share('accept-paused', { workers: [101, 103] }, cause('worker-saturation', [109, {}], [worker, {}]));
    assert.deepEqual([of(103), of(107)], [1, 0]);
    assert.equal(share('accept-paused', { workers: null }, cause('worker-saturation', [101, {}])), 0);
    assert.equal(
      words('accept-paused', { share: 0.37, longestMs: 1300 }),
      'nobody accepted 37 % of the time, up to 1.30 s',
    );
  });

  it('is that nobody accepted, as far as the open connections waited for a slow service meanwhile', () => {
    const of = (connections: number, waitedMs: number, worker = 103): number =>
      share(
        'accept-paused',
        { workers: [101, 103], connections, totalMs: 2000 },
        cause('slow-dependency', [worker, { dependencies: [{ totalMs: waitedMs }] }]),
      );
    assert.deepEqual([of(10, 15_000), of(10, 5000), of(10, 50_000)], [0.75, 0.25, 1]);
    assert.deepEqual([of(0, 15_000), of(10, 15_000, 107)], [0, 0]);
  });

  it('is a loop that stood still in a name lookup, where that ran on the loop of this worker', () => {
    const of = (stall: AnyMetrics, lookups: AnyMetrics, worker = 101): number =>
      share('loop-stall', { worker: 101, cause: 'dns', ...stall }, cause('blocking-dns', [107, {}], [worker, lookups]));
    assert.equal(of({}, { place: 'loop' }), 1);
    assert.equal(of({}, { place: 'thread' }), 0);
    assert.equal(of({}, { place: 'loop' }, 103), 0);
    assert.equal(of({ cause: 'no-syscall' }, { place: 'loop' }), 0);
    assert.equal(
      words('loop-stall', { allCount: 3, allTotalMs: 1700, longestMs: 900 }),
      'the event loop stood still 3 times, up to 900 ms, together 1.70 s',
    );
  });
});

describe('that nobody could accept came of the stalls that most of its time was spent in', () => {
  const blockedIn = [
    { pid: 101, cause: 'no-syscall', target: '' },
    { pid: 103, cause: 'connect', target: 'socket fd 7' },
  ];
  const stalls = [
    { startMs: 0, endMs: 300, blockedIn },
    { startMs: 1000, endMs: 1200, blockedIn },
  ];
  const of = (metrics: AnyMetrics): number => share('service-stall', { stalls }, cause('loop-stall', [101, metrics]));
  const own = { worker: 101, cause: 'no-syscall', target: '', count: 2, stalls: [{ startMs: 100, endMs: 200 }] };

  it('each of its workers counts for the length of it', () => {
    const all = [...own.stalls, { startMs: 1100, endMs: 1150 }];
    // 300 of 1,000 ms, 500 of 1,000 ms.
    assert.equal(of({ ...own, count: 1 }), 0.3);
    assert.equal(of({ ...own, stalls: all }), 0.5);
    // Not all of them are listed.
    assert.equal(of({ ...own, count: 2 }), 0.5);
    assert.equal(share('service-stall', { stalls: [] }, cause('loop-stall', [101, own])), 0);
  });

  it('of the same worker, cause and target, whatever number a descriptor has', () => {
    assert.equal(of({ ...own, worker: 107 }), 0);
    assert.equal(of({ ...own, cause: 'many-requests' }), 0);
    assert.equal(of({ ...own, target: '/a' }), 0);
    assert.equal(of({ ...own, worker: 103, cause: 'connect', target: 'socket fd 9' }), 0.5);
    assert.equal(effectOf('service-stall').least, 0.01);
  });

  it('and is told with how often and how long, and whether other stalls are among it', () => {
    const said = (count: number, part: number): string =>
      words('service-stall', { count, totalMs: 1700, longestMs: 900 }, part);
    assert.equal(said(1, 0.9), 'nobody could accept or answer for 900 ms');
    assert.equal(said(3, 0.89), 'nobody could accept or answer 3 times, 1.70 s in all (other stalls included)');
  });
});

describe('threads that are still in a call', () => {
  const threads = [
    { pid: 101, call: 'recvfrom', target: '10.0.0.2:9000', forMs: 1500 },
    { pid: 103, call: 'recvfrom', target: '10.0.0.2:9000', forMs: 500 },
  ];
  const of = (by: Causing, metrics: AnyMetrics = { threads, isOver: false }): number =>
    share('stuck-call', metrics, by);
  const slow = (totalMs: number, peer = '10.0.0.2:9000'): Causing =>
    cause('slow-dependency', [101, { dependencies: [{ peer, totalMs }] }]);

  it('are in what is slow all along, unless they have half of that waiting', () => {
    assert.deepEqual([of(slow(4001)), of(slow(4000)), of(slow(9000, '10.0.0.3:9000'))], [1, 0, 0]);
    assert.equal(of(slow(4001), { threads, isOver: true }), 0);
    const [first] = threads;
    assert.equal(of(slow(9000), { threads: [first ?? {}, { ...first, target: '/a' }], isOver: false }), 0.5);
    const lock = (totalMs: number): Causing => cause('lock-contention', [101, { lock: '10.0.0.2:9000', totalMs }]);
    assert.deepEqual([of(lock(4001)), of(lock(4000))], [1, 0]);
    // A name server is asked again and again.
    assert.equal(of(cause('blocking-dns', [101, { servers: [{ server: '10.0.0.2:9000' }], totalMs: 1 }])), 1);
    assert.equal(effectOf('stuck-call').least, 1);
  });

  it('are in a stall of their own loop that goes on, in that call', () => {
    const stall = (metrics: AnyMetrics, worker = 101): Causing =>
      cause(
        'loop-stall',
        [109, { worker: 109, stalls: [] }],
        [101, { worker, stalls: [{ open: false }, { open: true, call: 'recvfrom', ...metrics }] }],
      );
    assert.equal(of(stall({})), 0.5);
    assert.equal(of(stall({ open: false })), 0);
    assert.equal(of(stall({ call: 'read' })), 0);
    assert.equal(of(stall({}, 107)), 0);
  });

  it('are in what all workers were busy in, although nobody knows to whom', () => {
    const known = (metrics: AnyMetrics): number =>
      share(
        'stuck-call',
        { threads: [{ pid: 101, call: 'read', target: 'socket fd 7', forMs: 9000, ...metrics }], isOver: false },
        cause('worker-saturation', [
          101,
          { served: 1, meanRequestMs: 100, busyIn: [{ pid: 101, call: 'read', target: 'socket fd 7' }] },
        ]),
      );
    assert.equal(known({}), 1);
    assert.equal(known({ pid: 103 }), 0);
    assert.equal(known({ call: 'write' }), 0);
    assert.equal(known({ target: 'socket fd 9' }), 0);
    assert.equal(known({ target: '10.0.0.2:9000' }), 0);
  });

  it('are counted, with the call of the first', () => {
    assert.equal(words('stuck-call', { threads, count: 2 }), '2 threads still in recvfrom');
    assert.equal(words('stuck-call', { threads, count: 2 }, 1, 'loop-stall'), '');
  });
});

it('a stall covers what it shares with an interval of its own worker', () => {
  const stalls = [
    { pid: 101, startMs: 100, endMs: 300 },
    { pid: 101, startMs: 500, endMs: 700 },
    { pid: 103, startMs: 0, endMs: 900 },
  ];
  assert.equal(coveredMs(stalls, 101, 200, 600), 200);
  assert.equal(coveredMs(stalls, 101, 300, 500), 0);
  assert.equal(coveredMs(stalls, 103, 200, 2000), 700);
  assert.equal(coveredMs(stalls, 107, 0, 900), 0);
});

it('what came of others is said in words', () => {
  assert.equal(words('abandoned-request', { count: 3 }), '3 clients hung up before the reply');
  assert.equal(words('broken-pipe', { count: 1 }), '1 reply came too late');
  assert.equal(words('heartbeat-late', { count: 1, aborted: 0 }), '1 heartbeat was late');
  assert.equal(
    words('heartbeat-late', { count: 3, aborted: 3 }),
    '3 workers were killed by the master for a late heartbeat',
  );
});
