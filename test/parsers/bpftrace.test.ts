import assert from 'node:assert/strict';
import test from 'node:test';
import { bpftraceFormat } from '../../parsers/bpftrace/format.ts';
import { asJson, bytes, type Printed, printed, START } from '../support/printed-lines.ts';
import { type ReadTrace, readTrace, unaccounted } from './read-trace.ts';

function read(text: string): ReadTrace {
  const result = readTrace(text, { format: bpftraceFormat });
  assert.equal(unaccounted(result.account), 0, text);
  return result;
}

/** The only call of these lines. */
function only(line: Partial<Printed> & { readonly call: string }) {
  const { calls, account } = read(`${START}\n${printed({ tid: 7, at: 0, ...line })}\n`);
  assert.equal(account.calls, 1);
  const [call] = calls;
  assert.ok(call !== undefined);
  return call;
}

test('a call has its times, its process and its place', () => {
  const { calls, records, account, flags, origin } = read(
    `Attaching 8 probes...\n${START}\n${printed({ tid: 11, pid: 7, call: 'read', at: 17, took: 5, ret: 3, args: [5, 0, 64], data: 'abc' })}\n`,
  );
  const [call] = calls;
  assert.deepEqual(
    [call?.name, call?.tid, call?.start, call?.end, call?.duration, call?.result, call?.fd, call?.line],
    ['read', 11, 0, 5_000, 5_000, 3, 5, 3],
  );
  assert.deepEqual([origin.kind, origin.seconds, origin.nanoseconds], ['epoch', 1_795_140_800, 17_000]);
  assert.deepEqual(
    records.map(({ kind }) => kind),
    ['membership', 'call'],
  );
  assert.deepEqual([flags.timestamps, flags.durations, flags.pids, flags.others], ['epoch', true, true, ['calls.bt']]);
  assert.deepEqual([account.notices, account.calls], [2, 1]);
  assert.equal(call?.text, '11 1795140800.000017 read(5, "abc", 64) = 3 <0.000005>');
});

test('errors have names, and calls that begin again have none but theirs', () => {
  const failed = only({ call: 'accept4', ret: -11, args: [5, 1, 1, 0o2000000] });
  assert.deepEqual(
    [failed.result, failed.error, failed.args, failed.returned],
    [-1, 'EAGAIN', '5, 0x0, [0], SOCK_CLOEXEC', '-1 EAGAIN'],
  );
  const again = only({ call: 'nanosleep', ret: -516 });
  assert.deepEqual([again.result, again.error], [null, 'ERESTART_RESTARTBLOCK']);
  assert.equal(only({ call: 'mmap', ret: 140_000_000_000_000 }).error, '');
});

/** What the trackers read: arguments in strace's words. */
const WORDS: readonly (readonly [
  line: Partial<Printed> & { readonly call: string },
  args: string,
  returned?: string,
])[] = [
  [
    {
      call: 'accept4',
      ret: 12,
      args: [5, 1, 1, 0o2004000],
      data: '\\x02\\x00\\xe6>\\x7f\\x00\\x00\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00',
    },
    '5, {sa_family=AF_INET, sin_port=htons(58942), sin_addr=inet_addr("127.0.0.1")}, [16], SOCK_NONBLOCK|SOCK_CLOEXEC',
  ],
  [
    {
      call: 'connect',
      ret: -115,
      args: [9, 1, 28],
      data: `\\x0a\\x00\\x01\\xbb${bytes([0, 4])} \\x01\\x0d\\xb8${bytes([0, 11], [7, 1], [0, 4])}`,
    },
    '9, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::7", &sin6_addr), sin6_scope_id=0}, 28',
  ],
  [
    { call: 'connect', args: [9, 1, 15], data: '\\x01\\x00/run/x.sock\\x00\\x00\\x00' },
    '9, {sa_family=AF_UNIX, sun_path="/run/x.sock"}, 15',
  ],
  [
    { call: 'epoll_wait', ret: 1, args: [7, 1, 64, 1000], data: bytes([0x2011, 4], [5, 4], [1, 4]) },
    '7, [{events=EPOLLIN|EPOLLRDHUP|EPOLLHUP, data={u32=5, u64=4294967301}}], 64, 1000',
  ],
  [{ call: 'epoll_wait', ret: 0, args: [7, 1, 64, -1] }, '7, [], 64, -1'],
  [
    { call: 'epoll_ctl', args: [7, 1, 5, 1], data: bytes([1 + 2 ** 28, 4], [5, 4], [0, 4]) },
    '7, EPOLL_CTL_ADD, 5, {events=EPOLLIN|EPOLLEXCLUSIVE, data={u32=5, u64=5}}',
  ],
  [
    { call: 'poll', ret: 1, args: [1, 2, -1], data: bytes([5, 4], [1, 2], [1, 2], [6, 4], [4, 2], [0, 2]) },
    '[{fd=5, events=POLLIN}, {fd=6, events=POLLOUT}], 2, -1',
    '1 ([{fd=5, revents=POLLIN}])',
  ],
  [
    { call: 'select', ret: 1, args: [0b1010_0000, 1, 0, 0], data: bytes([0b1000_0000, 8]) },
    '64, [5 7], NULL, NULL',
    '1 (in [7])',
  ],
  [
    { call: 'recvfrom', ret: 90, args: [12, 1, 8192, 0], data: 'GET /a?b="c" HTTP/1.1\\x0d\\x0aHost: \\xff' },
    '12, "GET /a?b=\\"c\\" HTTP/1.1\\r\\nHost: \\xff"..., 8192, 0x0',
  ],
  [{ call: 'writev', ret: 2, args: [12, 1, 1], data: 'ok' }, '12, [{iov_base="ok", iov_len=2}], 1'],
  [
    { call: 'sendmsg', ret: -32, args: [12, 1, 0x4000], data: 'HTTP' },
    '12, {msg_iov=[{iov_base="HTTP"..., iov_len=16384}], msg_iovlen=1}, 0x4000',
  ],
  [{ call: 'socket', ret: 9, args: [2, 0o2004001, 0] }, 'AF_INET, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0'],
  [{ call: 'setsockopt', args: [9, 1, 15, 1], data: bytes([1, 4]) }, '9, SOL_SOCKET, SO_REUSEPORT, [1], 4'],
  [{ call: 'ioctl', args: [9, 0x5421, 1], data: bytes([1, 4]) }, '9, FIONBIO, [1]'],
  [{ call: 'fcntl', args: [9, 4, 0o4002] }, '9, F_SETFL, O_RDWR|O_NONBLOCK'],
  [{ call: 'futex', ret: -110, args: [0x7f00, 0x189, 0] }, '0x7f00, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0'],
  [
    { call: 'clone', ret: 71, args: [0x10f00, 0x7f] },
    'child_stack=0x7f, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD',
  ],
  [{ call: 'clone3', ret: 71, args: [0x7f], data: bytes([0x1200000, 8]) }, '{flags=CLONE_CHILD_SETTID}'],
  [
    { call: 'openat', ret: 3, args: [-100, 1, 0o2000000], data: '/srv/a.py\\x00\\x01rest of memory' },
    'AT_FDCWD, "/srv/a.py", O_RDONLY|O_CLOEXEC',
  ],
  [{ call: 'kill', args: [71, 6] }, '71, SIGABRT'],
  [{ call: 'pipe2', args: [1, 0], data: bytes([5, 4], [6, 4]) }, '[5, 6]'],
  [{ call: 'shutdown', args: [5, 1] }, '5, SHUT_WR'],
  [{ call: 'close', args: [5] }, '5'],
];
for (const [line, args, returned] of WORDS) {
  test(`${line.call}(${args}) is read from raw numbers and bytes`, () => {
    const call = only(line);
    assert.equal(call.args, args);
    if (returned !== undefined) assert.equal(call.returned, returned);
  });
}

test('lines of others need a time, a thread, a call and a result, in any order', () => {
  const { calls, account, flags, origin } = read(
    [
      'comm="web worker" pid=7 call=accept4 ret=-11 fd=5 ts_us=1000',
      'lat_us=23.5 tid=8 pid=7 syscall=sys_enter_recvfrom ret=41 fd=12 nsecs=1000500 peer=10.0.0.7:443 data=GET /a HTTP/1.1',
      'ts=1001000 pid=7 call=close error=EBADF ret=-9',
      'pid=7 call=accept4 ret=3',
      'ts=5 pid=7 call=no_such_call ret=3',
      'ts=6 pid=7 a line that begins well',
    ].join('\n'),
  );
  assert.deepEqual(
    calls.map(({ name, tid, start, duration, error, args }) => [name, tid, start, duration, error, args]),
    [
      ['accept4', 7, 0, -1, 'EAGAIN', '5'],
      // It was entered after the return before it, at the earliest.
      ['close', 7, 0, -1, 'EBADF', ''],
      [
        'recvfrom',
        8,
        500,
        23_500,
        '',
        '12, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("10.0.0.7")}, "GET /a HTTP/1.1"',
      ],
    ],
  );
  assert.deepEqual([account.calls, account.foreign, account.unparsed], [3, 2, 1]);
  assert.deepEqual([flags.timestamps, origin.kind], ['monotonic', 'monotonic']);
  assert.equal(calls[0]?.comm, 'web worker');
});

test('lines of several processors are put in order by the end of their calls', () => {
  const lines = [
    printed({ tid: 7, call: 'close', at: 300, args: [3] }),
    printed({ tid: 7, call: 'close', at: 500, args: [4] }),
    printed({ tid: 8, call: 'close', at: 100, args: [1] }),
    printed({ tid: 8, call: 'epoll_wait', at: 150, took: 300, args: [2] }),
    printed({ tid: 8, call: 'close', at: 600, args: [5] }),
  ];
  assert.deepEqual(
    read(lines.join('\n')).calls.map(({ fd }) => fd),
    [1, 3, 2, 4, 5],
  );
});

test('what comes more than a second late is passed on late, and counted', () => {
  const lines = [1_000_000, 1_000_001, 5_000_000, 3].map((at, i) =>
    printed({ tid: 7 + i, call: 'close', at, args: [i] }),
  );
  const { calls, codes } = read(lines.join('\n'));
  assert.deepEqual([calls.map(({ fd }) => fd), codes['late-line']], [[0, 1, 3, 2], 1]);
});

test('calls that had not returned are in the map that ends the capture', () => {
  const text = `${START}\n${printed({ tid: 7, pid: 6, call: 'close', at: 0, args: [3] })}\n\n\n@in[7]: (1000017000, 232, 5, 140736772756576, 64, 1000)\n@in[8]: (0, 9999, 0, 0, 0, 0)\n`;
  for (const trace of [
    text,
    `${asJson(text.split('\n').slice(0, 2))}\n\n{"type": "map", "data": {"@in": {"7": [1000017000,232,5,140736772756576,64,1000]}}}\n`,
  ]) {
    const { inFlight, account } = read(trace);
    assert.deepEqual(
      inFlight.map(({ name, tid, start, fd, args, inFlight: open }) => [name, tid, start, fd, args, open]),
      [['epoll_wait', 7, 17_000, 5, '5, [], 64, 1000', true]],
    );
    assert.equal(account.unparsed, 0);
  }
});

test('descriptors that were open before have a label until their number is used again', () => {
  const { calls } = read(
    [
      'event=fd pid=7 fd=5 is=socket:[4711]',
      printed({ tid: 7, call: 'clone', at: 0, ret: 8, args: [0x1200000] }),
      printed({ tid: 8, call: 'accept4', at: 10, ret: -11, args: [5] }),
      printed({ tid: 7, call: 'close', at: 20, args: [5] }),
      printed({ tid: 7, call: 'read', at: 30, args: [5] }),
      printed({ tid: 8, call: 'read', at: 40, args: [5] }),
    ].join('\n'),
  );
  assert.deepEqual(
    calls.map(({ args }) => args.split(',')[0]),
    ['child_stack=0x0', '5<socket:[4711]>', '5', '5', '5<socket:[4711]>'],
  );
});

test('a signal is told when it is delivered, or when it is ignored', () => {
  const { others, account } = read(
    [
      'event=signal ts=1000 pid=7 tid=9 to=9 sig=13 code=0 result=1',
      'ts=900 dur=500 pid=7 tid=9 nr=44 ret=-32 a=c,1,5,0 data=',
      'event=signal ts=2000 pid=6 tid=6 to=7 sig=15 code=0 result=0',
      'event=deliver ts=3000 pid=7 tid=7 sig=17 code=0 handler=0',
      'event=deliver ts=4000 pid=7 tid=7 sig=15 code=0 handler=0',
      'event=exit ts=5000 pid=7 tid=7 nr=231 a=0',
      'event=exit ts=6000 pid=6 tid=6 nr=231 a=7',
      'event=exit ts=7000 pid=5 tid=5 nr=0 a=0',
    ].join('\n'),
  );
  assert.deepEqual(
    others.filter(({ kind }) => kind === 'signal').map(({ tid, signal }) => [tid, signal]),
    [
      [9, 'SIGPIPE'],
      [7, 'SIGCHLD'],
      [7, 'SIGTERM'],
    ],
  );
  assert.deepEqual(
    others.filter(({ kind }) => kind === 'exit').map(({ tid, signal, status }) => [tid, signal, status]),
    [
      [7, 'SIGTERM', null],
      [6, '', 7],
      [5, '', null],
    ],
  );
  assert.deepEqual([account.signals, account.exits], [4, 3]);
});

test('lost events are summed up, however they are told', () => {
  const text = [
    printed({ tid: 7, call: 'close', at: 0 }),
    'Lost 208 events',
    'x=1Lost 3 events',
    '{"type": "lost_events", "data": {"events": 47}}',
    '{"type": "lost_events", "count": 5}',
    'WARNING: Total lost event count: 270',
    printed({ tid: 7, call: 'close', at: 1 }),
  ].join('\n');
  const { codes, others, account } = read(text);
  assert.equal(codes['lost-events'], 270);
  assert.deepEqual(
    others.filter(({ kind }) => kind === 'lost').map(({ count }) => count),
    [208, 3, 47, 5, 7],
  );
  assert.deepEqual([account.notices, account.unparsed], [4, 0]);
});

test('losses that are told behind the capture belong to their time, or to any', () => {
  const text = [
    printed({ tid: 7, call: 'close', at: 0 }),
    printed({ tid: 7, call: 'close', at: 5_000_000_000 }),
    `event=lost ts=${1_000_000_000_000 + 2_000_000_000} count=41`,
    'event=lost count=43',
    'event=lost count=none',
  ].join('\n');
  const { codes, others, account } = read(text);
  assert.deepEqual([codes['lost-events'], codes['late-line'], account.unparsed], [84, undefined, 0]);
  const losses = others.filter((record) => record.kind === 'lost');
  assert.deepEqual(
    losses.map(({ count, time }) => [count, time === -1]),
    [
      [41, false],
      [43, true],
    ],
  );
});

test('messages, blank lines and errors between records are accounted for', () => {
  const { account, codes } = read(
    [
      'ERROR: Unknown error -1: couldn\'t set RLIMIT_MEMLOCK for bpftrace. If your program is not loading, you can try "ulimit -l 8192" to fix the problem',
      '{"type": "attached_probes", "data": {"probes": 2}}',
      '',
      'stdin:1:324-340: ERROR: Undefined or undeclared variable: $x',
      'WARNING: could not attach probe kprobe:nothing, skipping.',
      '{"type": "map", "data": {"@tm": 15:56:34}}',
      '{"type": "time", "data": "15:56:34\\n"}',
      '^C',
    ].join('\n'),
  );
  assert.deepEqual([account.notices, account.blank, account.unparsed, account.foreign], [5, 1, 1, 1]);
  assert.equal(codes['tracer-message'], 2);
});

test('a printf without a newline goes on in the next record', () => {
  const line = printed({ tid: 7, call: 'write', at: 0, ret: 2, args: [1, 0, 2], data: 'ok' });
  const { calls, account } = read(
    `${JSON.stringify({ type: 'printf', data: line.slice(0, 20) })}\n${JSON.stringify({ type: 'printf', data: `${line.slice(20)}\n` })}\n`,
  );
  assert.deepEqual([calls[0]?.args, account.continued, account.calls], ['1, "ok", 2', 1, 1]);
});

test('bytes of 0x80 and more are mended where bpftrace breaks them', () => {
  const { calls } = read('{"type": "printf", "data": "ts=1 pid=7 call=write ret=1 data=\\uffffffc3\\uffffffa9\\n"}\n');
  assert.equal(calls[0]?.args, '"\\xc3\\xa9"');
});

test('maps that count calls are counts, and all other maps are accounted for', () => {
  const { others, account } = read(
    [
      '@[accept4]: 23',
      '@calls[gunicorn, accept4, -11]: 17',
      '@[tracepoint:syscalls:sys_enter_read]: 41',
      '@syscall[232]: 7',
      '@bytes[read]: 4096',
      '@[gunicorn]: 5',
      '@io[elasticsearch[e, 5785, ...]: 1',
      '@: 3',
      '@st: count 2, average 10, total 20',
      '@h: ',
      '[4, 8)                 1 |@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@|',
      '[512, 1K)              0 |                                                    |',
      '@[',
      '    schedule+46',
      '    futex_wait_queue+96',
      ', gunicorn]: 12',
      '@[accept4]: 29',
    ].join('\n'),
  );
  assert.deepEqual(
    others.map(({ call, count, errors }) => [call, count, errors]),
    [
      ['accept4', 29, []],
      ['accept4', 17, [['EAGAIN', 17]]],
      ['read', 41, []],
      ['epoll_wait', 7, []],
    ],
  );
  assert.deepEqual([account.counts, account.lines], [17, 17]);
});

test('a map that is cleared between its prints counts each time', () => {
  const { others } = read('@[accept4]: 23\n@[accept4]: 17\n@[accept4]: 19\n');
  assert.deepEqual(
    others.map(({ count }) => count),
    [59],
  );
});

test('what the scheduler did stands in front of its call, and connections have states', () => {
  const call = printed({ tid: 7, call: 'epoll_wait', at: 10, took: 900, ret: 0, args: [5, 1, 64, 1000] });
  const { records, account } = read(
    [
      START.replace('calls', 'exact'),
      call.replace(' data=', ' sched=11,13,850000,17,3 data='),
      call.replace(' data=', ' sched=11,13 data=').replace(' tid=7', ' tid=8'),
      'event=tcp ts=1000000100 old=3 new=1 port=21300 peer=[::ffff:127.0.0.1]:33310',
      'event=tcp ts=1000000200 old=1 new=8 port=21300 peer=[2001:db8::7]:33310',
      'event=reset ts=1000000300 port=21300 peer=[::ffff:10.0.0.7]:443',
      'event=tcp ts=1000000300 old=7 new=2 port=21300 peer=[::ffff:10.0.0.7]:443',
      '',
    ].join('\n'),
  );
  assert.deepEqual(
    records.map(({ kind }) => kind),
    ['socket-state', 'socket-state', 'socket-state', 'scheduling', 'call', 'membership', 'call'],
  );
  assert.deepEqual(
    records.slice(0, 3).map((record) => 'peer' in record && [record.state, record.peer]),
    [
      ['established', '127.0.0.1:33310'],
      ['closed', '[2001:db8::7]:33310'],
      ['reset', '10.0.0.7:443'],
    ],
  );
  const [, , , scheduling] = records;
  assert.ok(scheduling !== undefined && 'wakeUps' in scheduling);
  assert.deepEqual([scheduling.queuedBefore, scheduling.blocked, scheduling.wakeUps], [13, 850_000, 3]);
  assert.deepEqual([account.notices, account.unparsed], [4, 1]);
});

test('the seconds of watch.bt are summed up', () => {
  const { others, account } = read(
    [
      START.replace('calls', 'watch'),
      'event=tick ts=2000000000',
      '@accepts[101]: 5',
      '@accepts[103]: 2',
      '@eagain[103]: 11',
      '@wakes[103]: 13',
      '@longest[103]: 472625',
      'event=turn ts=2500000000 pid=103 tid=103 dur=400000000',
      'event=fail ts=2600000000 pid=103 tid=103 nr=44 fd=12 ret=-32',
      'event=tick ts=3000000000',
      '@accepts[101]: 3',
      '@epipe[103]: 1',
      '',
    ].join('\n'),
  );
  assert.deepEqual(
    others
      .filter(({ kind }) => kind === 'watched')
      .map(({ tid, time, accepted, empty, wakeUps }) => [tid, time, accepted, empty, wakeUps]),
    [
      [101, 0, 5, 0, 0],
      [103, 0, 2, 11, 13],
      [101, 1_000_000_000, 3, 0, 0],
    ],
  );
  assert.deepEqual(
    others.filter(({ kind }) => kind === 'count').map(({ call, count, errors }) => [call, count, errors]),
    [
      ['accept4', 10, []],
      ['accept4', 11, [['EAGAIN', 11]]],
    ],
  );
  // A failed write has a line of its own, which is counted once; a turn is told when it ends.
  assert.deepEqual(
    others.filter(({ kind }) => kind === 'noted').map(({ tid, time, call, line }) => [tid, time, call, line]),
    [
      [103, 600_000_000, 'sendto', 9],
      [103, 500_000_000, '', 8],
    ],
  );
  assert.deepEqual([account.notices, account.counts, account.unparsed], [5, 7, 0]);
});

test('who sent a signal is told where it is delivered, and that it was the kernel', () => {
  const { others } = read(
    [
      'event=signal ts=1000 pid=31 tid=33 to=7 sig=9 code=0 result=0',
      'event=deliver ts=2000 pid=7 tid=7 sig=9 code=0 handler=0',
      'event=signal ts=2500 pid=9 tid=9 to=10 sig=6 code=-6 result=0',
      'event=deliver ts=3000 pid=9 tid=10 sig=6 code=-6 handler=0',
      'event=signal ts=3500 pid=11 tid=11 to=11 sig=11 code=1 result=0',
      'event=deliver ts=4000 pid=11 tid=11 sig=11 code=1 handler=0',
      'event=signal ts=4500 pid=13 tid=13 to=17 sig=9 code=128 result=0',
      'event=deliver ts=5000 pid=17 tid=17 sig=9 code=128 handler=0',
      'event=deliver ts=6000 pid=19 tid=19 sig=15 code=0 handler=0',
    ].join('\n'),
  );
  const infos = others.flatMap((record) => (record.kind === 'signal' ? [record.info] : []));
  assert.deepEqual(infos, [
    'si_signo=SIGKILL, si_code=SI_USER, si_pid=31',
    'si_signo=SIGABRT, si_code=SI_TKILL, si_pid=9',
    'si_signo=SIGSEGV, si_code=1',
    'si_signo=SIGKILL, si_code=SI_KERNEL',
    'si_signo=SIGTERM, si_code=SI_USER',
  ]);
});

test('what bpftrace lost is not told by lines of others where nothing says that it was attached (0.24)', () => {
  const calls = ['ts=1001000 dur=500 pid=7 call=close fd=9 ret=0', 'ts=1002000 dur=500 pid=7 call=close fd=9 ret=0'];
  const isUntold = (...lines: string[]) => 'losses-untold' in read(`${lines.join('\n')}\n`).codes;
  assert.equal(isUntold(...calls), true);
  for (const told of ['Attaching 2 probes...', 'Attached 2 probes', 'Lost 3 events', START])
    assert.equal(isUntold(told, ...calls), false, told);
  assert.equal(isUntold('{"type": "attached_probes", "data": {"probes": 2}}', ...calls), false);
});
