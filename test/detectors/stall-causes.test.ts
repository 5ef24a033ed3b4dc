import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../src/analysis/report.ts';
import { analyzed, only } from '../support/analyzed.ts';
import { attached, connectTo, fork, oneWorker } from '../support/server-lines.ts';
import { failed, LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';
import { oneTurn } from '../support/turns.ts';

const KIND = 'loop-stall';
/** What each stall takes, and the part of it that the cause takes. */
const LENGTH = 200;
const PART = 170;

async function stall(trace: TraceLines): Promise<Finding> {
  return only(await analyzed(trace), KIND);
}

/** Cause, target, and the call as it is printed at its entry and at its exit. */
const CALLS = `
blocking-call | 10.0.0.7:8081     | connect(12<socket:[1]>, {sa_family=AF_INET, sin_port=htons(8081), sin_addr=inet_addr("10.0.0.7")}, 16 | ) | 0
blocking-call | /srv/data.json    | read(21</srv/data.json>,                                | "{", 65536) | 1
disk-sync     | /var/lib/a.db     | fsync(21</var/lib/a.db>                                 | )           | 0
file-lock     | /run/a.lock       | flock(21</run/a.lock>, LOCK_EX                          | )           | 0
file-lock     | /run/a.lock       | fcntl(21</run/a.lock>, F_SETLKW, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=0} | ) | 0
sleep         |                   | clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, {tv_sec=9, tv_nsec=1}, | NULL) | 0
sleep         |                   | pselect6(0, NULL, NULL, NULL, {tv_sec=0, tv_nsec=170000000}, | NULL) | 0 (Timeout)
sleep         |                   | poll(NULL, 0, 170                                       | )           | 0 (Timeout)
child-wait    |                   | vfork(                                                  | )           | 4711
fork          |                   | fork(                                                   | )           | 4711
child-wait    |                   | wait4(4711,                                             | [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) | 4711
log           | /dev/log          | sendto(22</dev/log>, "<13>hello", 9, MSG_NOSIGNAL, NULL, 0 | )        | 9
log           | pipe fd 2         | write(2<pipe:[77]>, "hello", 5                          | )           | 5
log           | /var/log/app.log  | write(23</var/log/app.log>, "hello", 5                  | )           | 5
lock          |                   | futex(0x5600, FUTEX_WAIT_PRIVATE, 0, NULL               | )           | 0
`
  .trim()
  .split('\n')
  .map((row) => {
    const [cause = '', target = '', entered = '', left = '', result = ''] = row.split('|').map((cell) => cell.trim());
    return {
      cause,
      target,
      entered: entered.replace(/,$/, ', '),
      left,
      result,
      call: entered.slice(0, entered.indexOf('(')),
    };
  });

/** Cause, the port of another service, what is asked of it, the target in words, and the query. */
const QUESTIONS: readonly (readonly [cause: string, port: number, bytes: string, target: string, query: string])[] = [
  [
    'foreign-poll',
    3306,
    '\\22\\0\\0\\0\\3SELECT a FROM b WHERE c = 42',
    '10.0.0.7:3306 (MySQL)',
    'SELECT a FROM b WHERE c = ?',
  ],
  ['foreign-poll', 6379, 'opaque', '10.0.0.7:6379 (Redis by convention)', ''],
  ['dns', 53, '\\253\\315\\1\\0', '10.0.0.7:53 (DNS by convention)', ''],
];

/** Asks another service and waits in a call for its answer. */
function asking(port: number, question: string, wait: (worker: ThreadLines) => void): (worker: ThreadLines) => void {
  return (worker) => {
    connectTo(worker, 12, port);
    worker.send(12, question);
    wait(worker);
  };
}

describe('the cause of a stall in one call', () => {
  for (const { cause, target, entered, left, result, call } of CALLS) {
    it(`is ${cause} for ${call} ${target === '' ? '' : `on ${target}`}`, async () => {
      const { metrics, confidence, evidence } = await stall(
        oneTurn(LENGTH, (worker) => worker.call(entered, left, result, PART)),
      );
      // So small a step on a file rarely waits for a disk.
      const sure = /^\/.*\.(?:json|log)$/.test(target) ? 'possible' : 'likely';
      assert.deepEqual([metrics.cause, metrics.call, metrics.callMs, confidence], [cause, call, PART, sure]);
      assert.equal(metrics.target, target);
      assert.match(evidence[0]?.text ?? '', new RegExp(`${call}\\(.* <0\\.170000>$`));
    });
  }

  for (const [cause, port, bytes, target, query] of QUESTIONS) {
    it(`is ${cause} for a poll on ${target}`, async () => {
      const poll = (worker: ThreadLines) =>
        worker.call(`poll([{fd=${worker.fd(12)}, events=POLLIN}], 1, -1`, ')', '1 ([{fd=12, revents=POLLIN}])', PART);
      const { metrics } = await stall(oneTurn(LENGTH, asking(port, bytes, poll)));
      assert.deepEqual([metrics.cause, metrics.call, metrics.target, metrics.query], [cause, 'poll', target, query]);
    });
  }

  it('is a fork for a clone that copies the memory, and none for one that starts a thread', async () => {
    const cloned = async (flags: string): Promise<Finding> =>
      stall(
        oneTurn(LENGTH, (worker) =>
          worker.call('clone(child_stack=NULL, ', `flags=${flags}, child_tidptr=0x1)`, 4711, PART),
        ),
      );
    const copy = await cloned('CLONE_CHILD_SETTID|SIGCHLD');
    assert.deepEqual([copy.metrics.cause, copy.metrics.call], ['fork', 'clone']);
    assert.match(copy.title, /: forks \(clone\)$/);
    assert.match(copy.next[0]?.text ?? '', /^A fork copies the tables of all memory/);
    assert.equal((await cloned('CLONE_VM|CLONE_VFORK|SIGCHLD')).metrics.cause, 'child-wait');
    assert.equal((await cloned('CLONE_VM|CLONE_FILES|CLONE_THREAD|CLONE_SYSVSEM')).metrics.cause, 'not-running');
  });

  it('is not the accept from a listener from which an accept has found nothing without waiting', async () => {
    const accepted = async (isKnown: boolean): Promise<Finding> => {
      const { trace, workers } = attached([101]);
      const worker = workers[0] as ThreadLines;
      worker.waitUntil(50, LISTENER).accept(11);
      if (isKnown) worker.acceptNothing();
      worker.read(11, 'GET /a').reply(11).close(11);
      worker
        .waitUntil(500, LISTENER)
        .accept(11, { ms: PART })
        .read(11, 'GET /b')
        .gap(LENGTH - PART);
      worker.reply(11).close(11).waitUntil(2000);
      return stall(trace);
    };
    assert.equal((await accepted(false)).metrics.cause, 'blocking-call');
    assert.equal((await accepted(true)).metrics.cause, 'not-running');
  });

  it('is blocking-call for a read that waits for another service', async () => {
    const read = (worker: ThreadLines) =>
      worker.call('ioctl(12<socket:[60012]>, FIONBIO, [0]', ')', 0).read(12, 'HTTP/1.0 200 OK', PART);
    const { metrics } = await stall(oneTurn(LENGTH, asking(18081, 'GET /x', read)));
    assert.deepEqual(
      [metrics.cause, metrics.target, metrics.query],
      ['blocking-call', '10.0.0.7:18081 (HTTP)', 'GET /x'],
    );
  });

  it('is that call from 60 % of the stall on', async () => {
    const nap = (ms: number) =>
      oneTurn(LENGTH, (worker) =>
        worker.call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=1}, ', 'NULL)', 0, ms),
      );
    assert.equal((await stall(nap(120))).metrics.cause, 'sleep');
    const below = await stall(nap(79));
    assert.equal(below.metrics.cause, 'no-syscall');
  });

  it('is one cause for all calls of its kind: writing a file and syncing it', async () => {
    const { metrics } = await stall(
      oneTurn(LENGTH, (worker) =>
        worker.call('write(21</var/lib/a.db>, "x", 1', ')', 1, 80).call('fsync(21</var/lib/a.db>', ')', 0, 60),
      ),
    );
    assert.deepEqual([metrics.cause, metrics.call], ['disk-sync', 'fsync']);
  });

  it('names the program of the child that is waited for, by its number or by its output', async () => {
    const waits: readonly (readonly [call: string, wait: (worker: ThreadLines) => unknown])[] = [
      [
        'wait4',
        (worker) => worker.call('wait4(4712, ', '[{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL)', 4712, 150),
      ],
      ['read', (worker) => worker.call('read(21<pipe:[900]>, ', '"", 4096)', 0, 150)],
      ['poll', (worker) => worker.call('poll([{fd=21<pipe:[900]>, events=POLLIN}], 1, -1', ')', 1, 150)],
      ['epoll_wait', (worker) => worker.call('epoll_wait(22<anon_inode:[eventpoll]>, ', '[], 64, -1)', 0, 150)],
    ];
    for (const [call, wait] of waits) {
      const { trace, worker } = oneWorker();
      worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a');
      fork(worker, 4712);
      trace
        .thread(4712)
        .at(worker.now)
        .call('execve("/usr/bin/convert", ["convert", "secret.png"], 0x7ffd2af5eab8 /* 9 vars */', ')', 0)
        .gap(100)
        .exits();
      wait(worker);
      worker.reply(11).close(11).waitUntil(1000);
      const { metrics, title, summary } = await stall(trace);
      assert.deepEqual([metrics.cause, metrics.call, metrics.target], ['child-wait', call, '/usr/bin/convert']);
      assert.match(title, /waits for child \/usr\/bin\/convert/);
      assert.match(summary, new RegExp(`${call} on /usr/bin/convert took 150 ms \\(a child process\\)`));
    }
  });

  it('is no child, where the read of a pipe comes in a later turn than the fork', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a');
    fork(worker, 4712);
    trace.thread(4712).at(worker.now).call('getpid(', ')', 4712);
    worker.reply(11).close(11).waitUntil(500, LISTENER).accept(11).read(11, 'GET /b');
    worker.call('read(21<pipe:[900]>, ', '"x", 4096)', 1, 150).reply(11).close(11).waitUntil(1000);
    assert.equal((await stall(trace)).metrics.cause, 'blocking-call');
  });

  it('is what took the time, where a file could not be opened for long and its sync was short', async () => {
    const opening = (sync: number): TraceLines =>
      oneTurn(LENGTH, (worker) =>
        worker
          .call('openat(AT_FDCWD, "/data/a", O_WRONLY|O_CREAT', ')', '21</data/a>', LENGTH - 10 - sync)
          .call('fsync(21</data/a>', ')', 0, sync),
      );
    const { metrics, title } = await stall(opening(20));
    assert.deepEqual([metrics.cause, metrics.call, metrics.callMs], ['blocking-call', 'openat', LENGTH - 30]);
    assert.match(title, /openat/);
    assert.equal((await stall(opening(60))).metrics.call, 'fsync');
  });
});

/** A ladder: a call that is repeated in short slices. */
function ladder(rungs: number, ms: number, args: string): (worker: ThreadLines) => void {
  return (worker) => {
    for (let rung = 0; rung < rungs; rung++)
      worker
        .call(
          `futex(0x231bc2c0, ${args}, {tv_sec=1795140801, tv_nsec=${rung}}, FUTEX_BITSET_MATCH_ANY`,
          ')',
          failed('ETIMEDOUT'),
          ms,
        )
        .call('futex(0x231bc270, FUTEX_WAKE_PRIVATE, 1', ')', 0);
  };
}
const CONDITION = 'FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0';
const INTERPRETER = 'FUTEX_WAIT_BITSET_PRIVATE, 0';

describe('the cause of a stall in many short calls', () => {
  it('is futex-ladder from five waits of at most 60 ms on: the flush of a Kafka client', async () => {
    const { metrics } = await stall(oneTurn(505, ladder(47, 10.06, CONDITION)));
    assert.deepEqual(
      [metrics.cause, metrics.call, metrics.rungs, metrics.callMs],
      ['futex-ladder', 'futex', 47, 10.06],
    );
    assert.equal((await stall(oneTurn(LENGTH, ladder(4, 40, CONDITION)))).metrics.cause, 'lock');
    assert.equal((await stall(oneTurn(LENGTH, ladder(5, 35, CONDITION)))).metrics.cause, 'futex-ladder');
    assert.equal((await stall(oneTurn(400, ladder(5, 60, CONDITION)))).metrics.cause, 'futex-ladder');
    assert.equal((await stall(oneTurn(400, ladder(5, 60.01, CONDITION)))).metrics.cause, 'lock');
  });

  it('is futex-ladder also where a busy host made a few of many waits longer, but for one that matters', async () => {
    const withOne = (length: number) => (worker: ThreadLines) => {
      ladder(31, 10, CONDITION)(worker);
      ladder(1, length, CONDITION)(worker);
      ladder(28, 10, CONDITION)(worker);
    };
    // 590 ms in waits of 10 ms: a tenth of all is 65.5 ms.
    assert.equal((await stall(oneTurn(700, withOne(65.5)))).metrics.cause, 'futex-ladder');
    assert.equal((await stall(oneTurn(700, withOne(66.1)))).metrics.cause, 'lock');
    // All of them longer: nobody polls in such slices.
    assert.equal((await stall(oneTurn(1_200, ladder(19, 60, CONDITION)))).metrics.cause, 'futex-ladder');
    assert.equal((await stall(oneTurn(1_200, ladder(19, 60.01, CONDITION)))).metrics.cause, 'lock');
  });

  it('is gil-wait for slices of 5 ms on the monotonic clock', async () => {
    const { metrics } = await stall(oneTurn(LENGTH, ladder(31, 5.06, INTERPRETER)));
    assert.deepEqual([metrics.cause, metrics.rungs], ['gil-wait', 31]);
  });

  it('is sleep for a busy handler that naps', async () => {
    const { metrics, summary } = await stall(
      oneTurn(LENGTH, (worker) => {
        for (let nap = 0; nap < 17; nap++)
          worker.call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=10000000}, ', 'NULL)', 0, 10);
      }),
    );
    assert.deepEqual([metrics.cause, metrics.rungs, metrics.callMs], ['sleep', 17, 10]);
    assert.match(summary, /17 clock_nanosleep calls took 170 ms together, the longest 10 ms \(a sleep\)/);
  });
});

it('of many requests in one turn the third is quoted: from there on they are a crowd', async () => {
  const { trace, worker } = oneWorker();
  worker.waitUntil(50, LISTENER);
  for (let fd = 11; fd < 18; fd++) worker.accept(fd);
  for (let fd = 11; fd < 18; fd++) worker.read(fd, `GET /${fd}`).gap(30).reply(fd).close(fd);
  worker.waitUntil(2000);
  const { metrics, evidence } = only(await analyzed(trace), 'loop-stall');
  assert.equal(metrics.cause, 'many-requests');
  assert.match(evidence[0]?.text ?? '', /"GET \/13 /);
});

it('a capture with numbers in place of words (-X raw) shows the same stall', async () => {
  const lines = (events: string, data: string, command: string): string =>
    `101 1795140800.685790 epoll_wait(7<anon_inode:[eventpoll]>, [{events=${events}, data=${data}}], 64, 1000) = 1 <0.485726>
101 1795140801.185938 accept4(6<socket:[57017]>, NULL, NULL, SOCK_CLOEXEC) = 13<socket:[1051898]> <0.000010>
101 1795140801.186275 ioctl(13<socket:[1051898]>, ${command}, [1]) = 0 <0.000010>
101 1795140801.187180 recvfrom(13<socket:[1051898]>, "GET /block HTTP/1.1\\r\\n\\r\\n", 8192, 0, NULL, NULL) = 23 <0.000010>
101 1795140801.187964 clock_nanosleep(0, 0, {tv_sec=0, tv_nsec=700000000}, NULL) = 0 <0.700207>
101 1795140801.988845 sendto(13<socket:[1051898]>, "HTTP/1.1 200 OK\\r\\n", 17, 0, NULL, 0) = 17 <0.000027>
101 1795140801.989015 close(13<socket:[1051898]>) = 0 <0.000010>
101 1795140801.999015 epoll_wait(7<anon_inode:[eventpoll]>, [], 64, 1000) = 0 <1.000000>
`;
  const [words, numbers] = [
    await analyzed(lines('EPOLLIN', '{u32=6, u64=4294967302}', 'FIONBIO')),
    await analyzed(lines('0x1', '0x100000006', '0x5421')),
  ];
  assert.deepEqual(only(numbers, KIND).metrics, only(words, KIND).metrics);
  assert.equal(only(numbers, KIND).metrics.cause, 'sleep');
  assert.deepEqual(
    numbers.workers.map(({ role }) => role),
    ['event-loop'],
  );
});

it('a path that was slow to open is named, and none with bytes that are no text: they may be a secret', async () => {
  const target = async (path: string): Promise<unknown> => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a');
    worker.call(`openat(AT_FDCWD, "${path}", O_RDONLY`, ')', failed('ENOENT'), 307).reply(11).close(11);
    worker.waitUntil(1_000);
    return (await stall(trace)).metrics.target;
  };
  assert.equal(await target('/srv/data/a.db'), '/srv/data/a.db');
  assert.equal(await target('/srv/data/\\330\\37'), '');
});
