import assert from 'node:assert/strict';
import test from 'node:test';
import { type PlainCall, readTrace, unaccounted } from './read-trace.ts';

function facts({ name, result, error, args }: PlainCall): unknown[] {
  return [name, result, error, args];
}

test('a call that a message cuts in two is one call, and the message is told', () => {
  const { calls, others, account } = readTrace(
    'execve("/a", ["a"], 0x7f /* 3 vars */) = 0\nclone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLDstrace: Process 25141 attached\n, child_tidptr=0x7f22) = 25141\n[pid 25140] close(3) = 0\n',
  );
  assert.deepEqual(calls.map(facts)[1], [
    'clone',
    25141,
    '',
    'child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x7f22',
  ]);
  assert.deepEqual([calls[1]?.startLine, calls[1]?.line, others.map((record) => record.tid)], [2, 3, [25141]]);
  assert.deepEqual([account.calls, account.continued, account.notices, unaccounted(account)], [3, 1, 0, 0]);
});

test('the same with the first argument on the second line (4.5 to 4.10)', () => {
  const { calls } = readTrace(
    'close(1) = 0\nclone(Process 802 attached\nchild_stack=0, flags=SIGCHLD, child_tidptr=0x7f77) = 802\n',
  );
  assert.deepEqual(facts(calls[1] as PlainCall), [
    'clone',
    802,
    '',
    'child_stack=0, flags=SIGCHLD, child_tidptr=0x7f77',
  ]);
});

test('a call that a message cuts before it is unfinished is a first half', () => {
  const { calls, account, flags } = readTrace(
    '[pid 25140] 12:00:00.000001 wait4(25143, strace: Process 25143 attached\n <unfinished ...>\n[pid 25143] 12:00:00.000002 close(3) = 0\n[pid 25140] 12:00:00.000005 <... wait4 resumed>NULL, 0, NULL) = 25143\n',
  );
  assert.deepEqual(
    calls.map((call) => [...facts(call), call.start, call.end]),
    [
      ['close', 0, '', '3', 1_000, 1_000],
      ['wait4', 25143, '', '25143, NULL, 0, NULL', 0, 4_000],
    ],
  );
  assert.deepEqual([account.unfinished, account.continued, flags.split], [1, 1, true]);
});

test('detaching while a call waits tells that call as in flight', () => {
  const { calls, inFlight, others } = readTrace(
    '[pid 25397] pause( <unfinished ...>\n[pid 25398] poll([{fd=3, events=POLLIN}], 1, 1000strace: Process 25397 detached\nstrace: Process 25398 detached\n <detached ...>\n',
  );
  assert.deepEqual(
    calls.map((call) => [call.tid, call.name, call.inFlight, call.args]),
    [[25398, 'poll', true, '[{fd=3, events=POLLIN}], 1, 1000']],
  );
  assert.deepEqual(
    [inFlight.map((call) => call.tid), others.map((record) => record.notice)],
    [[25397], ['detached', 'detached']],
  );
});

test('several sessions in one paste tell each stuck call, with the process that each was attached to', () => {
  const { calls, inFlight, account } = readTrace(
    '# strace -p 12431\nProcess 12431 attached\nwait4(12462, ^CProcess 12431 detached\n <detached ...>\n# strace -p 12462\nProcess 12462 attached\nread(7, \n# strace -p 12522\nstrace: Process 12522 attached\nwrite(1, "\\n  > Merge"..., 108',
  );
  assert.deepEqual(
    calls.map((call) => [call.tid, call.name, call.inFlight, call.args]),
    [
      [12431, 'wait4', true, '12462'],
      [12462, 'read', true, '7'],
    ],
  );
  assert.deepEqual(
    inFlight.map((call) => [call.tid, call.name, call.args]),
    [[12522, 'write', '1, "\\n  > Merge"..., 108']],
  );
  assert.equal(unaccounted(account), 0);
});

test('a last line without an end is the call that the process is stuck in', () => {
  for (const [line, args] of [
    ['write(2, "\\0fscf\\0", 6', '2, "\\0fscf\\0", 6'],
    ['futex(0x605f38, FUTEX_WAIT, 0, {tv_sec=60, tv_nsec=0}', '0x605f38, FUTEX_WAIT, 0, {tv_sec=60, tv_nsec=0}'],
    ['accept(3, ', '3'],
    ['read(8, "GET / HT', '8, "GET / HT"...'],
  ]) {
    for (const end of ['', '\n']) {
      const { calls, inFlight, codes, flags } = readTrace(`strace: Process 5843 attached\n${line}${end}`);
      assert.deepEqual(
        [calls.length, inFlight.map((call) => [call.tid, call.args]), codes['cut-line'], flags.split],
        [0, [[5843, args]], 1, false],
        line,
      );
    }
  }
});

test('a call whose bracket somebody closed by hand is the call that the process is stuck in', () => {
  for (const [line, args] of [
    ['recvfrom(9, )', '9'],
    ['futex(0x605f38, FUTEX_WAIT_PRIVATE, 2, NULL)', '0x605f38, FUTEX_WAIT_PRIVATE, 2, NULL'],
    [
      'restart_syscall(<... resuming interrupted restart_syscall ...>)',
      '<... resuming interrupted restart_syscall ...>',
    ],
  ]) {
    const { calls, inFlight, account } = readTrace(`strace: Process 5843 attached\n${line}\n`);
    assert.deepEqual(
      [calls.length, inFlight.map((call) => [call.tid, call.args]), account.unparsed + account.foreign],
      [0, [[5843, args]], 0],
      line,
    );
  }
});

test('the fence behind a call that was cut is no part of it', () => {
  for (const fence of ['```', '~~~', '````']) {
    const { calls, inFlight, account } = readTrace(
      `${fence}\nstrace: Process 5843 attached\nrecvfrom(9, "abc"..., 7, 0\n${fence}\nIt hangs.\n`,
    );
    assert.deepEqual(
      [...calls, ...inFlight].map((call) => [call.tid, call.args, call.inFlight]),
      [[5843, '9, "abc"..., 7, 0', true]],
    );
    assert.equal(account.unparsed, 0);
  }
});

test('a process that only the prompt of strace names is known by that number', () => {
  for (const prompt of [
    '$ sudo strace -tt -p 5843',
    '# strace -f -p5843 -s 99',
    'strace --attach=5843',
    '$ strace -f -p "5843"',
  ])
    assert.deepEqual(
      readTrace(`${prompt}\nclose(7) = 0\nread(9, \n`).inFlight.map((call) => call.tid),
      [5843],
      prompt,
    );
  assert.deepEqual(
    readTrace('$ strace -p 5843 -p 5844\nclose(7) = 0\n').calls.map((call) => call.tid),
    [0],
    'one of two is nobody known',
  );
});

test('a last line that is cut in its columns or its result is counted, and is no event', () => {
  for (const line of [
    '7 17951895',
    '7 1795189522.000002 epoll_w',
    '7 1795189522.000002 read(3, "", 1) = 1',
    '7 1795189522.000002 read(3, "", 1) = 0 <0.00',
  ]) {
    const { calls, inFlight, account } = readTrace(`7 1795189522.000001 close(3) = 0 <0.000001>\n${line}`);
    assert.deepEqual(
      [calls.length, inFlight.length, account.unparsed + account.foreign + account.calls, account.lines],
      [1, 0, 2, 2],
      line,
    );
  }
});

test('a last line without a newline counts when it is whole', () => {
  const { calls, codes } = readTrace(
    '7 1795189522.000001 close(3) = 0 <0.000001>\n7 1795189522.000002 close(4) = -1 EBADF (Bad file descr',
  );
  assert.deepEqual([calls.map((call) => call.error), codes], [['', 'EBADF'], {}]);
});

const OUTPUT: readonly (readonly [string, string, number, string])[] = [
  [
    'without a line break',
    'write(2, "no newline here", 15no newline here)         = 15',
    15,
    '2, "no newline here", 15',
  ],
  [
    'with a line break at its end',
    'write(2, "attach me: 7\\n", 13attach me: 7\n)    = 13',
    13,
    '2, "attach me: 7\\n", 13',
  ],
  [
    'of two lines',
    'write(2, "line one\\nline two\\n", 18line one\nline two\n)    = 18',
    18,
    '2, "line one\\nline two\\n", 18',
  ],
  [
    'that is cut in the string',
    'write(1, "accept4(3, NULL, NULL, 0) = -1 E"..., 75accept4(3, NULL, NULL, 0) = -1 EAGAIN (Resource temporarily unavailable)\n\n) = 75',
    75,
    '1, "accept4(3, NULL, NULL, 0) = -1 E"..., 75',
  ],
  ['that begins with digits', 'write(1, "5) = 9\\n", 75) = 9\n)                     = 7', 7, '1, "5) = 9\\n", 7'],
  ['that begins with a bracket', 'write(1, ")\\n", 2)\n)                     = 2', 2, '1, ")\\n", 2'],
  ['that is only a line break', 'write(1, "\\n", 1\n)                       = 1', 1, '1, "\\n", 1'],
  [
    'in two parts',
    'writev(1, [{iov_base="ab", iov_len=2}, {iov_base="\\n", iov_len=1}], 2ab\n) = 3',
    3,
    '1, [{iov_base="ab", iov_len=2}, {iov_base="\\n", iov_len=1}], 2',
  ],
  [
    'of a decorated descriptor',
    'write(2</dev/pts/0<char 136:0>>, "x\\n", 2x\n) = 2',
    2,
    '2</dev/pts/0<char 136:0>>, "x\\n", 2',
  ],
];
for (const [what, text, result, args] of OUTPUT) {
  for (const [columns, leader] of [
    ['bare', ''],
    ['timed', '12:00:00.000001 '],
    ['prefixed', '[pid 7] '],
  ]) {
    test(`output ${what} is left out of its write (${columns} lines)`, () => {
      const { calls, account } = readTrace(`${leader}close(3) = 0\n${leader}${text}\n${leader}close(4) = 0\n`);
      assert.deepEqual(calls.map(facts), [
        ['close', 0, '', '3'],
        [text.startsWith('writev') ? 'writev' : 'write', result, '', args],
        ['close', 0, '', '4'],
      ]);
      assert.deepEqual([account.unparsed, account.foreign, unaccounted(account)], [0, 0, 0]);
    });
  }
}

test('output that looks like lines of strace makes no events, whatever it looks like', () => {
  const said =
    'write(5, "", 3) = -1 EPIPE (Broken pipe)\n--- SIGPIPE {si_signo=SIGPIPE} ---\naccept4(3, NULL, NULL, 0) = -1 EAGAIN (x)\n';
  const { calls, records, account } = readTrace(
    `close(3) = 0\nwrite(1, "write(5, \\"\\", 3) = -1 EPIPE (Bro"..., ${said.length}${said}) = ${said.length}\nclose(4) = 0\n`,
  );
  assert.deepEqual(
    [calls.map((call) => [call.name, call.error]), records.length],
    [
      [
        ['close', ''],
        ['write', ''],
        ['close', ''],
      ],
      3,
    ],
  );
  assert.deepEqual([account.continued, unaccounted(account)], [3, 0]);
});

test('a write that shows less than it was asked for is read all the same', () => {
  const { calls } = readTrace(
    'close(3) = 0\nwrite(1, "abcdefghijklmnopqrstuvwxyzabcdef"..., 5000abcdefghijklmnopqrstuvwxyzabcdefghi)   = 35\nclose(4) = 0\n',
  );
  assert.deepEqual(
    calls.map((call) => call.result),
    [0, 35, 0],
  );
});

test('output before and inside of the mark of an unfinished write is left out', () => {
  const { calls, account } = readTrace(
    '[pid 7] 12:00:00.000001 close(3) = 0\n[pid 7] 12:00:00.000002 write(2, "I0725 x\\n", 8 I0725 x\n<unfinished ...>\n[pid 8] 12:00:00.000003 close(3) = 0\n[pid 7] 12:00:00.000004 <... write resumed>) = 8\n' +
      '[pid 7] 12:00:00.000005 write(2, "I0725 y\\n", 8 I0725 z"<unfinished ...>\n[pid 7] 12:00:00.000006 <... write resumed>) = 8\n',
  );
  assert.deepEqual(
    calls.map((call) => [call.tid, call.name, call.result, call.partial]),
    [
      [7, 'close', 0, false],
      [8, 'close', 0, false],
      [7, 'write', 8, false],
      [7, 'write', 8, false],
    ],
  );
  assert.deepEqual([account.unparsed, account.foreign], [0, 0]);
});

test('output without a line break before or inside a prefix does not hide the record of a known thread', () => {
  const { calls } = readTrace(
    '[pid 7] 12:00:00.000001 close(1) = 0\n[pid 8] 12:00:00.000002 close(2) = 0\nready.[pid 7] 12:00:00.000003 close(3) = 0\n[pid ready.\n  8] 12:00:00.000004 close(4) = 0\nx [pid 9] 12:00:00.000005 close(5) = 0\n[pid 7] 12:00:00.000006 close(6) = 0\n',
  );
  assert.deepEqual(
    calls.map((call) => [call.tid, call.args]),
    [
      [7, '1'],
      [8, '2'],
      [7, '3'],
      [8, '4'],
      [7, '6'],
    ],
  );
});

test('a call that a narrow terminal wrapped is put together, unless the next line begins a record', () => {
  const { calls, account } = readTrace(
    '[pid 715] close(1) = 0\n[pid 715] epoll_wait(8, [{EPOLLIN, {u32=805333280, u64=13974615624\n3232}}, {EPOLLIN, {u32=805334336, u64=139746156244288}}, {EPOLLIN, {u32=805311424, u64=139746156221376}\n}], 256, 9990) = 3\n[pid 715] read(20, "GET /plain\n[pid 715] close(2) = 0\n',
  );
  assert.deepEqual(
    calls.map((call) => [call.name, call.result]),
    [
      ['close', 0],
      ['epoll_wait', 3],
      ['close', 0],
    ],
  );
  assert.deepEqual([account.continued, account.unparsed, unaccounted(account)], [2, 1, 0]);
});

test('a cut call waits for its end for fifty lines at most', () => {
  const { account, calls } = readTrace(
    `7 1795189522.000001 close(3) = 0\n7 1795189522.000002 read(3, "ab\n${'program output\n'.repeat(53)}7 1795189522.000003 close(4) = 0\n`,
  );
  assert.deepEqual([calls.length, account.unparsed, account.foreign, unaccounted(account)], [2, 1, 53, 0]);
});

test('a name of an error that a line breaks is whole again, wherever that is', () => {
  const line = '7 1795189522.000001 connect(9, {sa_family=AF_INET}, 16) = -1 EINPROGRESS (Operation now in progress)';
  const from = line.indexOf('EINPROGRESS');
  for (let at = from + 1; at < from + 'EINPROGRESS'.length; at++) {
    const text = `${line.slice(0, at)}\n${line.slice(at)} <0.000011>\n7 1795189522.000100 close(9) = 0 <0.000001>\n`;
    const { calls, account } = readTrace(text);
    assert.deepEqual(
      calls.map(({ name, error }) => [name, error]),
      [
        ['connect', 'EINPROGRESS'],
        ['close', ''],
      ],
      line.slice(0, at),
    );
    assert.equal(account.unparsed, 0);
  }
});

test('a line that is cut within the name of an error is a call of which nobody knows how it ended', () => {
  for (const name of ['E', 'EINP', 'ENO']) {
    const { calls, account } = readTrace(
      `7 1795189522.000001 connect(9, NULL, 16) = -1 ${name}\n7 1795189522.000100 close(9) = 0\n`,
    );
    assert.deepEqual(
      calls.map((call) => call.name),
      ['close'],
      name,
    );
    assert.equal(account.unparsed, 1);
  }
  const { calls } = readTrace(
    '7 1795189522.000001 connect(9, NULL, 16) = -1 ENOENT\n7 1795189522.000100 close(9) = 0\n',
  );
  assert.deepEqual(calls[0]?.error, 'ENOENT');
});
