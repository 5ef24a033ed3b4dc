import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { MASTER, prefork } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

// What had not ended when the capture did counts at least up to the end of the capture. Each with its healthy twin.

const END = 9_000;

/** Two loops; the first is in a request at 50 ms and leaves the rest to `then`, the second goes on up to the end. */
function twoLoops(then: (worker: ThreadLines, other: ThreadLines) => void): TraceLines {
  const { trace, workers } = prefork([101, 102]);
  const [worker, other] = workers as [ThreadLines, ThreadLines];
  other.waitUntil(20, LISTENER).serve(12, 'GET /other');
  worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a');
  then(worker, other);
  other.waitUntil(END);
  return trace;
}

const backInItsWait = (worker: ThreadLines): ThreadLines =>
  worker
    .reply(11)
    .close(11)
    .waitUntil(END - 7);

describe('what had not ended at the end of the capture counts up to the end', () => {
  it('for a sync of the disk', async () => {
    const file = '21</var/lib/a.db>';
    const open = await analyzed(twoLoops((worker) => worker.at(1_000).stays(`fdatasync(${file}`)));
    const { severity, metrics } = only(open, 'disk-sync');
    assert.deepEqual([severity, metrics.count, Number(metrics.longestMs) >= END - 1_001], ['warning', 1, true]);
    const quick = twoLoops((worker) => backInItsWait(worker.call(`fdatasync(${file}`, ')', 0, 3)));
    assert.match(none(await analyzed(quick), 'disk-sync'), /^1 sync, the longest 3 ms/);
  });

  it('for a lock of a file that another process has', async () => {
    const flock = 'flock(21</var/lib/app.lock>, LOCK_EX';
    const open = twoLoops((worker, other) => {
      other.call(flock, ')', 0);
      worker.at(1_000).stays(flock);
    });
    const { metrics } = only(await analyzed(open), 'lock-contention');
    assert.deepEqual([metrics.count, metrics.holders], [1, [{ pid: 102, waits: 1, waitedMs: 8_000 }]]);
    const quick = twoLoops((worker, other) => {
      other.call(flock, ')', 0).call('flock(21</var/lib/app.lock>, LOCK_UN', ')', 0);
      backInItsWait(worker.call(flock, ')', 0));
    });
    assert.match(none(await analyzed(quick), 'lock-contention'), /nobody waited for a shared file/);
  });

  it('for a name server that does not answer', async () => {
    const socket = '12<UDP:[10.0.0.7:40000->10.0.0.2:53]>';
    const question = '\\20\\6\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\2db\\7example\\0\\0\\1\\0\\1';
    const asks = (worker: ThreadLines): ThreadLines =>
      worker
        .at(1_000)
        .call('socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP', ')', '12<UDP:[6012]>')
        .call(
          'connect(12<UDP:[6012]>, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}, 16',
          ')',
          0,
        )
        .call(`sendto(${socket}, "${question}", 28, MSG_NOSIGNAL, NULL, 0`, ')', 28);
    const open = twoLoops((worker) => asks(worker).stays(`poll([{fd=${socket}, events=POLLIN}], 1, 30000`));
    const { severity, metrics } = only(await analyzed(open), 'blocking-dns');
    assert.deepEqual([severity, Number(metrics.longestMs) >= END - 1_001], ['critical', true]);
    const quick = twoLoops((worker) =>
      backInItsWait(
        asks(worker).call(`poll([{fd=${socket}, events=POLLIN}], 1, 30000`, ')', '1 ([{fd=12, revents=POLLIN}])', 3),
      ),
    );
    assert.match(none(await analyzed(quick), 'blocking-dns'), /^1 lookup, none of 100 ms; the longest 3/);
  });

  it('for a heartbeat that does not come', async () => {
    const beat = (worker: ThreadLines, ms: number): ThreadLines =>
      worker.at(ms).call('fchmod(7</tmp/wgunicorn-885aidgw>(deleted), 001', ')', 0);
    const server = (last: number): TraceLines => {
      const { trace, workers } = prefork([101, 102], {
        argv: ['gunicorn', '-k', 'gevent', '--timeout', '10', 'app:app'],
      });
      const [silent, lively] = workers as [ThreadLines, ThreadLines];
      for (let ms = 100; ms <= END; ms += 1_000) {
        beat(lively, ms);
        if (ms <= last) beat(silent, ms);
      }
      lively.at(END).waitUntil(END + 1);
      silent.stays('recvfrom(12<socket:[77]>, ');
      return trace;
    };
    const { metrics, workers } = only(await analyzed(server(2_100)), 'heartbeat-late');
    const [pulse] = metrics.workers as { pid: number; longestMs: number }[];
    assert.deepEqual([workers, pulse?.pid, Number(pulse?.longestMs) >= 6_900], [[101], 101, true]);
    assert.match(
      none(await analyzed(server(END)), 'heartbeat-late'),
      /^2 workers, longest time between two heartbeats 1\.00 s/,
    );
  });

  it('for sync workers that are all in a request', async () => {
    const server = (isOpen: boolean): TraceLines => {
      const trace = new TraceLines();
      const workers = [101, 102].map((pid, index) => {
        const worker = trace.thread(pid).at(index);
        worker.labels.set(LISTENER, 'socket:[4711]');
        const select = `select(6, [${LISTENER}], NULL, NULL, {tv_sec=15, tv_usec=0}`;
        for (let turn = 0; turn < 3; turn++)
          worker
            .call(select, ')', `1 (in [${LISTENER}], left {tv_sec=14, tv_usec=0})`, 300)
            .accept(11)
            .read(11, 'GET /report')
            .reply(11)
            .close(11);
        worker
          .call(select, ')', `1 (in [${LISTENER}], left {tv_sec=14, tv_usec=0})`, 300)
          .accept(11)
          .read(11, 'GET /r');
        if (isOpen || index === 0) worker.stays('recvfrom(12<TCP:[10.0.0.7:40000->10.0.0.2:5432]>, ');
        else worker.reply(11).close(11).stays(select);
        return worker;
      });
      assert.equal(workers.length, 2);
      trace
        .thread(MASTER)
        .at(100)
        .call('poll(NULL, 0, 500', ')', '0 (Timeout)', 500)
        .at(END)
        .call('getpid(', ')', MASTER);
      return trace;
    };
    const { severity, metrics } = only(await analyzed(server(true)), 'worker-saturation');
    assert.deepEqual([severity, metrics.workers], ['critical', 2]);
    assert.match(none(await analyzed(server(false)), 'worker-saturation'), /^both sync workers were busy at once 0 %/);
  });

  it('for acceptors: who is in accept is one, whether or not it ever got a connection', async () => {
    const server = (waiting: readonly number[]): TraceLines => {
      const trace = new TraceLines();
      const label = `${LISTENER}<TCP:[0.0.0.0:8000]>`;
      for (const pid of waiting)
        trace
          .thread(pid)
          .at(pid / 100)
          .stays(`accept4(${label}, `);
      const winner = trace.thread(201).at(3);
      winner.labels.set(LISTENER, 'TCP:[0.0.0.0:8000]');
      for (let ms = 20; ms < 400; ms += 10) winner.at(ms).accept(11, { ms: 5 }).read(11, 'GET /a').reply(11).close(11);
      winner.stays(`accept4(${label}, `);
      return trace;
    };
    const { outcomes } = await analyzed(server([202, 203]));
    assert.match(outcomes['thundering-herd']?.reason ?? '', /over 38 connections, 3 acceptors/);
    assert.match(none(await analyzed(server([])), 'thundering-herd'), /one acceptor only/);
  });

  it('for writes: one that did not come back is no write that went well', async () => {
    const open = twoLoops((worker) =>
      worker.at(1_000).stays(`sendto(${worker.fd(11)}, "HTTP/1.1 200 OK\\r\\n"..., 8192`),
    );
    const { outcomes } = await analyzed(open);
    assert.match(outcomes['broken-pipe']?.reason ?? '', /1 more had not come back/);
    const quick = await analyzed(twoLoops((worker) => backInItsWait(worker)));
    assert.doesNotMatch(quick.outcomes['broken-pipe']?.reason ?? '', /come back/);
  });

  it('for threads that queue at one futex: they are no all-clear of locks', async () => {
    const server = (stuck: number): TraceLines => {
      const { trace, workers } = prefork([101]);
      const [worker] = workers as [ThreadLines];
      const threads = [140, 141, 142].map((tid) => {
        worker.call(
          'clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM, child_tid=0x7f13, stack=0x7f12, stack_size=0x7fff00}',
          ` => {parent_tid=[${tid}]}, 88)`,
          tid,
        );
        return trace.thread(tid).at(30);
      });
      for (const [index, thread] of threads.entries())
        if (index < stuck) thread.at(500 + index).stays('futex(0x7f3a10, FUTEX_WAIT_PRIVATE, 2, NULL');
        else
          thread
            .at(500)
            .call('getpid(', ')', 101)
            .stays(`futex(0x8a3${index}0, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, FUTEX_BITSET_MATCH_ANY`);
      worker.waitUntil(40, LISTENER).serve(11, 'GET /a').waitUntil(END);
      return trace;
    };
    const { outcomes } = await analyzed(server(3));
    assert.equal(outcomes['lock-contention']?.status, 'not-applicable');
    assert.match(outcomes['lock-contention']?.reason ?? '', /^3 threads had not come back from a futex/);
    assert.match(none(await analyzed(server(0)), 'lock-contention'), /no 3 threads queued at one futex/);
  });

  it('for connections that may have queued up while nobody accepted', async () => {
    const { trace, workers } = prefork([101, 102]);
    for (const [index, worker] of workers.entries())
      worker
        .waitUntil(50 + index * 1_000, LISTENER)
        .accept(11)
        .read(11, 'GET /a')
        .stays('recvfrom(12<socket:[77]>, ');
    trace.thread(140).at(END).call('getpid(', ')', 140);
    const { outcomes } = await analyzed(trace);
    assert.equal(outcomes['backlog-overflow']?.status, 'not-applicable');
    assert.match(outcomes['backlog-overflow']?.reason ?? '', /nobody accepted in the last 7\.\d\d s/);
    const quick = await analyzed(twoLoops((worker) => backInItsWait(worker)));
    assert.equal(quick.outcomes['backlog-overflow']?.status, 'clear');
  });

  it('for calls that fail: calls that did not come back are none that succeeded', async () => {
    const stuck = [101, 102, 103].map(
      (pid) => `${pid} 1795140800.00000${pid - 100} read(${pid - 90},  <unfinished ...>\n`,
    );
    const { outcomes } = await analyzed(stuck.join(''));
    assert.deepEqual(
      [outcomes['error-storm']?.status, outcomes['error-storm']?.reason],
      ['not-applicable', '0 calls that came back: too few to judge (3 needed)'],
    );
  });
});

describe('what a capture that goes on says of what has not come back', () => {
  const GOES_ON = { goesOn: true };

  it('is said of now', async () => {
    const open = twoLoops((worker) => worker.at(1_000).stays('recvfrom(21<TCP:[10.0.0.7:40000->10.0.0.5:5432]>'));
    const summaries = async (options: object): Promise<string> =>
      (await analyzed(open, {}, options)).findings.map(({ summary, effect }) => `${summary} ${effect ?? ''}`).join(' ');
    const now = await summaries(GOES_ON);
    assert.match(now, /Pid 101 has not come back from recvfrom yet\. It has been in that call for at least 8\.\d+ s/);
    assert.doesNotMatch(now, /ended|at the end/);
    assert.match(
      await summaries({}),
      /Pid 101 was still in recvfrom when the capture ended\. It had been in that call for at least 8/,
    );
  });
});

describe('a call that begins on the last line of a capture', () => {
  // Nothing follows that tells how long it lasts.
  const endsWith = (entered: string): TraceLines => {
    const { trace, workers } = prefork([101, 102]);
    const [worker, other] = workers as [ThreadLines, ThreadLines];
    other.waitUntil(20, LISTENER).serve(12, 'GET /other').call('write(2</srv/log>, "a", 1', ')', 1);
    other.call('flock(21</var/lib/app.lock>, LOCK_EX', ')', 0).call('flock(21</var/lib/app.lock>, LOCK_UN', ')', 0);
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a').at(90).stays(entered);
    return trace;
  };

  for (const [kind, call] of [
    ['disk-sync', 'fdatasync(21</var/lib/a.db>'],
    ['lock-contention', 'flock(21</var/lib/app.lock>, LOCK_EX'],
  ] as const)
    it(`clears nobody of ${kind}, and a read there does`, async () => {
      const { status, reason = '' } = (await analyzed(endsWith(call))).outcomes[kind] ?? {};
      assert.equal(status, 'not-applicable');
      assert.match(reason, /^The capture ends in (?:fdatasync|flock) of 101, which had not come back: how long it/);
      assert.equal((await analyzed(endsWith('recvfrom(11, '))).outcomes[kind]?.status, 'clear');
    });
});
