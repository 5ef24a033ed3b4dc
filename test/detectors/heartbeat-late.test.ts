import assert from 'node:assert/strict';
import { it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';

const KIND = 'heartbeat-late';
const ORIGIN = 1_795_140_800;

/** A gunicorn master and the moments, in milliseconds, at which each of its workers touched its heartbeat file. */
function beats(
  workers: Readonly<Record<number, readonly number[]>>,
  { timeout = '4', aborts = {} as Record<number, number> } = {},
): string {
  const lines: [number, string][] = [];
  const add = (ms: number, pid: number, call: string): number =>
    lines.push([ms, `${pid}   ${(ORIGIN + ms / 1000).toFixed(6)} ${call} <0.000010>`]);
  const flag = timeout === '' ? '' : `"--timeout", "${timeout}", `;
  add(
    0,
    100,
    `execve("/usr/bin/gunicorn", ["gunicorn", "-k", "gevent", ${flag}"app:app"], 0x7ffd1b9950a8 /* 5 vars */) = 0`,
  );
  for (const [index, pid] of Object.keys(workers).entries())
    add(
      100 + index,
      100,
      `clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7efc24215e50) = ${pid}`,
    );
  for (const [pid, moments] of Object.entries(workers))
    for (const ms of moments) add(ms, Number(pid), 'fchmod(7</tmp/wgunicorn-885aidgw>(deleted), 001) = 0');
  for (const [pid, ms] of Object.entries(aborts)) add(ms, 100, `kill(${pid}, SIGABRT) = 0`);
  return `${lines
    .sort(([a], [b]) => a - b)
    .map(([, line]) => line)
    .join('\n')}\n`;
}

it('the metrics of late heartbeats are those of their trace', async () => {
  const trace = beats(
    {
      101: [200, 1200, 3500, 4500, 5500, 6500],
      102: [210, 1210, 2210],
      103: [220, 1220, 2220, 3220, 4220, 5220, 6220],
    },
    { aborts: { 102: 6300 } },
  );
  const { metrics, severity, confidence, startMs, endMs, workers } = only(await analyzed(trace), KIND);
  assert.deepEqual([severity, confidence, startMs, endMs, workers], ['critical', 'likely', 1200, 6300, [102, 101]]);
  assert.deepEqual(metrics, {
    workers: [
      { pid: 102, heartbeats: 3, longestMs: 4090, sinceMs: 2210, aborted: true, open: false, abortedAfterMs: 4090 },
      { pid: 101, heartbeats: 6, longestMs: 2300, sinceMs: 1200, aborted: false, open: false, abortedAfterMs: null },
    ],
    count: 2,
    aborted: 1,
    timeoutS: 4,
    // 4.09 s of 4 s.
    shareOfTimeout: 1.02,
  });
});

it('half of the timeout is late for a loop, and the share can be set', async () => {
  assert.match(
    none(await analyzed(beats({ 101: [200, 2199] })), KIND),
    /^1 worker, longest time between two heartbeats 2\.00 s \(timeout 4 s\)$/,
  );
  const { severity, metrics } = only(await analyzed(beats({ 101: [200, 2200] })), KIND);
  assert.deepEqual([severity, metrics.shareOfTimeout], ['warning', 0.5]);
  only(await analyzed(beats({ 101: [200, 1200] }), {}, { thresholds: { 'heartbeat-share': 0.25 } }), KIND);
  none(await analyzed(beats({ 101: [200, 1199] }), {}, { thresholds: { 'heartbeat-share': 0.25 } }), KIND);
});

it('a worker that waits in select beats every half timeout when idle, and is late at three quarters', async () => {
  const idle = (waits: string, pause: number): string =>
    [0, 1, 2]
      .map((round) => 1_000_000_000 + round * pause * 1e6)
      .map(
        (at) =>
          `ts=${at} dur=${(pause - 1) * 1e6} pid=101 tid=101 comm=gunicorn nr=${waits} ret=0 a=60,7ffe,0,0 data=\n` +
          `ts=${at + (pause - 1) * 1e6 + 1_000} dur=5000 pid=101 tid=101 comm=gunicorn nr=91 ret=0 a=ae,1,0,0 data=\n`,
      )
      .join('');
  const capture = (waits: string, pause: number): string =>
    `event=start program=calls version=1 machine=x86-64 ts=900000000 clock=1795140800.0\n` +
    `event=fd pid=101 fd=174 is=/tmp/wgunicorn-i2hz82wf\n${idle(waits, pause)}` +
    `event=end ts=${1_000_000_000 + 3 * pause * 1e6}\n`;
  // pselect6, select; poll is what other classes wait in.
  for (const select of ['270', '23']) {
    none(await analyzed(capture(select, 15_020)), KIND);
    none(await analyzed(capture(select, 22_490)), KIND);
    only(await analyzed(capture(select, 22_510)), KIND);
  }
  only(await analyzed(capture('7', 15_020)), KIND);
  // In what it is since its last heartbeat no line tells yet; others go on.
  const [start, file] = capture('7', 1).split('\n');
  const beat = 'ts=1000000000 dur=5000 pid=101 tid=101 comm=gunicorn nr=91 ret=0 a=ae,1,0,0 data=';
  const later = (ms: number): string =>
    `ts=${1_000_000_000 + ms * 1e6} dur=5000 pid=100 tid=100 comm=gunicorn nr=39 ret=100 a=0,0,0,0 data=\n`;
  none(await analyzed([start, file, beat, later(22_490)].join('\n')), KIND);
  only(await analyzed([start, file, beat, later(22_510)].join('\n')), KIND);
});

it('without a timeout on the command line the default of 30 s counts, which is possible at most', async () => {
  none(await analyzed(beats({ 101: [200, 15_199] }, { timeout: '' })), KIND);
  const { confidence, metrics, summary } = only(await analyzed(beats({ 101: [200, 15_200] }, { timeout: '' })), KIND);
  assert.deepEqual([confidence, metrics.timeoutS, metrics.shareOfTimeout], ['possible', null, 0.5]);
  assert.match(
    summary,
    /the timeout is not in the trace; the default is 30 s\)\. It came within 15\.00 s of being killed\.$/,
  );
});

it('a signal to somebody else, or another one, is no abort', async () => {
  const report = await analyzed(beats({ 101: [200, 1200] }, { aborts: { 140: 1300 } }));
  none(report, KIND);
  none(await analyzed(beats({ 101: [200, 1200] }, { aborts: { 101: 1300 } }).replace('SIGABRT', 'SIGTERM')), KIND);
});

it('servers without such a file cannot be judged', async () => {
  const report = await analyzed(beats({}));
  assert.match(none(report, KIND), /^No heartbeat seen: only gunicorn workers have one/);
  assert.equal(report.outcomes[KIND]?.status, 'not-applicable');
});

it('a worker of gunicorn that nobody asks for anything is a worker: it shows that it lives', async () => {
  const idle = (beats: boolean): string =>
    Array.from({ length: 5 }, (_, index) => {
      const at = (ms: number): string => (1_795_140_800 + index + ms / 1000).toFixed(6);
      const beat = 'utimensat(8</tmp/wgunicorn-mhgtsjw>(deleted), NULL, NULL, 0) = 0 <0.000010>';
      return [
        `101 ${at(0)} epoll_wait(5<anon_inode:[eventpoll]>, [], 64, 990) = 0 <0.990000>`,
        `101 ${at(995)} ${beats ? beat : 'getpid() = 101 <0.000010>'}`,
      ].join('\n');
    })
      .concat('')
      .join('\n');
  const [beating, silent] = [await analyzed(idle(true)), await analyzed(idle(false))];
  assert.deepEqual(
    [beating, silent].map(({ workers }) => workers.map(({ role }) => role)),
    [['event-loop'], ['unknown']],
  );
});

it('a worker that makes no call any more is late because of that, and not for itself', async () => {
  const at = (ms: number): string => `${ORIGIN + ms / 1000}`;
  const lines = beats({ 101: [200, 1200], 103: Array.from({ length: 30 }, (_, second) => 210 + second * 1000) });
  const looks = [
    [100, 'pselect6', 0, 0],
    [101, '-', 27_900, 1],
    [103, 'epoll_wait', 0, 0],
  ].map(
    ([pid, call, ms, clients]) =>
      `strace: drover: event=seen ts=${at(29_300)}00 for=${Number(ms) * 1e6} pid=${pid} tid=${pid} parent=100 ` +
      `call=${call} ran=${Number(ms) * 1e6} clients=${clients} comm=gunicorn\n`,
  );
  const { findings } = await analyzed(lines + looks.join(''));
  assert.deepEqual(
    findings.map(({ kind, effects }) => [kind, effects]),
    [
      ['stuck-call', ['heartbeat-late-1']],
      ['heartbeat-late', []],
    ],
  );
});
