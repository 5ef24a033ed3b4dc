import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding, Kind } from '../../src/analysis/report.ts';
import { analyzed, only } from '../support/analyzed.ts';
import { Backend } from '../support/database-lines.ts';
import { mapMemory, openFile, openModules, parentOf, startWorker } from '../support/loading.ts';
import { ask, NO_SUCH_NAME } from '../support/name-lookups.ts';
import {
  fork,
  MASTER,
  oneWorker,
  openHub,
  openListener,
  prefork,
  startThread,
  watch,
} from '../support/server-lines.ts';
import { failed, HUB, LISTENER, QUICK, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';
import { turn } from '../support/turns.ts';

/**
 * What a reader sees first of a finding, whole, where a capture has several files, requests, workers or errors of
 * different weight: which of them is named, in which order, and whose figures stand beside the name.
 */
async function told(trace: TraceLines | string, kind: Kind): Promise<readonly unknown[]> {
  const { severity, confidence, title, summary, startMs, endMs, workers } = only(await analyzed(trace), kind);
  return [`${severity}, ${confidence}`, title, summary, [startMs, endMs], workers];
}

async function metricsOf(trace: TraceLines, kind: Kind): Promise<Finding['metrics']> {
  return only(await analyzed(trace), kind).metrics;
}

/** Begins a turn of a loop at `ms`, with a request. */
function begin(worker: ThreadLines, ms: number, request: string): ThreadLines {
  return worker.waitUntil(ms, LISTENER).accept(11).read(11, request);
}

function end(worker: ThreadLines): ThreadLines {
  return worker.reply(11).close(11);
}

describe('syncs of two files in two requests', () => {
  const [database, log] = ['21</var/lib/a.db>', '22</var/log/b.log>'];
  const syncs = (): TraceLines => {
    const { trace, worker } = oneWorker();
    const sync = (call: string, file: string, ms: number) => worker.call(`${call}(${file}`, ')', 0, ms);
    begin(worker, 50, 'POST /a');
    sync('fsync', database, 60);
    sync('fdatasync', log, 70);
    end(worker);
    for (const [at, file, ms] of [
      [1200, log, 90],
      [1400, log, 10],
      [1500, database, 20],
    ] as const) {
      begin(worker, at, 'POST /b');
      sync('fsync', file, ms);
      end(worker);
    }
    worker.waitUntil(3000);
    return trace;
  };

  it('are told by the file and the request that took most time, not most syncs', async () => {
    assert.deepEqual(await told(syncs(), 'disk-sync'), [
      'warning, likely',
      'Worker 101 waited 250 ms for the disk: 5 x fsync on /var/log/b.log',
      'Worker 101 made 5 syncs on its event loop, on /var/log/b.log and 1 other file: 250 ms in all, the longest ' +
        '90 ms (95 % took 90 ms or less). The worst second had 3 syncs and 130 ms of waiting, the worst turn of the ' +
        'loop 130 ms. Most of that time it served POST /a.',
      [50.04, 1520.04],
      [101],
    ]);
  });

  it('have figures of their own', async () => {
    const { files, requests, longestWaits, ...sums } = await metricsOf(syncs(), 'disk-sync');
    assert.deepEqual(files, [
      { path: '/var/log/b.log', count: 3, totalMs: 170, longestMs: 90 },
      { path: '/var/lib/a.db', count: 2, totalMs: 80, longestMs: 60 },
    ]);
    // 130 ms and 120 ms.
    assert.deepEqual(requests, [
      { request: 'POST /a', syncs: 2 },
      { request: 'POST /b', syncs: 3 },
    ]);
    assert.deepEqual(
      (longestWaits as readonly { startMs: number; endMs: number }[]).map(({ startMs, endMs }) => [startMs, endMs]),
      [
        [1200.04, 1290.04],
        [110.04, 180.04],
        [50.04, 110.04],
        [1500.04, 1520.04],
        [1400.04, 1410.04],
      ],
    );
    assert.deepEqual(sums, {
      worker: 101,
      thread: 101,
      onLoop: true,
      count: 5,
      totalMs: 250,
      longestMs: 90,
      p95Ms: 90,
      mostPerSecond: 3,
      worstMsPerSecond: 130,
      longestTogetherMs: 130,
    });
  });
});

describe('waits of three processes for one lock', () => {
  /** Waits of 600 ms, 410 ms and 50.02 ms, one behind the other; each has the lock for at most 650 ms. */
  const queue = (): TraceLines => {
    const { trace, workers } = prefork([101, 102, 103]);
    const [first, second, third] = workers as [ThreadLines, ThreadLines, ThreadLines];
    const lock = (worker: ThreadLines, ms: number) => worker.call('flock(21</run/app.lock>, LOCK_EX', ')', 0, ms);
    const unlock = (worker: ThreadLines, at: number) => worker.at(at).call('flock(21</run/app.lock>, LOCK_UN', ')', 0);
    lock(begin(first, 50, 'GET /a'), QUICK);
    lock(begin(second, 60, 'GET /b').at(100), 600);
    end(unlock(first, 700 - QUICK));
    lock(begin(third, 650, 'GET /b').at(690), 410);
    unlock(second, 1100 - QUICK);
    lock(begin(first, 1120, 'GET /a').at(1150), 50 + QUICK);
    unlock(third, 1200);
    unlock(first, 1300);
    for (const worker of workers) end(worker).waitUntil(3000);
    return trace;
  };

  it('are told in all, with each holder and the request that most waits were for', async () => {
    assert.deepEqual(await told(queue(), 'lock-contention'), [
      'warning, likely',
      '3 processes waited 1.06 s for /run/app.lock',
      '3 processes waited 3 times for /run/app.lock: 1.06 s in all, the longest 600 ms. It was held by pid 101 (in ' +
        '1 wait), 102 (in 1 wait), 103 (in 1 wait), for up to 650 ms at a time. Most waited while serving GET /b.',
      [100, 1200.02],
      [102, 103, 101],
    ]);
    const { waiters, holders, requests } = await metricsOf(queue(), 'lock-contention');
    assert.deepEqual(waiters, [
      { pid: 102, tid: 102, waits: 1, waitedMs: 600 },
      { pid: 103, tid: 103, waits: 1, waitedMs: 410 },
      { pid: 101, tid: 101, waits: 1, waitedMs: 50.02 },
    ]);
    assert.deepEqual(holders, [
      { pid: 101, waits: 1, waitedMs: 600 },
      { pid: 102, waits: 1, waitedMs: 410 },
      { pid: 103, waits: 1, waitedMs: 50.02 },
    ]);
    assert.deepEqual(requests, [
      { request: 'GET /b', waits: 2 },
      { request: 'GET /a', waits: 1 },
    ]);
  });
});

describe('lookups of two names by two name servers, of which both were silent for a while', () => {
  const lookups = (): TraceLines => {
    const { trace, worker } = oneWorker();
    const other = { server: '10.0.0.3' };
    begin(worker, 50, 'GET /a');
    ask(worker, 'db.example', 300, { code: '' });
    ask(worker, 'db.example', 20, other);
    end(worker);
    begin(worker, 1000, 'GET /b');
    ask(worker, 'cache.example', 150, other);
    end(worker);
    begin(worker, 2000, 'GET /b');
    ask(worker, 'db.example', 200, { ...other, code: '' });
    ask(worker, 'db.example', 20, { code: '' });
    ask(worker, 'db.example', 10, { ...other, code: NO_SUCH_NAME });
    end(worker);
    end(begin(worker, 3000, 'GET /c')).waitUntil(4000);
    return trace;
  };

  it('are told by the request that waited most in all, with figures of that request alone', async () => {
    assert.deepEqual(await told(lookups(), 'blocking-dns'), [
      'warning, likely',
      // 150 ms and 230 ms; the longest of all, 320 ms, was one of GET /a.
      'GET /b holds worker 101 up to 230 ms (2x): name server 10.0.0.2:53, db.example',
      '3 name lookups through the C library on 1 event loop took 700 ms in all, the longest 320 ms for db.example, ' +
        'asking 10.0.0.2:53, 10.0.0.3:53. 3 tries in 2 lookups got no answer in time: 2 from 10.0.0.2:53, ' +
        '1 from 10.0.0.3:53. 1 answer said that there is no such name. Most were made while serving GET /b.',
      [50.06, 2230.28],
      [101],
    ]);
  });

  it('have figures of their own', async () => {
    const { names, servers, perRequest, questions, count, totalMs } = await metricsOf(lookups(), 'blocking-dns');
    // Three lookups for four requests. Calls that do not wait take 0.02 ms each.
    assert.deepEqual([count, questions, perRequest, totalMs], [3, 6, 0.75, 700.18]);
    assert.deepEqual(names, [
      { name: 'db.example', count: 2, totalMs: 550.14, longestMs: 320.06 },
      { name: 'cache.example', count: 1, totalMs: 150.04, longestMs: 150.04 },
    ]);
    assert.deepEqual(servers, [
      { server: '10.0.0.2:53', lookups: 2, timeouts: 2 },
      { server: '10.0.0.3:53', lookups: 3, timeouts: 1 },
    ]);
  });

  it('are of no request mostly where each was of another one', async () => {
    const { trace, worker } = oneWorker();
    for (const [index, request] of ['GET /a', 'GET /b', 'GET /c'].entries())
      end(ask(begin(worker, 50 + index * 1000, request), 'db.example', 120 + index));
    worker.waitUntil(4000);
    const [, title, summary] = await told(trace, 'blocking-dns');
    assert.match(String(title), /^GET \/c holds worker 101 for 122 ms: /);
    assert.match(String(summary), / 1 of them was made while serving GET \/a\. That is 1 a request/);
  });
});

describe('connects to one address that fail in two ways', () => {
  const connects = (...results: readonly string[]): TraceLines => {
    const { trace, worker } = oneWorker();
    begin(worker, 50, 'GET /a');
    for (const errno of results)
      worker
        .gap(10)
        .call('socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP', ')', '20<socket:[900]>')
        .call(
          'connect(20<socket:[900]>, {sa_family=AF_INET, sin_port=htons(6379), sin_addr=inet_addr("10.0.0.7")}, 16',
          ')',
          errno === '' ? 0 : failed(errno),
        )
        .call('close(20<socket:[900]>', ')', 0);
    end(worker).waitUntil(1000);
    return trace;
  };
  const [refused, unreachable] = ['ECONNREFUSED', 'EHOSTUNREACH'];

  it('are one finding that counts both', async () => {
    const trace = connects(refused, unreachable, refused, unreachable, refused, refused, unreachable, '');
    assert.deepEqual(await told(trace, 'error-storm'), [
      'warning, likely',
      'connect to 10.0.0.7:6379 failed 4 of 8 times: ECONNREFUSED',
      'connect to 10.0.0.7:6379 failed 4 of 8 times with ECONNREFUSED; connect to 10.0.0.7:6379 failed 3 of 8 times ' +
        'with EHOSTUNREACH. That is 7 a second.',
      [60.08, 120.44],
      [101],
    ]);
    assert.deepEqual(await metricsOf(trace, 'error-storm'), {
      storms: [
        { call: 'connect', errno: refused, failed: 4, total: 8, perSecond: 4, target: '10.0.0.7:6379' },
        { call: 'connect', errno: unreachable, failed: 3, total: 8, perSecond: 3, target: '10.0.0.7:6379' },
      ],
      failed: 7,
    });
  });

  it('are a warning where half of all tries fail, in one way or the other', async () => {
    const tries = (good: number) =>
      connects(...Array.from({ length: 3 }, () => [refused, unreachable]).flat(), ...Array(good).fill(''));
    assert.equal((await told(tries(6), 'error-storm'))[0], 'warning, likely');
    assert.equal((await told(tries(7), 'error-storm'))[0], 'info, likely');
  });
});

it('of clients that hung up the one that had waited longest is named, and answered ones are counted', async () => {
  const { trace, worker } = oneWorker();
  for (const [index, [request, ms]] of Object.entries([
    ['GET /a', 40],
    ['GET /b', 70],
    ['GET /c', 0],
    ['GET /a', 20],
  ] as const)) {
    worker.waitUntil(100 + Number(index) * 100, LISTENER).accept(11);
    watch(worker, 11, 'EPOLLIN|EPOLLRDHUP').read(11, request);
    if (ms > 0) worker.waitUntil(worker.now + ms, 11).readEnd(11);
    if (ms <= 20) worker.reply(11);
    worker.close(11);
  }
  worker.waitUntil(1000);
  assert.deepEqual(await told(trace, 'abandoned-request'), [
    'critical, likely',
    '3 clients hung up before the reply, after up to 70 ms (GET /b)',
    '3 clients closed the connection before the first byte of the reply; the oldest request, GET /b, was 70 ms old. ' +
      '1 of them was answered all the same.',
    [140.08, 420.08],
    [101],
  ]);
});

it('accepts that fail in two workers are one finding, in the order of their errors', async () => {
  const { trace, workers } = prefork([101, 102]);
  const fails = (worker: number, at: number, errno: string) =>
    workers[worker]
      ?.waitUntil(at, LISTENER)
      .call(`accept4(${LISTENER}<socket:[4711]>, 0x7ffc7e81a730, [16], SOCK_CLOEXEC`, ')', failed(errno));
  fails(0, 60, 'EMFILE');
  fails(1, 77, 'ENFILE');
  fails(0, 97, 'EMFILE');
  for (const at of [120, 130]) workers[1]?.waitUntil(at, LISTENER).accept(11).close(11);
  for (const worker of workers) worker.waitUntil(1000);
  assert.deepEqual(await told(trace, 'accept-errors'), [
    'critical, likely',
    'Accept failed 3 times on 127.0.0.1:8000: too many open files (EMFILE)',
    '3 accepts on 127.0.0.1:8000 failed within 37 ms (2 EMFILE, 1 ENFILE). 2 connections after that were accepted ' +
      'and closed unread. Open in the worker at the first failure, as far as the trace shows: 1 epoll set, 1 listener.',
    [60.02, 97.02],
    [101, 102],
  ]);
});

it('of workers that die in the same way the first is told, and five more are named', async () => {
  const dying = async (number: number): Promise<readonly unknown[]> => {
    const { trace, workers } = prefork(Array.from({ length: number }, (_, index) => 101 + index));
    for (const [index, worker] of workers.entries())
      worker
        .waitUntil(50 + index * 10, LISTENER)
        .serve(11, 'GET /a')
        .at(200 + index * 10)
        .line('--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x8} ---')
        .killedBy('SIGSEGV');
    trace.thread(MASTER).at(400).call('getpid(', ')', MASTER);
    return told(trace, 'worker-death');
  };
  const first = 'Process 101 was killed by SIGSEGV after it had served. Its own code caused the signal. ';
  assert.deepEqual(await dying(7), [
    'critical, likely',
    'Crash loop: 7 processes were killed by SIGSEGV',
    `${first}Its last call was close. So did 102, 103, 104, 105, 106 and 1 more.`,
    [200, 260],
    [101, 102, 103, 104, 105, 106, 107],
  ]);
  assert.equal((await dying(6))[2], `${first}Its last call was close. So did 102, 103, 104, 105, 106.`);
});

it('of requests that import much the heaviest is told, and how many were the first of their worker', async () => {
  const { trace, workers } = prefork([101, 102]);
  const imports = (worker: ThreadLines | undefined, at: number, request: string, packages: string[], ms: number) => {
    if (worker === undefined) return;
    const start = begin(worker, at, request).now;
    for (const [index, name] of packages.entries())
      openFile(
        index === 0 ? worker : worker.at(start + (ms * index) / (packages.length - 1)),
        `/usr/lib/python3/dist-packages/${name}/__pycache__/m${index}.cpython-311.pyc`,
      );
    end(worker);
  };
  imports(workers[0], 100, 'GET /a', ['numpy', 'numpy', 'pandas'], 70);
  imports(workers[0], 400, 'GET /b', ['scipy', 'scipy', 'scipy', 'scipy'], 90);
  imports(workers[1], 500, 'GET /a', ['numpy', 'numpy', 'pandas'], 60);
  for (const worker of workers) worker.waitUntil(2000);
  assert.deepEqual(await told(trace, 'lazy-import'), [
    'warning, likely',
    'GET /b imported 4 modules in 90 ms before its reply (3 requests)',
    'Worker 101 opened 4 modules (scipy) for GET /b in at least 90 ms, after it had read the request and before it ' +
      'answered. 3 requests imported modules in this way. 2 were the first that its worker was seen to serve.',
    [100.04, 560.06],
    [101, 102],
  ]);
  const { count, totalMs, longestMs } = await metricsOf(trace, 'lazy-import');
  assert.deepEqual([count, totalMs, longestMs], [3, 220.06, 90.02]);
});

it('workers that load different amounts have their mean and their range', async () => {
  const { trace, parent } = parentOf();
  startWorker(trace, parent, 101, (worker) => mapMemory(openModules(worker, 120), 0x7f0000000000, 20_000_000));
  startWorker(trace, parent, 102, (worker) => mapMemory(openModules(worker.gap(10), 130), 0x7f0000000000, 30_000_000));
  assert.deepEqual(await told(trace, 'fork-then-load'), [
    'warning, likely',
    '2 workers load 120 modules after the fork, 25 MB each',
    '2 workers opened 120 to 130 modules each between fork and first accept, 120 of them the same in all workers. ' +
      'Their parent had opened 0 before. Loading took 94 ms a worker on average, while traced. Each worker took ' +
      'about 25 MB of memory of its own for it. Loaded once before the fork, about 25 MB would be shared, less what ' +
      'workers write to later.',
    [1.1, 100.12],
    [101, 102],
  ]);
  const { savedBytes, loadMs, sharedModules, mostAlive } = await metricsOf(trace, 'fork-then-load');
  assert.deepEqual([savedBytes, loadMs, sharedModules, mostAlive], [25_000_000, 94, 120, 2]);
});

it('of two workers that take more than they can serve the one with the longest wait is told', async () => {
  const { trace, workers } = prefork([101, 102, 103]);
  for (const [index, worker] of workers.slice(0, 2).entries()) {
    const connections = 3 + index;
    worker.waitUntil(50 + index * 10, LISTENER);
    for (let fd = 11; fd < 11 + connections; fd++) worker.accept(fd);
    for (let fd = 11; fd < 11 + connections; fd++)
      worker
        .read(fd, `GET /${worker.tid}/${fd - 11}`)
        .gap(150 - 30 * index)
        .reply(fd)
        .close(fd);
    worker.waitUntil(4000);
  }
  for (let at = 30; at < 3000; at += 500) workers[2]?.waitUntil(at, LISTENER).serve(11, 'GET /a');
  workers[2]?.waitUntil(4000);
  assert.deepEqual(await told(trace, 'accept-hoarding'), [
    'warning, likely',
    '5 requests waited in a worker that took too many; others were idle',
    '2 workers of 3 accepted up to 4 connections of 127.0.0.1:8000 in one go; 5 requests on them then waited behind ' +
      'others of the same worker while another worker was idle. The longest, GET /102/3, waited there for 360 ms; ' +
      'worker 103 was idle for 360 ms of that time.',
    [50.04, 420.26],
    [102, 101],
  ]);
});

it('of queues that were left alone the one is told in which most connections waited longest', async () => {
  const trace = new TraceLines();
  const [first, second, free] = [0, 1, 2].map((index) => {
    const worker = trace.thread(101 + index).at(index);
    openListener(worker, LISTENER, { label: `socket:[${4711 + index}]`, port: 8000, reusePort: true });
    openHub(worker);
    return worker;
  }) as [ThreadLines, ThreadLines, ThreadLines];
  const stalls = (worker: ThreadLines, from: number, ms: number, queued: number) => {
    end(begin(worker, from, 'GET /slow').gap(ms));
    worker.waitUntil(worker.now + QUICK, LISTENER);
    for (let index = 0; index < queued; index++) worker.accept(20 + index);
    return worker.acceptNothing();
  };
  stalls(first, 50, 500, 7);
  stalls(first, 1000, 300, 5).waitUntil(3000);
  stalls(second, 1100, 400, 4).waitUntil(3000);
  free.waitUntil(30, LISTENER).serve(11, 'GET /a').waitUntil(3000);
  assert.deepEqual(await told(trace, 'stranded-queue'), [
    'warning, likely',
    '16 connections waited up to 500 ms on a stalled worker; others were free',
    'Each of 3 workers has a queue of its own for 127.0.0.1:8000. 3 times a worker did not accept from its queue ' +
      'while another was free; 16 connections had queued up there. At worst 7 connections waited for up to 500 ms on ' +
      'worker 101 while workers 102, 103 were free.',
    [50.02, 1500.18],
    [101, 102],
  ]);
  const { stranded } = await metricsOf(trace, 'stranded-queue');
  // While worker 102 stalled, 101 did so, too.
  assert.deepEqual(stranded, [
    { pid: 101, startMs: 50.02, endMs: 550.08, connections: 7, free: [102, 103] },
    { pid: 101, startMs: 1000.02, endMs: 1300.08, connections: 5, free: [103] },
    { pid: 102, startMs: 1100.02, endMs: 1500.08, connections: 4, free: [101, 103] },
  ]);
});

it('changes of the epoll sets of two workers are counted together', async () => {
  const { trace, workers } = prefork([101, 102]);
  const toggle = (worker: ThreadLines) =>
    worker.call(`epoll_ctl(${worker.fd(HUB)}, EPOLL_CTL_DEL, ${worker.fd(LISTENER)}, 0x7ffe10`, ')', 0);
  for (const [index, worker] of workers.entries()) {
    for (let connection = 0; connection < (index === 0 ? 23 : 7); connection++) {
      worker.waitUntil(20 + connection * 10 + index, LISTENER);
      watch(toggle(worker).serve(11, 'GET /a'), LISTENER);
      if (connection % 2 === 0) watch(toggle(worker), LISTENER);
    }
    worker.waitUntil(2000);
  }
  assert.deepEqual(await told(trace, 'epoll-churn'), [
    'info, likely',
    'Listener 127.0.0.1:8000 taken out of epoll 1.53 times a connection',
    '2 workers changed their epoll set 94 times for 30 requests (48 ADD, 0 MOD, 46 DEL). 46 of them took the ' +
      'listener out of the set: 1.53 for each of 30 connections.',
    [0, 2000],
    [101, 102],
  ]);
});

it('of two times in which a service stood still the longest is told, with the time of both', async () => {
  const { trace, workers } = prefork([101, 102, 103]);
  const away = [
    [100, 300, 900, 250],
    [200, 300, 950, 150],
    [150, 400, 900, 400],
  ];
  for (const [index, worker] of workers.entries()) {
    worker.waitUntil(20, LISTENER).serve(11, 'GET /a');
    const [at = 0, ms = 0, again = 0, more = 0] = away[index] ?? [];
    for (const [from, length] of [
      [at, ms],
      [again, more],
    ] as const)
      turn(worker, from, length, (each) => {
        if (index === 1) each.call('flock(21</run/a.lock>, LOCK_EX', ')', 0, length - 20);
      });
    worker.waitUntil(5000);
  }
  const [severity, title, summary, times] = await told(trace, 'service-stall');
  // 200 to 400 and 950 to 1,100 ms.
  assert.deepEqual(
    [severity, title, times],
    ['critical, likely', 'No worker could accept or answer: 2 times, longest 200 ms', [200, 1100]],
  );
  assert.match(
    String(summary),
    /^All 3 workers were .* 2 times, 350 ms in all; the longest lasted 200 ms, spent outside system calls, in flock on/,
  );
});

it('of three workers the shares, the longest row and how busy the favourite and the idlest were are told', async () => {
  const { trace, workers } = prefork([101, 102, 103]);
  for (const [index, worker] of workers.entries()) {
    for (let connection = 0; connection < ([50, 7, 13][index] ?? 0); connection++)
      worker.waitUntil(50 + connection * 10 + index / 2, LISTENER).serve(11, 'GET /a', { work: index === 0 ? 3 : 0 });
    worker.waitUntil(600);
  }
  assert.deepEqual(await told(trace, 'accept-skew'), [
    'info, likely',
    'Worker 101 accepted 50 of 70 connections on 127.0.0.1:8000',
    '127.0.0.1:8000: shares 50 13 7 of 70 connections, Gini 0.41 (0 is even, 1 is all to one). Worker 101 accepted ' +
      '50. It was busy 25.9 % of the time, the idlest worker 0.09 %. At most 37 connections in a row went to one ' +
      'worker.',
    [50.02, 540.02],
    [101, 102, 103],
  ]);
});

it('of two times in which a queue was full the larger is told', async () => {
  const trace = new TraceLines();
  const master = trace.thread(MASTER).at(0);
  const label = 'socket:[4711]';
  master.call('socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP', ')', `${LISTENER}<${label}>`);
  master.labels.set(LISTENER, label);
  master.call(`listen(${master.fd(LISTENER)}, 23`, ')', 0);
  fork(master, 101);
  const worker = trace.thread(101).at(5);
  worker.labels.set(LISTENER, label);
  openHub(worker);
  for (const [at, ms, queued] of [
    [50, 500, 31],
    [1000, 700, 27],
  ] as const) {
    begin(worker, at, 'GET /stall')
      .at(at + ms)
      .waitUntil(at + ms + QUICK, LISTENER);
    for (let index = 0; index < queued; index++) worker.gap(0.1).accept(20 + index);
    worker.acceptNothing().close(11);
    for (let index = 0; index < queued; index++) worker.close(20 + index);
  }
  worker.waitUntil(3000);
  assert.deepEqual(await told(trace, 'backlog-overflow'), [
    'critical, likely',
    'Queue of socket:[4711] full: 31 waiting, backlog 23',
    // From where the worker looked again: a wait of 0.02 ms, and 31 accepts of 0.12 ms.
    'Nobody accepted from socket:[4711] for 500 ms; then 31 connections were accepted within 3.74 ms. With a backlog ' +
      'of 23 the kernel queues 24. 2 times the queue was full or nearly full.',
    [50.02, 1703.26],
    [101],
  ]);
});

it('of late replies the one is told that stood longest behind another request, not the oldest', async () => {
  const { trace, workers } = prefork([101, 102]);
  const [first, second] = workers as [ThreadLines, ThreadLines];
  begin(first, 50, 'GET /a').accept(12).read(12, 'GET /b').gap(300).reply(12).close(12).gap(20);
  first.replyFails(11).close(11);
  begin(second, 60, 'GET /c').gap(700).replyFails(11, 'ECONNRESET').close(11);
  end(begin(second, 900, 'GET /d')).waitUntil(2000);
  begin(first, 1000, 'GET /e').replyFails(11, 'EPIPE', 'MSG_NOSIGNAL').close(11).waitUntil(2000);
  assert.deepEqual(await told(trace, 'broken-pipe'), [
    'critical, likely',
    '3 replies too late (GET /a took 320 ms, 320 ms behind GET /b)',
    'The reply to 3 of 5 requests failed (2 EPIPE, 1 ECONNRESET). The worst, GET /a, was 320 ms old: 0.06 ms of ' +
      'work, 0 ms of waiting, 320 ms behind other work (the longest: 320 ms of GET /b). SIGPIPE was delivered and ' +
      'did not end the process.',
    [370.14, 1000.06],
    [101, 102],
  ]);
  const { replies } = await metricsOf(trace, 'broken-pipe');
  assert.deepEqual(
    (replies as readonly Record<string, unknown>[]).map((reply) => [
      reply['request'],
      reply['errno'],
      reply['ageMs'],
      reply['ownMs'],
      reply['behindMs'],
    ]),
    [
      ['GET /a', 'EPIPE', 320.12, 0.06, 320.06],
      ['GET /c', 'ECONNRESET', 700.04, 700.04, 0],
      ['GET /e', 'EPIPE', 0.04, 0.04, 0],
    ],
  );
});

it('of streams that their clients ended the one is told that had gone on longest', async () => {
  const { trace, workers } = prefork([101, 102]);
  const streams = (worker: ThreadLines | undefined, at: number, request: string, pieces: number, errno: string) => {
    if (worker === undefined) return;
    begin(worker, at, request).reply(11);
    for (let piece = 0; piece < pieces; piece++) worker.waitUntil(worker.now + 100).send(11, 'data: 1\\n');
    worker.waitUntil(worker.now + 100).send(11, 'data: 2\\n', { errno, flags: 'MSG_NOSIGNAL' });
    worker.close(11);
  };
  streams(workers[0], 50, 'GET /events', 3, 'EPIPE');
  streams(workers[0], 1000, 'GET /more', 7, 'ECONNRESET');
  streams(workers[1], 70, 'GET /events', 1, 'EPIPE');
  for (const worker of workers) worker.waitUntil(3000);
  assert.deepEqual(await told(trace, 'broken-pipe'), [
    'info, likely',
    '3 clients left in the middle of a reply',
    '3 clients closed the connection while a reply went on (2 EPIPE, 1 ECONNRESET), as a client does that ends a ' +
      'stream or a download; the longest, GET /more, had gone on for 800 ms.',
    // In the order of time: worker 102 first.
    [270.1, 1800.22],
    [102, 101],
  ]);
});

it('of requests that came again the first is told, and one that is not sure leaves a doubt', async () => {
  const { trace, workers } = prefork([101, 102]);
  const [first, second] = workers as [ThreadLines, ThreadLines];
  begin(first, 50, 'GET /a').waitUntil(90, 12).replyFails(11).close(11);
  second.waitUntil(700, LISTENER).serve(11, 'GET /a');
  begin(first, 1200, 'GET /c').waitUntil(1290, 12).replyFails(11).close(11);
  // More than 2 s after its client had left.
  first.waitUntil(4000, LISTENER).serve(11, 'GET /c');
  for (const worker of workers) worker.waitUntil(6000);
  assert.deepEqual(await told(trace, 'request-retry'), [
    'warning, possible',
    '2 requests came again after the client gave up',
    '2 requests came again on a new connection after the client of the first attempt had left; first GET /a, 650 ms ' +
      'after the first attempt. The first attempts had done the work, up to the reply: the client does not know.',
    [50.02, 4000.02],
    [102, 101],
  ]);
});

it('of statements that one session held up the longest is told, with the time of all', async () => {
  const [holder, first, second] = [new Backend(101), new Backend(102), new Backend(103)];
  const trace = [
    ...holder.opened(0.01),
    holder.ready(0.02),
    holder.asks(0.03, 'begin'),
    holder.answered(0.031, 'BEGIN', 'T'),
    holder.asks(0.04, 'update a set b=1'),
    holder.answered(0.041, 'UPDATE 1', 'T'),
    ...first.opened(0.08),
    first.ready(0.09),
    first.asks(0.1, 'update a set b=2'),
    first.slept(0.101, 2.002),
    ...second.opened(0.28),
    second.ready(0.29),
    second.asks(0.3, 'delete from c'),
    second.slept(0.301, 2.0022),
    holder.asks(2, 'commit'),
    holder.wakes(2.001, first),
    holder.wakes(2.0012, second),
    holder.answered(2.003, 'COMMIT', 'I'),
    first.answered(2.004, 'UPDATE 1', 'I'),
    second.answered(2.005, 'DELETE 1', 'I'),
  ].join('\n');
  assert.deepEqual(await told(trace, 'session-lock'), [
    'warning, likely',
    '2 statements waited up to 1.90 s for process 101, idle in a transaction',
    '2 statements waited 3.60 s together, the longest 1.90 s: an UPDATE on a of process 102. They went on when the session ' +
      'of process 101 (client 10.0.0.9:40101) ran a COMMIT, before which it had asked nothing for 1.96 s. ' +
      'Its statement before that was an UPDATE on a.',
    [90.02, 1991.2],
    [101, 102, 103],
  ]);
});

describe('requests that waited for several services', () => {
  /** One request after the other, each of which asks such a port and waits so long. */
  const asking = (
    ...asks: readonly (readonly [at: number, request: string, port: number, ms: number])[]
  ): TraceLines => {
    const { trace, worker } = oneWorker();
    for (const [at, request, port, ms] of asks) {
      begin(worker, at, request).call('socket(AF_INET, SOCK_STREAM, IPPROTO_IP', ')', `12<socket:[${port}]>`);
      worker.labels.set(12, `socket:[${port}]`);
      const address = `{sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("10.0.0.2")}`;
      worker.call(`connect(${worker.fd(12)}, ${address}, 16`, ')', 0).send(12, 'GET /rows HTTP/1.0\\r\\n');
      end(
        worker
          .waitUntil(worker.now + ms, 12)
          .read(12, 'HTTP/1.0 200 OK\\r\\n')
          .close(12),
      );
    }
    worker.waitUntil(15_000);
    return trace;
  };

  it('are told by service, the one with the longest wait first, and three of five', async () => {
    const trace = asking(
      [50, 'GET /a', 9000, 2000],
      [3000, 'GET /b', 9001, 3000],
      [7000, 'GET /c', 9002, 1500],
      [9000, 'GET /d', 9003, 1200],
      [11_000, 'GET /e', 9001, 1100],
      [13_000, 'GET /f', 9004, 1050],
    );
    const one = (port: number, length: string, request: string) =>
      `1 request waited ${length} for 10.0.0.2:${port} (HTTP): ` + `${request} waited for the answer to GET /rows.`;
    assert.deepEqual(await told(trace, 'slow-dependency'), [
      'warning, likely',
      'GET /b and 1 other request waited up to 3.00 s for 10.0.0.2:9001 (HTTP)',
      '2 requests waited 2 times for 10.0.0.2:9001 (HTTP), together 4.10 s. The longest wait took 3.00 s: ' +
        `GET /b waited for the answer to GET /rows. ${one(9000, '2.00 s', 'GET /a')} ` +
        `${one(9002, '1.50 s', 'GET /c')} 2 other peers were slow as well.`,
      [50.08, 14_050.12],
      [101],
    ]);
  });

  it('have a title in which a long request is cut to 24 characters, at a folder where there is one', async () => {
    const title = async (request: string) => (await told(asking([50, request, 9000, 2000]), 'slow-dependency'))[1];
    const rest = ' waited 2.00 s for 10.0.0.2:9000 (HTTP)';
    assert.equal(await title('GET /orders/list/of/customers/all'), `GET /orders/list/of/customers/all${rest}`);
    assert.equal(await title(`GET /${'x'.repeat(60)}`), `GET /${'x'.repeat(16)}...${rest}`);
  });
});

it('of workers that are stuck in one call that of the first is told, and how many of all they are', async () => {
  const { trace, workers } = prefork([101, 102, 103]);
  for (const [index, worker] of workers.entries()) {
    const fd = 20 + index;
    begin(worker, 500 + index * 100, `GET /${index}`).labels.set(fd, `socket:[${900 + index}]`);
    worker
      .call('socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP', ')', worker.fd(fd))
      .call(
        `connect(${worker.fd(fd)}, {sa_family=AF_INET, sin_port=htons(3306), sin_addr=inet_addr("10.0.0.7")}, 16`,
        ')',
        0,
      )
      .stays(`recvfrom(${worker.fd(fd)}, `);
  }
  trace.thread(MASTER).at(6000).call('getpid(', ')', MASTER);
  assert.deepEqual(await told(trace, 'stuck-call'), [
    'critical, likely',
    'GET /* holds all 3 workers, one at least 5.50 s: waits for MySQL 10.0.0.7:3306',
    'Pids 101, 102 and 103 were still in recvfrom when the capture ended. They had been in that call for at least 5.50 s. ' +
      'They wait for an answer from 10.0.0.7:3306 (MySQL by convention). One of them was serving GET /0. 4 processes ' +
      'were traced.',
    [500.08, 6000.02],
    [101, 102, 103],
  ]);
});

it('of two seconds with waits for the interpreter lock the worse is told', async () => {
  const { trace, worker } = oneWorker();
  startThread(worker, 140);
  trace.thread(140).at(40).call('getpid(', ')', 101).at(5000).call('getpid(', ')', 101);
  worker.waitUntil(50, LISTENER).serve(11, 'GET /a');
  for (const [at, slices, ms] of [
    [1010, 30, 5],
    [2010, 10, 6],
  ] as const) {
    worker.waitUntil(at, 12);
    for (let slice = 0; slice < slices; slice++)
      worker.call(
        'futex(0x8a65f4, FUTEX_WAIT_BITSET_PRIVATE, 0, {tv_sec=80, tv_nsec=1}, FUTEX_BITSET_MATCH_ANY',
        ')',
        failed('ETIMEDOUT'),
        ms,
      );
  }
  worker.waitUntil(5000);
  assert.deepEqual(await told(trace, 'gil-starvation'), [
    'warning, likely',
    'Worker 101 waited up to 150 ms a second for the interpreter lock',
    'The loop of worker 101 had work to do and waited 40 times about 5 ms for the interpreter lock: 210 ms in all, ' +
      '150 ms in the worst second. Another of the 2 threads of this process held it.',
    [1010, 2070],
    [101],
  ]);
});

it('of two workers that spin the one that spins longer is told, and that the other does so', async () => {
  const { trace, workers } = prefork([101, 102]);
  for (const [index, worker] of workers.entries()) {
    worker.waitUntil(20, LISTENER).accept(11);
    watch(worker, 11).read(11, 'GET /later');
    for (let round = 0; round < (index === 0 ? 2300 : 1500); round++) worker.gap(0.05).epollWait(HUB, 0.05, [11]);
    worker.waitUntil(1000).gap(0).epollWait(HUB, 1, []);
  }
  assert.deepEqual(await told(trace, 'busy-poll'), [
    'warning, likely',
    'Worker 101 spins 22.9 % of the time: client 10.0.0.9:40011 stays ready',
    'Worker 101 spun in its loop for 228 ms, 22.9 % of the time, and did nothing else: 2,280 times epoll_wait ' +
      'reported client 10.0.0.9:40011 at once, and the worker did nothing about it. Under strace a round took 100 ' +
      'µs; without strace far more rounds fit into the same time. 1 other worker does the same.',
    [20.16, 248.16],
    [101, 102],
  ]);
  // After the first 20 rounds in a row, 0.1 ms each, in 995 ms.
  assert.deepEqual((await metricsOf(trace, 'busy-poll'))['spinners'], [
    { pid: 101, tid: 101, rounds: 2280, totalMs: 228, sharePercent: 22.9 },
    { pid: 102, tid: 102, rounds: 1480, totalMs: 148, sharePercent: 14.9 },
  ]);
});

it('of calls inside a collector the most frequent is named, with the length of the longest, and three', async () => {
  const calls = [
    [101, 'sendto(7<socket:[5001]>, "x", 1, 0, NULL, 0)', 1, 0.03],
    [101, 'sendto(7<socket:[5001]>, "x", 1, 0, NULL, 0)', 1, 0.5],
    [102, 'write(2</var/log/a.log>, "x", 1)', 1, 0.2],
    [101, 'fsync(9</var/db>)', 0, 12],
    [102, 'connect(9<socket:[77]>, {sa_family=AF_INET, sin_port=htons(90), sin_addr=inet_addr("10.0.0.2")}, 16)', 0, 1],
  ] as const;
  const frames = [
    '_PyEval_EvalFrameDefault+0x8f0',
    'gc_collect_main+0x785',
    '_PyObject_GC_Link+0xd3',
    'PyList_New+0x1',
  ];
  const stack = frames.map((frame) => ` > /usr/bin/python3.11(${frame}) [0x10b780]\n`).join('');
  const lines = calls.map(([pid, call, result, ms], index) => {
    const at = (1_795_140_800 + index * 0.05).toFixed(6);
    return `${pid}   ${at} ${call} = ${result} <${(ms / 1000).toFixed(6)}>\n${stack}`;
  });
  assert.deepEqual(await told(lines.join(''), 'gc-io'), [
    'warning, likely',
    '5 calls inside the garbage collector: sendto on socket fd 7',
    '5 calls that can wait were made by code that runs inside a garbage collection, in 2 workers: sendto on socket ' +
      'fd 7 (2), write on /var/log/a.log (1), fsync on /var/db (1) and others, the longest 12 ms. The frame ' +
      'gc_collect_main of the stack shows it.',
    [0, 201],
    [101, 102],
  ]);
});

it('of two workers that leak descriptors the one that leaks more is told, and both are counted', async () => {
  const { trace, workers } = prefork([101, 102]);
  for (const [index, worker] of workers.entries()) {
    worker
      .waitUntil(150 + index, LISTENER)
      .serve(11, 'GET /ping')
      .waitUntil(300);
    for (let request = 0; request < 40 + 20 * index; request++) {
      const isOther = request % 4 === 0;
      const name = `/srv/${isOther ? 'other' : 'export'}-${request}`;
      begin(worker, 400 + 100 * request + index, isOther ? 'GET /other' : 'GET /report');
      worker.call(`openat(AT_FDCWD, "${name}", O_RDWR|O_CREAT`, ', 0600)', `${100 + request}<${name}>`);
      worker.labels.set(100 + request, name);
      end(worker);
    }
    worker.waitUntil(7000).waitUntil(7500);
  }
  assert.deepEqual(await told(trace, 'fd-leak'), [
    'warning, likely',
    '2 workers keep 100 more open files than before the load',
    'The open files that worker 102 opened in this capture grew from 0 to 60 in 61 requests (6.85 s): 0.98 more for ' +
      'each request. It closed almost none. Most are /srv/export-N (45). Most were opened while serving ' +
      'GET /report. 2 workers do so, 100 in all.',
    [150, 7000],
    [102, 101],
  ]);
  const { workers: each, names, requests, growth } = await metricsOf(trace, 'fd-leak');
  assert.deepEqual(each, [
    { pid: 102, before: 0, after: 60, requests: 61 },
    { pid: 101, before: 0, after: 40, requests: 41 },
  ]);
  assert.deepEqual(names, [
    { name: '/srv/export-N', open: 45 },
    { name: '/srv/other-N', open: 15 },
  ]);
  assert.deepEqual([growth, requests], [100, 102]);
});

it('of workers that are busy with two requests the time of each counts, and the stretches are added up', async () => {
  const { trace, workers } = prefork([101, 102]);
  const work = [
    ['GET /a', 800, 'GET /a', 500, 'GET /b', 400],
    ['GET /a', 700, 'GET /b', 300, 'GET /a', 900],
  ] as const;
  const select = 'select(6, [5], NULL, NULL, {tv_sec=1, tv_usec=0}';
  for (const [index, worker] of workers.entries()) {
    const own = work[index] ?? [];
    for (let at = 0; at < own.length; at += 2) {
      worker.call(select, ')', '1 (in [5], left {tv_sec=0, tv_usec=900000})', 30 + index).accept(11);
      worker
        .read(11, String(own[at]))
        .call('clock_nanosleep(CLOCK_MONOTONIC, 0, {tv_sec=1, tv_nsec=1}, ', 'NULL)', 0, Number(own[at + 1]));
      end(worker);
    }
    worker.call(select, ')', '0 (Timeout)', 3000 - worker.now);
  }
  assert.deepEqual(await told(trace, 'worker-saturation'), [
    'warning, likely',
    'Both sync workers busy 54.6 % of the time: sleeps (clock_nanosleep)',
    // 1,637 ms of both, of which worker 101 or 102 was in GET /b for 670 ms. The six took 3.60 s.
    'Both sync workers were busy with requests at the same time for 1.64 s, 54.6 % of the time; the longest such stretch took 700 ' +
      'ms. Both requests in that stretch were in clock_nanosleep (a sleep). GET /a took 79.5 % of the time of these ' +
      'workers in all such stretches. The 6 requests took 600 ms on average: these workers can serve at most 3.33 ' +
      'such requests a second. No client waited for long in the queue of the listener: ' +
      'it was seen empty shortly before each accept.',
    [36.04, 1795.28],
    [101, 102],
  ]);
});

it('of threads that hand a lock to each other is told how often, in which call, and for whom they wait', async () => {
  const { trace, workers } = prefork([101]);
  const [main] = workers as [ThreadLines];
  const tids = [140, 141, 142];
  for (const tid of tids) startThread(main, tid);
  main.waitUntil(50, LISTENER).accept(11);
  const pool = tids.map((tid) => trace.thread(tid).at(60).read(11, 'GET /a'));
  for (let round = 0; round < 33; round++) {
    const thread = pool[round % 3] as ThreadLines;
    const gets = 200 + 50 * round;
    const wait = 'futex(0x7f3a10, FUTEX_WAIT_BITSET_PRIVATE, 2, NULL, FUTEX_BITSET_MATCH_ANY';
    thread.call(wait, ')', 0, gets - thread.now);
    thread.gap(2).call('pwrite64(9</var/db>, "x", 1, 0', ')', 1, 40);
    thread.at(gets + 49).call('futex(0x7f3a10, FUTEX_WAKE_PRIVATE, 1', ')', 1);
  }
  main.at(19_000).close(11).waitUntil(20_000);
  assert.deepEqual(await told(trace, 'lock-contention'), [
    'warning, likely',
    'GET /a: 3 threads wait up to 240 ms for one lock, held in pwrite64 on /var/db',
    '3 threads of worker 101 waited 3.60 s together within 1.74 s, the longest wait 240 ms. They waited for the same ' +
      'futex word, 0x7f3a10. 31 of 31 wake-ups came from threads that wait for it themselves: they hand a lock to ' +
      'each other. The thread that had the lock kept it for 49 ms on average, 40 ms of that in pwrite64 on /var/db. ' +
      '33 waits came while GET /a was served.',
    [60.02, 1800],
    [101],
  ]);
  const { count, totalMs, longestMs, waiters } = await metricsOf(trace, 'lock-contention');
  assert.deepEqual([count, totalMs, longestMs], [33, 3599.34, 239.98]);
  assert.deepEqual(waiters, [
    { pid: 101, tid: 142, waitedMs: 1249.78 },
    { pid: 101, tid: 141, waitedMs: 1199.78 },
    { pid: 101, tid: 140, waitedMs: 1149.78 },
  ]);
});
