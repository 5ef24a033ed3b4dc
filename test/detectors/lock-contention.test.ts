import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redactReport } from '../../src/output/redact.ts';
import { analyzed, none, only } from '../support/analyzed.ts';
import { prefork, startThread } from '../support/server-lines.ts';
import { failed, LISTENER, QUICK, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

const KIND = 'lock-contention';
const FILE = '21</var/lib/app.lock>';
const WORD = '0x7f3a10';

function serving(worker: ThreadLines, at: number): ThreadLines {
  return worker.waitUntil(at, LISTENER).accept(11).read(11, 'GET /a');
}

/** Worker 101 has the lock while worker 102 waits for it for `ms` milliseconds. */
function queue(ms: number, { file = FILE, call = 'flock', take = 'LOCK_EX', give = 'LOCK_UN' } = {}): TraceLines {
  const { trace, workers } = prefork([101, 102]);
  const [holder, waiter] = workers as [ThreadLines, ThreadLines];
  serving(holder, 50).call(`${call}(${file}, ${take}`, ')', 0);
  serving(waiter, 60).at(100).call(`${call}(${file}, ${take}`, ')', 0, ms).call(`${call}(${file}, ${give}`, ')', 0);
  holder.at(100 + ms - QUICK).call(`${call}(${file}, ${give}`, ')', 0);
  for (const worker of [holder, waiter]) worker.reply(11).close(11).waitUntil(3000);
  return trace;
}

describe('waiting for a lock that processes share', () => {
  it('is a warning from 500 ms of waiting on, and names the file and the process that had it', async () => {
    assert.match(none(await analyzed(queue(499.9)), KIND), /at most 500 ms of waiting/);
    const { severity, confidence, metrics, workers, summary, evidence } = only(await analyzed(queue(500)), KIND);
    assert.deepEqual([severity, confidence, workers], ['warning', 'likely', [102]]);
    assert.deepEqual([metrics.lock, metrics.count, metrics.totalMs], ['/var/lib/app.lock', 1, 500]);
    assert.deepEqual(metrics.holders, [{ pid: 101, waits: 1, waitedMs: 500 }]);
    assert.match(
      summary,
      /held by pid 101 \(in 1 wait\), for up to 550 ms at a time\. The process waited while serving GET \/a\./,
    );
    assert.match(evidence[0]?.text ?? '', /^102 .*flock\(21<\/var\/lib\/app\.lock>, LOCK_EX/);
  });

  it('is told where the next has the lock before the call that gave it back returns', async () => {
    const { trace, workers } = prefork([101, 102]);
    const [holder, waiter] = workers as [ThreadLines, ThreadLines];
    serving(holder, 50).call(`flock(${FILE}, LOCK_EX`, ')', 0);
    serving(waiter, 60).at(100).call(`flock(${FILE}, LOCK_EX`, ')', 0, 700);
    // It accepts again: the lock that is not its own any more guards no accepts.
    holder.at(799).call(`close(${FILE}`, ')', 0, 2).reply(11).close(11).waitUntil(810, LISTENER).accept(12).close(12);
    waiter.call(`close(${FILE}`, ')', 0).reply(11).close(11);
    for (const worker of [holder, waiter]) worker.waitUntil(3000);
    const { metrics } = only(await analyzed(trace), KIND);
    assert.deepEqual([metrics.totalMs, metrics.holders], [700, [{ pid: 101, waits: 1, waitedMs: 700 }]]);
  });

  it('is seen for record locks', async () => {
    const range = (type: string) => `F_SETLKW, {l_type=${type}, l_whence=SEEK_SET, l_start=120, l_len=1}`;
    const { metrics } = only(
      await analyzed(queue(701, { call: 'fcntl', take: range('F_WRLCK'), give: range('F_UNLCK') })),
      KIND,
    );
    assert.deepEqual([metrics.totalMs, metrics.holders], [701, [{ pid: 101, waits: 1, waitedMs: 701 }]]);
  });

  it('is seen for semaphores', async () => {
    const trace = queue(701, {
      call: 'semop',
      file: '3',
      take: '[{0, -1, SEM_UNDO}], 1',
      give: '[{0, 1, SEM_UNDO}], 1',
    });
    const { metrics } = only(await analyzed(trace), KIND);
    assert.deepEqual([metrics.lock, metrics.totalMs], ['semaphore 0 of set 3', 701]);
  });

  it('does not show the id of a session, and knows what to do about PHP', async () => {
    const report = await analyzed(queue(701, { file: '21</var/lib/php/sessions/sess_s3cr3t0kamqf2>' }));
    const finding = only(report, KIND);
    assert.doesNotMatch(JSON.stringify({ ...finding, evidence: [] }), /s3cr3t/);
    assert.equal(finding.metrics.lock, '/var/lib/php/sessions/sess_…');
    assert.ok(finding.next.some(({ text }) => text.includes('session_write_close')));
    assert.doesNotMatch(JSON.stringify(redactReport(report)), /s3cr3t/);
  });

  it('is possible when the holder is not in the capture', async () => {
    const { trace, workers } = prefork([101]);
    const [worker] = workers as [ThreadLines];
    serving(worker, 50)
      .call(`flock(${FILE}, LOCK_EX`, ')', 0, 701)
      .call(`flock(${FILE}, LOCK_UN`, ')', 0)
      .reply(11)
      .close(11)
      .waitUntil(3000);
    const { confidence, summary, metrics } = only(await analyzed(trace), KIND);
    assert.equal(confidence, 'possible');
    assert.deepEqual([metrics.holders, metrics.unknownHolder], [[], 1]);
    assert.match(summary, /The capture does not show who held it/);
  });

  it('has no holder in the capture where those of it had the lock for a small part of the wait', async () => {
    const { trace, workers } = prefork([101, 102]);
    for (const worker of workers)
      serving(worker, 50 + worker.tid / 100)
        .call(`flock(${FILE}, LOCK_EX`, ')', 0)
        .call(`flock(${FILE}, LOCK_UN`, ')', 0)
        .reply(11)
        .close(11);
    // Somebody else has it for a second; then one after the other, for 20 ms each.
    workers.forEach((worker, index) => {
      serving(worker, 100 + index).call(`flock(${FILE}, LOCK_EX`, ')', 0, 1000 + index * 19);
      worker.gap(20).call(`flock(${FILE}, LOCK_UN`, ')', 0).reply(11).close(11).waitUntil(3000);
    });
    const { confidence, metrics, summary } = only(await analyzed(trace), KIND);
    assert.deepEqual([confidence, metrics.holders, metrics.unknownHolder], ['possible', [], 2]);
    assert.match(summary, /The capture does not show who held it\./);
  });

  it('is a line when nobody waits for the thread that does', async () => {
    const { trace, workers } = prefork([101]);
    const [worker] = workers as [ThreadLines];
    startThread(worker, 140);
    serving(worker, 50).reply(11).close(11).waitUntil(3000);
    trace.thread(140).at(60).call(`flock(${FILE}, LOCK_EX`, ')', 0, 701);
    assert.equal(only(await analyzed(trace), KIND).severity, 'info');
  });

  it('is no contention when the lock guards accept', async () => {
    const { trace, workers } = prefork([101, 102]);
    for (const worker of workers)
      for (let turn = 0; turn < 3; turn++)
        worker
          .call(`flock(${FILE}, LOCK_EX`, ')', 0, 701)
          .waitUntil(worker.now + 3, LISTENER)
          .accept(11)
          .call(`flock(${FILE}, LOCK_UN`, ')', 0)
          .read(11, 'GET /a')
          .reply(11)
          .close(11);
    const report = await analyzed(trace);
    none(report, KIND);
    // Who waits for its turn to accept waits for work: no turn of its loop took 701 ms.
    none(report, 'loop-stall');
  });
});

/** Worker 101 is refused the lock so many times, with `pause` milliseconds in between, and then gets it or does not. */
function polling(tries: number, pause: number, obtained = true): TraceLines {
  const { trace, workers } = prefork([101, 102]);
  const [worker, holder] = workers as [ThreadLines, ThreadLines];
  const range = (type: string, first: number) => `{l_type=${type}, l_whence=SEEK_SET, l_start=${first}, l_len=1}`;
  serving(holder, 40).call(`fcntl(${FILE}, F_SETLK, ${range('F_WRLCK', 11)}`, ')', 0);
  serving(worker, 50);
  for (let index = 0; index < tries; index++) {
    // SQLite reads under a shared lock on another byte before it asks for the one it writes under.
    worker.call(`fcntl(${FILE}, F_SETLK, ${range('F_RDLCK', 10)}`, ')', 0);
    worker.call(`fcntl(${FILE}, F_SETLK, ${range('F_WRLCK', 11)}`, ')', failed('EAGAIN'));
    worker.call(`fcntl(${FILE}, F_SETLK, ${range('F_UNLCK', 10)}`, ')', 0);
    worker.call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=1}, ', 'NULL)', 0, pause);
  }
  if (obtained) worker.call(`fcntl(${FILE}, F_SETLK, ${range('F_WRLCK', 11)}`, ')', 0);
  worker.call(`close(${FILE}`, ')', 0).reply(11).close(11).waitUntil(9000);
  holder.waitUntil(9000);
  return trace;
}

describe('asking for a lock again and again', () => {
  it('is one wait, from the first refusal to the lock', async () => {
    const { metrics, summary } = only(await analyzed(polling(7, 100)), KIND);
    assert.deepEqual([metrics.count, metrics.asking, metrics.refused], [1, 1, 0]);
    assert.ok(Math.abs((metrics.totalMs as number) - 700) < 1, String(metrics.totalMs));
    assert.match(summary, /asked again and again/);
  });

  it('is a wait that failed when the lock never comes', async () => {
    const { metrics, summary } = only(await analyzed(polling(7, 100, false)), KIND);
    assert.deepEqual([metrics.count, metrics.refused], [1, 1]);
    assert.match(summary, /1 wait ended without the lock/);
  });

  it('is no waiting when more than 250 ms pass in between', async () => {
    assert.equal(only(await analyzed(polling(5, 249)), KIND).metrics.count, 1);
    none(await analyzed(polling(5, 251)), KIND);
  });

  it('is no waiting for one refused try: another process has the job', async () => {
    none(await analyzed(polling(1, 100, false)), KIND);
  });
});

/**
 * So many threads of worker 101 that take turns at one futex, each for 50 ms and `rounds` times. Who is woken wakes the
 * next, or the main thread does.
 */
function convoy(
  threads: number,
  rounds: number,
  { wakenBy = 'each other', operation = 'FUTEX_WAIT_BITSET_PRIVATE', serves = true } = {},
): TraceLines {
  const { trace, workers } = prefork([101]);
  const [main] = workers as [ThreadLines];
  const pool = Array.from({ length: threads }, (_, index) => 140 + index);
  for (const tid of pool) startThread(main, tid);
  main.waitUntil(50, LISTENER).accept(11);
  const all = pool.map((tid) => trace.thread(tid).at(60));
  if (serves) all[0]?.read(11, 'GET /a').reply(11);
  const wake = (thread: ThreadLines) => thread.call(`futex(${WORD}, FUTEX_WAKE_PRIVATE, 1`, ')', 1);
  for (let turn = 0; turn < rounds * threads; turn++) {
    const woken = all[turn % threads] as ThreadLines;
    const at = 200 + 50 * turn;
    woken.call(`futex(${WORD}, ${operation}, 2, NULL, FUTEX_BITSET_MATCH_ANY`, ')', 0, at - woken.now);
    // The next wake-up.
    const waker = wakenBy === 'each other' ? woken : main;
    wake(waker.at(at + 49));
  }
  main.at(19_000).close(11).waitUntil(20_000);
  return trace;
}

/**
 * A server that starts a thread for each of so many connections; each thread needs one lock for `held` ms and waits for
 * those before it, of which there are so many at most.
 */
function threadForEach(connections: number, held: number, before = 3): TraceLines {
  const { trace, workers } = prefork([101]);
  const [main] = workers as [ThreadLines];
  for (let index = 0; index < connections; index++) {
    const gets = 200 + held * index;
    const comes = Math.max(100 + index, gets - before * held);
    const fd = 11 + (index % 7);
    main.waitUntil(comes - 2, LISTENER).accept(fd);
    startThread(main, 140 + index);
    const thread = trace
      .thread(140 + index)
      .at(comes)
      .read(fd, 'GET /a');
    const wait = `futex(${WORD}, FUTEX_WAIT_BITSET_PRIVATE, 2, NULL, FUTEX_BITSET_MATCH_ANY`;
    if (index > 0 && gets > thread.now) thread.call(wait, ')', 0, gets - thread.now);
    thread.at(gets).call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=1}, ', 'NULL)', 0, held - 1);
    thread.call(`futex(${WORD}, FUTEX_WAKE_PRIVATE, 1`, ')', 1).reply(fd).close(fd);
  }
  main.waitUntil(300 + held * connections);
  return trace;
}

describe('threads that queue at one futex', () => {
  it('are contention from three on that hand it to each other', async () => {
    none(await analyzed(convoy(2, 11)), KIND);
    const { metrics, severity, title, workers } = only(await analyzed(convoy(3, 11)), KIND);
    assert.deepEqual([severity, metrics.lock, workers], ['warning', WORD, [101]]);
    assert.equal(title, '3 threads of worker 101 wait up to 240 ms for one lock');
    assert.equal((metrics.waiters as readonly unknown[]).length, 3);
  });

  it('are information where none of them serves a request', async () => {
    assert.equal(only(await analyzed(convoy(3, 11, { serves: false })), KIND).severity, 'info');
  });

  it('count when each of them waits for a good part of the time', async () => {
    const { metrics, startMs, endMs } = only(await analyzed(convoy(3, 11)), KIND);
    const waiters = metrics.waiters as readonly { readonly waitedMs: number }[];
    const span = (endMs ?? 0) - (startMs ?? 0);
    const least = Math.min(...waiters.map(({ waitedMs }) => waitedMs)) / span;
    assert.ok(least > 0.3 && least < 0.9, String(least));
    const mean = Number(metrics.totalMs) / span / 3;
    const judged = (share: number) => analyzed(convoy(3, 11), {}, { thresholds: { 'lock-share': share } });
    assert.equal((only(await judged(least - 0.01), KIND).metrics.waiters as readonly unknown[]).length, 3);
    // Not all three do, but together they wait as long as three that would.
    assert.match(only(await judged(least + 0.01), KIND).title, /^3 threads of worker 101 wait up to/);
    none(await judged(mean + 0.01), KIND);
  });

  it('count from so much waiting on, of all of them together', async () => {
    // Three first waits, up to 200, 250 and 300 ms of the capture, from about 60 ms on; then 30 of 101 ms each.
    const total = 140 + 190 + 240 + 30 * 101;
    const judged = (ms: number) => analyzed(convoy(3, 11), {}, { thresholds: { 'lock-wait-ms': ms } });
    only(await judged(total - 20), KIND);
    none(await judged(total + 20), KIND);
  });

  it('are contention where each connection has a thread of its own, however many there were', async () => {
    const { title, metrics, summary } = only(await analyzed(threadForEach(101, 40)), KIND);
    assert.equal(title, 'GET /a: 3 threads wait up to 120 ms for one lock, held in clock_nanosleep');
    assert.equal(metrics.count, 100);
    // Each of them waits for the three before it; the first ones for fewer.
    assert.ok(Math.abs(Number(metrics.totalMs) - 100 * 3 * 40) < 300, String(metrics.totalMs));
    assert.match(
      summary,
      /Threads of worker 101 waited 100 times, up to 3 at once.*kept it for 39 ms on average, 39 ms/s,
    );
    none(await analyzed(threadForEach(101, 40, 1)), KIND);
    none(await analyzed(threadForEach(5, 40)), KIND);
  });

  it('are none when somebody else wakes them: they wait for work', async () => {
    none(await analyzed(convoy(5, 11, { wakenBy: 'main' })), KIND);
  });

  it('are none at the lock that lets one thread wait for a connection, as the threads of uWSGI do', async () => {
    const { trace, workers } = prefork([101]);
    const [main] = workers as [ThreadLines];
    const pool = Array.from({ length: 5 }, (_, index) => 140 + index);
    for (const tid of pool) startThread(main, tid);
    const all = pool.map((tid) => trace.thread(tid).at(60));
    for (let turn = 0; turn < 55; turn++) {
      const thread = all[turn % 5] as ThreadLines;
      const at = 200 + 50 * turn;
      thread.call(`futex(${WORD}, FUTEX_WAIT_PRIVATE, 2, NULL`, ')', 0, at - thread.now);
      thread.waitUntil(at + 48, LISTENER).accept(11);
      thread.call(`futex(${WORD}, FUTEX_WAKE_PRIVATE, 1`, ')', 1).read(11, 'GET /a').reply(11).close(11);
    }
    none(await analyzed(trace), KIND);
  });

  it('are none at a lock with priority inheritance, which guards accepts', async () => {
    none(await analyzed(convoy(5, 11, { operation: 'FUTEX_LOCK_PI_PRIVATE' })), KIND);
  });
});

/**
 * Threads that each wait at an address of their own, in turn, as those of CPython 3.13 do for one lock. Whoever has it
 * wakes the next one; of those that wait for jobs the main thread does.
 */
function parked(threads: number, program: string, wakenBy: 'each other' | 'main' = 'each other'): TraceLines {
  const { trace, workers } = prefork([101], { argv: [program] });
  const [main] = workers as [ThreadLines];
  const pool = Array.from({ length: threads }, (_, index) => 140 + index);
  for (const tid of pool) startThread(main, tid);
  main.waitUntil(50, LISTENER).accept(11);
  const all = pool.map((tid) => trace.thread(tid).at(60));
  all[0]?.read(11, 'GET /a').reply(11);
  const own = (thread: ThreadLines): string => `0x7f00${thread.tid}`;
  for (let turn = 0; turn < 11 * threads; turn++) {
    const woken = all[turn % threads] as ThreadLines;
    const next = all[(turn + 1) % threads] as ThreadLines;
    const at = 200 + 50 * turn;
    const wait = 'FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, NULL, FUTEX_BITSET_MATCH_ANY';
    woken.call(`futex(${own(woken)}, ${wait}`, ')', 0, at - woken.now);
    (wakenBy === 'each other' ? woken : main).at(at + 49).call(`futex(${own(next)}, FUTEX_WAKE_PRIVATE, 1`, ')', 1);
  }
  main.at(19_000).close(11).waitUntil(20_000);
  return trace;
}

describe('threads of Python 3.13 and later, which wait at an address each', () => {
  it('are contention from three on that wake each other', async () => {
    none(await analyzed(parked(2, 'gunicorn')), KIND);
    const { metrics, severity, confidence, title, summary } = only(await analyzed(parked(3, 'gunicorn')), KIND);
    assert.deepEqual([severity, confidence, metrics.lock], ['warning', 'possible', 'an address for each thread']);
    assert.equal(title, '3 threads of worker 101 wait up to 240 ms for one lock or pool');
    assert.match(
      summary,
      /Each waited at an address of its own, as threads do that wait for a lock in Python 3\.13 or later/,
    );
    assert.deepEqual([metrics.otherWakes, (metrics.waiters as readonly unknown[]).length], [0, 3]);
    assert.ok((metrics.handOffs as number) > 25);
  });

  it('are a pool that waits for jobs when another thread wakes them', async () => {
    none(await analyzed(parked(5, 'gunicorn', 'main')), KIND);
  });

  it('are idle threads of a runtime that parks them so in any other process', async () => {
    none(await analyzed(parked(5, '/srv/gosrv')), KIND);
  });
});

/**
 * Threads that each serve a connection and wait for a lock of `held` ms at a word of their own, as those of Java do.
 * Whoever has it wakes the next one, in the middle of its request or after its answer.
 */
function requestsThatWait(clients: number, held: number, wakes: 'in its request' | 'after its answer'): TraceLines {
  const { trace, workers } = prefork([101], { argv: ['/usr/bin/java'] });
  const [main] = workers as [ThreadLines];
  const pool = Array.from({ length: clients }, (_, index) => 140 + index);
  for (const tid of pool) startThread(main, tid);
  const rounds = 5;
  for (let turn = 0; turn < clients * rounds; turn++) {
    const fd = 11 + (turn % clients);
    const gets = 300 + held * turn;
    const comes = Math.max(60 + turn, gets - held * (clients - 1));
    main.waitUntil(Math.max(main.now, comes - 0.5), LISTENER).accept(fd);
    const thread = trace
      .thread(140 + (turn % clients))
      .at(Math.max(comes, main.now))
      .read(fd, 'GET /a');
    const wait = `futex(0x7f00${thread.tid}0, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, FUTEX_BITSET_MATCH_ANY`;
    if (gets - thread.now > 1) thread.call(wait, ')', 0, gets - thread.now);
    const next = `futex(0x7f00${140 + ((turn + 1) % clients)}0, FUTEX_WAKE_PRIVATE, 1`;
    thread.at(gets + held - 1);
    if (wakes === 'in its request') thread.call(next, ')', 1).reply(fd).close(fd);
    else thread.reply(fd).close(fd).call(next, ')', 1);
  }
  main.waitUntil(main.now + 3_000);
  return trace;
}

describe('requests on threads that each wait at a word of their own (Java, Ruby)', () => {
  it('are contention where a thread in a request wakes the next one, in waits of 100 ms or more', async () => {
    const { severity, confidence, title, metrics } = only(
      await analyzed(requestsThatWait(5, 200, 'in its request')),
      KIND,
    );
    assert.deepEqual([severity, confidence], ['warning', 'possible']);
    assert.equal(title, 'GET /a: 5 threads of worker 101 wait up to 800 ms for one lock or pool');
    assert.equal(metrics.otherWakes, 0);
    none(await analyzed(requestsThatWait(5, 20, 'in its request')), KIND);
    none(await analyzed(requestsThatWait(2, 200, 'in its request')), KIND);
  });

  it('are none where whoever wakes them is in no request: it hands out work', async () => {
    none(await analyzed(requestsThatWait(5, 200, 'after its answer')), KIND);
  });
});

it('the metrics of a lock between processes are those of its trace', async () => {
  assert.deepEqual(only(await analyzed(queue(701)), KIND).metrics, {
    lock: '/var/lib/app.lock',
    count: 1,
    totalMs: 701,
    longestMs: 701,
    longestWaits: [{ pid: 102, startMs: 100, endMs: 801 }],
    servingMs: 701,
    asking: 0,
    refused: 0,
    // Taken at 50.06 ms (wake-up, accept, read, and the call itself), until the waiter has it at 801 ms.
    longestHeldMs: 750.94,
    waiters: [{ pid: 102, tid: 102, waits: 1, waitedMs: 701 }],
    holders: [{ pid: 101, waits: 1, waitedMs: 701 }],
    unknownHolder: 0,
    requests: [{ request: 'GET /a', waits: 1 }],
  });
});

it('the metrics of a lock between threads are those of its trace', async () => {
  // A thread waits until 200, 250 or 300 ms, and then six times for 100.98 ms: from its own wake-up to the next that is
  // meant for it.
  const again = 6 * 100.98;
  const waits = [139.96, 190, 240].map((first) => Number((first + again).toFixed(2)));
  assert.deepEqual(only(await analyzed(convoy(3, 7)), KIND).metrics, {
    lock: WORD,
    count: 21,
    totalMs: Number(waits.reduce((sum, each) => sum + each, 0).toFixed(2)),
    longestMs: 240,
    // Counted from the third thread on.
    handOffs: 19,
    otherWakes: 0,
    againShare: null,
    waiters: [
      { pid: 101, tid: 142, waitedMs: waits[2] },
      { pid: 101, tid: 141, waitedMs: waits[1] },
      { pid: 101, tid: 140, waitedMs: waits[0] },
    ],
  });
});

it('waits that found the word changed are a share of all calls on futexes, from a hundred calls on', async () => {
  const trace = convoy(3, 29);
  const thread = trace.thread(140).gap(10);
  for (let index = 0; index < 26; index++)
    thread
      .call(`futex(${WORD}, FUTEX_WAIT_BITSET_PRIVATE, 2, NULL, FUTEX_BITSET_MATCH_ANY`, ')', failed('EAGAIN'))
      .gap(1);
  // 87 waits, 87 wake-ups, and these.
  assert.equal(only(await analyzed(trace), KIND).metrics.againShare, 0.13);
});

it('a lock between threads is proved by its longest wait, however many came after it', async () => {
  const { evidence } = only(await analyzed(convoy(3, 11)), KIND);
  // The third, 142, first waits from 60 ms to 300 ms. After that nobody waits for longer than 101 ms.
  assert.ok(
    evidence.some(({ text }) => /^142 .*<0\.240000>$/.test(text)),
    JSON.stringify(evidence),
  );
});
