import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { oneWorker, prefork, watch } from '../support/server-lines.ts';
import { failed, HUB, LISTENER, type ThreadLines } from '../support/thread-lines.ts';

const KIND = 'busy-poll';
const CONNECTION = 11;

type Round = (worker: ThreadLines) => void;

const reportsIt: Round = (worker) => void worker.gap(0.05).epollWait(HUB, 0.05, [CONNECTION]);
const reportsNothing: Round = (worker) => void worker.gap(0.05).epollWait(HUB, 0.05, []);

/** A worker that accepts a connection, does this so many times, and then waits until the trace is so long. */
async function rounds(number: number, round: Round, total = 1000) {
  const { trace, worker } = oneWorker();
  goesRound(worker, number, round, total);
  return analyzed(trace);
}

function goesRound(worker: ThreadLines, number: number, round: Round, total: number): void {
  worker.waitUntil(20, LISTENER).accept(CONNECTION);
  watch(worker, CONNECTION).read(CONNECTION, 'GET /later');
  for (let index = 0; index < number; index++) round(worker);
  worker.waitUntil(total).gap(0).epollWait(HUB, 1, []);
}

it('something that stays ready because nobody reads it makes a loop spin', async () => {
  const { severity, confidence, metrics, title, summary, evidence } = only(await rounds(2300, reportsIt), KIND);
  assert.deepEqual([severity, confidence, metrics.kind], ['warning', 'likely', 'stuck-readiness']);
  assert.match(title, /Worker 101 spins 22.9 % of the time: client 10\.0\.0\.9:40011 stays ready/);
  assert.match(
    summary,
    /2,280 times epoll_wait reported client .* at once, and the worker did nothing about it\. Under strace a round took 100 µs/,
  );
  assert.match(evidence[0]?.text ?? '', /epoll_wait.*u32=11/);
});

it('waits that report nothing and do not wait make a loop spin', async () => {
  const { metrics, title, next } = only(await rounds(2300, reportsNothing), KIND);
  assert.equal(metrics.kind, 'empty-waits');
  assert.match(title, /epoll_wait does not wait/);
  assert.match(next[0]?.text ?? '', /Make the wait block/);
});

it('a worker that spins is busy for that part of its time, and one whose waits return at once is not', async () => {
  for (const round of [reportsIt, reportsNothing]) {
    const { workers } = await rounds(2300, round);
    assert.equal(Math.round(workers[0]?.busyPercent ?? 0), 23);
  }
  const { workers } = await rounds(2300, (worker) => reportsIt(worker.read(CONNECTION, 'x')));
  // Half of each of these rounds of 0.1 ms is the wait.
  assert.ok((workers[0]?.busyPercent ?? 0) < 17, `${workers[0]?.busyPercent}`);
});

it('less than a tenth of the time is not told', async () => {
  assert.match(
    none(await rounds(960, reportsIt), KIND),
    /the one loop did not spin for 10 % of its time; the most was 9\.\d+ %/,
  );
  only(await rounds(1040, reportsIt), KIND);
});

it('rounds in which something gets done are no spinning', async () => {
  const done: readonly Round[] = [
    (worker) => reportsIt(worker.read(CONNECTION, 'x')),
    (worker) => reportsIt(worker.send(CONNECTION, 'x')),
    (worker) => reportsNothing(worker.call('fsync(9</tmp/x>', ')', 0)),
    (worker) => reportsNothing(worker.gap(0.3)),
  ];
  for (const round of done) none(await rounds(2300, round), KIND);
});

it('asking for the time, reading nothing, or failing to accept gets nothing done', async () => {
  const accepts = `accept4(${LISTENER}<socket:[4711]>, 0x7ffc7e81a730, [16], SOCK_CLOEXEC`;
  const idle: readonly Round[] = [
    (worker) => reportsIt(worker.call('clock_gettime(CLOCK_THREAD_CPUTIME_ID, {tv_sec=1, tv_nsec=5}', ')', 0)),
    (worker) => reportsNothing(worker.call('getpid(', ')', 101)),
    (worker) => reportsIt(worker.readNothing(CONNECTION)),
    (worker) => worker.gap(0.05).call(accepts, ')', failed('EMFILE')).epollWait(HUB, 0.05, [LISTENER]),
  ];
  for (const round of idle) only(await rounds(2300, round, 1500), KIND);
});

it('a listener that stays ready is named, and linked with why it cannot accept', async () => {
  const { trace, worker } = oneWorker();
  const fails = `accept4(${LISTENER}<socket:[4711]>, 0x7ffc7e81a730, [16], SOCK_CLOEXEC`;
  goesRound(
    worker,
    2300,
    () => worker.gap(0.05).epollWait(HUB, 0.05, [LISTENER]).call(fails, ')', failed('EMFILE')),
    1000,
  );
  const { title, next, related } = only(await analyzed(trace), KIND);
  assert.match(title, /listener 127\.0\.0\.1:8000 stays ready/);
  assert.match(next[0]?.text ?? '', /while it cannot accept/);
  assert.deepEqual(related, ['accept-errors-1']);
});

it('losing a race for a connection is a herd and no spinning', async () => {
  none(await rounds(2300, (worker) => void worker.epollWait(HUB, 0.05, [LISTENER]).acceptNothing()), KIND);
});

it('fewer than twenty in a row are the way of a framework', async () => {
  const batch =
    (length: number): Round =>
    (worker) => {
      worker.epollWait(HUB, 0.05, [CONNECTION]).read(CONNECTION, 'x');
      for (let index = 0; index < length; index++) reportsNothing(worker);
    };
  none(await rounds(200, batch(20)), KIND);
  only(await rounds(200, batch(21)), KIND);
});

it('a round now and then may be preempted, but not most of them', async () => {
  const preempted =
    (every: number): Round =>
    (worker) => {
      for (let index = 0; index < every; index++) reportsIt(worker);
      worker.gap(0.05).epollWait(HUB, 3, [CONNECTION]);
    };
  only(await rounds(100, preempted(29), 1000), KIND);
  none(await rounds(100, preempted(2), 1000), KIND);
});

it('waits of a millisecond are no spinning', async () => {
  none(await rounds(700, (worker) => void worker.gap(0.05).epollWait(HUB, 1.1, [])), KIND);
});

it('each worker is judged by itself', async () => {
  const { trace, workers } = prefork([101, 102, 103]);
  const [first, second, third] = workers as [ThreadLines, ThreadLines, ThreadLines];
  goesRound(first, 2300, reportsIt, 1000);
  goesRound(second, 4600, reportsIt, 1000);
  goesRound(third, 230, reportsIt, 1000);
  const { workers: pids, summary } = only(await analyzed(trace), KIND);
  assert.deepEqual(pids, [102, 101]);
  assert.match(summary, /1 other worker does the same/);
});

it('without durations the rate tells: 2,300 rounds a second spin, and of 500 nobody can tell', async () => {
  const trace = (rounds: number) => {
    const { trace, worker } = oneWorker();
    goesRound(worker, rounds, reportsIt, 1000);
    return analyzed(trace, { durations: false });
  };
  const { metrics, title } = only(await trace(2300), KIND);
  assert.match(title, /client on fd 11 stays ready/);
  assert.equal(metrics.kind, 'stuck-readiness');
  assert.match(none(await trace(500), KIND), /-ttt -T/);
});

it('what stays ready is named by the number that epoll_ctl gave it, which is an address in most servers', async () => {
  const { trace, worker } = oneWorker();
  const data = 'data={u32=1432778632, u64=94094545453960}';
  worker.waitUntil(20, LISTENER).accept(CONNECTION);
  const place = `${worker.fd(HUB)}, EPOLL_CTL_ADD, ${worker.fd(CONNECTION)}`;
  worker.call(`epoll_ctl(${place}, {events=EPOLLIN, ${data}}`, ')', 0).read(CONNECTION, 'GET /later');
  for (let index = 0; index < 2300; index++)
    worker.gap(0.05).call(`epoll_wait(${worker.fd(HUB)}, [{events=EPOLLIN, ${data}}], 64, 1000`, ')', 1, 0.05);
  worker.waitUntil(1_000).gap(0).epollWait(HUB, 1, []);
  assert.match(only(await analyzed(trace, { durations: false }), KIND).title, /client on fd 11 stays ready/);
});

it('a short row of waits of a thread that works is no spin where there are no times', async () => {
  const row =
    'ppoll([{fd=3, events=POLLIN}, {fd=4, events=POLLIN}], 2, {tv_sec=1, tv_nsec=0}, NULL, 8) = 1 ([{fd=3, revents=POLLIN}])\n';
  const work = 'openat(AT_FDCWD, "/srv/app.rb", O_RDONLY) = 7\n';
  none(await analyzed(work.repeat(11) + row.repeat(8)), KIND);
  only(await analyzed(work.repeat(3) + row.repeat(8)), KIND);
});

const yields = (times: number): string => 'sched_yield() = 0\n'.repeat(times);

it('a thread that only yields spins from the twentieth time on', async () => {
  const { severity, confidence, title, metrics } = only(await analyzed(yields(28)), KIND);
  assert.deepEqual([severity, confidence], ['warning', 'possible']);
  assert.equal(title, 'The process spins: sched_yield 28 times in a row');
  assert.deepEqual([metrics.kind, metrics.call, metrics.rounds], ['yields', 'sched_yield', 28]);
  only(await analyzed(yields(20)), KIND);
  none(await analyzed(yields(19)), KIND);
});

it('a thread that yields and works in between does not spin', async () => {
  const work = 'read(9, "x", 1) = 1\n';
  none(await analyzed(`${yields(13)}${work}`.repeat(41)), KIND);
  // A row now and then beside a lot of work: so collectors of garbage end.
  none(await analyzed(`${yields(29)}${work.repeat(41)}`.repeat(7)), KIND);
});

it('yields are no spin where they come seldom, or where a thread lives for moments and waits for a lock', async () => {
  const timed = (everyMs: number, times = 1009) => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(20, LISTENER).serve(CONNECTION, 'GET /a');
    for (let index = 0; index < times; index++) worker.gap(everyMs).call('sched_yield(', ')', 0, 0.01);
    return analyzed(trace);
  };
  assert.equal(only(await timed(0.1), KIND).metrics.kind, 'yields');
  none(await timed(3), KIND);
  none(await timed(0.1, 997), KIND);
});

const TOTAL = (calls: number): string =>
  `------ ------- ------- ------ ------ --------\n100.00    0.567622          40     ${calls}           total\n`;

it('a table with hardly anything but yields is that of a spin', async () => {
  const table = (yielded: number, all = yielded): string =>
    `% time     seconds  usecs/call     calls    errors syscall\n------ ------- ------- ------ ------ --------\n` +
    `100.00    0.567622          40     ${yielded}           sched_yield\n${all === 0 ? '' : TOTAL(all)}`;
  const { title, metrics } = only(await analyzed(table(63_593)), KIND);
  assert.deepEqual([title, metrics.kind], ['The process spins: 63,593 sched_yield and 0 other calls', 'yields']);
  // From 1,000 on, whatever they are.
  none(await analyzed(table(999)), KIND);
  // Whoever copied it left out its end: how many calls do something is not told.
  for (const all of [0, 70_001]) {
    const report = await analyzed(table(63_593, all));
    none(report, KIND);
    assert.match(report.outcomes[KIND]?.reason ?? '', /end of the table is missing/);
  }
  only(await analyzed(table(1000)), KIND);
});

it('the metrics of spinning are those of its trace', async () => {
  // Of 2,300 rounds of 0.1 ms the first 20 tell that it spins. The worker is traced from 5 ms to 1,001 ms.
  const spun = { rounds: 2280, totalMs: 228, sharePercent: 22.9 };
  assert.deepEqual(only(await rounds(2300, reportsIt), KIND).metrics, {
    kind: 'stuck-readiness',
    call: 'epoll_wait',
    target: 'client 10.0.0.9:40011',
    ...spun,
    roundsPerSecond: 10_000,
    spinners: [{ pid: 101, tid: 101, ...spun }],
  });
});

it('who only waits may wait for others, which read: without times that is no warning', async () => {
  const wait = (pid: number): string =>
    `${pid} epoll_wait(31, [{events=EPOLLIN, data={u32=40, u64=40}}], 64, 700) = 1\n`;
  const severity = async (text: string): Promise<string> => only(await analyzed(text), KIND).severity;
  const reader = '103 read(40, "x", 9) = 1\n';
  assert.equal(await severity(`${reader}${wait(101).repeat(11)}`), 'info');
  assert.equal(await severity(`${reader}101 write(40, "x", 1) = 1\n${wait(101).repeat(11)}`), 'warning');
  assert.equal(await severity(wait(101).repeat(11)), 'warning');
});

describe('a look at something else between two waits', () => {
  const HUNG_UP = 'epoll_wait(31, [{events=EPOLLIN|EPOLLHUP, data={u32=40, u64=40}}], 64, 700) = 1\n';
  const LOOKS = 'poll([{fd=41, events=POLLIN}], 1, 0) = 0 (Timeout)\n';

  it('that finds nothing ends no spin', async () => {
    const { title, metrics } = only(await analyzed((HUNG_UP + LOOKS + LOOKS).repeat(9)), KIND);
    assert.equal(title, 'The process spins: fd 40 stays ready');
    assert.deepEqual([metrics.kind, metrics.call, metrics.rounds], ['stuck-readiness', 'epoll_wait', 7]);
  });

  it('is the end of a row where it finds something, waits, or asks the same set', async () => {
    const [found, waits] = ['= 1 ([{fd=41, revents=POLLIN}])', ', 200) = 0'];
    none(await analyzed((HUNG_UP + LOOKS.replace(/= 0.*/, found)).repeat(9)), KIND);
    none(await analyzed((HUNG_UP + LOOKS.replace(', 0) = 0', waits)).repeat(9)), KIND);
    none(await analyzed(`${HUNG_UP}epoll_wait(31, [], 64, 0) = 0\n`.repeat(9)), KIND);
    none(await analyzed(`${HUNG_UP}${LOOKS}read(40, "x", 9) = 1\n`.repeat(9)), KIND);
  });
});

describe('reads at the end of something, again and again', () => {
  const END = 'read(17, "", 8192) = 0\n';
  const told = async (text: string): Promise<string> => only(await analyzed(text), KIND).title;
  const quiet = async (text: string): Promise<string> => none(await analyzed(text), KIND);

  it('are a spin, also beside a call that wakes the own loop', async () => {
    assert.equal(await told(END.repeat(7)), 'The process spins: it reads at the end of fd 17 7 times in a row');
    const round = `${END}epoll_wait(3, [{events=EPOLLIN, data={u32=0, u64=0}}], 1024, 0) = 1\nwrite(4, "x", 8) = 8\n`;
    const { metrics, severity, confidence } = only(await analyzed(round.repeat(11)), KIND);
    assert.deepEqual([metrics.kind, metrics.rounds, severity, confidence], ['end-of-file', 11, 'warning', 'possible']);
  });

  it('are none up to four, or with a pause, or with anything done between them', async () => {
    await quiet(END.repeat(4));
    await quiet(`${END}nanosleep({tv_sec=1, tv_nsec=0}, NULL) = 0\n`.repeat(13));
    await quiet(`${END}poll([{fd=4, events=POLLIN}], 1, 1000) = 0 (Timeout)\n`.repeat(13));
    await quiet(`${END}close(17) = 0\nopenat(AT_FDCWD, "/srv/a", O_RDONLY) = 17\n`.repeat(13));
    await quiet('recvfrom(17, "", 1, MSG_PEEK, NULL, NULL) = 0\n'.repeat(13));
    const seldom = Array.from({ length: 13 }, (_, index) => `7 17951408${10 + index}.000000 ${END}`);
    await quiet(seldom.join(''));
  });

  it('are none where most calls of the thread do something', async () => {
    await quiet(`${'write(5, "x", 1) = 1\n'.repeat(17)}${END.repeat(7)}`);
  });
});

it('rows of yields are no spin where they take little of the time, as those of a scheduler of Erlang', async () => {
  const timed = (restMs: number) => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(20, LISTENER).serve(CONNECTION, 'GET /a');
    for (let row = 0; row < 60; row++) {
      for (let index = 0; index < 31; index++) worker.gap(0.02).call('sched_yield(', ')', 0, 0.008);
      worker.gap(restMs);
    }
    return analyzed(trace);
  };
  assert.equal(only(await timed(4), KIND).metrics.kind, 'yields');
  none(await timed(12), KIND);
});

describe('what stays ready and cannot only wake the loop', () => {
  const at = (index: number): string => `101 1795140800.${String(100_000 + index * 2_000)} `;
  const waits = (events: string, times = 13): string =>
    Array.from({ length: times }, (_, index) => `${at(index)}epoll_wait(4, [${events}], 64, 700) = 1\n`).join('');
  const event = (fd: number, bits: string): string => `{events=${bits}, data={u32=${fd}, u64=${fd}}}`;

  it('spins from a hundred rounds a second on: strace makes each of them slow', async () => {
    const several = waits(`${event(23, 'EPOLLIN')}, ${event(29, 'EPOLLIN')}, ${event(31, 'EPOLLIN')}`).replaceAll(
      '= 1',
      '= 3',
    );
    const { title, summary, metrics } = only(await analyzed(several), KIND);
    assert.equal(title, 'Worker 101 spins: fd 23 and 2 others stay ready');
    assert.match(summary, /reported fd 23 and 2 others 500 times a second/);
    assert.deepEqual([metrics.rounds, metrics.roundsPerSecond], [12, 500]);
    assert.match(only(await analyzed(waits(event(23, 'EPOLLOUT'))), KIND).title, /fd 23 stays ready$/);
    assert.match(only(await analyzed(waits(event(23, 'EPOLLIN|EPOLLHUP'))), KIND).title, /fd 23 stays ready$/);
  });

  it('may be an eventfd that wakes the loop where one descriptor is readable, and nothing else', async () => {
    none(await analyzed(waits(event(23, 'EPOLLIN'))), KIND);
  });
});

describe('writes between two waits that report the same', () => {
  const READY = 'epoll_wait(6, [{events=EPOLLOUT, data={u32=92, u64=92}}], 64, 59) = 1\n';

  it('of no byte get nothing done, and those of a byte do', async () => {
    const { title, metrics } = only(await analyzed(`${READY}sendto(92, "", 0, 0, NULL, 0) = 0\n`.repeat(7)), KIND);
    assert.deepEqual([title, metrics.rounds], ['The process spins: fd 92 stays ready', 6]);
    none(await analyzed(`${READY}sendto(92, "x", 1, 0, NULL, 0) = 1\n`.repeat(7)), KIND);
  });

  it('that fail are told: the other end is gone', async () => {
    const fails = (fd: number): string => `${READY}write(${fd}, "x", 1) = -1 EPIPE (Broken pipe)\n`.repeat(7);
    const { title, summary, next } = only(await analyzed(fails(92)), KIND);
    assert.equal(title, 'The process spins: fd 92 stays ready, and writes to it fail');
    assert.match(summary, /6 of 7 waits\. 6 writes to fd 92 failed meanwhile: the other end is gone\.$/);
    assert.match(next[0]?.text ?? '', /fails with EPIPE or ECONNRESET as the end: close/);
    assert.equal(only(await analyzed(fails(93)), KIND).title, 'The process spins: fd 92 stays ready');
  });
});
