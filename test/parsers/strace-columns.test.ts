import assert from 'node:assert/strict';
import test from 'node:test';
import { LaneTable } from '../../parsers/lanes.ts';
import { createTimeOrigin } from '../../src/trace/time.ts';
import { readTrace } from './read-trace.ts';

const BODY = 'accept4(3, 0x7fff, [16], SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable)';
const OTHER = 'close(5)                                = 0';

/** Leader columns, and what they tell of the second of two lines. */
const COLUMNS: readonly {
  readonly leader: readonly [string, string];
  readonly tid?: number;
  readonly time?: number;
  readonly kind: string;
  readonly others?: readonly string[];
}[] = [
  { leader: ['', ''], kind: 'none' },
  { leader: ['25306 ', '25306 '], tid: 25306, kind: 'none' },
  { leader: ['7     ', '11    '], tid: 11, kind: 'none' },
  { leader: ['[pid  7998] ', '[pid  7999] '], tid: 7999, kind: 'none' },
  { leader: ['17:43:47 ', '17:43:49 '], time: 2_000_000_000, kind: 'clock-seconds' },
  { leader: ['15:30:25.436272 ', '15:30:25.436273 '], time: 1_000, kind: 'clock' },
  { leader: ['15:30:25.436 ', '15:30:25.437 '], time: 1_000_000, kind: 'clock' },
  { leader: ['1658823007.510807 ', '1658823008.510807 '], time: 1_000_000_000, kind: 'epoch' },
  { leader: ['1658823007.510807123 ', '1658823007.510807126 '], time: 3, kind: 'epoch' },
  { leader: ['1658823007.510 ', '1658823007.511 '], time: 1_000_000, kind: 'epoch' },
  { leader: ['1658823007 ', '1658823009 '], time: 2_000_000_000, kind: 'epoch' },
  { leader: ['     0.000000 ', '     1.487591 '], time: 1_487_591_000, kind: 'relative' },
  { leader: ['24117      0.000000 ', '24118      0.000023 '], tid: 24118, time: 23_000, kind: 'relative' },
  // --relative-timestamps=s: their sum is no time.
  { leader: ['24117      0 ', '24118      1 '], tid: 24118, kind: 'none' },
  {
    leader: ['24117 15:32:48.505000 (+     0.000118) ', '24118 15:32:48.505001 (+     0.000001) '],
    tid: 24118,
    time: 1_000,
    kind: 'clock',
  },
  {
    leader: ['24117 15:32:48.505 (+     0.000118644) ', '24117 15:32:48.507 (+     0.002000000) '],
    tid: 24117,
    time: 2_000_000,
    kind: 'clock',
  },
  {
    leader: ['7 15:31:05.466549 [ 288] ', '7 15:31:05.466550 [   3] '],
    tid: 7,
    time: 1_000,
    kind: 'clock',
    others: ['-n'],
  },
  { leader: ['7 [00007f8c0a063f63] ', '8 [????????????????] '], tid: 8, kind: 'none', others: ['-i'] },
  {
    leader: [
      '23540<misc> 15:31:05.466549 (+     0.000022) [ 288] [00007f8c0a063f63] ',
      '23553<misc #2> 15:31:05.466551 (+     0.000006) [  34] [????????????????] ',
    ],
    tid: 23553,
    time: 2_000,
    kind: 'clock',
    others: ['-Y', '-n', '-i'],
  },
  {
    leader: ['[pid  8016<wrk-1>] 15:45:55.375258 ', '[pid  8017<wrk-2>] 15:45:55.375260 '],
    tid: 8017,
    time: 2_000,
    kind: 'clock',
    others: ['-Y'],
  },
  {
    leader: [
      '7 [unconfined_u:unconfined_r:unconfined_t:s0] 1658823007.510807 ',
      '7 [unconfined_u:unconfined_r:unconfined_t:s0] 1658823007.510808 ',
    ],
    tid: 7,
    time: 1_000,
    kind: 'epoch',
  },
];

for (const {
  leader: [first, second],
  tid = 0,
  time = 0,
  kind,
  others = [],
} of COLUMNS) {
  test(`the columns "${second}" are read`, () => {
    const { calls, flags, account } = readTrace(`${first}${OTHER}\n${second}${BODY}\n`);
    assert.equal(account.calls, 2, JSON.stringify(account));
    assert.deepEqual(
      [calls[1]?.tid, calls[1]?.start, calls[1]?.error, flags.timestamps, flags.others, flags.pids],
      [tid, time, 'EAGAIN', kind, others, tid !== 0],
    );
  });
}

test('the command name of a thread follows its latest line', () => {
  const { calls } = readTrace(
    '8005<thr> close(3) = 0\n8005<thr> prctl(PR_SET_NAME, "wrk-1") = 0\n8005<wrk-1> close(4) = 0\n',
  );
  assert.deepEqual(
    calls.map((call) => [call.lane, call.comm]),
    [
      [0, 'thr'],
      [0, 'thr'],
      [0, 'wrk-1'],
    ],
  );
});

test('the tid of a file of a -ff set comes from outside', () => {
  const { calls, flags } = readTrace('1658823007.510807 close(3) = 0\n', { tid: 24213 });
  assert.deepEqual([calls[0]?.tid, flags.pids], [24213, true]);
});

test('midnight does not turn the time back', () => {
  const { calls, codes } = readTrace(
    '7 23:59:59.999990 close(3) = 0\n7 00:00:00.000010 close(3) = 0\n7 11:00:00.000000 close(3) = 0\n7 22:00:00.000000 close(3) = 0\n7 00:00:00.000000 close(3) = 0\n',
  );
  assert.deepEqual(
    calls.map((call) => call.start),
    [0, 20_000, 39_600_000_010_000, 79_200_000_010_000, 86_400_000_010_000],
  );
  assert.deepEqual(codes, {});
});

test('a clock that is set back is counted, and time goes on', () => {
  const { calls, codes } = readTrace(
    '7 1795189522.000000 close(3) = 0\n7 1795189532.000000 read(3,  <unfinished ...>\n7 1795189523.000000 <... read resumed>"", 1) = 0\n7 1795189524.500000 close(3) = 0\n',
  );
  assert.deepEqual(
    calls.map((call) => [call.start, call.end]),
    [
      [0, 0],
      [10_000_000_000, 10_000_000_000],
      [11_500_000_000, 11_500_000_000],
    ],
  );
  assert.equal(codes['clock-step'], 1);
});

test('lines in the order of exits (-z) keep their times, and that is told', () => {
  const trace = Array.from(
    { length: 61 },
    (_, i) =>
      `${i % 2 === 0 ? 7 : 8} 1795189522.${String(i % 2 === 0 ? 1_000 * i : 1_000 * i - 500).padStart(6, '0')} close(3) = -1 EBADF (x) <0.000700>\n`,
  );
  const swapped = trace.map((_, i) => trace[i % 2 === 0 ? i + 1 : i - 1] ?? trace[i]).join('');
  const { calls, flags, codes } = readTrace(swapped);
  assert.deepEqual([calls.length, calls[2]?.start, calls[3]?.start], [61, 2_000_000, 1_500_000]);
  assert.deepEqual([flags.others, codes['exit-order'], codes['clock-step']], [['-z'], 1, undefined]);
});

test('one damaged stamp does not move the others', () => {
  const { calls } = readTrace(
    '7 1795189522.000000 close(3) = 0\n7 1095189522.500000 close(3) = 0\n7 1795189523.000000 close(3) = 0\n7 9795189523.000000 close(3) = 0\n7 1795189524.000000 close(3) = 0\n',
  );
  assert.deepEqual(
    calls.map((call) => call.start),
    [0, 0, 1_000_000_000, 1_000_000_000, 2_000_000_000],
  );
});

test('distances (-r) add up over signals, exits and second halves of all threads', () => {
  const { records } = readTrace(
    '7      0.000000 close(3) = 0\n8      0.000100 read(3,  <unfinished ...>\n7      0.000010 --- SIGPIPE {si_signo=SIGPIPE} ---\n8      0.000020 <... read resumed>"", 1) = 0\n7      0.000003 +++ exited with 0 +++\n',
  );
  assert.deepEqual(
    records.map((record) => (record.kind === 'call' ? record.end : record.time)),
    [0, 110_000, 130_000, 133_000],
  );
});

test('files of one analysis share the zero of time and the lanes', () => {
  const origin = createTimeOrigin();
  const lanes = new LaneTable();
  const first = readTrace('1658823007.510807 close(3) = 0\n', { tid: 7, origin, lanes });
  const second = readTrace('1658823007.500807 close(3) = 0\n', { tid: 8, origin, lanes });
  const again = readTrace('1658823008.510807 close(3) = 0\n', { tid: 7, origin, lanes });
  assert.deepEqual(
    [first, second, again].map(({ calls }) => [calls[0]?.lane, calls[0]?.start]),
    [
      [0, 0],
      [1, -10_000_000],
      [0, 1_000_000_000],
    ],
  );
  assert.deepEqual(origin, { kind: 'epoch', seconds: 1_658_823_007, nanoseconds: 510_807_000 });
});

test('a file that begins after midnight follows one that began before', () => {
  const origin = createTimeOrigin();
  readTrace('23:59:59.000000 close(3) = 0\n', { tid: 7, origin });
  assert.equal(readTrace('00:00:01.000000 close(3) = 0\n', { tid: 8, origin }).calls[0]?.start, 2_000_000_000);
});

test('without times all times are zero, and durations come from -T', () => {
  const { calls, flags } = readTrace(
    '7 read(3,  <unfinished ...>\n8 close(4) = 0 <0.000007>\n7 <... read resumed>"", 1) = 0 <0.000011>\n',
  );
  assert.deepEqual(
    calls.map((call) => [call.start, call.end, call.duration]),
    [
      [0, 7_000, 7_000],
      [0, 0, 11_000],
    ],
  );
  assert.equal(flags.durations, true);
});

const DURATIONS: readonly (readonly [string, number])[] = [
  ['<0>', 0],
  ['<2>', 2_000_000_000],
  ['<0.003>', 3_000_000],
  ['<0.002710589>', 2_710_589],
  ['<123.000001>', 123_000_001_000],
  ['<4294967295.999997123123>', -1],
];
for (const [text, duration] of DURATIONS) {
  test(`the duration ${text} is ${duration} ns`, () => {
    const { calls } = readTrace(`7 1658823007.510807 close(3) = 0 ${text}\n`);
    if (duration >= 0) assert.equal(calls[0]?.duration, duration);
    else assert.ok(calls.every((call) => call.duration === -1));
  });
}

test('on a terminal, lines before the first prefix are the first process, those after the others the last', () => {
  const { calls, account } = readTrace(
    'close(3) = 0\nclone(child_stack=NULL, flags=SIGCHLDstrace: Process 25141 attached\n, child_tidptr=0x7f) = 25141\n[pid 25140] close(4) = 0\n' +
      '[pid 25141] close(5) = 0\n[pid 25141] +++ exited with 0 +++\nclose(6) = 0\n--- SIGCHLD {si_signo=SIGCHLD, si_pid=25141} ---\nclose(7) = 0\n+++ exited with 0 +++\n',
  );
  assert.deepEqual(
    calls.map((call) => [call.tid, call.args.slice(0, 1)]),
    [
      [25140, '3'],
      [25140, 'c'],
      [25140, '4'],
      [25141, '5'],
      [25140, '6'],
      [25140, '7'],
    ],
  );
  assert.equal(new Set(calls.map((call) => call.lane)).size, 2);
  assert.deepEqual([account.foreign, account.unparsed, account.exits], [0, 0, 2]);
});

test('the initial process gets its number late when the first prefix comes late', () => {
  const { calls } = readTrace(
    `${'close(3) = 0\n'.repeat(7_001)}[pid 12] close(4) = 0\n[pid 11] close(5) = 0\n[pid 12] close(6) = 0\n`,
  );
  assert.deepEqual(
    [calls[0], calls[7_000], calls[7_001], calls[7_002]].map((call) => [call?.tid, call?.lane]),
    [
      [0, 0],
      [0, 0],
      [12, 0],
      [11, 1],
    ],
  );
});

test('a child with a prefix does not become the initial process, which is in a call', () => {
  const { calls } = readTrace(
    `${'close(3) = 0\n'.repeat(7_001)}clone(child_stack=NULL <unfinished ...>\n[pid 12] close(4) = 0\n[pid 11] <... clone resumed>, child_tidptr=0x7f) = 12\n[pid 11] close(5) = 0\n`,
  );
  assert.deepEqual(
    calls.slice(7_001).map((call) => [call.tid, call.lane, call.name]),
    [
      [12, 1, 'close'],
      [11, 0, 'clone'],
      [11, 0, 'close'],
    ],
  );
});

test('a line without prefix while several threads live is output of the program', () => {
  const { calls, account } = readTrace(
    '[pid 11] close(3) = 0\n[pid 12] write(2, "accept4(3, NU"..., 61 <unfinished ...>\naccept4(3, NULL, NULL, 0) = -1 EAGAIN (Resource temporarily unavailable)\n[pid 11] close(4) = 0\n[pid 12] <... write resumed>) = 61\n',
  );
  assert.deepEqual([calls.map((call) => call.name), account.foreign], [['close', 'close', 'write'], 1]);
});

test('the process that strace was attached to is known before any prefix', () => {
  const { calls } = readTrace('strace: Process 5843 attached\nread(3, "", 1) = 0\n');
  assert.equal(calls[0]?.tid, 5843);
});

test('lines without the columns that all others have are not events', () => {
  const { calls, account } = readTrace(
    '7 1658823007.510807 close(3) = 0\naccept4(3, NULL, NULL, 0) = -1 EAGAIN (Resource temporarily unavailable)\n7 1658823007.510808 close(4) = 0\n1658823007.510808 write(1, "", 0) = -1 EPIPE (Broken pipe)\n7 1658823007.510809 close(4) = 0\n',
  );
  assert.deepEqual([calls.map((call) => call.name), account.foreign], [['close', 'close', 'close'], 2]);
});

test('calls that strace held up (delay_enter, delay_exit) are counted, whole ones and those in two halves', () => {
  const { codes, calls } = readTrace(
    '7 1795189522.000000 sendto(8<socket:[9]>, "HTTP/1.1 200 OK", 15, 0, NULL, 0) = 15 (DELAYED) <0.300190>\n' +
      '7 1795189522.400000 sendto(8<socket:[9]>, "a", 1, 0, NULL, 0 <unfinished ...>\n' +
      '8 1795189522.500000 close(3)            = 0 <0.000010>\n' +
      '7 1795189522.700000 <... sendto resumed>) = 1 (DELAYED) <0.300000>\n' +
      '7 1795189522.800000 close(9)            = -1 EBADF (Bad file descriptor) (INJECTED) <0.000010>\n',
  );
  assert.deepEqual([calls.length, codes.delayed], [4, 2]);
});
