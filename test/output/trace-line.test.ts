import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Window } from '../../src/analysis/report.ts';
import { cutMiddle, fitTraceLines, type LineNotation } from '../../src/output/trace-line.ts';
import { notationOf } from '../../src/output/when.ts';

/** The report has no clock: lines show their own. */
const STRACE: LineNotation = { format: 'strace', timeOf: () => null };

test('cuts a line of a trace in its middle, so that what the call returned stays', () => {
  const line =
    '4127 sendto(14<TCP:[10.0.0.4:8000->10.2.0.7:51544]>, "<1048 bytes>", 1048, 0, NULL, 0) = -1 EPIPE (Broken pipe) <0.000031>';
  assert.equal(cutMiddle(line, line.length, STRACE), line);
  assert.equal(cutMiddle(line, 60, STRACE), '4127 sendto(14<TCP:[10.0.0.4:8000->... = -1 EPIPE <0.000031>');
  assert.equal(cutMiddle(line, 40, STRACE), '4127 sendto(14<TCP:[10.0.0... = -1 EPIPE');
  assert.equal(cutMiddle(line, 30, STRACE), '4127 sendto(14<TCP:[10.0.0....');
  assert.equal(cutMiddle('--- SIGPIPE {si_signo=SIGPIPE, si_code=SI_USER} ---', 20, STRACE), '--- SIGPIPE {si_s...');
});

test('dots are not doubled where strace had cut already', () => {
  assert.equal(
    cutMiddle('write(16</a>, "<64 bytes>"..., 4194304) = 4194304 <0.013775>', 52, STRACE),
    'write(16</a>, "<64 bytes>"... = 4194304 <0.013775>',
  );
});

test('no cut is wider than its cells or splits an escape', () => {
  const line =
    'write(2, "\\x1b\\u{202e}\\177\\x1b\\u{202e}\\177\\x1b\\u{202e}\\177\\x1b\\u{202e}\\177") = 17 <0.000031>';
  for (let cells = 3; cells < line.length; cells++) {
    const fitted = cutMiddle(line, cells, STRACE);
    assert.ok(fitted.length <= cells);
    const escapes = fitted.slice(0, fitted.indexOf('...')).replace(/^write\(2, "|^[^\\]*$/, '');
    assert.match(escapes, /^(?:\\x1b|\\u\{202e\}|\\177|"\))*$/, `${cells}: ${fitted}`);
  }
});

test('the text of an errno is the first to go', () => {
  assert.equal(
    cutMiddle('accept4(5, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable) <0.000012>', 50, STRACE),
    'accept4(5, NULL, NULL) = -1 EAGAIN <0.000012>',
  );
});

test('lines that fit stay as they are; when one does not, all of them lose their times', () => {
  const lines = [
    '4127  1795140817.902000 fsync(9) = 0 <2.410113>',
    '[pid 17] 02:13:37.902113 write(2, "<1048 bytes>", 1048) = 1048',
    '0.000113 close(9) = 0',
    '--- SIGPIPE ---',
  ];
  assert.deepEqual(fitTraceLines(lines, 63, STRACE), lines);
  assert.deepEqual(fitTraceLines(lines, 40, STRACE), [
    '4127 fsync(9) = 0 <2.410113>',
    '[pid 17] write(2, "<1048 bytes... = 1048',
    'close(9) = 0',
    '--- SIGPIPE ---',
  ]);
});

const WINDOW = {
  startTime: '2026-11-20T02:13:29.100000Z',
  endTime: null,
  timeOfDay: null,
  monotonicSeconds: null,
  startMs: 0,
  durationMs: 58_200,
};
const shown = (line: string, format: string, window: Partial<Window>, cells = 200): string =>
  fitTraceLines([line], cells, notationOf({ source: { format }, window: { ...WINDOW, ...window } }))[0] ?? '';

test('lines show the time that the report shows, with as many digits as they have', () => {
  const line = '4127  1795140817.902113 fsync(9) = 0 <2.410113>';
  assert.equal(shown(line, 'strace', {}), '4127  02:13:37.902113 fsync(9) = 0 <2.410113>');
  assert.equal(shown(line.replace('.902113', '.902'), 'strace', {}), '4127  02:13:37.902 fsync(9) = 0 <2.410113>');
  assert.equal(shown(line, 'strace', {}, 44), '4127 02:13:37.902 fsync(9) = 0 <2.410113>');
  assert.equal(shown(line, 'strace', {}, 39), '4127 fsync(9) = 0 <2.410113>');
  assert.equal(
    shown(line.replace('1795140817', '1795054417'), 'strace', {}),
    '4127  2026-11-19 02:13:37.902113 fsync(9) = 0 <2.410113>',
  );
});

test('a clock without a date shows its times of day, one without a time of day the distance to the first event', () => {
  const day = { startTime: null, timeOfDay: '02:13:29.100000' };
  assert.equal(shown('4127 02:13:37 fsync(9) = 0', 'strace', day), '4127 02:13:37 fsync(9) = 0');
  assert.equal(shown('4127 02:13:37.902113 fsync(9) = 0', 'strace', day), '4127 02:13:37.902113 fsync(9) = 0');
  const boot = { startTime: null, monotonicSeconds: 83_745.5 };
  const perf = '83745623.250 ( 0.022 ms): gunicorn/17 close(fd: 3) = 0';
  assert.equal(shown(perf, 'perf-trace', boot), '+0.123 s ( 0.022 ms): gunicorn/17 close(fd: 3) = 0');
  assert.equal(
    shown('17 83745.623250 close(3) = 0', 'bpftrace', { ...boot, startMs: 100 }),
    '17 +0.223250 s close(3) = 0',
  );
  // The distance to the line before is no time of the report.
  assert.equal(shown('17      0.000113 close(3) = 0', 'strace', { startTime: null }), '17      0.000113 close(3) = 0');
});

test('where room is short the numbers of sockets go before the request', () => {
  assert.equal(
    shown(
      '4127 1795140817.902113 recvfrom(15<socket:[111180]>, "GET /b"..., 8192, 0, NULL, NULL) = 52',
      'strace',
      {},
      60,
    ),
    '4127 02:13:37.902 recvfrom(15, "GET /b"..., 8192, 0,... = 52',
  );
});
