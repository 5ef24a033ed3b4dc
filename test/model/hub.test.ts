import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';
import {
  attached,
  fork,
  MASTER,
  oneWorker,
  openListener,
  prefork,
  startThread,
  watch,
} from '../support/server-lines.ts';
import { failed, HUB, LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

/** A worker that waits in pselect6, or in poll, for its listener and its control pipe. */
function selectUntil(worker: ThreadLines, ms: number, ready: string): ThreadLines {
  const set = `[${worker.fd(LISTENER)} 6<pipe:[900]>]`;
  const result = ready === '' ? '0 (Timeout)' : `1 (in [${ready}], left {tv_sec=29, tv_nsec=9})`;
  return worker.call(`pselect6(8, ${set}, NULL, NULL, {tv_sec=30, tv_nsec=0}, NULL`, ')', result, ms - worker.now);
}

function pollUntil(worker: ThreadLines, ms: number, ready: string): ThreadLines {
  const set = `[{fd=${worker.fd(LISTENER)}, events=POLLIN}, {fd=6<pipe:[900]>, events=POLLIN}]`;
  const result = ready === '' ? '0 (Timeout)' : `1 ([{fd=${ready}, revents=POLLIN}])`;
  return worker.call(`poll(${set}, 2, 30000`, ')', result, ms - worker.now);
}

describe('the hub of a thread is the wait that can report its listener', () => {
  for (const [name, wait] of [
    ['pselect6', selectUntil],
    ['poll', pollUntil],
  ] as const) {
    it(`when it is ${name}: wake-ups for the listener count, those for the control pipe do not`, async () => {
      const { trace, workers } = attached([101, 102, 103]);
      for (let index = 0; index < 13; index++) {
        for (const [place, worker] of workers.entries()) {
          wait(worker, 50 + index * 20 + place * 0.05, '5');
          if (place === index % 3) worker.serve(11, 'GET /a');
          else worker.acceptNothing();
          wait(worker, 60 + index * 20, '6').acceptNothing();
        }
      }
      const { metrics } = only(await analyzed(trace), 'thundering-herd');
      assert.deepEqual([metrics.productiveWakeups, metrics.wastedWakeups, metrics.probes], [13, 26, 39]);
    });
  }

  it('when it is the epoll set that reports the listener, though accept asks for that once more', async () => {
    const { trace, workers } = attached([101]);
    const worker = workers[0] as ThreadLines;
    const asksOnce = (): ThreadLines => {
      const set = `[{fd=${worker.fd(LISTENER)}, events=POLLIN}]`;
      return worker.call(`poll(${set}, 1, 1000`, ')', `1 ([{fd=${LISTENER}, revents=POLLIN}])`);
    };
    // The capture may begin between the two.
    asksOnce().serve(11, 'GET /a');
    for (let index = 0; index < 7; index++) {
      worker.epollWait(HUB, 501, []).epollWait(HUB, 490, [LISTENER]);
      asksOnce().serve(11, 'GET /a');
    }
    const report = await analyzed(trace);
    none(report, 'loop-stall');
    assert.deepEqual(
      report.workers.map(({ accepted, busyPercent }) => [accepted, Math.round(busyPercent ?? -1)]),
      [[8, 0]],
    );
  });

  it('when it is an accept that runs out: its listener has a time to receive, as that of varnish', async () => {
    for (const [idleMs, isWait] of [
      [5_021, true],
      [307, false],
    ] as const) {
      const { trace, workers } = attached([101]);
      const worker = workers[0] as ThreadLines;
      const other = trace.thread(102).at(1);
      other.waitUntil(9_000);
      for (let index = 0; index < 3; index++) worker.acceptNothing(LISTENER, idleMs);
      for (let index = 0; index < 5; index++) worker.accept(11, { ms: 40 }).read(11, 'GET /a').reply(11).close(11);
      worker.acceptNothing(LISTENER, idleMs).accept(11, { ms: 40 }).read(11, 'GET /a').reply(11).close(11);
      const report = await analyzed(trace);
      none(report, 'loop-stall');
      if (isWait) assert.equal(report.workers.find(({ pid }) => pid === 101)?.role, 'blocking-acceptor');
    }
  });

  it('when its user data are pointers, as those of nginx', async () => {
    const { trace, workers } = attached([101, 102, 103]);
    for (let index = 0; index < 13; index++) {
      for (const [place, worker] of workers.entries()) {
        const at = 50 + index * 20 + place * 0.05;
        worker.call(
          `epoll_wait(${worker.fd(HUB)}, `,
          '[{events=EPOLLIN, data={u32=1453191184, u64=94570143170576}}], 512, -1)',
          1,
          at - worker.now,
        );
        if (place === 0) worker.serve(11, 'GET /a');
        else worker.acceptNothing();
      }
    }
    assert.equal(only(await analyzed(trace), 'thundering-herd').metrics.wastedWakeups, 26);
  });

  it('and not a glance at the listener, which a pool thread takes between two requests of a client', async () => {
    const { trace, workers } = prefork([101, 102]);
    for (const [index, worker] of workers.entries()) {
      const pool = 140 + index;
      startThread(worker, pool);
      const thread = trace.thread(pool).at(60);
      worker.waitUntil(50 + index, LISTENER).accept(11);
      for (let request = 0; request < 7; request++) {
        const glance = `ppoll([{fd=${worker.fd(LISTENER)}, events=POLLIN}], 1, {tv_sec=0, tv_nsec=0}`;
        thread.read(11, 'GET /a').gap(150).reply(11).call(glance, ', NULL, 8)', '0 (Timeout)');
      }
      worker.waitUntil(5000, 12).close(11).waitUntil(6000);
    }
    none(await analyzed(trace), 'loop-stall');
  });

  it('and not another epoll instance that the thread waits on: that wait is work', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /gearman');
    worker
      .call('epoll_create1(EPOLL_CLOEXEC', ')', '16<anon_inode:[eventpoll]>')
      .labels.set(16, 'anon_inode:[eventpoll]');
    for (let index = 0; index < 7; index++) worker.epollWait(16, 101, []);
    worker.reply(11).close(11).waitUntil(1000);
    const { metrics } = only(await analyzed(trace), 'loop-stall');
    assert.deepEqual(
      [metrics.cause, metrics.call, metrics.rungs, metrics.target],
      ['foreign-poll', 'epoll_wait', 7, 'epoll fd 16'],
    );
  });

  it('and not a guess that was made before an accept told: what was measured on the guess is void', async () => {
    const { trace, workers } = attached([101]);
    const [worker] = workers as [ThreadLines];
    worker.labels.set(9, 'anon_inode:[eventpoll]');
    // The first wait of the thread is a library's; turns on it are no turns of the loop.
    for (let index = 0; index < 5; index++) worker.epollWait(9, 10, []).gap(190);
    for (let index = 0; index < 5; index++) worker.waitUntil(1500 + index * 10, LISTENER).serve(11, 'GET /a');
    worker.waitUntil(1700);
    const report = await analyzed(trace);
    none(report, 'loop-stall');
    assert.equal(report.workers.find(({ pid }) => pid === 101)?.role, 'event-loop');
  });

  it('also where the first line of a thread is an accept, which is no wait then', async () => {
    const { trace, workers } = attached([101, 102]);
    for (const worker of workers) {
      worker.labels.set(HUB, 'anon_inode:[eventpoll]');
      worker.accept(11).read(11, 'GET /a').reply(11);
      for (let index = 1; index < 9; index++)
        worker
          .waitUntil(index * 900, 11)
          .read(11, 'GET /a')
          .reply(11);
      worker.waitUntil(9000);
    }
    const report = await analyzed(trace);
    none(report, 'worker-saturation');
    none(report, 'loop-stall');
    for (const { busyPercent } of report.workers) assert.ok((busyPercent ?? 0) < 1, `busy ${busyPercent} %`);
  });

  it('and a timeout of 0 makes no difference: every wait on it ends a turn', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a');
    for (let index = 0; index < 10; index++) worker.gap(60).epollWait(HUB, 0.02, []);
    worker.reply(11).close(11).waitUntil(1000);
    none(await analyzed(trace), 'loop-stall');
  });
});

describe('an epoll instance that is closed', () => {
  it('hands the hub to the next one, also under the same number', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50).close(HUB);
    worker
      .gap(300)
      .call('epoll_create1(EPOLL_CLOEXEC', ')', `${HUB}<anon_inode:[eventpoll]>`)
      .labels.set(HUB, 'anon_inode:[eventpoll]');
    watch(worker, LISTENER).waitUntil(400, LISTENER).serve(11, 'GET /slow', { work: 150 }).waitUntil(900);
    const report = await analyzed(trace);
    assert.equal(ofKind(report, 'loop-stall').length, 1, 'the time between the two hubs is no turn');
    assert.equal(only(report, 'loop-stall').metrics.request, 'GET /slow');
  });

  it('stays open when close fails', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50).call(`close(${HUB}`, ')', failed('EBADF'));
    worker.waitUntil(60, LISTENER).serve(11, 'GET /slow', { work: 150 }).waitUntil(900);
    assert.equal(only(await analyzed(trace), 'loop-stall').metrics.request, 'GET /slow');
  });
});

describe('a listener is one queue', () => {
  it('under different numbers that dup made', async () => {
    const { trace, workers } = prefork([101, 102, 103]);
    for (const worker of workers) {
      worker.call(`dup(${worker.fd(LISTENER)}`, ')', '15<socket:[4711]>').labels.set(15, 'socket:[4711]');
      watch(worker, 15);
    }
    for (let index = 0; index < 13; index++) {
      for (const [place, worker] of workers.entries()) {
        worker.waitUntil(50 + index * 10 + place * 0.05, 15);
        if (place === 0) worker.accept(11, { listener: 15 }).read(11, 'GET /a').reply(11).close(11);
        else worker.acceptNothing(15);
      }
    }
    const { metrics } = only(await analyzed(trace), 'thundering-herd');
    assert.deepEqual([metrics.listener, metrics.wastedWakeups, metrics.acceptors], ['127.0.0.1:8000', 26, 3]);
  });

  it('among threads of one process, as in HAProxy', async () => {
    const trace = new TraceLines();
    const first = trace.thread(101);
    openListener(first, LISTENER);
    const threads = [first, 102, 103].map((each) => {
      const thread = typeof each === 'number' ? trace.thread(each) : each;
      if (typeof each === 'number') startThread(first, each);
      return thread;
    });
    for (const [place, thread] of threads.entries()) {
      thread.at(5).labels.set(LISTENER, 'socket:[4711]');
      thread
        .call('epoll_create1(0', ')', `${20 + place}<anon_inode:[eventpoll]>`)
        .labels.set(20 + place, 'anon_inode:[eventpoll]');
      watch(thread, LISTENER, 'EPOLLIN', 20 + place);
    }
    for (let index = 0; index < 13; index++) {
      for (const [place, thread] of threads.entries()) {
        thread.epollWait(20 + place, 50 + index * 10 + place * 0.05 - thread.now, [LISTENER]);
        if (place === 0) thread.serve(31, 'GET /a');
        else thread.acceptNothing();
      }
    }
    const { metrics, workers } = only(await analyzed(trace), 'thundering-herd');
    assert.deepEqual([metrics.acceptors, metrics.wastedWakeups, workers], [3, 26, [101]]);
  });

  it('although a worker closes its copy, and is another one when it is opened again', async () => {
    const trace = new TraceLines();
    const master = trace.thread(MASTER);
    openListener(master, LISTENER);
    fork(master, 101);
    fork(master, 102);
    const [first, second] = [trace.thread(101).at(5), trace.thread(102).at(5)];
    for (const worker of [first, second]) worker.labels.set(LISTENER, 'socket:[4711]');
    first.close(LISTENER);
    openListener(first, LISTENER, { label: 'socket:[4712]', port: 8001 });
    for (const worker of [first, second]) {
      for (let index = 0; index < 13; index++)
        worker
          .waitUntil(50 + index * 10, LISTENER)
          .serve(11, 'GET /a')
          .waitUntil(55 + index * 10, LISTENER)
          .acceptNothing();
    }
    const reason = none(await analyzed(trace), 'thundering-herd');
    assert.match(reason, /127\.0\.0\.1:8000: one acceptor/);
    assert.match(reason, /127\.0\.0\.1:8001: one acceptor/);
  });
});

it('the first three waits of an epoll set tell whether it takes one event at a time', async () => {
  const roleAfter = async (waits: number) => {
    const { trace, worker } = oneWorker();
    for (let index = 1; index <= waits; index++) worker.waitUntil(50 * index, LISTENER).serve(11, 'GET /a');
    worker.call(`epoll_wait(${worker.fd(HUB)}, `, '[{events=EPOLLIN, data={u32=5, u64=5}}], 1, -1)', 1, 50);
    worker.serve(11, 'GET /a').waitUntil(1000);
    return (await analyzed(trace)).workers.find(({ pid }) => pid === 101)?.role;
  };
  assert.deepEqual([await roleAfter(2), await roleAfter(3)], ['sync-worker', 'event-loop']);
});

it('a socket to a service behind in an epoll set makes no loop of who waits for each client alone', async () => {
  const roleOf = async (clients: number, waitsAlone: number, watchesClients = false) => {
    const { trace, worker } = oneWorker();
    const label = 'UNIX-STREAM:[6001->6002]';
    worker.call('socket(AF_UNIX, SOCK_STREAM, 0', ')', `9<${label}>`);
    worker.labels.set(9, label);
    worker.call(`connect(${worker.fd(9)}, {sa_family=AF_UNIX, sun_path="private/rewrite"}, 110`, ')', 0);
    watch(worker, 9);
    for (let client = 0; client < clients; client++) {
      const from = `{sa_family=AF_INET, sin_port=htons(${40011 + client}), sin_addr=inet_addr("10.0.0.9")}`;
      worker.waitUntil(100 * (client + 1), LISTENER);
      worker.call(`accept(${worker.fd(LISTENER)}, `, `${from}, [16])`, '11<socket:[5001]>');
      worker.labels.set(11, 'socket:[5001]');
      if (watchesClients) watch(worker, 11);
      if (client < waitsAlone)
        worker.call('poll([{fd=11<socket:[5001]>, events=POLLIN}], 1, 300000', ')', '1 ([{fd=11, revents=POLLIN}])', 5);
      worker.read(11, 'GET /a').reply(11).close(11);
    }
    worker.waitUntil(2000);
    return (await analyzed(trace)).workers.find(({ pid }) => pid === 101)?.role;
  };
  assert.equal(await roleOf(3, 3), 'sync-worker');
  assert.equal(await roleOf(3, 2), 'event-loop');
  assert.equal(await roleOf(3, 3, true), 'event-loop');
});

describe('a wait that a signal interrupts', () => {
  it('goes on as restart_syscall, and is no stall', async () => {
    const { trace, workers } = prefork([101, 102]);
    for (const worker of workers)
      for (let index = 0; index < 7; index++) {
        const set = `[{fd=${worker.fd(LISTENER)}, events=POLLIN}, {fd=6<pipe:[900]>, events=POLLIN}]`;
        worker
          .call(`poll(${set}, 2, 30000`, ')', '? ERESTART_RESTARTBLOCK (Interrupted by signal)', 3)
          .line('--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=99, si_status=0} ---')
          .call('restart_syscall(<... resuming interrupted poll ...>', ')', 1, 350)
          .serve(11, 'GET /a')
          .gap(5);
      }
    const { findings, workers: rows } = await analyzed(trace);
    assert.deepEqual(findings, []);
    const busy = rows.filter(({ accepted }) => accepted > 0).map(({ busyPercent }) => busyPercent ?? 100);
    assert.ok(busy.length === 2 && busy.every((share) => share < 20), String(busy));
  });

  it('is work all the same where it was a poll for something else', async () => {
    const { trace, workers } = prefork([101, 102]);
    for (const worker of workers) {
      for (let index = 0; index < 7; index++)
        pollUntil(worker, worker.now + 50, '5')
          .serve(11, 'GET /a')
          .gap(5);
      worker
        .call(
          'poll([{fd=12<socket:[77]>, events=POLLIN}], 1, 30000',
          ')',
          '? ERESTART_RESTARTBLOCK (Interrupted by signal)',
          3,
        )
        .call('restart_syscall(<... resuming interrupted poll ...>', ')', 1, 1350);
      pollUntil(worker, worker.now + 50, '');
    }
    const { workers: rows } = await analyzed(trace);
    const busy = rows.filter(({ accepted }) => accepted > 0).map(({ busyPercent }) => busyPercent ?? 0);
    assert.ok(busy.length === 2 && busy.every((share) => share > 60), String(busy));
  });
});

it('a thread whose accepts never wait, and find nothing, parks in a futex and stalls nobody', async () => {
  const { trace, workers } = attached([101]);
  const [worker] = workers as [ThreadLines];
  for (let index = 0; index < 7; index++)
    worker
      .call('futex(0x7f0b89be4310, FUTEX_WAIT_PRIVATE, 4294967295, NULL', ')', 0, 480)
      .serve(11 + index, 'GET /a')
      .acceptNothing()
      .call('fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK', ')', 0);
  const report = await analyzed(trace);
  assert.deepEqual(
    report.findings.filter(({ severity }) => severity !== 'info').map(({ title }) => title),
    [],
  );
});

it('a worker that accepts before its first wait is a loop, once it waits for that client in an epoll set', async () => {
  const { trace, workers } = attached([101]);
  const [worker] = workers as [ThreadLines];
  worker
    .call('accept4(5<socket:[99]>, NULL, NULL, SOCK_CLOEXEC', ')', '12<socket:[801]>')
    .call('ioctl(12<socket:[801]>, FIONBIO, [1]', ')', 0)
    .call(
      'epoll_ctl(6<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 12<socket:[801]>, {events=EPOLLIN, data={u32=12, u64=12}}',
      ')',
      0,
    )
    .call('epoll_wait(6<anon_inode:[eventpoll]>', ', [{events=EPOLLIN, data={u32=12, u64=12}}], 64, 345)', 1)
    .call('recvfrom(12<socket:[801]>, "GET /ladder HTTP/1.1\\r\\n\\r\\n", 8192, 0, NULL, NULL', ')', 25);
  for (let index = 0; index < 301; index++)
    worker.call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=10000000}, NULL', ')', 0, 10);
  const { severity, openEnded } = only(await analyzed(trace), 'loop-stall');
  assert.deepEqual([severity, openEnded], ['critical', true]);
});

describe('a poll that strace found a worker in', () => {
  const at = (ms: number): string => (1_795_140_800 + ms / 1_000).toFixed(6);
  /** What follows until the next client is taken; php-fpm waits so for a service, and takes who waits already. */
  const roleOf = async (...between: readonly string[]): Promise<string | undefined> => {
    const lines = [
      `${at(0)} restart_syscall(<... resuming interrupted poll ...>) = 1 <0.300000>`,
      ...between.map((call, index) => `${at(301 + index)} ${call}`),
    ];
    for (let client = 0; client < 3; client++) {
      const from = 320 + client * 600;
      const fd = `9<socket:[${5001 + client}]>`;
      lines.push(
        `${at(from)} accept(5<socket:[4711]>, {sa_family=AF_INET, sin_port=htons(40011), ` +
          `sin_addr=inet_addr("10.0.0.9")}, [112 => 16]) = ${fd} <0.000100>`,
        `${at(from + 1)} read(${fd}, "GET /a HTTP/1.1\\r\\n\\r\\n", 8192) = 19 <0.000100>`,
        `${at(from + 2)} poll([{fd=6<socket:[6001]>, events=POLLIN}], 1, 60000) = 1 ([{fd=6, revents=POLLIN}]) <0.500000>`,
        `${at(from + 503)} write(${fd}, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19) = 19 <0.000100>`,
        `${at(from + 504)} close(${fd}) = 0 <0.000100>`,
      );
    }
    const text = lines.map((line) => `101 ${line}\n`).join('');
    return (await analyzed(text)).workers.find(({ pid }) => pid === 101)?.role;
  };

  it('was for its listener where an accept follows at once', async () => {
    assert.equal(await roleOf(), 'sync-worker');
  });

  it('was for an answer where it reads that and replies before it accepts', async () => {
    const between = [
      'recvfrom(6<socket:[6000]>, "figures\\n", 8192, 0, NULL, NULL) = 8 <0.000100>',
      'write(8<socket:[5000]>, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19) = 19 <0.000100>',
      'close(8<socket:[5000]>) = 0 <0.000100>',
    ];
    assert.equal(await roleOf(...between), 'blocking-acceptor');
  });
});
