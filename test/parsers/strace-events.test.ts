import assert from 'node:assert/strict';
import test from 'node:test';
import { readTrace } from './read-trace.ts';

const SIGNALS: readonly (readonly [string, string, string])[] = [
  [
    '--- SIGPIPE {si_signo=SIGPIPE, si_code=SI_USER, si_pid=23011, si_uid=0} ---',
    'SIGPIPE',
    'si_signo=SIGPIPE, si_code=SI_USER, si_pid=23011, si_uid=0',
  ],
  [
    '--- SIGALRM {si_signo=SIGALRM, si_code=SI_TIMER, si_value={int=17, ptr=0x11}} ---',
    'SIGALRM',
    'si_signo=SIGALRM, si_code=SI_TIMER, si_value={int=17, ptr=0x11}',
  ],
  ['--- SIGCHLD (Child exited) @ 0 (0) ---', 'SIGCHLD', ''],
  [
    '--- {si_signo=SIGCHLD, si_code=CLD_EXITED} (Child exited) @ 0 (0) ---',
    'SIGCHLD',
    'si_signo=SIGCHLD, si_code=CLD_EXITED',
  ],
  ['--- stopped by SIGSTOP ---', 'SIGSTOP', ''],
  ['--- SIGRT_3 {si_signo=SIGRT_3} ---', 'SIGRT_3', 'si_signo=SIGRT_3'],
];
for (const [line, signal, info] of SIGNALS) {
  test(`the signal "${line}" is read`, () => {
    const { others, account } = readTrace(`7 1795189522.000001 close(3) = 0\n7 1795189522.000003 ${line}\n`);
    assert.deepEqual(
      others.map((record) => [record.kind, record.signal, record.info, record.time]),
      [['signal', signal, info, 2_000]],
    );
    assert.equal(account.signals, 1);
  });
}

test('ends of life are read: exits, kills, core dumps', () => {
  const { others, account } = readTrace(
    '7 +++ exited with 3 +++\n8 +++ killed by SIGKILL +++\n9 +++ killed by SIGSEGV (core dumped) +++\n',
  );
  assert.deepEqual(
    others.map((record) => [record.tid, record.status, record.signal]),
    [
      [7, 3, ''],
      [8, null, 'SIGKILL'],
      [9, null, 'SIGSEGV'],
    ],
  );
  assert.equal(account.exits, 3);
});

test('a tid that is used again after its thread ended is another lane', () => {
  const { records } = readTrace(
    '7 close(1) = 0\n7 +++ exited with 0 +++\n7 close(2) = 0\n7 +++ killed by SIGTERM +++\n7 close(3) = 0\n',
  );
  assert.deepEqual(
    records.map((record) => record.lane),
    [0, 0, 1, 1, 2],
  );
});

test('without lines for exits (before 4.7, -qq) a call after exit_group is another life, a second half is not', () => {
  const { calls } = readTrace(
    '7 exit_group(0) = ?\n7 close(2) = 0\n8 exit(0 <unfinished ...>\n7 close(3) = 0\n8 <... exit resumed>) = ?\n8 close(4) = 0\n9 exit_group(0) = -1 EPERM (x)\n9 close(5) = 0\n',
  );
  assert.deepEqual(
    calls.map((call) => [call.tid, call.name, call.lane]),
    [
      [7, 'exit_group', 0],
      [7, 'close', 1],
      [7, 'close', 1],
      [8, 'exit', 2],
      [8, 'close', 3],
      [9, 'exit_group', 4],
      [9, 'close', 4],
    ],
  );
});

test('execve by a thread moves its call to the leader, whose lane goes on', () => {
  const { records, inFlight } = readTrace(
    '7997 close(1) = 0\n7998 close(1) = 0\n7998 execve("/bin/true", ["true"], 0x7f /* 35 vars */ <unfinished ...>\n7997 <... pause resumed>)        = ?\n7997 +++ superseded by execve in pid 7998 +++\n7997 <... execve resumed>)                   = 0\n7997 close(2) = 0\n7998 close(3) = 0\n',
  );
  assert.deepEqual(
    records.map((record) => [
      record.kind === 'call' ? record.name : record.kind,
      record.tid,
      record.lane,
      record.kind === 'call' ? record.partial : record.supersededBy,
    ]),
    [
      ['close', 7997, 0, false],
      ['close', 7998, 1, false],
      ['pause', 7997, 0, true],
      ['exit', 7997, 0, 7998],
      ['execve', 7997, 0, false],
      ['close', 7997, 0, false],
      ['close', 7998, 2, false],
    ],
  );
  assert.equal(inFlight.length, 0);
});

test('a thread that leaves its file by execve (-ff) is not stuck in it', () => {
  const { inFlight, account } = readTrace(
    'close(1) = 0\nexecve("/bin/true", ["true"], 0x7f /* 35 vars */ <pid changed to 7989 ...>\n',
    {
      tid: 7990,
    },
  );
  assert.deepEqual([inFlight.length, account.unfinished], [0, 1]);
});

const MESSAGES: readonly (readonly [string, string, number])[] = [
  ['strace: Process 25303 attached', 'attached', 25303],
  ['strace: Process 8036 attached with 2 threads', 'attached', 8036],
  ['/srv/strace-7.2/src/strace: Process 27248 attached', 'attached', 27248],
  ['Process 4578 attached - interrupt to quit', 'attached', 4578],
  ['Process 16767 attached with 85 threads - interrupt to quit', 'attached', 16767],
  ['Process 9999 attached (waiting for parent)', 'attached', 9999],
  ['Process 797 suspended', 'other', 797],
  ['strace: Process 25303 detached', 'detached', 25303],
  ['^Cstrace: Process 13 detached', 'detached', 13],
  ['strace: deprecated option -F ignored', 'other', 0],
  ['strace: attach: ptrace(PTRACE_SEIZE, 1): Operation not permitted', 'other', 0],
  ['[ Process PID=2247 runs in 32 bit mode. ]', 'other', 0],
  ['upeek: ptrace(PTRACE_PEEKUSER,7,7,0): No such process', 'other', 0],
];
for (const [line, notice, tid] of MESSAGES) {
  test(`the message "${line}" is read`, () => {
    const { others, account } = readTrace(`close(3) = 0\n${line}\n`);
    assert.deepEqual(
      others.map((record) => [record.kind, record.notice, record.tid]),
      [['notice', notice, tid]],
    );
    assert.deepEqual([account.notices, account.calls], [1, 1]);
  });
}

test('the personality message behind columns is a notice', () => {
  const { account } = readTrace(
    '7 1795189522.000001 close(3) = 0\n7 1795189522.000003 [ Process PID=7 runs in 32 bit mode. ]\n7 1795189522.000004 close(3) = 0\n',
  );
  assert.deepEqual([account.notices, account.calls, account.unparsed], [1, 2, 0]);
});

test('failures to attach are counted for the reader', () => {
  assert.deepEqual(
    readTrace('strace: attach: ptrace(PTRACE_SEIZE, 1): Operation not permitted\nclose(3) = 0\n').codes,
    {
      'tracer-message': 1,
    },
  );
});

test('stack lines follow the call before them, without offsets and suffixes of compilers', () => {
  const { others, flags, account } = readTrace(
    '7 close(3) = 0\n > /usr/lib/libc.so.6(accept4+0x13) [0x10af63]\n > /srv/misc(gc_collect_main.constprop.0+0x1f) [0x256a]\n > /srv/misc(std::foo(int)+0x1f) [0x256a] /srv/misc.cc:28\n' +
      ' > /usr/lib/libc.so.6(__libc_start_main@@GLIBC_2.34+0x84) [0x27304] ../csu/libc-start.c:360\n > unexpected_backtracing_error [0x1]\n > too many stack frames\n | 00000  47 45 54 20 2f 20 48 54  54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1.. |\n * 17 bytes in buffer 0\n8 close(4) = 0\n > /bin/a(main+0x0) [0x1]\n',
  );
  assert.deepEqual(
    others.map((record) => [record.tid, record.symbol, record.offset, record.object, record.line]),
    [
      [7, 'accept4', 0x13, '/usr/lib/libc.so.6', 2],
      [7, 'gc_collect_main', 0x1f, '/srv/misc', 3],
      [7, 'std::foo(int)', 0x1f, '/srv/misc', 4],
      [7, '__libc_start_main@@GLIBC_2.34', 0x84, '/usr/lib/libc.so.6', 5],
      [8, 'main', 0, '/bin/a', 11],
    ],
  );
  assert.deepEqual([flags.stacks, account.attached, account.calls], [true, 9, 2]);
});
