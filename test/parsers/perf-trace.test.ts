import assert from 'node:assert/strict';
import test from 'node:test';
import { perfTraceFormat } from '../../parsers/perf-trace/format.ts';
import { type ReadTrace, readTrace, unaccounted } from './read-trace.ts';

function read(text: string): ReadTrace {
  const result = readTrace(text, { format: perfTraceFormat });
  assert.equal(unaccounted(result.account), 0, text);
  return result;
}

const CAPTURE = [
  '         ? (         ): herd/4679  ... [continued]: epoll_wait())                                       = 1',
  '     0.032 ( 0.022 ms): herd/4679 accept4(fd: 3<socket:[1511628]>, upeer_sockaddr: 0x7ffd469feff0, upeer_addrlen: 0x7ffd469fefec, flags: 524288) = 5',
  '     0.108 (         ): herd/4679 clock_nanosleep(rqtp: 0x7ffd469fefb0)                              ...',
  '     2.588 ( 0.034 ms): Web Content/4678 accept4(fd: 3<socket:[1511628]>, flags: 526336) = -1 EAGAIN (Resource temporarily unavailable)',
  '     0.108 ( 2.061 ms): herd/4679  ... [continued]: clock_nanosleep())                                  = 0',
  'LOST 52 events!',
  '     3.000 (         ): sleep/28268 sched:sched_switch(prev_comm: "sleep", [..])',
  '18446744073709.527 ( 0.010 ms): :27849/27849 futex(uaddr: 0x7fd0, op: WAIT_BITSET|PRIVATE_FLAG|CLOCK_REALTIME, val3: MATCH_ANY) = -1 ETIMEDOUT (Connection timed out)',
  '     2.700 (1002.591 ms): a/b c/4680 epoll_wait(epfd: 7<anon_inode:[eventpoll]>, events: 0x5607, maxevents: 6) = 0',
  '     9.000 (         ): herd/4679 epoll_wait(epfd: 7<anon_inode:[eventpoll]>, maxevents: 64, timeout: 1000) ...',
].join('\n');

test('calls are put in order of their ends, with the words of strace', () => {
  const { calls } = read(CAPTURE);
  assert.deepEqual(
    calls.map(({ name, tid, comm, duration, result, error, args }) => [
      name,
      tid,
      comm,
      Math.round(Math.max(0, duration) / 1e3),
      result,
      error,
      args,
    ]),
    [
      ['futex', 27849, '', 10, -1, 'ETIMEDOUT', '0x7fd0, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0'],
      ['epoll_wait', 4679, 'herd', 0, 1, '', '0, [], 0, 0'],
      ['accept4', 4679, 'herd', 22, 5, '', '3<socket:[1511628]>, 0x7ffd469feff0, [16], SOCK_CLOEXEC'],
      ['clock_nanosleep', 4679, 'herd', 2_061, 0, '', '0x7ffd469fefb0'],
      ['accept4', 4678, 'Web Content', 34, -1, 'EAGAIN', '3<socket:[1511628]>, NULL, [16], SOCK_NONBLOCK|SOCK_CLOEXEC'],
      ['epoll_wait', 4680, 'a/b c', 1_002_591, 0, '', '7<anon_inode:[eventpoll]>, 0x5607, 6, 0'],
    ],
  );
});

test('lines, lost events and other events are accounted for', () => {
  const { account, codes, inFlight, flags } = read(CAPTURE);
  assert.deepEqual(
    [account.calls, account.unfinished, account.resumed, account.notices, account.unparsed],
    [4, 2, 2, 2, 0],
  );
  assert.deepEqual(codes, { 'orphan-resume': 1, 'lost-events': 52 });
  assert.deepEqual(
    inFlight.map(({ name, tid, fd }) => [name, tid, fd]),
    [['epoll_wait', 4679, 7]],
  );
  assert.deepEqual([flags.timestamps, flags.durations, flags.pids, flags.split], ['monotonic', true, true, true]);
});

test('one thread alone has no column, and old versions pad their arguments', () => {
  const { calls } = read(
    '     0.046 ( 0.014 ms): gettimeofday(tv: 0x707d30                                             ) = 0\n',
  );
  assert.deepEqual([calls[0]?.name, calls[0]?.tid, calls[0]?.args], ['gettimeofday', 0, '0x707d30']);
});

test('lines that a terminal wrapped are joined', () => {
  const { calls, account } = read(
    [
      '         ? (         ): mysqld/10120  ... [continued]: futex())',
      '= -1 ETIMEDOUT (Connection timed out)',
      '     0.014 ( 0.002 ms): mysqld/10120 futex(uaddr: 0x7fbddc37ed48, op: WAKE|',
      'PRIVATE_FLAG, val: 1)           = 0',
      '     0.023 (10.103 ms): mysqld/10120 futex(uaddr: 0x7fbddc37ed98, op: WAIT_BITSET|',
      'PRIVATE_FLAG, utime: 0x7fbdc9cfcbc0, val3: MATCH_ANY) = -1 ETIMEDOUT (Connection',
      'timed out)',
    ].join('\n'),
  );
  assert.deepEqual(
    calls.map(({ error, args }) => [error, args.split(', ')[1]]),
    [
      ['ETIMEDOUT', 'FUTEX_WAIT'],
      ['', 'FUTEX_WAKE_PRIVATE'],
      ['ETIMEDOUT', 'FUTEX_WAIT_BITSET_PRIVATE'],
    ],
  );
  assert.equal(account.continued + account.foreign, 4);
});

test('the tables of -s are counts', () => {
  const { others, account } = read(
    [
      ' Summary of events:',
      '',
      ' herd (4678), 38 events, 25.3%',
      '',
      '   syscall            calls  errors  total       min       avg       max       stddev',
      '                                     (msec)    (msec)    (msec)    (msec)        (%)',
      '   --------------- --------  ------ -------- --------- --------- ---------     ------',
      '   epoll_wait             5      0  2002.756     0.000   400.551  1000.886     61.13%',
      '   accept4                7      2     0.075     0.018     0.019     0.021      3.57%',
      '\t\t\t\tEAGAIN: 2',
      '',
    ].join('\n'),
  );
  assert.deepEqual(
    others.map(({ call, count, errors }) => [call, count, errors]),
    [
      ['epoll_wait', 5, []],
      ['accept4', 7, [['EAGAIN', 2]]],
    ],
  );
  assert.deepEqual([account.counts, account.foreign], [8, 0]);
});

test('a call whose end is missing although its thread went on is noted, whatever comes next', () => {
  const entered = '     0.108 (         ): herd/4679 accept4(fd: 3)                              ...';
  for (const [next, lost] of [
    ['     0.208 (         ): herd/4679 close(fd: 5)                              ...', 1],
    ['     0.208 ( 0.010 ms): herd/4679 close(fd: 5) = 0', 1],
    ['     0.208 ( 0.010 ms): herd/4679 accept4(fd: 3) = 5', 1],
    ['     0.208 ( 0.010 ms): herd/4679  ... [continued]: close()) = 0', 1],
    ['     0.108 ( 0.010 ms): herd/4679  ... [continued]: accept4()) = 5', 0],
    ['     0.208 ( 0.010 ms): herd/4673 close(fd: 5) = 0', 0],
  ] as const) {
    const { codes, diagnostics } = read(`${entered}\n${next}\n`);
    assert.equal(codes['lost-half'] ?? 0, lost, next);
    // The line that is shown is the one that began the call.
    if (lost > 0) assert.deepEqual(diagnostics.find(({ code }) => code === 'lost-half')?.samples[0]?.line, 1);
  }
});

test('what perf prints in place of a number is a result, and a return of a signal handler loses no half', () => {
  const { calls, account, diagnostics } = read(
    [
      '     1.000 ( 0.010 ms): postgres/7 fcntl(fd: 7<socket:[9]>, cmd: GETFL)                = RDWR',
      '     2.000 (63.264 ms): postgres/7 pselect6(n: 7, inp: 0x7ffe, tsp: 0x7ffe)            = -1 (unknown) (INTERNAL ERROR: strerror_r(514, [buf], 128)=22)',
      '    66.000 ( 0.030 ms): postgres/7 wait4(upid: -1, stat_addr: 0x7ffe, options: NOHANG) = 31517 (postgres)',
      '    67.000 ( 0.011 ms): postgres/7 wait4(upid: -1, stat_addr: 0x7ffe, options: NOHANG) = ',
      '    68.000 (         ): postgres/7 rt_sigreturn()                                     ...',
      '    69.000 ( 0.011 ms): postgres/7 getpid()                                           = 7',
    ].join('\n'),
  );
  assert.deepEqual(
    calls.map(({ name, result, error }) => [name, result, error]),
    [
      ['fcntl', null, ''],
      ['pselect6', null, 'ERESTARTNOHAND'],
      ['wait4', 31_517, ''],
      ['wait4', 0, ''],
      ['getpid', 7, ''],
    ],
  );
  assert.deepEqual([account.calls, account.notices, account.unparsed, diagnostics.length], [5, 1, 0, 0]);
});

test('--no-comm leaves the number of the thread alone', () => {
  const { calls } = read(CAPTURE.replace(/(?:herd|a\/b c|Web Content|sleep|:27849)\/(?=\d+ )/g, ''));
  const named = read(CAPTURE).calls;
  assert.deepEqual(
    calls.map(({ tid, name, comm, result }) => [tid, name, comm, result]),
    named.map(({ tid, name, result }) => [tid, name, '', result]),
  );
});

test('a head is that of perf trace however many frames --call-graph prints under each call', () => {
  const frames = Array.from(
    { length: 97 },
    (_, n) => `${' '.repeat(39)}[0x${(n + 0x2456).toString(16)}] (/usr/bin/a b)`,
  );
  const head = CAPTURE.split('\n').flatMap((line) => [line, ...frames]);
  assert.equal(perfTraceFormat.sniff(Buffer.from(`${head.join('\n')}\n`)), 1);
  assert.equal(read(head.join('\n')).account.attached, frames.length * 10);
});
