import assert from 'node:assert/strict';
import test from 'node:test';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';

/** Captures of watch.bt, which counts: what is told of them, and what is not. */
const START = 'event=start program=watch version=2 machine=x86-64 ts=1000000000000 clock=1795568264.330464';
const MS = 1_000_000;

interface Second {
  readonly accepts?: Readonly<Record<number, number>>;
  readonly events?: readonly string[];
}

/** A capture of so many seconds; in each, every worker waits 97 times. */
function capture(seconds: readonly Second[], workers: readonly number[] = [101, 103]): string {
  const lines = [START];
  seconds.forEach(({ accepts = {}, events = [] }, at) => {
    lines.push(...events, `event=tick ts=${1_000_000_000_000 + (at + 1) * 1_000 * MS}`);
    for (const pid of workers) lines.push(`@accepts[${pid}]: ${accepts[pid] ?? 11}`, `@waits[${pid}]: 97`, '');
  });
  return `${lines.join('\n')}\nevent=end ts=${1_000_000_000_000 + (seconds.length + 1) * 1_000 * MS}\n`;
}

/** `fromMs` and `ms` since the start. */
const turn = (pid: number, fromMs: number, ms: number): string =>
  `event=turn ts=${1_000_000_000_000 + fromMs * MS} pid=${pid} tid=${pid} dur=${ms * MS}`;
const fail = (pid: number, atMs: number, ret = -32): string =>
  `event=fail ts=${1_000_000_000_000 + atMs * MS} pid=${pid} tid=${pid} nr=44 ret=${ret}`;

test('a capture that counts is not told to be recorded with durations', async () => {
  const { notes } = (await analyzed(capture([{}, {}]))).quality;
  assert.match(notes.join(' '), /^This capture counts: of calls it tells waits, accepts, failed writes and turns/);
  assert.doesNotMatch(notes.join(' '), /-T|strace/);
});

test('turns that were told are a stall of their worker, which does not say in what it was', async () => {
  const report = await analyzed(
    capture([{ events: [turn(101, 300, 170)] }, { events: [turn(101, 1_100, 400)] }, { events: [] }]),
  );
  const stall = only(report, 'loop-stall');
  assert.equal(stall.title, 'Worker 101 stalled up to 400 ms (2x)');
  assert.equal(stall.severity, 'warning');
  assert.match(stall.summary, /2 turns of 100 ms or more, together 570 ms\. This capture counts/);
  const { cause, count, longestMs, totalMs, stalls } = stall.metrics;
  assert.deepEqual([cause, count, longestMs, totalMs], ['unrecorded', 2, 400, 570]);
  assert.deepEqual(
    (stalls as { startMs: number; endMs: number }[]).map(({ startMs, endMs }) => endMs - startMs),
    [170, 400],
  );
  assert.match(stall.evidence[0]?.text ?? '', /^101 [\d.]+ turn of the event loop <0\.400000>$/);
  assert.deepEqual(stall.next[0]?.command, "drover record 101 --program calls --ring 60s --until 'stall>100ms'");
  assert.match(none(report, 'service-stall'), /at no time were all of the 2 threads that accept in turns of 100 ms/);
});

/** Worker 101 was in a sleep before the capture began, and a client waits; the last look saw it as `seenMs` long. */
function asleep(seenMs: number): string {
  const end = 1_000_000_000_000 + 8_000 * MS;
  const opening = 'event=in ts=999000000000 pid=101 tid=101 nr=230 a=0,0,7ffc,0,0,0 data=';
  return [
    opening,
    START,
    ...Array.from({ length: 7 }, (_, at) => `event=tick ts=${1_000_000_000_000 + (at + 1) * 1_000 * MS}`),
    `event=end ts=${end}`,
    `event=in ts=${end + 1} pid=101 tid=101 nr=230 a=0,0,7ffc,0,0,0 data=`,
    `event=seen ts=${end} for=${seenMs * MS} pid=101 tid=101 parent=100 call=clock_nanosleep ran=0 clients=1 comm=gunicorn`,
    '',
  ].join('\n');
}

test('a ladder that began before the capture is no single call, and one call is', async () => {
  const ladder = only(await analyzed(asleep(0)), 'stuck-call');
  assert.equal(ladder.title, 'Pid 101 is in one clock_nanosleep after the other');
  assert.match(
    ladder.summary,
    /^Pid 101 was in clock_nanosleep when the capture began, and in another clock_nanosleep when/,
  );
  assert.doesNotMatch(ladder.summary, /had not come back/);
  for (const seenMs of [7_990, 7_100]) {
    const { title, summary } = only(await analyzed(asleep(seenMs)), 'stuck-call');
    assert.equal(title, 'Pid 101 is stuck in clock_nanosleep for at least 8.00 s');
    assert.match(
      summary,
      /^Pid 101 was still in clock_nanosleep when the capture ended\. It had been in that call since before/,
    );
  }
});

test('a call that was seen to begin in the capture did not begin before it, and is one call', async () => {
  const end = 1_000_000_000_000 + 8_000 * MS;
  const lines = [
    'event=in ts=999000000000 pid=101 tid=101 nr=232 a=7,1,40,0,0,0 data=',
    START,
    ...Array.from(
      { length: 7 },
      (_, at) => `event=tick ts=${1_000_000_000_000 + (at + 1) * 1_000 * MS}\n@waits[103]: 97\n`,
    ),
    `event=end ts=${end}`,
    `@in[101]: (${end - 5_000 * MS}, 230, 0, 0, 0, 0)`,
    `event=seen ts=${end} for=${5_000 * MS} pid=101 tid=101 parent=100 call=clock_nanosleep ran=0 clients=1 comm=gunicorn`,
    '',
  ];
  const { title, summary } = only(await analyzed(lines.join('\n')), 'stuck-call');
  assert.equal(title, 'Pid 101 is stuck in clock_nanosleep for at least 5.00 s');
  assert.match(
    summary,
    /^Pid 101 was still in clock_nanosleep when the capture ended\. It had been in that call for at least 5\.00 s/,
  );
});

test('a thread of a pool that sleeps is stuck where its code serves a request, and only then', async () => {
  const end = 1_000_000_000_000 + 8_000 * MS;
  const ofPool = (frames: string, codeAt: number): string =>
    [
      capture([{}, {}, {}, {}, {}, {}, {}], [101]).trimEnd(),
      `@in[101]: (${end - 300 * MS}, 232, 7, 1, 40, 1000)`,
      `@in[107]: (${end - 5_000 * MS}, 230, 0, 0, 0, 0)`,
      `event=code ts=${codeAt} took=${100 * MS} pid=101 tid=107 by=py-spy frames=${frames}`,
      `event=seen ts=${end} for=0 pid=101 tid=101 parent=100 call=epoll_wait ran=0 clients=1 comm=gunicorn`,
      `event=seen ts=${end} for=${5_000 * MS} pid=101 tid=107 parent=100 call=clock_nanosleep ran=0 clients=1 comm=gunicorn`,
      '',
    ].join('\n');
  const request = 'view@/srv/app.py:6,handle_request@/usr/lib/python3/dist-packages/gunicorn/workers/gthread.py:323';
  const { title, severity } = only(await analyzed(ofPool(request, end - 3_500 * MS)), 'stuck-call');
  assert.equal(title, 'Thread 107 of 101 is stuck in clock_nanosleep, app.py:6 view()');
  assert.equal(severity, 'warning');
  const keeper = 'flush@/srv/app.py:41,run@/usr/lib/python3.11/threading.py:975';
  assert.match(none(await analyzed(ofPool(keeper, end - 3_500 * MS)), 'stuck-call'), /all waiting for work/);
  // Of the request before this sleep it says nothing.
  none(await analyzed(ofPool(request, end - 6_000 * MS)), 'stuck-call');
});

test('who computes is looked at with the tool of its runtime', async () => {
  const end = 1_000_000_000_000 + 8_000 * MS;
  for (const [comm, command] of [
    ['redis-server', 'perf top -p 101'],
    ['gunicorn', 'py-spy dump --pid 101'],
    ['puma', 'rbspy dump --pid 101'],
  ] as const) {
    const lines = [
      capture([{}, {}, {}, {}, {}, {}, {}], []).trimEnd(),
      `event=seen ts=${end} for=${5_000 * MS} pid=101 tid=101 parent=1 call=- ran=${4_990 * MS} clients=1 comm=${comm}`,
      '',
    ];
    assert.equal(only(await analyzed(lines.join('\n')), 'stuck-call').next[0]?.command, command, comm);
  }
});

test('where workers wait in select, a turn may be a request of a sync worker', async () => {
  const judged = async (ms: number, ...calls: readonly string[]): Promise<readonly unknown[]> => {
    const looks = calls.map(
      (call, at) =>
        `event=seen ts=1002000000000 for=0 pid=${101 + at} tid=${101 + at} parent=100 call=${call} ran=0 clients=0 ` +
        'comm=gunicorn\n',
    );
    const events = [turn(101, 100, ms), turn(102, 100, ms)];
    const report = await analyzed(`${capture([{ events: [] }, { events }])}${looks.join('')}`);
    return ofKind(report, 'loop-stall').map(({ severity, confidence }) => `${severity}, ${confidence}`);
  };
  assert.deepEqual(await judged(203, 'pselect6', 'clock_nanosleep'), ['info, possible', 'info, possible']);
  assert.deepEqual(await judged(1_000, 'pselect6', 'clock_nanosleep'), ['warning, possible', 'warning, possible']);
  // A loop; a wait for a database; nothing that tells.
  for (const call of ['epoll_wait', 'poll', 'clock_nanosleep'])
    assert.deepEqual(await judged(203, call, 'clock_nanosleep'), ['warning, likely', 'warning, likely'], call);
  assert.deepEqual(await judged(203, 'epoll_wait', 'pselect6'), ['warning, likely', 'warning, likely']);
});

test('a stall of a second is critical, one below the limit of the user is none', async () => {
  const seconds = [{ events: [] }, { events: [turn(101, 500, 1_000)] }];
  assert.equal(only(await analyzed(capture(seconds)), 'loop-stall').severity, 'critical');
  const raised = await analyzed(capture(seconds), {}, { thresholds: { 'stall-ms': 1_001 } });
  assert.match(none(raised, 'loop-stall'), /no turn of 1001 ms or more in 388 turns; a turn that has not ended is/);
});

test('the share of a stall is that of the capture, and all of it at most', async () => {
  const share = async (fromMs: number, ms: number): Promise<unknown> =>
    only(await analyzed(capture([{ events: [turn(101, fromMs, ms)] }, {}, {}])), 'loop-stall').metrics.share;
  // Seen are the ticks after 1, 2 and 3 s, and the turn.
  assert.equal(await share(0, 500), 0.1667);
  assert.equal(await share(1_500, 500), 0.25);
  assert.equal(await share(0, 3_001), 1);
});

test('workers that are away at the same time are a stall of the service; in turn they are not', async () => {
  const together = await analyzed(
    capture([{ events: [] }, { events: [turn(101, 300, 900), turn(103, 700, 900)] }, {}]),
  );
  const stall = only(together, 'service-stall');
  assert.deepEqual([stall.metrics.longestMs, stall.metrics.count, stall.confidence], [500, 1, 'possible']);
  assert.deepEqual(stall.workers, [101, 103]);
  const apart = await analyzed(capture([{ events: [] }, { events: [turn(101, 300, 400), turn(103, 800, 400)] }, {}]));
  assert.match(none(apart, 'service-stall'), /at no time/);
  assert.equal(ofKind(apart, 'loop-stall').length, 2);
  const one = await analyzed(capture([{ events: [turn(101, 300, 400)] }], [101]));
  assert.match(none(one, 'service-stall'), /One thread that accepts was counted/);
});

test('stalls of the service that were counted have the time that all were away; the longest is told', async () => {
  const events = [
    [turn(101, 300, 400), turn(103, 400, 200)],
    [turn(101, 1_100, 1_200), turn(103, 1_200, 1_050)],
    [turn(101, 2_400, 200), turn(103, 2_450, 110), turn(101, 2_700, 200), turn(103, 2_801, 200)],
  ];
  const stall = only(await analyzed(capture([...events.map((own) => ({ events: own })), {}])), 'service-stall');
  assert.deepEqual([stall.severity, stall.title], ['critical', 'No worker could accept or answer for 1.05 s']);
  assert.equal(
    stall.summary,
    'Both workers that accept were away from their loops at once, 3 times, together 1.36 s. This capture counts: it ' +
      'does not tell in which calls they were, nor whether they serve the same listener.',
  );
  const { stalls, count, totalMs, longestMs, workers, blocked } = stall.metrics;
  assert.deepEqual([count, totalMs, longestMs, workers, blocked], [3, 1_360, 1_050, 2, 2]);
  const unrecorded = { cause: 'unrecorded', call: '', target: '' };
  const blockedIn = [101, 103].map((pid) => ({ pid, ...unrecorded }));
  // The first turn is the first that is known of the capture: its axis begins there, 300 ms after the start.
  assert.deepEqual(stalls, [
    { startMs: 100, endMs: 300, blockedIn },
    { startMs: 900, endMs: 1_950, blockedIn },
    { startMs: 2_150, endMs: 2_260, blockedIn },
  ]);
  assert.deepEqual([stall.startMs, stall.endMs, stall.evidence.length], [100, 2_260, 2]);
  assert.match(stall.next[0]?.command ?? '', /^drover record 101 .* 'stall>100ms'$/);
});

test('writes that failed are told with their share of the accepted connections', async () => {
  const report = await analyzed(capture([{ events: [fail(101, 100), fail(103, 300, -104), fail(101, 700)] }, {}]));
  const pipe = only(report, 'broken-pipe');
  assert.equal(pipe.title, '3 writes failed: the other end had left (EPIPE and ECONNRESET)');
  assert.deepEqual([pipe.severity, pipe.confidence, pipe.metrics.count], ['critical', 'possible', 3]);
  assert.match(pipe.summary, /for 44 accepted connections \(6\.82 %\)/);
  const few = await analyzed(capture([{ accepts: { 101: 997 }, events: [fail(101, 100)] }]));
  assert.equal(only(few, 'broken-pipe').severity, 'info');
  assert.match(only(few, 'broken-pipe').title, /^1 write failed/);
  const quiet = await analyzed(capture([{}, {}]));
  assert.match(none(quiet, 'broken-pipe'), /no write failed .*\(44 connections accepted\)/);
});

test('failed writes are the effect of a stall that their worker has just left, and of no other', async () => {
  /** A worker stalls for 400 ms; then two writes fail. Which finding each of both hangs under; '' for none. */
  const parents = async (pid: number, ms: number): Promise<readonly string[]> => {
    const events = [turn(101, 300, 400), fail(pid, ms), fail(pid, ms + 1)];
    const { findings } = await analyzed(capture([{ events }, {}]));
    return ['loop-stall', 'broken-pipe'].map((kind) => {
      const { id = '' } = findings.find((finding) => finding.kind === kind) ?? {};
      return findings.find(({ effects }) => effects.includes(id))?.kind ?? '';
    });
  };
  assert.deepEqual(await parents(101, 750), ['', 'loop-stall']);
  assert.deepEqual(await parents(101, 930), ['', '']);
  // Another worker was not in it.
  assert.deepEqual(await parents(103, 750), ['', '']);
});

test('a worker that was killed is told, and an exit without its status is not called clear', async () => {
  const at = (ms: number): number => 1_000_000_000_000 + ms * MS;
  const exit = `event=exit ts=${at(701)} pid=103 tid=103 nr=0 a=0`;
  const killed = `event=deliver ts=${at(700)} pid=103 tid=103 sig=9 code=0 handler=0`;
  const report = await analyzed(capture([{ events: [killed, exit] }, {}]));
  const [death] = only(report, 'worker-death').metrics.deaths as { pid: number; signal: string }[];
  assert.deepEqual([death?.pid, death?.signal], [103, 'SIGKILL']);
  const left = await analyzed(capture([{ events: [exit] }, {}]));
  none(left, 'worker-death');
  assert.equal(left.outcomes['worker-death']?.status, 'not-applicable');
});

test('a herd that was counted has its figures, and each limit holds for it', async () => {
  /** Two seconds of 101, which gets most connections, and of 103, which mostly finds nothing. */
  const counted = (accepts: number, eagains: number): string => {
    const lines = [START];
    for (const at of [1_000, 2_000])
      lines.push(
        `event=tick ts=${1_000_000_000_000 + at * MS}`,
        ...[`@accepts[101]: ${accepts}`, '@accepts[103]: 7'],
        ...['@eagain[101]: 5', `@eagain[103]: ${eagains}`],
        ...['@waits[101]: 28', '@waits[103]: 102', '@timeouts[101]: 2', '@timeouts[103]: 3'],
        ...['@wakes[101]: 31', '@wakes[103]: 115', ''],
      );
    return `${lines.join('\n')}\nevent=end ts=1009000000000\n`;
  };
  const report = await analyzed(counted(23, 95));
  const herd = only(report, 'thundering-herd');
  // Who finds nothing most of the time accepts all the same.
  assert.match(none(report, 'service-stall'), /all of the 2 threads that accept/);
  assert.equal(herd.title, 'Herd: 222 of 282 wake-ups found nothing');
  assert.match(herd.summary, /^2 threads accept\. For 60 connections they were woken 282 times; 222 found nothing/);
  assert.match(herd.summary, /\(4\.7 wake-ups a connection\), 22 of them without any system call showing it\./);
  assert.deepEqual([herd.confidence, herd.startMs, herd.endMs, herd.openEnded], ['possible', 0, 1_000, false]);
  assert.deepEqual(herd.workers, [101, 103]);
  const { metrics } = herd;
  assert.deepEqual([metrics.acceptors, metrics.connections, metrics.productiveWakeups], [2, 60, 60]);
  assert.deepEqual([metrics.wastedWakeups, metrics.silentWakeups, metrics.kernelWakeups], [222, 22, 282]);
  assert.deepEqual([metrics.herdFactor, metrics.wastedWakeupRatio, metrics.maxShare], [4.7, 0.787, 0.767]);
  // Both seconds are counted: 111 a second, of 20 us each. The Gini coefficient of 46 and 14 is 32 / (2 x 60).
  assert.deepEqual([metrics.wastedWakeupsPerSecond, metrics.estimatedCores, metrics.gini], [111, 0.00222, 0.267]);
  for (const [name, least] of [
    ['herd-min-connections', 60],
    ['herd-min-wasted', 222],
    ['herd-factor-info', 4.7],
  ] as const) {
    only(await analyzed(counted(23, 95), {}, { thresholds: { [name]: least } }), 'thundering-herd');
    none(await analyzed(counted(23, 95), {}, { thresholds: { [name]: least + 1 } }), 'thundering-herd');
  }
});

test('what such a capture cannot tell is not called clear', async () => {
  const report = await analyzed(capture([{}, {}]));
  for (const kind of ['slow-dependency', 'disk-sync', 'blocking-dns', 'worker-saturation', 'fd-leak'] as const)
    assert.equal(report.outcomes[kind]?.status, 'not-applicable', kind);
  // Counted seconds without one turn do not show that loops were quick.
  const hung = await analyzed(
    `${START}\nevent=tick ts=1001000000000\n@accepts[101]: 1\nevent=tick ts=1002000000000\nevent=end ts=1003000000000\n`,
  );
  assert.equal(hung.outcomes['loop-stall']?.status, 'not-applicable');
});

test('where calls are in the capture, too, a herd is judged by them: they tell one listener from another', async () => {
  const at = (ms: number): number => 1_000_000_000_000 + ms * MS;
  const call = (pid: number, ms: number, words: string): string =>
    `ts=${at(ms)} dur=20000 pid=${pid} tid=${pid} ${words}`;
  const calls = Array.from({ length: 149 }, (_, round) => {
    const ms = 1 + round * 5;
    return [101, 103].flatMap((pid) => [
      call(pid, ms, 'call=epoll_wait fd=6 ret=1 args=6, [{events=EPOLLIN, data={u32=5, u64=5}}], 64, 1000'),
      pid === 101
        ? call(pid, ms + 0.1, 'call=accept4 fd=5 ret=9 args=5, NULL, NULL, SOCK_CLOEXEC')
        : call(pid, ms + 0.1, 'call=accept4 fd=5 ret=-11 args=5, NULL, NULL, SOCK_CLOEXEC'),
      ...(pid === 101 ? [call(pid, ms + 0.2, 'call=close fd=9 ret=0 args=9')] : []),
    ]);
  }).flat();
  const { metrics } = only(await analyzed(capture([{ events: calls }])), 'thundering-herd');
  assert.deepEqual([metrics.listener, metrics.connections, metrics.wastedWakeups], ['fd 5', 149, 149]);
});
