import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { arrival } from '../support/arrivals.ts';
import { attached, openListener, prefork } from '../support/server-lines.ts';
import { failed, HUB, LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const KIND = 'thundering-herd';
const THREE = [101, 102, 103] as const;
/** More than enough for a herd, if they were wake-ups. */
const TIMES = 23;

function repeated(
  workers: readonly ThreadLines[],
  once: (worker: ThreadLines, at: number, index: number) => void,
): void {
  for (let index = 0; index < TIMES; index++) {
    for (const [place, worker] of workers.entries()) once(worker, 50 + index * 20 + place * 0.05, index);
  }
  for (const worker of workers) worker.waitUntil(50 + TIMES * 20);
}

/** Connections that one worker at a time is woken for. */
function quietArrivals(workers: readonly ThreadLines[], from: number, connections = 11): void {
  for (let index = 0; index < connections; index++)
    arrival(from + index * 10, [workers[index % workers.length] as ThreadLines]);
}

describe('EAGAIN of accept is no wasted wake-up', () => {
  it('when it ends the accept loop of a worker that accepted in this turn', async () => {
    const { trace, workers } = prefork(THREE);
    repeated(workers, (worker, at, index) => {
      if (index % 3 === worker.tid - 101) worker.waitUntil(at, LISTENER).serve(11, 'GET /a').acceptNothing();
    });
    assert.match(
      none(await analyzed(trace), KIND),
      /1 wake-up a connection \(0 of 23 found nothing\).*; 23 EAGAINs that only ended an accept loop are not counted/,
    );
  });

  it('when the worker tries before it ever waited (cold probe)', async () => {
    const { trace, workers } = prefork(THREE);
    for (const worker of workers) for (let index = 0; index < TIMES; index++) worker.at(20 + index).acceptNothing();
    quietArrivals(workers, 100);
    assert.match(none(await analyzed(trace), KIND), /\(0 of 11 found nothing\) over 11 connections, 3 acceptors/);
  });

  it('when the wait before it ended by timeout (timeout probe)', async () => {
    const { trace, workers } = prefork(THREE);
    repeated(workers, (worker, at) => worker.waitUntil(at).acceptNothing());
    quietArrivals(workers, 600);
    assert.match(none(await analyzed(trace), KIND), /\(0 of 11 found nothing\)/);
  });

  it('when the wait before it was interrupted by a signal', async () => {
    const { trace, workers } = prefork(THREE);
    repeated(workers, (worker, at) => {
      worker
        .call(`epoll_wait(${worker.fd(HUB)}, `, '0x7ffd9000, 64, -1)', failed('EINTR'), at - worker.now)
        .signal('SIGCHLD');
      worker.call('rt_sigreturn({mask=[]}', ')', failed('EINTR')).acceptNothing();
    });
    quietArrivals(workers, 600);
    assert.match(none(await analyzed(trace), KIND), /\(0 of 11 found nothing\)/);
  });

  it('when the wait reported another descriptor', async () => {
    const { trace, workers } = prefork(THREE);
    const control = 9;
    repeated(workers, (worker, at) => worker.waitUntil(at, control).acceptNothing());
    quietArrivals(workers, 600);
    assert.match(none(await analyzed(trace), KIND), /\(0 of 11 found nothing\)/);
  });

  it('when accept failed for want of descriptors', async () => {
    const { trace, workers } = prefork(THREE);
    repeated(workers, (worker, at) =>
      worker.waitUntil(at, LISTENER).call(`accept4(${worker.fd(LISTENER)}, `, '0x7ffd5840, [16], 0)', failed('EMFILE')),
    );
    quietArrivals(workers, 600);
    assert.match(none(await analyzed(trace), KIND), /\(0 of 11 found nothing\)/);
  });
});

describe('no herd is found', () => {
  it('with a single acceptor, however often it finds nothing', async () => {
    const { trace, workers } = prefork([101]);
    repeated(workers, (worker, at) =>
      worker
        .waitUntil(at, LISTENER)
        .serve(11, 'GET /a')
        .waitUntil(at + 5, LISTENER)
        .acceptNothing(),
    );
    assert.match(none(await analyzed(trace), KIND), /one acceptor only, which cannot be a herd \(23 connections\)/);
  });

  it('nor an all-clear with one of several acceptors traced, when it mostly finds nothing', async () => {
    const few = (nothing: number): TraceLines => {
      const { trace, workers } = attached([101]);
      let at = 50;
      const [worker] = workers;
      assert.ok(worker);
      for (let index = 0; index < 23; index++, at += 20) {
        worker.waitUntil(at, LISTENER).serve(11, 'GET /a');
        if (index < nothing) worker.waitUntil(at + 10, LISTENER).acceptNothing();
      }
      return trace;
    };
    // Whoever traces one worker of many sees no more of a herd than this.
    const { severity, confidence, title, summary } = only(await analyzed(few(17)), KIND);
    assert.deepEqual([severity, confidence], ['info', 'possible']);
    assert.match(title, /^Woken for nothing on .*: 17 of 40 times$/);
    assert.match(summary, /^One acceptor of .* was traced\. .* got 23 connections: 17 times another process/);
    assert.match(none(await analyzed(few(9)), KIND), /one acceptor only, which cannot be a herd \(23 connections\)/);
  });

  it('when workers are woken one at a time and the connection is gone', async () => {
    const { trace, workers } = prefork(THREE);
    for (const [place, worker] of workers.entries()) {
      for (let index = 0; index < 8; index++)
        worker
          .waitUntil(50 + index * 60 + place * 20, LISTENER)
          .serve(11, 'GET /a')
          .waitUntil(60 + index * 60 + place * 20, LISTENER)
          .acceptNothing();
    }
    assert.match(none(await analyzed(trace), KIND), /24 of 48 found nothing/);
  });

  it('when several connections come at once and most of the woken get one', async () => {
    const { trace, workers } = prefork(THREE);
    repeated(workers, (worker, at, index) => {
      worker.waitUntil(at, LISTENER);
      // Of three that wake two are served; every other time all three.
      if (worker.tid === 103 && index % 2 === 0) worker.acceptNothing();
      else worker.serve(11, 'GET /a');
    });
    assert.match(none(await analyzed(trace), KIND), /1\.21 wake-ups a connection \(12 of 69 found nothing\)/);
  });

  it('when accept itself blocks', async () => {
    const { trace, workers } = prefork([]);
    for (const pid of THREE) {
      const worker = trace.thread(pid).at(5);
      worker.labels.set(LISTENER, 'socket:[4711]');
      for (let index = 0; index < 11; index++) worker.accept(11, { ms: 30 }).read(11, 'GET /a').reply(11).close(11);
    }
    assert.equal(workers.length, 0);
    assert.match(
      none(await analyzed(trace), KIND),
      /1 wake-up a connection \(0 of 33 found nothing\) over 33 connections, 3 acceptors/,
    );
  });

  it('when each worker has a listener of its own with the same address', async () => {
    const trace = new TraceLines();
    for (const pid of THREE) {
      const worker = trace.thread(pid);
      openListener(worker, LISTENER, { label: `socket:[${4700 + pid}]`, reusePort: true });
      for (let index = 0; index < 11; index++)
        worker
          .waitUntil(50 + index * 10, LISTENER)
          .serve(11, 'GET /a')
          .waitUntil(55 + index * 10, LISTENER)
          .acceptNothing();
    }
    const reason = none(await analyzed(trace), KIND);
    assert.match(reason, /127\.0\.0\.1:8000.*one acceptor/);
    assert.doesNotMatch(reason, /wake-ups/);
  });

  it('after a poll on the accepted connection alone: that is no wait for the listener', async () => {
    const { trace, workers } = attached(THREE);
    repeated(workers, (worker, at, index) => {
      if (index % 3 !== worker.tid - 101) return;
      worker.call(
        `pselect6(8, [${worker.fd(LISTENER)} 6<pipe:[9]>], NULL, NULL, {tv_sec=30, tv_nsec=0}, NULL`,
        ')',
        '1 (in [5], left {tv_sec=29, tv_nsec=9})',
        at - worker.now,
      );
      worker.accept(11).read(11, 'GET /a').reply(11);
      worker
        .call(`poll([{fd=${worker.fd(11)}, events=POLLIN}], 1, 2000`, ')', '1 ([{fd=11, revents=POLLIN}])', 1)
        .close(11)
        .acceptNothing();
    });
    const reason = none(await analyzed(trace), KIND);
    assert.match(reason, /\(0 of 23 found nothing\).*; 23 EAGAINs that only ended an accept loop/);
  });

  it('while a lock lets one worker at a time wait, and idle time in that lock is no work', async () => {
    const { trace, workers } = attached(THREE);
    repeated(workers, (worker, at, index) => {
      if (index % 3 !== worker.tid - 101) return;
      worker.call('futex(0x7f817ed67000, FUTEX_LOCK_PI, NULL', ')', 0, at - 0.5 - worker.now);
      worker
        .call(`epoll_wait(${worker.fd(HUB)}, `, '[{events=EPOLLIN, data={u32=5, u64=5}}], 1, -1)', 1, 0.4)
        .accept(11);
      worker.call('futex(0x7f817ed67000, FUTEX_UNLOCK_PI', ')', 0).read(11, 'GET /a').reply(11).close(11);
    });
    const report = await analyzed(trace);
    assert.match(none(report, KIND), /\(0 of 23 found nothing\)/);
    none(report, 'loop-stall');
  });

  it('without any accept in the trace; it says how to record them', async () => {
    const trace = new TraceLines();
    for (let index = 0; index < 7; index++) trace.thread(101).call('getpid(', ')', 101);
    const report = await analyzed(trace);
    assert.equal(report.outcomes[KIND]?.status, 'not-applicable');
    assert.match(
      none(report, KIND),
      /^No accept call in the trace: .* record without -e: strace -f -ttt -T -y -s 128 -o FILE -p PID$/,
    );
  });
});

describe('connections that come close together', () => {
  it('are one herd when a burst wakes more workers than it brings connections', async () => {
    const { trace, workers } = prefork([...THREE, 104, 105]);
    repeated(workers, (worker, at, index) => {
      worker.waitUntil(at, LISTENER);
      if (worker.tid <= 102) worker.serve(11, 'GET /a');
      else worker.acceptNothing();
      assert.ok(index >= 0);
    });
    const { metrics, severity } = only(await analyzed(trace), KIND);
    assert.deepEqual([metrics.connections, metrics.wastedWakeups, metrics.herdFactor, severity], [46, 69, 2.5, 'info']);
  });
});
