import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../src/analysis/report.ts';
import { analyzed, none, only } from '../support/analyzed.ts';
import { connectTo, oneWorker, startThread } from '../support/server-lines.ts';
import { failed, LISTENER, QUICK, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';
import { oneTurn } from '../support/turns.ts';

const KIND = 'loop-stall';
/** What each stall takes, and the part of it that the cause takes. */
const LENGTH = 200;
const PART = 170;

async function stall(trace: TraceLines | string): Promise<Finding> {
  return only(await analyzed(trace), KIND);
}

/** A stall whose cause is one call. */
function inCall(entered: string, left: string, result: string | number): (worker: ThreadLines) => void {
  return (worker) => worker.call(entered, left, result, PART);
}

function upstream(port: number, question: string, last: (worker: ThreadLines) => void): (worker: ThreadLines) => void {
  return (worker) => {
    connectTo(worker, 12, port);
    worker.send(12, question);
    last(worker);
  };
}

const answer = (worker: ThreadLines): void => void worker.read(12, 'HTTP/1.0 200 OK', PART);
const pollAnswer = (worker: ThreadLines): void => void worker.call(`poll([{fd=${worker.fd(12)}, events=POLLIN}], 1, -1`, ')', '1 ([{fd=12, revents=POLLIN}])', PART);
const selectQuery = '\\22\\0\\0\\0\\3SELECT a FROM b WHERE c = 42';

interface Case {
  readonly name: string;
  readonly inside: (worker: ThreadLines) => void;
  readonly cause: string;
  readonly call: string;
  readonly target?: string;
  readonly query?: string;
}

const cases: readonly Case[] = [
  { name: 'a blocking read from another service', inside: upstream(18081, 'GET /x', answer), cause: 'blocking-call', call: 'recvfrom', target: '10.0.0.7:18081 (HTTP)', query: 'GET /x' },
  { name: 'a blocking connect', inside: inCall('connect(12<socket:[1]>, {sa_family=AF_INET, sin_port=htons(8081), sin_addr=inet_addr("10.0.0.7")}, 16', ')', 0), cause: 'blocking-call', call: 'connect', target: '10.0.0.7:8081' },
  { name: 'reading a slow file', inside: inCall('read(21</srv/data.json>, ', '"{", 65536)', 1), cause: 'blocking-call', call: 'read', target: '/srv/data.json' },
  { name: 'a C client that polls for its answer', inside: upstream(3306, selectQuery, pollAnswer), cause: 'foreign-poll', call: 'poll', target: '10.0.0.7:3306 (MySQL)', query: 'SELECT a FROM b WHERE c = ?' },
  { name: 'a poll on a service known by its port alone', inside: upstream(6379, 'opaque', pollAnswer), cause: 'foreign-poll', call: 'poll', target: '10.0.0.7:6379 (Redis by convention)' },
  { name: 'a name server', inside: upstream(53, '\\253\\315\\1\\0', pollAnswer), cause: 'dns', call: 'poll', target: '10.0.0.7:53 (DNS by convention)' },
  { name: 'fsync', inside: inCall('fsync(21</var/lib/a.db>', ')', 0), cause: 'disk-sync', call: 'fsync', target: '/var/lib/a.db' },
  { name: 'flock', inside: inCall('flock(21</run/a.lock>, LOCK_EX', ')', 0), cause: 'file-lock', call: 'flock', target: '/run/a.lock' },
  { name: 'a POSIX file lock', inside: inCall('fcntl(21</run/a.lock>, F_SETLKW, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=0}', ')', 0), cause: 'file-lock', call: 'fcntl', target: '/run/a.lock' },
  { name: 'an original sleep', inside: inCall('clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, {tv_sec=9, tv_nsec=1}, ', 'NULL)', 0), cause: 'sleep', call: 'clock_nanosleep', target: '' },
  { name: 'waiting for a child', inside: inCall('wait4(4711, ', '[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL)', 4711), cause: 'child-wait', call: 'wait4' },
  { name: 'syslog', inside: inCall('sendto(22</dev/log>, "<13>hello", 9, MSG_NOSIGNAL, NULL, 0', ')', 9), cause: 'log', call: 'sendto', target: '/dev/log' },
  { name: 'standard error', inside: inCall('write(2<pipe:[77]>, "hello\\n", 6', ')', 6), cause: 'log', call: 'write' },
  { name: 'a log file', inside: inCall('write(23</var/log/app.log>, "hello\\n", 6', ')', 6), cause: 'log', call: 'write', target: '/var/log/app.log' },
  { name: 'a lock without a timeout', inside: inCall('futex(0x5600, FUTEX_WAIT_PRIVATE, 0, NULL', ')', 0), cause: 'lock', call: 'futex', target: '' },
];

describe('the cause of a stall in one call', () => {
  for (const { name, inside, cause, call, target, query } of cases) {
    it(`is ${cause} for ${name}`, async () => {
      const { metrics, sureness, evidence } = await stall(oneTurn(LENGTH, inside));
      assert.deepEqual([metrics.cause, metrics.call, metrics.callMs, sureness], [cause, call, PART, 'likely']);
      if (target !== undefined) assert.equal(metrics.target, target);
      if (query !== undefined) assert.equal(metrics.query, query);
      assert.match(evidence[0]?.text ?? '', new RegExp(`${call}\\(.* <0\\.170000>$`));
    });
  }

  it('is that call from 60 % of the stall on', async () => {
    const nap = (ms: number) => oneTurn(LENGTH, (worker) => worker.call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=1}, ', 'NULL)', 0, ms));
    assert.equal((await stall(nap(120))).metrics.cause, 'sleep');
    const below = await stall(nap(79));
    assert.equal(below.metrics.cause, 'no-syscall');
  });

  it('is one cause for all calls of its kind: writing a file and syncing it', async () => {
    const { metrics } = await stall(oneTurn(LENGTH, (worker) => worker.call('write(21</var/lib/a.db>, "x", 1', ')', 1, 80).call('fsync(21</var/lib/a.db>', ')', 0, 60)));
    assert.deepEqual([metrics.cause, metrics.call], ['disk-sync', 'fsync']);
  });
});

/** A ladder: a call that is repeated in short slices. */
function ladder(rungs: number, ms: number, args: string): (worker: ThreadLines) => void {
  return (worker) => {
    for (let rung = 0; rung < rungs; rung++) worker.call(`futex(0x231bc2c0, ${args}, {tv_sec=1795140801, tv_nsec=${rung}}, FUTEX_BITSET_MATCH_ANY`, ')', failed('ETIMEDOUT'), ms).call('futex(0x231bc270, FUTEX_WAKE_PRIVATE, 1', ')', 0);
  };
}
const CONDITION = 'FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0';
const INTERPRETER = 'FUTEX_WAIT_BITSET_PRIVATE, 0';

describe('the cause of a stall in many short calls', () => {
  it('is futex-ladder from five waits of at most 60 ms on: the flush of a Kafka client', async () => {
    const { metrics } = await stall(oneTurn(505, ladder(47, 10.06, CONDITION)));
    assert.deepEqual([metrics.cause, metrics.call, metrics.rungs, metrics.callMs], ['futex-ladder', 'futex', 47, 10.06]);
    assert.equal((await stall(oneTurn(LENGTH, ladder(4, 40, CONDITION)))).metrics.cause, 'lock');
    assert.equal((await stall(oneTurn(LENGTH, ladder(5, 35, CONDITION)))).metrics.cause, 'futex-ladder');
    assert.equal((await stall(oneTurn(400, ladder(5, 60, CONDITION)))).metrics.cause, 'futex-ladder');
    assert.equal((await stall(oneTurn(400, ladder(5, 60.01, CONDITION)))).metrics.cause, 'lock');
  });

  it('is gil-wait for slices of 5 ms on the monotonic clock', async () => {
    const { metrics } = await stall(oneTurn(LENGTH, ladder(31, 5.06, INTERPRETER)));
    assert.deepEqual([metrics.cause, metrics.rungs], ['gil-wait', 31]);
  });

  it('is sleep for a busy handler that naps', async () => {
    const { metrics, summary } = await stall(
      oneTurn(LENGTH, (worker) => {
        for (let nap = 0; nap < 17; nap++) worker.call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=10000000}, ', 'NULL)', 0, 10);
      }),
    );
    assert.deepEqual([metrics.cause, metrics.rungs, metrics.callMs], ['sleep', 17, 10]);
    assert.match(summary, /17 clock_nanosleep calls took 170 ms together, the longest 10 ms \(a sleep\)/);
  });
});

describe('the cause of a stall outside calls', () => {
  it('is no-syscall when there is none', async () => {
    const { metrics, sureness, evidence, summary } = await stall(oneTurn(LENGTH));
    assert.deepEqual([metrics.cause, metrics.call, sureness], ['no-syscall', '', 'likely']);
    assert.match(evidence[0]?.text ?? '', /recvfrom/);
    assert.match(evidence[1]?.text ?? '', /sendto/);
    assert.match(summary, /while serving GET \/slow: no system call for 200 ms \(running, or waiting for a CPU\)\.$/);
  });

  it('is no-syscall for busy code that allocates: many calls, none of them long', async () => {
    const { metrics, summary } = await stall(
      oneTurn(LENGTH, (worker) => {
        for (let page = 0; page < 97; page++) worker.gap(1.9).call(`brk(0x5600${page}000`, ')', `0x5600${page}000`);
      }),
    );
    assert.deepEqual([metrics.cause, metrics.turnCalls], ['no-syscall', 101]);
    assert.match(summary, /of it outside system calls \(running, or waiting for a CPU\), with 101 calls in between and no gap over/);
  });

  it('is import from ten program files on', async () => {
    const imports = (files: number) => (worker: ThreadLines) => {
      for (let file = 0; file < files; file++) worker.gap(10).call(`openat(AT_FDCWD, "/app/m${file}.cpython-311.pyc", O_RDONLY|O_CLOEXEC`, ')', 30 + file);
    };
    assert.equal((await stall(oneTurn(LENGTH, imports(9)))).metrics.cause, 'no-syscall');
    assert.equal((await stall(oneTurn(LENGTH, imports(10)))).metrics.cause, 'import');
  });

  it('is patched-thread-pool when the loop starts a thread that is none', async () => {
    const { metrics, sureness, summary } = await stall(oneTurn(LENGTH, (worker) => worker.call('gettid(', ')', 101)));
    assert.deepEqual([metrics.cause, sureness], ['patched-thread-pool', 'possible']);
    assert.match(summary, /no native thread was started/);
  });

  it('is no-syscall when a native thread was started after all', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(20, LISTENER).serve(11, 'GET /a').call('gettid(', ')', 101);
    startThread(worker, 111);
    worker.waitUntil(50, LISTENER).serve(11, 'GET /a').gap(1500).waitUntil(3000);
    trace.thread(111).at(22).call('gettid(', ')', 111);
    assert.equal((await stall(trace)).metrics.cause, 'no-syscall');
  });

  it('is said to come after the reply only when the reply was sent before it', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).serve(11, 'GET /a').gap(170).waitUntil(1000);
    const after = await stall(trace);
    assert.deepEqual([after.metrics.afterReply, after.metrics.cause], [true, 'no-syscall']);
    assert.match(after.summary, /after it had answered GET \/a/);
    assert.equal((await stall(oneTurn(LENGTH))).metrics.afterReply, false);
  });

  it('is patched-thread-pool, possibly, for long work after the reply of a process without native threads', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).serve(11, 'GET /start').gap(1000).waitUntil(3000);
    const { metrics, sureness } = await stall(trace);
    assert.deepEqual([metrics.cause, sureness], ['patched-thread-pool', 'possible']);
  });
});

describe('the cause of a long turn that served many', () => {
  function crowd(requests: number, sameConnection: boolean): TraceLines {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11);
    for (let index = 0; index < requests; index++) {
      if (index > 0 && !sameConnection) worker.accept(11 + index);
      const fd = sameConnection ? 11 : 11 + index;
      worker.read(fd, `GET /${index}`).gap(LENGTH / requests).reply(fd);
    }
    worker.waitUntil(1000);
    return trace;
  }

  it('is many-requests from three on, when they came from several clients', async () => {
    assert.equal((await stall(crowd(2, false))).metrics.cause, 'no-syscall');
    const { metrics, summary } = await stall(crowd(3, false));
    assert.deepEqual([metrics.cause, metrics.call], ['many-requests', '']);
    assert.match(summary, /it served 3 requests before it waited again, none of them most of that time/);
  });

  it('is one-connection when one client had the next one ready each time', async () => {
    const { metrics, summary } = await stall(crowd(7, true));
    assert.equal(metrics.cause, 'one-connection');
    assert.match(summary, /it served 7 requests of one connection before it waited again/);
  });

  it('is the request that takes most of it, if there is one', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER);
    for (const fd of [11, 12, 13]) worker.accept(fd).read(fd, `GET /${fd}`).gap(fd === 12 ? 170 : 15 - QUICK).reply(fd).close(fd);
    worker.waitUntil(1000);
    const { metrics } = await stall(trace);
    assert.deepEqual([metrics.cause, metrics.request], ['no-syscall', 'GET /12']);
  });
});

it('a stall in a call that a loop may make is no stall below its threshold', async () => {
  for (const { inside } of cases) none(await analyzed(oneTurn(LENGTH, inside), {}, { thresholds: { 'stall-ms': LENGTH + 1 } }), KIND);
});
