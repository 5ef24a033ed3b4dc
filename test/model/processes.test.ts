import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { analyzed, none, only } from '../support/analyzed.ts';
import { arrivals } from '../support/arrivals.ts';
import {
  attached,
  fork,
  MASTER,
  oneWorker,
  openHub,
  openListener,
  prefork,
  startThread,
} from '../support/server-lines.ts';
import { HUB, LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

function rolesOf({ workers }: Report): Readonly<Record<number, string>> {
  return Object.fromEntries(workers.map(({ pid, role }) => [pid, role]));
}

describe('a forked worker', () => {
  it('has the descriptors of its parent, so that a listener is one for all', async () => {
    const { trace, workers } = prefork([101, 102, 103]);
    for (const worker of workers) worker.labels.clear();
    worker13(workers);
    const { metrics, confidence } = only(await analyzed(trace), 'thundering-herd');
    assert.deepEqual([metrics.listener, metrics.wastedWakeups, confidence], ['127.0.0.1:8000', 26, 'likely']);
  });

  it('is known although its first lines stand before the line in which its parent learns of it', async () => {
    const trace = new TraceLines();
    const master = trace.thread(MASTER);
    openListener(master, LISTENER);
    const pids = [101, 102, 103];
    for (const pid of pids) master.call('clone(child_stack=NULL, flags=SIGCHLD', ', child_tidptr=0x7f5a50)', pid, 5);
    const workers = pids.map((pid, index) => {
      // It runs 3 ms before its parent's clone returns.
      const worker = trace.thread(pid).at(2 + index * 5);
      openHub(worker);
      return worker;
    });
    worker13(workers);
    const report = await analyzed(trace);
    const { metrics, confidence } = only(report, 'thundering-herd');
    assert.deepEqual([metrics.listener, metrics.wastedWakeups, confidence], ['127.0.0.1:8000', 26, 'likely']);
    assert.deepEqual(rolesOf(report), { 100: 'master', 101: 'event-loop', 102: 'event-loop', 103: 'event-loop' });
  });

  it('has the pid that it has, not that of a thread with the same number before it', async () => {
    const { trace, worker } = oneWorker(101);
    worker.waitUntil(50, LISTENER).serve(11, 'GET /a').waitUntil(60).exits();
    const master = trace.thread(MASTER).at(70);
    fork(master, 101);
    const second = trace.reborn(101).at(80);
    openHub(second);
    second.waitUntil(90, LISTENER).serve(11, 'GET /slow', { work: 130 }).waitUntil(500);
    const report = await analyzed(trace);
    const { metrics, startMs } = only(report, 'loop-stall');
    assert.deepEqual([metrics.stallMs, metrics.request, startMs], [130.08, 'GET /slow', 90]);
    assert.deepEqual(
      report.workers.filter(({ pid }) => pid === 101).map(({ accepted }) => accepted),
      [1, 1],
    );
  });
});

describe('threads of one process', () => {
  it('share descriptors: what one accepts another may serve', async () => {
    const { trace, worker } = oneWorker(101);
    startThread(worker, 111);
    for (let index = 0; index < 7; index++) {
      worker
        .waitUntil(50 + index * 300, LISTENER)
        .accept(11)
        .call('futex(0x5600, FUTEX_WAKE_PRIVATE, 1', ')', 1);
      const pool = trace.thread(111);
      pool.labels.set(11, worker.labels.get(11) ?? '');
      pool.call('futex(0x5600, FUTEX_WAIT_PRIVATE, 0, NULL', ')', 0, 51 + index * 300 - pool.now);
      pool.read(11, 'GET /slow').gap(250).reply(11).close(11);
    }
    worker.waitUntil(3000);
    const report = await analyzed(trace);
    none(report, 'loop-stall');
    const [row] = report.workers.filter(({ pid }) => pid === 101);
    assert.deepEqual([row?.role, row?.tids, row?.accepted, row?.requests], ['acceptor', [101, 111], 7, 7]);
  });

  it('are found by getpid when the capture began after they were started', async () => {
    const { trace, workers } = attached([101]);
    const [worker] = workers as [ThreadLines];
    worker.waitUntil(50, LISTENER).serve(11, 'GET /a');
    trace.thread(111).at(20).call('getpid(', ')', 101).call('futex(0x5600, FUTEX_WAIT_PRIVATE, 0, NULL', ')', 0, 100);
    worker.waitUntil(200);
    const report = await analyzed(trace);
    assert.deepEqual(
      report.workers.map(({ pid, tids }) => [pid, tids]),
      [[101, [101, 111]]],
    );
  });

  it('are not mixed up by the pid numbers of a container', async () => {
    const { trace, workers } = attached([101, 102]);
    // Both call themselves 7, as in their own pid namespaces, and no traced thread has that number.
    for (const worker of workers) worker.call('getpid(', ')', 7);
    arrivals(workers, { connections: 13 });
    assert.deepEqual(rolesOf(await analyzed(trace)), { 101: 'event-loop', 102: 'event-loop' });
  });

  it('that wait for locks or run library loops of their own are no loops', async () => {
    const { trace, worker } = oneWorker(101);
    startThread(worker, 111);
    startThread(worker, 112);
    worker.waitUntil(50, LISTENER).serve(11, 'GET /a').waitUntil(3000);
    const pool = trace.thread(111).at(10);
    const library = trace.thread(112).at(10);
    library.labels.set(21, 'anon_inode:[eventpoll]');
    for (let index = 0; index < 7; index++) {
      pool.call('futex(0x5600, FUTEX_WAIT_PRIVATE, 0, NULL', ')', 0, 200).gap(150);
      library.epollWait(21, 50, [22]).gap(300);
    }
    none(await analyzed(trace), 'loop-stall');
  });
});

describe('a process that forks', () => {
  it('is a master when its children serve', async () => {
    const { trace, workers } = prefork([101]);
    arrivals(workers, { connections: 7 });
    assert.deepEqual(rolesOf(await analyzed(trace)), { 100: 'master', 101: 'event-loop' });
  });

  it('is none when it only starts a command, as the shell of a child process', async () => {
    const { trace, worker } = oneWorker(101);
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /child');
    fork(worker, 151);
    const shell = trace.thread(151).at(52);
    fork(shell, 152);
    trace.thread(152).at(53).call('getpid(', ')', 152).exits();
    shell.at(60).call('wait4(152', ', NULL, 0, NULL)', 152).exits();
    worker.at(70).reply(11).close(11).waitUntil(200);
    assert.deepEqual(rolesOf(await analyzed(trace)), { 100: 'master', 101: 'event-loop' });
  });
});

describe('without -f', () => {
  it('lines that name no process are one process', async () => {
    const { trace, workers } = attached([101]);
    const [worker] = workers as [ThreadLines];
    worker.waitUntil(50, LISTENER).serve(11, 'GET /slow', { work: 130 }).waitUntil(500);
    const { metrics } = only(await analyzed(trace, { pids: false }), 'loop-stall');
    assert.deepEqual([metrics.stallMs, metrics.request], [130.08, 'GET /slow']);
  });
});

/** Thirteen connections to the first of three workers, each of which wakes all. */
function worker13(workers: readonly ThreadLines[]): void {
  for (let index = 0; index < 13; index++) {
    for (const [place, worker] of workers.entries()) {
      worker.epollWait(HUB, 50 + index * 10 + place * 0.05 - worker.now, [LISTENER]);
      if (place === 0) worker.serve(11, 'GET /a');
      else worker.acceptNothing();
    }
  }
}

it("a thread that waited for nobody is one of a pool, one that waited for more than a lock a library's", async () => {
  for (const [wait, role] of [
    [0, 'pool-thread'],
    [300, 'library-thread'],
  ] as const) {
    const { trace, workers } = attached([101]);
    const [main] = workers as [ThreadLines];
    startThread(main, 140);
    const thread = trace.thread(140).at(20).call('getpid(', ')', 101);
    if (wait > 0) thread.call('read(9<pipe:[77]>, ', '"x", 1)', 1, wait);
    main.at(900).call('getpid(', ')', 101);
    assert.deepEqual(
      (await analyzed(trace)).workers.map(({ pid, role: own }) => [pid, own]),
      [[101, role]],
    );
  }
});
