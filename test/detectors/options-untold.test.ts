import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';

// Two workers of gunicorn 23 (gevent) under perf trace 6.12, cut from a capture: perf prints where the value of FIONBIO
// stands, and not the value. The application slept for 502 ms.
const SHOWS_A_LOOP = [
  '   671.074 ( 4.269 ms): gunicorn/30475 epoll_wait(epfd: 6, maxevents: 64, timeout: 551) = 1',
  '   675.434 ( 0.027 ms): gunicorn/30475 accept4(fd: 5, flags: 524288) = 12',
  '   675.561 ( 0.017 ms): gunicorn/30475 ioctl(fd: 12, cmd: FIONBIO, arg: 0x7ffd) = 0',
  '   676.096 ( 0.025 ms): gunicorn/30475 recvfrom(fd: 12, size: 8192) = -1 EAGAIN (Resource temporarily unavailable)',
  '   676.184 ( 0.021 ms): gunicorn/30475 epoll_ctl(epfd: 6, op: ADD, fd: 12) = 0',
  '   676.219 (29.549 ms): gunicorn/30475 epoll_wait(epfd: 6, maxevents: 64, timeout: 546) = 1',
  '   705.852 ( 0.021 ms): gunicorn/30475 recvfrom(fd: 12, size: 8192) = 46',
  '   706.480 ( 0.056 ms): gunicorn/30475 sendto(fd: 12, len: 138) = 138',
  '   706.659 ( 0.034 ms): gunicorn/30475 close(fd: 12) = 0',
  '   706.838 (         ): gunicorn/30475 epoll_wait(epfd: 6, maxevents: 64, timeout: 516) ...',
];
const SLEEPS = [
  '   699.999 ( 0.032 ms): gunicorn/30470 accept4(fd: 5, flags: 524288) = 12',
  '   700.090 ( 0.011 ms): gunicorn/30470 ioctl(fd: 12, cmd: FIONBIO, arg: 0x7ffd) = 0',
  '   700.368 ( 0.019 ms): gunicorn/30470 recvfrom(fd: 12, size: 8192) = 46',
  '   700.747 ( 0.055 ms): gunicorn/30470 sendto(fd: 12, len: 138) = 138',
  '   700.904 ( 0.027 ms): gunicorn/30470 close(fd: 12) = 0',
  '   701.036 ( 0.013 ms): gunicorn/30470 epoll_wait(epfd: 7, maxevents: 64, timeout: 300) = 1',
  '   701.063 ( 0.015 ms): gunicorn/30470 accept4(fd: 5, flags: 524288) = 12',
  '   701.114 ( 0.010 ms): gunicorn/30470 ioctl(fd: 12, cmd: FIONBIO, arg: 0x7ffd) = 0',
  '   701.257 ( 0.014 ms): gunicorn/30470 recvfrom(fd: 12, size: 8192) = 55',
  '   701.401 (502.106 ms): gunicorn/30470 clock_nanosleep(rqtp: 0x7ffc7aa02c90) = 0',
  '  1203.822 ( 0.027 ms): gunicorn/30470 sendto(fd: 12, len: 138) = 138',
  '  1205.971 ( 0.029 ms): gunicorn/30470 close(fd: 12) = 0',
  '  1206.102 ( 0.013 ms): gunicorn/30470 epoll_wait(epfd: 7, maxevents: 64) = 0',
  '  1206.260 ( 3.534 ms): gunicorn/30470 epoll_wait(epfd: 7, maxevents: 64, timeout: 1000) = 1',
  '  1209.850 ( 0.022 ms): gunicorn/30470 accept4(fd: 5, flags: 524288) = 12',
  '  1209.928 ( 0.010 ms): gunicorn/30470 ioctl(fd: 12, cmd: FIONBIO, arg: 0x7ffd) = 0',
];

const text = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

describe('a worker of which nothing tells whether its sockets wait', () => {
  it('is what another worker at the same listener is', async () => {
    const report = await analyzed(text([...SHOWS_A_LOOP, ...SLEEPS]));
    assert.deepEqual(
      report.workers.map(({ role }) => role),
      ['event-loop', 'event-loop'],
    );
    const { metrics, workers } = only(report, 'loop-stall');
    assert.deepEqual([workers, metrics.cause, metrics.call], [[30470], 'sleep', 'clock_nanosleep']);
  });

  it('is unknown where no other tells: neither a loop nor a sync worker, and no all-clear', async () => {
    const report = await analyzed(text(SLEEPS));
    assert.deepEqual(
      report.workers.map(({ role }) => role),
      ['unknown'],
    );
    none(report, 'loop-stall');
    assert.equal(report.outcomes['loop-stall']?.status, 'not-applicable');
    assert.match(
      report.outcomes['loop-stall']?.reason ?? '',
      /does not show to what ioctl and fcntl set how sockets wait/,
    );
    assert.match(report.verdict.text, /^Cannot tell: /);
  });

  it('is a sync worker as before where strace shows that its sockets wait', async () => {
    const strace = SLEEPS.map((line) => {
      const [, ms = '', took = '', call = '', result = ''] =
        /^ *([\d.]+) \( *([\d.]+) ms\): gunicorn\/30470 (.*) = (.*)$/.exec(line) ?? [];
      const words = call.replace('arg: 0x7ffd', '[0]').replace(/\b[a-z]+: /g, '');
      return `30470 ${(Number(ms) / 1000 + 1795140800).toFixed(6)} ${words} = ${result} <${(Number(took) / 1000).toFixed(6)}>`;
    });
    const { workers } = await analyzed(text(strace));
    assert.deepEqual(
      workers.map(({ role }) => role),
      ['sync-worker'],
    );
  });
});

// The first seven lines of a worker of gunicorn 26 under perf trace 7.2 that matter. It was idle in its own wait.
it('a wait of which perf shows the end alone is for an unknown descriptor, and the next one names it', async () => {
  const report = await analyzed(
    text([
      '         ? (         ): gunicorn/6948  ... [continued]: epoll_wait())                                       = 1',
      '   106.118 ( 0.019 ms): gunicorn/6948 accept4(fd: 3<socket:[9027801]>, flags: 524288) = 11',
      '   120.962 ( 0.030 ms): gunicorn/6948 accept4(fd: 3<socket:[9027801]>, flags: 524288) = 12',
      '   121.216 ( 0.018 ms): gunicorn/6948 recvfrom(fd: 11<socket:[9028149]>, size: 8192) = 46',
      '   122.420 ( 0.015 ms): gunicorn/6948 recvfrom(fd: 12<socket:[9028155]>, size: 8192) = 55',
      '   122.630 (         ): gunicorn/6948 epoll_wait(epfd: 4<anon_inode:[eventpoll]>, maxevents: 64, timeout: 121) ...',
      '   122.630 (84.581 ms): gunicorn/6948  ... [continued]: epoll_wait())                                       = 1',
    ]),
  );
  assert.deepEqual(report.findings, []);
});
