import assert from 'node:assert/strict';
import test from 'node:test';
import { type PlainCall, readTrace } from './read-trace.ts';

/** Reads one line and gives its call. */
function only(line: string): PlainCall {
  const { calls, account } = readTrace(`${line}\n`);
  assert.equal(calls.length, 1, JSON.stringify(account));
  return calls[0] as PlainCall;
}

test('a whole call tells its thread, time, duration, descriptor, arguments and result', () => {
  const call = only(
    '4711  1795189522.584423 accept4(3<TCP:[127.0.0.1:8000]>, {sa_family=AF_INET, sin_port=htons(5)}, [16], SOCK_CLOEXEC) = 7<TCP:[127.0.0.1:8000->127.0.0.1:5]> <0.000127>',
  );
  assert.deepEqual(
    {
      tid: call.tid,
      name: call.name,
      fd: call.fd,
      args: call.args,
      returned: call.returned,
      result: call.result,
      error: call.error,
      start: call.start,
      end: call.end,
      duration: call.duration,
    },
    {
      tid: 4711,
      name: 'accept4',
      fd: 3,
      args: '3<TCP:[127.0.0.1:8000]>, {sa_family=AF_INET, sin_port=htons(5)}, [16], SOCK_CLOEXEC',
      returned: '7<TCP:[127.0.0.1:8000->127.0.0.1:5]>',
      result: 7,
      error: '',
      start: 0,
      end: 127_000,
      duration: 127_000,
    },
  );
});

const RESULTS: readonly (readonly [string, number | null, string])[] = [
  ['0', 0, ''],
  ['27', 27, ''],
  ['-1 EAGAIN (Resource temporarily unavailable)', -1, 'EAGAIN'],
  ['-1 EAGAIN (Die Ressource ist zur Zeit nicht verfügbar)', -1, 'EAGAIN'],
  ['-1 EAGAIN (Zasób (chwilowo) niedostępny)', -1, 'EAGAIN'],
  ['0x7f2d5d4f7000', 0x7f2d5d4f7000, ''],
  ['022', 18, ''],
  ['?', null, ''],
  ['? <unavailable>', null, ''],
  ['0x1 (flags FD_CLOEXEC)', 1, ''],
  ['0 (Timeout)', 0, ''],
  ['1 ([{fd=5, revents=POLLIN}])', 1, ''],
  ['1 ([{fd=5<TCP:[127.0.0.1:80]>, revents=POLLIN}], left {tv_sec=0, tv_nsec=9998})', 1, ''],
  ['1 (in [5], left {tv_sec=1, tv_nsec=499998463})', 1, ''],
  ['? ERESTARTSYS (To be restarted if SA_RESTART is set)', null, 'ERESTARTSYS'],
  ['? ERESTART_RESTARTBLOCK (Interrupted by signal)', null, 'ERESTART_RESTARTBLOCK'],
  ['-1 (errno 530)', -1, 'errno 530'],
  ['1870<unshare>', 1870, ''],
  ["1 /* 1862 in strace's PID NS */", 1, ''],
  ['5</dev/null<char 1:3>>', 5, ''],
  ['25</memfd:mf>(deleted)', 25, ''],
  ['24</srv/we ird\\76na\\74me\\n\\"q\\">(deleted)', 24, ''],
  ['3</tmp/a) = -1 EAGAIN (x)>', 3, ''],
  ['3</tmp/a) = 5>', 3, ''],
  ['9<UNIX-STREAM:[67155,"/srv/u) = -1 EPIPE (x)"]>', 9, ''],
  ['4<{eventfd-count=0, eventfd-id=7, eventfd-semaphore=0}>', 4, ''],
  ['8<TCPv6:[[::1]:50707->[::1]:38064]>', 8, ''],
];

for (const duration of ['', ' <0.000041>']) {
  for (const [returned, result, error] of RESULTS) {
    test(`the result "= ${returned}${duration}" is read`, () => {
      const call = only(`readv(3, "x) = 9", 5)${' '.repeat(11)}= ${returned}${duration}`);
      assert.deepEqual(
        [call.result, call.error, call.duration, call.args],
        [result, error, duration === '' ? -1 : 41_000, '3, "x) = 9", 5'],
      );
      assert.equal(Buffer.from(call.returned, 'latin1').toString(), returned);
    });
  }
}

test('results that the tracer made up are marked, delayed ones are not', () => {
  assert.deepEqual(
    [only('accept4(3, NULL, NULL, 0) = -1 EMFILE (Too many open files) (INJECTED) <0.000003>')].map((call) => [
      call.injected,
      call.error,
      call.duration,
    ]),
    [[true, 'EMFILE', 3_000]],
  );
  assert.equal(only('read(3, "", 832) = 832 (INJECTED: args)').injected, true);
  assert.deepEqual(
    [only('getppid() = 7 (INJECTED)')].map((call) => [call.injected, call.result]),
    [[true, 7]],
  );
  assert.equal(only('close(3) = 0 (DELAYED) <0.001027>').injected, false);
});

test('the register that rt_sigreturn restores is no error', () => {
  const call = only('rt_sigreturn({mask=[]}) = -1 EPIPE (Broken pipe)');
  assert.deepEqual([call.result, call.error], [-1, '']);
});

test('odd names are read: x32, unknown numbers, unreadable numbers', () => {
  const names = [
    'readv#64(3, [], 0) = 0',
    '64:readv(3, [], 0) = 0',
    'syscall_0x3e7(0x1) = -1 ENOSYS (x)',
    'syscall_999(0x1) = -1 ENOSYS (x)',
    'SYS_323(0x8) = 0',
    '???(0x1) = ?',
    '_llseek(3, 0, [0], SEEK_CUR) = 0',
    'fcntl64(3, F_GETFD) = 0',
  ];
  assert.deepEqual(
    names.map((line) => only(line).name),
    ['readv', 'readv', 'syscall_0x3e7', 'syscall_999', 'SYS_323', '???', '_llseek', 'fcntl64'],
  );
});

test('the descriptor is the first argument of calls that take one, else -1', () => {
  const lines = [
    'read(5, "", 1) = 0',
    'read(17<pipe:[3]>, "", 1) = 0',
    'accept4(sockfd=11, addr=NULL, addrlen=NULL, flags=0) = 3',
    'openat(AT_FDCWD</srv>, "a", 0) = 3',
    'poll([{fd=5}], 1, 0) = 0',
    'close(-1) = -1 EBADF (x)',
    'getpid() = 4',
  ];
  assert.deepEqual(
    lines.map((line) => only(line).fd),
    [5, 17, 11, -1, -1, -1, -1],
  );
});

test('names of arguments (-N) are left out of the arguments, but not out of structures and strings', () => {
  assert.equal(
    only('accept4(sockfd=3, addr={sa_family=AF_INET, sin_port=htons(1)}, addrlen=[16], flags=SOCK_CLOEXEC) = 5').args,
    '3, {sa_family=AF_INET, sin_port=htons(1)}, [16], SOCK_CLOEXEC',
  );
  assert.equal(only('write(fd=3, buf="a, fd=4", count=7) = 7').args, '3, "a, fd=4", 7');
});

test('arguments may hold comments, operators, old environments and nested brackets', () => {
  const lines = [
    'execve("./a.out", ["./a.out"], [/* 11 vars */]) = 0',
    'getdents64(3, 0xc6b9ef527aa0 /* 11 entries ) = 5 */, 32768) = 360',
    'mmap(NULL, 1<<3, PROT_READ) = 0x7f00',
    'wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 510',
    'select(63, [6], [], [61 62], {15, 0}) = 1 (in [6], left {14, 999994})',
    'rt_sigaction(SIGTERM, {sa_handler=SIG_DFL, sa_mask=~[RTMIN RT_1]}, NULL, 8) = 0',
  ];
  for (const line of lines)
    assert.equal(
      only(line).args,
      line.slice(line.indexOf('(') + 1, line.lastIndexOf(') =')).replace(/\) = 1 \(in.*/, ''),
      line,
    );
});

test('text in strings and paths that looks like a result, a signal or a mark is text', () => {
  const lines = [
    'write(5, "a) = -1 EPIPE (Broken pipe)", 27) = 27',
    'write(5, "\\"a) = -1 EPIPE (Broken pipe)\\"", 29) = 29',
    'write(5, "x <unfinished ...>", 18) = 18',
    'write(5, "--- SIGPIPE {si_signo=SIGPIPE} ---", 34) = 34',
    'openat(AT_FDCWD, "/tmp/x <0.5>", O_RDONLY) = 3</tmp/x <0.5>>',
    'read(3</tmp/a) = -1 EAGAIN (x)>, "", 1) = 0',
  ];
  for (const line of lines) assert.deepEqual([only(line).error, only(line).duration], ['', -1], line);
});

test('what stood before a call in its thread can be shown', () => {
  const { calls } = readTrace('7 close(3) = 0\n8 close(4) = 0\n7 close(5) = 0\n');
  assert.deepEqual(
    calls.map(({ line, previousLine, previousText }) => [line, previousLine, previousText]),
    [
      [1, 0, ''],
      [2, 0, ''],
      [3, 1, '7 close(3) = 0'],
    ],
  );
});

test('raw lines are told up to 1,000 bytes, arguments whole', () => {
  const call = only(`write(3, "${'a'.repeat(5_000)}", 5000) = 5000`);
  assert.deepEqual([call.text.length, call.args.length, call.result], [1_000, 5_000 + '3, "", 5000'.length, 5_000]);
});

test('a raw line with bytes that are no ASCII is told as UTF-8', () => {
  assert.match(only('read(3, "", 1) = -1 EAGAIN (Ресурс временно недоступен)').text, /Ресурс временно/);
});

test('descriptor decoration is noticed: none, paths or inodes, addresses', () => {
  assert.deepEqual(
    [
      'close(3) = 0',
      'close(3</srv/x>) = 0',
      'close(3<socket:[5]>) = 0',
      'close(3<socket:[5]>) = 0\nread(4<TCP:[127.0.0.1:1]>, "", 1) = 0',
      'read(9<UNIX-STREAM:[67155,"/u"]>, "", 1) = 0',
    ].map((trace) => readTrace(`${trace}\n`).flags.fdDecoration),
    ['none', 'path', 'path', 'address', 'address'],
  );
});

test('a line whose result is cut or no number is no call', () => {
  for (const end of ['= -', '= ', '=', '= abc', '= 0x', '= 5abc', '5']) {
    const { calls, account } = readTrace(`close(3) = 0\nclose(4) ${end}\nclose(5) = 0\n`);
    assert.deepEqual([calls.map((call) => call.fd), account.lines], [[3, 5], 3], end);
  }
});
