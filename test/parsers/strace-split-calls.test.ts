import assert from 'node:assert/strict';
import test from 'node:test';
import { readTrace } from './read-trace.ts';

test('two halves make one call, with the times and lines of both', () => {
  const { calls, account } = readTrace(
    '11 1795189522.000000 close(9) = 0 <0.000001>\n' +
      '11 1795189522.000100 accept4(3<TCP:[127.0.0.1:80]>,  <unfinished ...>\n' +
      '12 1795189522.000200 getpid() = 12 <0.000001>\n' +
      '11 1795189522.000400 <... accept4 resumed>0x7ffd, [16], SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable) <0.000290>\n',
  );
  const [, , call] = calls;
  assert.deepEqual(
    [
      call?.name,
      call?.fd,
      call?.args,
      call?.error,
      call?.start,
      call?.end,
      call?.duration,
      call?.startLine,
      call?.line,
      call?.previousLine,
      call?.partial,
    ],
    [
      'accept4',
      3,
      '3<TCP:[127.0.0.1:80]>, 0x7ffd, [16], SOCK_CLOEXEC',
      'EAGAIN',
      100_000,
      400_000,
      290_000,
      2,
      4,
      1,
      false,
    ],
  );
  assert.match(call?.startText ?? '', /<unfinished \.\.\.>$/);
  assert.match(call?.text ?? '', /resumed>/);
  assert.deepEqual([account.calls, account.unfinished, account.resumed], [2, 1, 1]);
});

const STYLES: readonly (readonly [string, string, string])[] = [
  ['up to 4.26', 'wait4(-1,  <unfinished ...>', '<... wait4 resumed> [{WIFSTOPPED(s)}], 0, NULL) = 5'],
  ['5.0 to 6.15', 'wait4(-1,  <unfinished ...>', '<... wait4 resumed>[{WIFSTOPPED(s)}], 0, NULL) = 5'],
  ['since 6.16', 'wait4(-1 <unfinished ...>', '<... wait4 resumed>, [{WIFSTOPPED(s)}], 0, NULL) = 5'],
  [
    'edited, with a comma on both sides',
    'wait4(-1,  <unfinished ...>',
    '<... wait4 resumed>, [{WIFSTOPPED(s)}], 0, NULL) = 5',
  ],
];
for (const [version, first, second] of STYLES) {
  test(`the halves of strace ${version} join with one comma`, () => {
    assert.equal(
      readTrace(`7 ${first}\n8 close(1) = 0\n7 ${second}\n`).calls[1]?.args,
      '-1, [{WIFSTOPPED(s)}], 0, NULL',
    );
  });
}

const ENDS: readonly (readonly [string, string, string])[] = [
  ['pause( <unfinished ...>', '<... pause resumed> ) = ?', ''],
  ['pause( <unfinished ...>', '<... pause resumed>) = ?', ''],
  ['nanosleep({tv_sec=1}, NULL <unfinished ...>', '<... nanosleep resumed> <unfinished ...>) = ?', '{tv_sec=1}, NULL'],
  ['wait4(-1,  <unfinished ...>', '<... wait4 resumed> <unfinished ...>) = ?', '-1'],
  [
    'clone3({flags=0, tls=0x1} <unfinished ...>',
    '<... clone3 resumed> => {parent_tid=[8]}, 88) = 8',
    '{flags=0, tls=0x1} => {parent_tid=[8]}, 88',
  ],
  [
    'poll([{fd=5, events=POLLIN}], 1, 1000 <unfinished ...>',
    '<... poll resumed>) = 0 (Timeout)',
    '[{fd=5, events=POLLIN}], 1, 1000',
  ],
];
for (const [first, second, args] of ENDS) {
  test(`"${first}" and "${second}" join to (${args})`, () => {
    assert.equal(readTrace(`7 ${first}\n8 close(1) = 0\n7 ${second}\n`).calls[1]?.args, args);
  });
}

test('without -T the duration of a split call is the time between its halves', () => {
  const [call] = readTrace(
    '7 12:00:00.000100 read(3,  <unfinished ...>\n7 12:00:01.000200 <... read resumed>"", 1) = 0\n',
  ).calls;
  assert.deepEqual([call?.duration, call?.start, call?.end], [1_000_100_000, 0, 1_000_100_000]);
});

test('a second half without its first is accepted as partial, and its start is its end minus its duration', () => {
  const { calls, codes } = readTrace(
    '7 1795189522.500000 <... accept4 resumed>0x7f, [16], 0) = -1 EAGAIN (Resource temporarily unavailable) <0.100000>\n7 1795189522.600000 <... read resumed>"", 1) = 0\n',
  );
  assert.deepEqual(
    calls.map((call) => [call.name, call.partial, call.start, call.end, call.duration, call.error]),
    [
      ['accept4', true, -100_000_000, 0, 100_000_000, 'EAGAIN'],
      ['read', true, 100_000_000, 100_000_000, -1, ''],
    ],
  );
  assert.equal(codes['orphan-resume'], 2);
});

test('a first half whose thread makes another call is lost and counted', () => {
  const { calls, codes, inFlight } = readTrace(
    '7 epoll_wait(8,  <unfinished ...>\n7 accept4(6,  <unfinished ...>\n7 <... accept4 resumed>NULL, NULL, 0) = 10\n',
  );
  assert.deepEqual([calls.map((call) => call.name), codes['lost-half'], inFlight.length], [['accept4'], 1, 0]);
});

test('a second half of another name than the first is trusted, and the first is lost', () => {
  const { calls, codes } = readTrace(
    '7 clock_gettime(CLOCK_THREAD_CPUTIME_ID,  <unfinished ...>\n7 <... accept4 resumed>0x7f, [128], 0) = -1 EAGAIN (Resource temporarily unavailable)\n',
  );
  assert.deepEqual(
    [calls.map((call) => [call.name, call.error, call.partial]), codes['name-mismatch'], codes['lost-half']],
    [[['accept4', 'EAGAIN', true]], 1, 1],
  );
});

test('calls that never return are in flight, in the order of their lines', () => {
  const trace = Array.from(
    { length: 41 },
    (_, i) => `${100 + i} 1795189522.${String(i).padStart(6, '0')} read(${i},  <unfinished ...>\n`,
  ).join('');
  const { inFlight, calls } = readTrace(`${trace}99 1795189525.000000 close(1) = 0\n`);
  assert.equal(calls.length, 1);
  assert.deepEqual(
    inFlight.map((call) => call.fd),
    Array.from({ length: 41 }, (_, i) => i),
  );
  assert.deepEqual(
    [inFlight[7]].map((call) => [
      call?.inFlight,
      call?.start,
      call?.end,
      call?.duration,
      call?.args,
      call?.line,
      call?.text,
      call?.result,
    ]),
    [[true, 7_000, 3_000_000_000, 2_999_993_000, '7', 8, '107 1795189522.000007 read(7,  <unfinished ...>', null]],
  );
});

test('a call that the tracer detached from is told at once as in flight', () => {
  const { calls, inFlight } = readTrace(
    '7 1795189522.000000 read(3,  <unfinished ...>\n8 1795189523.000000 epoll_wait(4<anon_inode:[eventpoll]>,  <detached ...>\n',
  );
  assert.deepEqual(
    calls.map((call) => [call.name, call.inFlight, call.result, call.args]),
    [['epoll_wait', true, null, '4<anon_inode:[eventpoll]>']],
  );
  assert.deepEqual(
    inFlight.map((call) => call.name),
    ['read'],
  );
});

test('an interrupted call and its restart are told as they stand', () => {
  const { calls } = readTrace(
    'restart_syscall(<... resuming interrupted read ...>) = 0 <3.694273>\nrestart_syscall(<... resuming interrupted poll ...> <unfinished ...>\n<... restart_syscall resumed>) = 1\nrestart_syscall(<... resuming interrupted restart_syscall ...>\n',
  );
  assert.deepEqual(
    calls.map((call) => [call.name, call.args, call.result]),
    [
      ['restart_syscall', '<... resuming interrupted read ...>', 0],
      ['restart_syscall', '<... resuming interrupted poll ...>', 1],
    ],
  );
});

test("a killed thread's open call ends with it, without a result", () => {
  const { records } = readTrace(
    '7 1795189522.000000 futex(0x1, FUTEX_WAIT, 2, NULL <unfinished ...>\n7 1795189523.000000 +++ killed by SIGKILL +++\n',
  );
  assert.deepEqual(
    records.map((record) =>
      record.kind === 'call'
        ? [record.name, record.args, record.result, record.duration, record.inFlight, record.startLine, record.text]
        : [record.kind, record.signal],
    ),
    [
      [
        'futex',
        '0x1, FUTEX_WAIT, 2, NULL',
        null,
        1_000_000_000,
        false,
        1,
        '7 1795189523.000000 +++ killed by SIGKILL +++',
      ],
      ['exit', 'SIGKILL'],
    ],
  );
});

test('with -z, second halves without mark and columns belong to the line before', () => {
  const { calls, account } = readTrace(
    '7 1795189522.272584 accept4(3,  <unfinished ...>\n0x7ffc, [16], SOCK_CLOEXEC)     = -1 EAGAIN (Resource temporarily unavailable) <0.000040>\n7 1795189522.273839 close(3) = -1 EBADF (Bad file descriptor) <0.000001>\n',
  );
  assert.deepEqual(
    calls.map((call) => [call.name, call.args, call.error, call.duration]),
    [
      ['accept4', '3, 0x7ffc, [16], SOCK_CLOEXEC', 'EAGAIN', 40_000],
      ['close', '3', 'EBADF', 1_000],
    ],
  );
  assert.deepEqual([account.calls, account.unfinished, account.continued], [2, 0, 1]);
});
