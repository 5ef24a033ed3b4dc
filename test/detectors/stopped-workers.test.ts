import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, ofKind, only } from '../support/analyzed.ts';

const KIND = 'loop-stall';
const MARK = '{si_signo=SIGSTOP, si_code=SI_USER, si_pid=4711, si_uid=0}';

const at = (ms: number): string => (1_795_140_800 + ms / 1000).toFixed(6);

/** How a worker waits for its listener, until it got a connection, until it timed out, and until a signal came. */
const WAITS = {
  'a blocking accept': {
    got: (ms: number, inode: number) =>
      `accept4(5<socket:[4711]>, NULL, NULL, SOCK_CLOEXEC) = 9<socket:[${inode}]> <${(ms / 1000).toFixed(6)}>`,
    taken: null,
    ended: 'accept4(5<socket:[4711]>, NULL, NULL, SOCK_CLOEXEC) = ? ERESTARTSYS (To be restarted) <0.100000>',
  },
  'a select, and accepts afterwards': {
    got: (ms: number) =>
      `pselect6(6, [5], NULL, NULL, {tv_sec=15, tv_nsec=0}, NULL) = 1 (in [5], left {tv_sec=14, tv_nsec=0}) <${(ms / 1000).toFixed(6)}>`,
    taken: (inode: number) => `accept4(5<socket:[4711]>, NULL, NULL, SOCK_CLOEXEC) = 9<socket:[${inode}]> <0.000020>`,
    ended:
      'pselect6(6, [5], NULL, NULL, {tv_sec=15, tv_nsec=0}, NULL) = ? ERESTARTNOHAND (To be restarted if no handler) <0.100000>',
  },
} as const;

/** Two workers that serve one client at a time; the first is stopped at 1.1 s for so many ms, idle or in a request. */
function twoWorkers(how: keyof typeof WAITS, ms: number, isServing: boolean): string {
  const { got, taken, ended } = WAITS[how];
  const lines: [number, string][] = [];
  const add = (pid: number, time: number, call: string): number => lines.push([time, `${pid}   ${at(time)} ${call}`]);
  const take = (pid: number, from: number, to: number, inode: number): void => {
    add(pid, from, got(to - from, inode));
    if (taken !== null) add(pid, to, taken(inode));
    add(
      pid,
      to + 0.1,
      `recvfrom(9<socket:[${inode}]>, "GET /report HTTP/1.1\\r\\n", 8192, 0, NULL, NULL) = 22 <0.000020>`,
    );
  };
  const reply = (pid: number, time: number, inode: number): void => {
    add(pid, time, `sendto(9<socket:[${inode}]>, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19, 0, NULL, 0) = 19 <0.000020>`);
    add(pid, time + 0.1, `close(9<socket:[${inode}]>) = 0 <0.000020>`);
  };
  for (const [index, pid] of [101, 102].entries()) {
    for (let turn = 0; turn < 5; turn++) {
      const start = turn * 100 + index;
      take(pid, start, start + 90, 5000 + pid * 10 + turn);
      reply(pid, start + 91, 5000 + pid * 10 + turn);
    }
  }
  if (isServing) take(101, 500, 1099, 7001);
  else add(101, 1000, ended);
  add(101, 1100, `--- SIGSTOP ${MARK} ---`);
  add(101, 1100.1, '--- stopped by SIGSTOP ---');
  add(101, 1100 + ms, '--- SIGCONT {si_signo=SIGCONT, si_code=SI_USER, si_pid=4711, si_uid=0} ---');
  if (isServing) reply(101, 1100.2 + ms, 7001);
  take(101, 1101 + ms, 1191 + ms, 7003);
  reply(101, 1192 + ms, 7003);
  for (let time = 600; time < 1300 + ms; time += 100) {
    take(102, time, time + 90, 6000 + time);
    reply(102, time + 91, 6000 + time);
  }
  return `${lines
    .sort(([a], [b]) => a - b)
    .map(([, line]) => line)
    .join('\n')}\n`;
}

for (const how of Object.keys(WAITS) as (keyof typeof WAITS)[])
  describe(`a worker that serves one client at a time and waits in ${how}`, () => {
    it('is reported when a signal stops it, although it has no loop', async () => {
      const { metrics, severity, title, summary, why, next, workers } = only(
        await analyzed(twoWorkers(how, 2300, false)),
        KIND,
      );
      assert.deepEqual([metrics.cause, metrics.stopSignal, metrics.stopSender], ['stopped', 'SIGSTOP', 4711]);
      assert.equal(title, 'Worker 101 stalled 2.30 s: stopped by SIGSTOP');
      assert.match(summary, /^Worker 101 did nothing for 2\.30 s: SIGSTOP, sent by pid 4711, stopped the worker/);
      assert.doesNotMatch(summary + why, /loop/);
      assert.match(next[0]?.text ?? '', /why pid 4711 stopped it/);
      assert.deepEqual(workers, [101]);
      // Nobody waited for it: the other worker took what came.
      assert.equal(severity, 'warning');
    });

    it('is critical where a client was waiting for it', async () => {
      const { metrics, severity } = only(await analyzed(twoWorkers(how, 2300, true)), KIND);
      assert.deepEqual([metrics.cause, severity], ['stopped', 'critical']);
      assert.match(String(metrics.request), /GET \/report/);
    });

    it('is not reported when it was stopped for less than a stall, or not at all', async () => {
      assert.deepEqual(ofKind(await analyzed(twoWorkers(how, 90, false)), KIND), []);
      const unstopped = twoWorkers(how, 2300, true).replaceAll(/^.* ---.*\n/gm, '');
      assert.deepEqual(ofKind(await analyzed(unstopped), KIND), []);
    });
  });
