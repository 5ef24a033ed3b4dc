import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';
import { attached, prefork, startThread } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

const OPENS = 'openat(AT_FDCWD</srv>, "/srv/app/pipe.fifo", O_RDONLY|O_CLOEXEC';

/** A loop that serves from `ms` on; strace came while it was in a call for so long. */
function loopIn(ms: number, call = OPENS, left = ')', result: string | number = '11</srv/app/pipe.fifo>'): TraceLines {
  const { trace, workers } = attached([101]);
  const [worker] = workers as [ThreadLines];
  worker.call(call, left, result, ms);
  for (let count = 1; count <= 7; count++) worker.waitUntil(ms + count * 70, LISTENER).serve(13, 'GET /a');
  worker.waitUntil(ms + 2000);
  return trace;
}

describe('a loop that was in a call when strace came', () => {
  it('was stalled for at least as long as the capture shows, from 100 ms on', async () => {
    none(await analyzed(loopIn(99.9)), 'loop-stall');
    const { severity, title, metrics } = only(await analyzed(loopIn(101)), 'loop-stall');
    assert.deepEqual([severity, metrics.call], ['warning', 'openat']);
    assert.match(title, /at least 101 ms/);
    const long = only(await analyzed(loopIn(3300)), 'loop-stall');
    assert.deepEqual([long.severity, long.startMs], ['critical', 0]);
    assert.match(long.summary, /did not get back to its event loop for at least 3\.30 s/);
  });

  it('is told without durations of calls as well', async () => {
    const report = await analyzed(loopIn(3300), { durations: false });
    assert.match(only(report, 'loop-stall').title, /at least 3\.30 s/);
  });

  it('was not stalled in what may be a rest: a wait of its loop, for a child or for another thread', async () => {
    const rests = [
      'wait4(-1, 0x7ffd, 0, NULL',
      'futex(0x7f12, FUTEX_WAIT_PRIVATE, 0, NULL',
      'restart_syscall(<... poll ...>',
    ];
    for (const rest of rests) none(await analyzed(loopIn(3300, rest, ')', 0)), 'loop-stall');
    const { trace, workers } = attached([101]);
    (workers[0] as ThreadLines).waitUntil(3300, LISTENER).serve(13, 'GET /a').waitUntil(5000);
    none(await analyzed(trace), 'loop-stall');
  });
});

const UPSTREAM = 'TCP:[127.0.0.1:4PID->127.0.0.1:20899]';

/** Workers that serve one request at a time: so long a wait when strace came, what it was for, and later requests. */
function workersIn(
  ms: number,
  from: string,
  bytes: string,
  { pids = [101, 103], later = 0, waits = 3 }: { pids?: readonly number[]; later?: number; waits?: number } = {},
): TraceLines {
  const { trace, workers } = attached([...pids]);
  for (const worker of workers) {
    worker.labels.set(9, from.replace('PID', `${worker.tid}`)).set(LISTENER, 'TCP:[127.0.0.1:18080]');
    worker.call('restart_syscall(<... resuming interrupted read ...>', ')', 1, ms).read(9, bytes).close(9);
    worker.labels.set(10, `TCP:[127.0.0.1:18080->127.0.0.1:5${worker.tid}]`);
    worker.send(10, 'HTTP/1.1 200 OK\\r\\n\\r\\n').close(10);
    for (let count = 1; count <= 3; count++) {
      worker.accept(10, { ms: 70 }).read(10, 'GET /b');
      if (later > 0 && count <= waits) worker.call(`poll([{fd=${worker.fd(9)}, events=POLLIN}], 1, -1`, ')', 1, later);
      worker.reply(10).close(10);
    }
    worker.stays(`accept4(${worker.fd(LISTENER)}, `);
  }
  return trace;
}

describe('workers that waited for another service when strace came', () => {
  const titles = async (trace: TraceLines): Promise<string[]> =>
    ofKind(await analyzed(trace), 'stuck-call').map(({ severity, title }) => `${severity}: ${title}`);

  it('were stuck, from 1 s on', async () => {
    assert.deepEqual(await titles(workersIn(999.9, UPSTREAM, 'x')), []);
    assert.deepEqual(await titles(workersIn(1000, UPSTREAM, 'x')), [
      'critical: Both workers were stuck for 1.00 s: recvfrom on 127.0.0.1:20899',
    ]);
  });

  it('are known by the answer of HTTP where the socket has no address', async () => {
    assert.deepEqual(await titles(workersIn(2800, 'socket:[7PID]', 'HTTP/1.0 200 OK\\r\\n')), [
      'critical: Both workers were stuck for 2.80 s: recvfrom on another service',
    ]);
  });

  it('were not stuck where later requests waited as long', async () => {
    assert.deepEqual(await titles(workersIn(1500, UPSTREAM, 'x', { later: 1000 })), []);
    assert.equal((await titles(workersIn(1500, UPSTREAM, 'x', { later: 990 }))).length, 1);
  });

  it('nor where each worker waited as long once more: two such waits in all show what is ordinary', async () => {
    assert.deepEqual(await titles(workersIn(1500, UPSTREAM, 'x', { later: 1000, waits: 1 })), []);
    assert.equal((await titles(workersIn(1500, UPSTREAM, 'x', { pids: [101], later: 1000, waits: 1 }))).length, 1);
  });

  it('were not stuck in a wait for a client that stays, or for nobody knows whom', async () => {
    assert.deepEqual(await titles(workersIn(2800, 'TCP:[127.0.0.1:18080->127.0.0.1:6PID]', 'GET /a')), []);
    assert.deepEqual(await titles(workersIn(2800, 'socket:[7PID]', 'GET /a')), []);
    assert.deepEqual(await titles(workersIn(2800, 'pipe:[7PID]', '7')), []);
  });
});

describe('threads that a signal ends with their process', () => {
  /** Processes 101 and 131 with two more threads each, of which nothing tells whose they are. */
  const dying = (got: readonly number[], ends: readonly number[], signal: string): TraceLines => {
    const { trace, workers } = attached([101, 107, 109, 131, 137, 139]);
    for (const each of workers) each.call('close(11', ')', 0);
    const at = (tid: number): ThreadLines => trace.thread(tid).at(500);
    for (const tid of got)
      at(tid).line(`--- ${signal} {si_signo=${signal}, si_code=SI_TKILL, si_pid=${tid}, si_uid=0} ---`);
    for (const tid of ends) at(tid).gap(3).line(`+++ killed by ${signal} +++`);
    workers[3]?.at(900).call('close(12', ')', 0);
    return trace;
  };
  const dead = async (trace: TraceLines): Promise<number[]> =>
    ofKind(await analyzed(trace), 'worker-death').flatMap(({ workers }) => workers);

  it('are one death', async () => {
    assert.deepEqual(await dead(dying([101], [109, 107, 101], 'SIGABRT')), [101]);
  });

  it('go with the process below them, where several got the signal', async () => {
    const both = dying([101, 131], [139, 109, 137, 107, 101, 131], 'SIGSEGV');
    assert.deepEqual((await dead(both)).toSorted(), [101, 131]);
  });

  it('cannot be told from processes where the signal is delivered to nobody', async () => {
    assert.equal((await dead(dying([], [107, 101], 'SIGKILL'))).length, 2);
  });
});

describe('a clear word about locks', () => {
  it('is not given where requests waited long for other threads, and few hand-overs show what for', async () => {
    const waiting = (ms: number): TraceLines => {
      const { trace, workers } = prefork([101]);
      const [main] = workers as [ThreadLines];
      startThread(main, 103);
      const pool = trace.thread(103).at(main.now + 1);
      main.waitUntil(50, LISTENER).accept(11);
      pool.at(60).read(11, 'GET /a').call('futex(0x7f12, FUTEX_WAIT_PRIVATE, 0, NULL', ')', 0, ms).reply(11).close(11);
      main.waitUntil(3000);
      return trace;
    };
    const short = await analyzed(waiting(499.9));
    assert.match(none(short, 'lock-contention'), /^nobody waited/);
    assert.match(short.verdict.text, /^No herd, stall or hang-up found/);
    const { outcomes, verdict } = await analyzed(waiting(500));
    assert.equal(verdict.text, 'Cannot tell: requests waited 500 ms for other threads, and no line shows for what.');
    const outcome = outcomes['lock-contention'];
    assert.equal(outcome?.status, 'not-applicable');
    assert.match(outcome?.reason ?? '', /^Requests such as GET \/a waited 500 ms for other threads of 101 \(futex\)/);
  });
});
