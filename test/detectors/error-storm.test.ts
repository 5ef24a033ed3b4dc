import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../src/analysis/report.ts';
import type { AnyMetrics } from '../../src/detectors/metric.ts';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';
import { oneWorker } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

const KIND = 'error-storm';

/** A worker that serves one request, does something, and waits until 1,000 ms after the start of the capture. */
function served(act: (worker: ThreadLines) => void): TraceLines {
  const { trace, worker } = oneWorker();
  worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a');
  act(worker);
  worker.reply(11).close(11).waitUntil(1000);
  return trace;
}

/** Connects without success or with it, 10 ms apart. */
function connects(worker: ThreadLines, results: readonly string[], to = ADDRESS): void {
  for (const result of results)
    worker
      .gap(10)
      .call('socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP', ')', '20<socket:[900]>')
      .call(`connect(20<socket:[900]>, ${to}, 16`, ')', result)
      .call('close(20<socket:[900]>', ')', 0);
}

const ADDRESS = '{sa_family=AF_INET, sin_port=htons(6379), sin_addr=inet_addr("10.0.0.7")}';
const LOCAL = '{sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}';
const REFUSED = '-1 ECONNREFUSED (Connection refused)';
const ABSENT = '-1 ENOENT (No such file or directory)';

/** A search for files, as often as asked, of which so many find one. */
function searches(worker: ThreadLines, missing: number, present = 0): void {
  for (let index = 0; index < missing; index++)
    worker.call(`openat(AT_FDCWD, "/lib/${index}.so", O_RDONLY|O_CLOEXEC`, ')', ABSENT);
  for (let index = 0; index < present; index++)
    worker
      .call('openat(AT_FDCWD, "/lib/a.so", O_RDONLY|O_CLOEXEC', ')', '21</lib/a.so>')
      .call('close(21</lib/a.so>', ')', 0);
}

const times = (count: number, result: string): readonly string[] => new Array<string>(count).fill(result);

describe('connects that fail', () => {
  it('are told by address from the third one on', async () => {
    none(await analyzed(served((worker) => connects(worker, times(2, REFUSED)))), KIND);
    const { severity, title, workers, evidence } = only(
      await analyzed(served((worker) => connects(worker, times(3, REFUSED)))),
      KIND,
    );
    assert.equal(severity, 'warning');
    assert.equal(title, 'connect to 10.0.0.7:6379 failed 3 of 3 times: ECONNREFUSED');
    assert.deepEqual(workers, [101]);
    assert.match(evidence[0]?.text ?? '', /ECONNREFUSED/);
  });

  it('are info where nobody runs the syslog daemon, and a warning where it is another local service', async () => {
    const missing = async (path: string): Promise<Finding> =>
      only(
        await analyzed(
          served((worker) => connects(worker, times(503, ABSENT), `{sa_family=AF_UNIX, sun_path="${path}"}`)),
        ),
        KIND,
      );
    const log = await missing('/dev/log');
    assert.equal(log.severity, 'info');
    assert.match(log.why, /^No syslog daemon runs here, as in most containers/);
    assert.match(log.next[0]?.text ?? '', /standard error/);
    assert.equal((await missing('/run/php/a.sock')).severity, 'warning');
  });

  it('are a warning where a syslog daemon was there for some of the tries, and refused them', async () => {
    const logs = async (errors: readonly string[]): Promise<Finding> =>
      only(
        await analyzed(served((worker) => connects(worker, errors, '{sa_family=AF_UNIX, sun_path="/dev/log"}'))),
        KIND,
      );
    assert.equal((await logs([...times(503, ABSENT), ...times(3, REFUSED)])).severity, 'warning');
    // Two are too few to tell of.
    assert.equal((await logs([...times(503, ABSENT), ...times(2, REFUSED)])).severity, 'info');
  });

  it('that find no free port of this host are no matter of the service', async () => {
    const advice = async (error: string): Promise<string> => {
      const trace = served((worker) => connects(worker, times(3, error)));
      const { why, next } = only(await analyzed(trace), KIND);
      return [why, ...next.map(({ text, command = '' }) => `${text} ${command}`)].join(' ');
    };
    const none = await advice('-1 EADDRNOTAVAIL (Cannot assign requested address)');
    assert.match(none, /no free port.*ip_local_port_range/);
    assert.doesNotMatch(none, /listens on/);
    assert.doesNotMatch(await advice(REFUSED), /port_range/);
  });

  it('are told sooner or later as asked', async () => {
    const two = served((worker) => connects(worker, times(2, REFUSED)));
    only(await analyzed(two, {}, { thresholds: { 'storm-connects': 2 } }), KIND);
  });

  it('are information when most of the tries succeed', async () => {
    const severity = async (good: number) =>
      only(await analyzed(served((worker) => connects(worker, [...times(3, REFUSED), ...times(good, '0')]))), KIND)
        .severity;
    assert.equal(await severity(3), 'warning');
    assert.equal(await severity(4), 'info');
  });

  it('to two addresses are two findings', async () => {
    const other = ADDRESS.replace('6379', '3306');
    const report = await analyzed(
      served((worker) => {
        connects(worker, times(3, REFUSED));
        connects(worker, times(5, '-1 EHOSTUNREACH (No route to host)'), other);
      }),
    );
    assert.deepEqual(
      ofKind(report, KIND)
        .map(({ title }) => title)
        .sort(),
      [
        'connect to 10.0.0.7:3306 failed 5 of 5 times: EHOSTUNREACH',
        'connect to 10.0.0.7:6379 failed 3 of 3 times: ECONNREFUSED',
      ],
    );
  });

  it('are none when they only have not ended yet', async () => {
    for (const errno of ['EINPROGRESS', 'EALREADY', 'EISCONN', 'EINTR', 'EAGAIN'])
      none(await analyzed(served((worker) => connects(worker, times(50, `-1 ${errno} (text)`)))), KIND);
  });

  it('are none when a library asks for a local daemon that nobody runs', async () => {
    none(await analyzed(served((worker) => connects(worker, times(40, ABSENT), LOCAL))), KIND);
  });
});

describe('a disk that refuses', () => {
  const writes = (errno: string, path = '/var/lib/app/data') =>
    served((worker) => worker.call(`write(22<${path}>, "abc", 3`, ')', `-1 ${errno} (text)`));

  for (const errno of ['ENOSPC', 'EDQUOT', 'EROFS', 'EIO'])
    it(`is critical with one ${errno} in a process that serves`, async () => {
      const { severity, title } = only(await analyzed(writes(errno)), KIND);
      assert.equal(severity, 'critical');
      assert.match(title, new RegExp(`^[A-Z][a-z -]+: write failed with ${errno} on /var/lib/app/data$`));
    });

  it('is a warning in a process that serves nobody', async () => {
    const line = '101   1795140800.000000 write(22</var/lib/app/data>, "abc", 3) = -1 ENOSPC (text) <0.000020>\n';
    assert.equal(only(await analyzed(line), KIND).severity, 'warning');
  });

  it('is none when a terminal that is gone answers EIO', async () => {
    none(await analyzed(writes('EIO', '/dev/pts/3')), KIND);
  });
});

describe('other calls that fail', () => {
  it('are told from 500 searches on, as information', async () => {
    none(await analyzed(served((worker) => searches(worker, 499))), KIND);
    const { severity, title } = only(await analyzed(served((worker) => searches(worker, 500))), KIND);
    assert.deepEqual([severity, title], ['info', 'openat failed 500 of 500 times: ENOENT']);
  });

  it('are told only if half of the calls fail', async () => {
    none(await analyzed(served((worker) => searches(worker, 500, 501))), KIND);
    only(await analyzed(served((worker) => searches(worker, 500, 500))), KIND);
  });

  it('are told from three writes on that find no room, as information', async () => {
    const full = (count: number) =>
      served((worker) => {
        for (let index = 0; index < count; index++) worker.send(11, 'HTTP/1.1 200 OK', { errno: 'EAGAIN' });
      });
    none(await analyzed(full(2)), KIND);
    const { severity, why } = only(await analyzed(full(3)), KIND);
    assert.equal(severity, 'info');
    assert.match(why, /does not read/);
  });

  it('are none when a read finds nothing', async () => {
    const idle = served((worker) => {
      for (let index = 0; index < 700; index++) worker.readNothing(11);
    });
    assert.match(
      none(await analyzed(idle), KIND),
      /^700 of 7\d\d calls failed, 700 of them as in any healthy server \(recvfrom EAGAIN\), no other group often enough to report$/,
    );
  });

  it('are none when an accept finds nothing, however often', async () => {
    const idle = served((worker) => {
      for (let index = 0; index < 700; index++) worker.acceptNothing();
    });
    none(await analyzed(idle), KIND);
  });
});

describe('descriptors that are used up', () => {
  const full = '-1 EMFILE (Too many open files)';

  it('are a warning with one call that finds none, in whatever opens', async () => {
    for (const entered of [
      'openat(AT_FDCWD, "/etc/hosts", O_RDONLY|O_CLOEXEC',
      'socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_IP',
      'pipe2(0x7ffd1000, O_CLOEXEC',
    ]) {
      const { severity, title, next, workers } = only(
        await analyzed(served((worker) => worker.call(entered, ')', full))),
        KIND,
      );
      assert.equal(severity, 'warning');
      assert.match(title, /^No descriptor is left: \w+ failed 1 of \d+ times?: EMFILE$/);
      assert.equal(workers.length, 1);
      assert.match(next[0]?.command ?? '', /^ls \/proc\/\d+\/fd \| wc -l/);
    }
  });

  it('are the matter of accept-errors where an accept finds none', async () => {
    const trace = served((worker) => worker.call('accept4(5<socket:[4711]>, 0x7ffd, [16], SOCK_CLOEXEC', ')', full));
    none(await analyzed(trace), KIND);
  });
});

describe('a wait that fails', () => {
  const waits = (times: number, error: string): TraceLines =>
    served((worker) => {
      for (let index = 0; index < times; index++) worker.call('epoll_wait(21, 0x7fff95fa, 1, 10000', ')', error);
    });

  it('is a warning from the third time on: the loop uses a whole core', async () => {
    const { severity, title, why } = only(await analyzed(waits(4, '-1 EINVAL (Invalid argument)')), KIND);
    assert.deepEqual([severity, title], ['warning', 'epoll_wait failed 4 of 6 times: EINVAL']);
    assert.match(why, /returns at once/);
    none(await analyzed(waits(2, '-1 EINVAL (Invalid argument)')), KIND);
  });

  it('is none when a signal interrupted it', async () => {
    none(await analyzed(waits(41, '-1 EINTR (Interrupted system call)')), KIND);
  });
});

it('what a signal handler returns to is no failure', async () => {
  const table = [
    '% time     seconds  usecs/call     calls    errors syscall',
    '------ ----------- ----------- --------- --------- ----------------',
    ' 98.65    0.838735         109    200371           futex',
    '  0.38    0.002016          78      1082      1082 rt_sigsuspend',
    '  0.00    0.001378           0      2165      1101 rt_sigreturn',
    '  0.00    0.000078           0      2165      1101 epoll_wait',
    '',
  ].join('\n');
  none(await analyzed(table), KIND);
});

it('the metrics of failures are those of their trace', async () => {
  const report = await analyzed(served((worker) => connects(worker, [...times(4, REFUSED), '0'])));
  // The trace goes from 0 to 1,000 ms.
  assert.deepEqual(only(report, KIND).metrics, {
    storms: [{ call: 'connect', errno: 'ECONNREFUSED', failed: 4, total: 5, perSecond: 4, target: '10.0.0.7:6379' }],
    failed: 4,
  });
});

it('without times there is no rate', async () => {
  const report = await analyzed(
    served((worker) => connects(worker, times(4, REFUSED))),
    { stamps: 'none' },
  );
  const { metrics, startMs } = only(report, KIND);
  assert.deepEqual(metrics.storms, [
    { call: 'connect', errno: 'ECONNREFUSED', failed: 4, total: 4, perSecond: null, target: '10.0.0.7:6379' },
  ]);
  assert.equal(startMs, null);
});

it('of a table the error is not known, and the finding only possible', async () => {
  const table = (errors: number) =>
    [
      '% time     seconds  usecs/call     calls    errors syscall',
      '------ ----------- ----------- --------- --------- ----------------',
      ` 80.00    0.008000           8      1000 ${String(errors).padStart(9)} openat`,
      ' 20.00    0.002000           4       500           read',
      '------ ----------- ----------- --------- --------- ----------------',
      `100.00    0.010000                  1500 ${String(errors).padStart(9)} total`,
      '',
    ].join('\n');
  const { metrics, severity, confidence } = only(await analyzed(table(700)), KIND);
  assert.deepEqual([severity, confidence], ['info', 'possible']);
  assert.deepEqual(metrics, {
    storms: [{ call: 'openat', errno: null, failed: 700, total: 1000, perSecond: null, target: null }],
    failed: 700,
  });
  none(await analyzed(table(499)), KIND);
});

describe('connects that do not wait', () => {
  /** So many of them, each with what `SO_ERROR` tells of it later. */
  const later = (answers: readonly string[]): TraceLines =>
    served((worker) => {
      for (const answer of answers)
        worker
          .gap(10)
          .call('socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP', ')', '20<socket:[900]>')
          .call(`connect(20<socket:[900]>, ${ADDRESS}, 16`, ')', '-1 EINPROGRESS (Operation now in progress)')
          .call('getsockopt(20<socket:[900]>, SOL_SOCKET, SO_ERROR, ', `[${answer}], [4])`, 0)
          .call('close(20<socket:[900]>', ')', 0);
    });

  it('fail when the socket tells its error later', async () => {
    const { metrics, title, evidence } = only(
      await analyzed(later(['0', 'ECONNREFUSED', '111', 'ECONNREFUSED'])),
      KIND,
    );
    assert.deepEqual(
      metrics.storms,
      [{ call: 'connect', errno: 'ECONNREFUSED', failed: 3, total: 4, perSecond: null, target: '10.0.0.7:6379' }].map(
        (storm) => ({ ...storm, perSecond: (metrics.storms as { perSecond: number }[])[0]?.perSecond }),
      ),
    );
    assert.match(title, /connect to 10\.0\.0\.7:6379 failed 3 of 4 times/);
    assert.match(evidence[0]?.text ?? '', /SO_ERROR, \[ECONNREFUSED\]/);
  });

  it('are one try where a second connect of the same socket asks what became of the first', async () => {
    const twice = served((worker) => {
      for (let index = 0; index < 4; index++) {
        worker.gap(10).call('socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP', ')', '20<socket:[900]>');
        for (const answer of ['EINPROGRESS (Operation now in progress)', 'ECONNREFUSED (Connection refused)'])
          worker.call(`connect(20<socket:[900]>, ${ADDRESS}, 16`, ')', `-1 ${answer}`);
        worker.call('close(20<socket:[900]>', ')', 0);
      }
    });
    assert.match(only(await analyzed(twice), KIND).title, /failed 4 of 4 times/);
  });

  it('are well where it tells none, or one of a connection that stood', async () => {
    none(await analyzed(later(['0', '0', '0', '0', '0'])), KIND);
    none(await analyzed(later(['ECONNRESET', 'ECONNRESET', 'EPIPE', 'ECONNRESET'])), KIND);
    none(await analyzed(later(['ECONNREFUSED', 'ECONNREFUSED', '0', '0'])), KIND);
  });
});

it('a single call that fails did so once, and files of one folder are told together', async () => {
  const full = (...calls: readonly string[]) =>
    analyzed(
      served((worker) => {
        for (const [index, call] of calls.entries())
          worker.call(`${call}(${21 + index}</var/${index}.log>, "x", 1`, ')', '-1 ENOSPC (No space left on device)');
      }),
    );
  const { title, summary, severity, openEnded } = only(await full('write'), KIND);
  assert.equal(title, 'No space is left on the disk: write failed with ENOSPC on /var/0.log');
  assert.equal(summary, 'write on /var/0.log failed once with ENOSPC.');
  assert.deepEqual([severity, openEnded], ['critical', false]);
  assert.match(
    only(await full('write', 'write', 'pwrite64', 'write', 'write'), KIND).summary,
    /^write failed 4 times with ENOSPC on 4 files in \/var, such as 0\.log; pwrite64 on \/var\/2\.log failed once/,
  );
  const { title: titleOfMany, next } = only(await full('write', 'write', 'pwrite64'), KIND);
  assert.equal(titleOfMany, 'No space is left on the disk: 3 calls failed with ENOSPC in /var');
  assert.equal(next[0]?.command, 'df -h /var; df -i /var');
  // EIO and a file system that is mounted read-only have advice of their own.
  assert.ok(next.every(({ text }) => !/EIO|read-only/.test(text)));
});

it('a futex that the kernel does not know is a failure, and one whose word had changed is none', async () => {
  const futex = (error: string): string => `futex(0x7fe7c6e8cba0, 0xa0 /* FUTEX_??? */, 2) = -1 ${error}\n`.repeat(503);
  const { title } = only(await analyzed(futex('ENOSYS (Function not implemented)')), KIND);
  assert.equal(title, 'futex failed 503 of 503 times: ENOSYS');
  none(await analyzed(futex('EAGAIN (Resource temporarily unavailable)')), KIND);
  none(await analyzed(futex('ETIMEDOUT (Connection timed out)')), KIND);
});

it('searches are told of a table where they are more than a hundredth of its calls', async () => {
  const table = (others: number): string =>
    `% time     seconds  usecs/call     calls    errors syscall\n------ ------- ------- ------ ------ --------\n` +
    ` 98.65 21938.838735         109 ${others}           read\n  0.00    0.003963           7       608       600 lstat\n` +
    `------ ------- ------- ------ ------ --------\n100.00 21938.8                ${others + 608}       600 total\n`;
  assert.match(only(await analyzed(table(59_000)), KIND).title, /^lstat failed 600 of 608/);
  none(await analyzed(table(61_000)), KIND);
});

/** Calls that fail, and from how many failures on they are reported; never where it is 0. */
const FAILING: readonly (readonly [call: string, errno: string, from: number])[] = [
  ['epoll_wait(7, [], 64, 5)', 'EBADF', 3],
  ['poll([{fd=5, events=POLLIN}], 1, 5)', 'EINVAL', 3],
  ['select(5, [4], NULL, NULL, NULL)', 'EBADF', 3],
  ['epoll_wait(7, [], 64, 5)', 'EINTR', 0],
  ['poll([{fd=5, events=POLLIN}], 1, 5)', 'EAGAIN', 0],
  ['openat(AT_FDCWD, "/lib/a.so", O_RDONLY)', 'ENOENT', 500],
  ['stat("/lib/a.so", 0x7ffd)', 'ENOTDIR', 500],
  ['openat(AT_FDCWD, "/lib/a.so", O_RDONLY)', 'EACCES', 500],
  ['access("/lib/a.so", R_OK)', 'ENOENT', 500],
  ['readlink("/lib/a.so", 0x7ffd, 99)', 'EINVAL', 0],
  ['sendto(9, "x", 1, 0, NULL, 0)', 'EAGAIN', 3],
  ['sendto(9, "x", 1, 0, NULL, 0)', 'EPIPE', 0],
  ['accept4(5, 0x7ffd, [16], SOCK_CLOEXEC)', 'EAGAIN', 0],
  ['read(9, 0x7ffd, 99)', 'EAGAIN', 0],
  ['read(9, 0x7ffd, 99)', 'EINVAL', 0],
  ['futex(0x7f12, FUTEX_WAIT_PRIVATE, 2, NULL)', 'EAGAIN', 0],
  ['wait4(-1, NULL, WNOHANG, NULL)', 'ECHILD', 0],
  ['close(9)', 'EBADF', 0],
  ['ioctl(9, TCGETS, 0x7ffd)', 'ENOTTY', 0],
  ['ioctl(9, FIONREAD, 0x7ffd)', 'EINVAL', 0],
  ['lseek(9, 0, SEEK_CUR)', 'ESPIPE', 0],
  ['lseek(9, 0, SEEK_CUR)', 'EINVAL', 500],
  ['mkdir("/lib/a", 0755)', 'EEXIST', 500],
  ['clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=1}, NULL)', 'EINVAL', 0],
  ['setsockopt(9, SOL_TCP, TCP_NODELAY, [1], 4)', 'EOPNOTSUPP', 500],
  ['setsockopt(9, SOL_TCP, TCP_NODELAY, [1], 4)', 'ENOTCONN', 0],
  ['setsockopt(9, SOL_TCP, TCP_NODELAY, [1], 4)', 'EAGAIN', 0],
];

describe('one call that fails again and again with one error', () => {
  const lines = (call: string, errno: string, failures: number, successes = 0): string =>
    `101 ${call} = -1 ${errno} (x)\n`.repeat(failures) + `101 ${call} = 0\n`.repeat(successes);

  for (const [call, errno, from] of FAILING)
    it(`is ${from === 0 ? 'an ordinary answer' : `reported from ${from} failures on`}: ${call} ${errno}`, async () => {
      const reported = async (failures: number, successes = 0) =>
        ofKind(await analyzed(lines(call, errno, failures, successes)), KIND).map(({ metrics }) => metrics.failed);
      assert.deepEqual(await reported(from || 601), from === 0 ? [] : [from]);
      if (from === 0) return;
      assert.deepEqual(await reported(from - 1), []);
      // Half of the calls fail, or less than half.
      assert.deepEqual([await reported(from, from), await reported(from, from + 1)], [[from], []]);
    });

  it('is told beside others, the one that failed most first, each meaning in a finding of its own', async () => {
    const report = await analyzed(
      lines('epoll_wait(7, [], 64, 5)', 'EBADF', 7) +
        lines('select(5, [4], NULL, NULL, NULL)', 'EBADF', 11) +
        lines('sendto(9, "x", 1, 0, NULL, 0)', 'EAGAIN', 13),
    );
    assert.deepEqual(
      ofKind(report, KIND).map(({ severity, title, summary, metrics }) => [severity, title, summary, metrics.failed]),
      [
        [
          'warning',
          'select failed 11 of 11 times: EBADF',
          'select failed 11 of 11 times with EBADF; epoll_wait failed 7 of 7 times with EBADF.',
          18,
        ],
        ['info', 'sendto failed 13 of 13 times: EAGAIN', 'sendto failed 13 of 13 times with EAGAIN.', 13],
      ],
    );
    assert.equal(report.outcomes[KIND]?.reason, '31 calls failed again and again');
  });

  it('is no news where it is ordinary: the reason says how many, and which is the most frequent', async () => {
    const told = async (...parts: readonly string[]) => none(await analyzed(parts.join('')), KIND);
    const [tried, asked] = [
      lines('accept4(5, 0x7ffd, [16], 0)', 'EAGAIN', 7, 2),
      lines('read(9, 0x7ffd, 99)', 'EAGAIN', 11, 5),
    ];
    const ordinary = 'as in any healthy server';
    const rest = 'no other group often enough to report';
    assert.equal(await told(tried, asked), `18 of 25 calls failed, 18 of them ${ordinary} (read EAGAIN), ${rest}`);
    assert.equal(
      await told(asked, tried, lines('mkdir("/a", 0755)', 'EEXIST', 3)),
      `21 of 28 calls failed, 18 of them ${ordinary} (read EAGAIN), ${rest}`,
    );
    assert.equal(
      await told(lines('mkdir("/a", 0755)', 'EEXIST', 3)),
      '3 of 3 calls failed, no group of them often enough to report',
    );
    assert.equal(await told(lines('read(9, "x", 1)', 'EIO', 2)), '2 calls that came back: too few to judge (3 needed)');
  });
});

describe('failures in a table, which does not name the error', () => {
  const table = (call: string, failed: number, total: number): string =>
    '% time     seconds  usecs/call     calls    errors syscall\n------ ----------- ----------- --------- --------- ---\n' +
    `100.00    0.008000           8 ${String(total).padStart(9)} ${String(failed).padStart(9)} ${call}\n`;
  for (const [call, from] of [
    ['connect', 3],
    ['accept4', 500],
    ['openat', 500],
    ['stat', 500],
    ['sendto', 500],
    ['mkdir', 500],
    ['epoll_wait', 0],
    ['read', 0],
    ['futex', 0],
    ['wait4', 0],
    ['ioctl', 0],
    ['close', 0],
    ['readlink', 0],
    ['rt_sigreturn', 0],
  ] as const)
    it(`${from === 0 ? 'are never reported' : `are reported from ${from} on, as possible`}: ${call}`, async () => {
      const of = async (failed: number, total = failed) =>
        ofKind(await analyzed(table(call, failed, total)), KIND).map(({ confidence, metrics, title }) => [
          confidence,
          metrics.failed,
          title,
        ]);
      if (from === 0) {
        assert.deepEqual(await of(700), []);
        return;
      }
      const title = `${call} failed ${from} of ${from === 500 ? '1,000' : 2 * from} times`;
      assert.deepEqual(await of(from, 2 * from), [['possible', from, title]]);
      assert.deepEqual(await of(from, 2 * from + 1), []);
      assert.deepEqual(await of(from - 1), []);
    });

  it('of one meaning are one finding, with the call that failed most first, however long calls took', async () => {
    const row = '  1.00    0.001000           8      1000       900 sendto\n';
    const { title, metrics } = only(await analyzed(`${table('write', 600, 700)}${row}`), KIND);
    assert.match(title, /^sendto failed 900 of 1,000 times/);
    assert.deepEqual(
      (metrics.storms as readonly AnyMetrics[]).map(({ call, failed }) => [call, failed]),
      [
        ['sendto', 900],
        ['write', 600],
      ],
    );
  });

  it('are a warning only where more connects failed than EINPROGRESS and absent daemons may explain', async () => {
    const of = async (failed: number, later: number): Promise<string> => {
      const row =
        later === 0 ? '' : `  1.00    0.001000           8 ${String(later).padStart(9)}           getsockopt\n`;
      return only(await analyzed(`${table('connect', failed, failed)}${row}`), KIND).severity;
    };
    // A real nginx that proxies, healthy under 40 requests a second: 163 of 163 connects, 163 times getsockopt.
    assert.equal(await of(163, 163), 'info');
    assert.equal(await of(1_163, 1_163), 'info');
    assert.equal(await of(499, 0), 'info');
    assert.equal(await of(500, 0), 'warning');
    assert.equal(await of(1_163, 663), 'warning');
    assert.equal(await of(1_163, 664), 'info');
  });
});

describe('connects that nobody answers', () => {
  const tries = (count: number, end: string): string =>
    `socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 9\nconnect(9, ${ADDRESS}, 16) = -1 EINPROGRESS (Operation now in progress)\n${end}close(9) = 0\n`.repeat(
      count,
    );
  const ranOut = (limit: number): string => `poll([{fd=9, events=POLLIN|POLLOUT}], 1, ${limit}) = 0 (Timeout)\n`;

  it('until the program gives up are told from the third one on', async () => {
    none(await analyzed(tries(2, ranOut(5000))), KIND);
    const { severity, title, summary, metrics, evidence } = only(await analyzed(tries(3, ranOut(5000))), KIND);
    assert.equal(severity, 'warning');
    assert.equal(title, 'connect to 10.0.0.7:6379 failed 3 of 3 times: no answer');
    assert.match(summary, /^connect to 10\.0\.0\.7:6379 failed 3 of 3 times without an answer: the program gave up\./);
    assert.equal((metrics.storms as { errno: string }[])[0]?.errno, 'no answer');
    assert.match(evidence[0]?.text ?? '', /^poll.*Timeout/);
  });

  it('are none where the service was connected to, and then sent nothing for seconds', async () => {
    const connected =
      'poll([{fd=9, events=POLLOUT}], 1, 500) = 1 ([{fd=9, revents=POLLOUT}])\n' +
      'getsockopt(9, SOL_SOCKET, SO_ERROR, [0], [4]) = 0\nsendto(9, "PING\\r\\n", 6, 0, NULL, 0) = 6\n';
    none(await analyzed(tries(7, `${connected}poll([{fd=9, events=POLLIN}], 1, 5000) = 0 (Timeout)\n`)), KIND);
  });

  it('are none where an answer came after all, or where the program waited for less than a second', async () => {
    none(
      await analyzed(
        tries(7, `${ranOut(5000)}poll([{fd=9, events=POLLOUT}], 1, 500) = 1 ([{fd=9, revents=POLLOUT}])\n`),
      ),
      KIND,
    );
    none(await analyzed(tries(7, ranOut(499) + ranOut(499))), KIND);
    only(await analyzed(tries(7, ranOut(500) + ranOut(500))), KIND);
    none(await analyzed(tries(7, ranOut(0).repeat(13))), KIND);
  });
});
