import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cutMiddle, fitTraceLines } from '../../src/output/trace-line.ts';

test('cuts a line of a trace in its middle, so that what the call returned stays', () => {
  const line =
    '4127 sendto(14<TCP:[10.0.0.4:8000->10.2.0.7:51544]>, "<1048 bytes>", 1048, 0, NULL, 0) = -1 EPIPE (Broken pipe) <0.000031>';
  assert.equal(cutMiddle(line, line.length, 'strace'), line);
  assert.equal(cutMiddle(line, 60, 'strace'), '4127 sendto(14<TCP:[10.0.0.4:8000->... = -1 EPIPE <0.000031>');
  assert.equal(cutMiddle(line, 40, 'strace'), '4127 sendto(14<TCP:[10.0.0... = -1 EPIPE');
  assert.equal(cutMiddle(line, 30, 'strace'), '4127 sendto(14<TCP:[10.0.0....');
  assert.equal(cutMiddle('--- SIGPIPE {si_signo=SIGPIPE, si_code=SI_USER} ---', 20, 'strace'), '--- SIGPIPE {si_s...');
});

test('dots are not doubled where strace had cut already', () => {
  assert.equal(
    cutMiddle('write(16</a>, "<64 bytes>"..., 4194304) = 4194304 <0.013775>', 52, 'strace'),
    'write(16</a>, "<64 bytes>"... = 4194304 <0.013775>',
  );
});

test('no cut is wider than its cells or splits an escape', () => {
  const line =
    'write(2, "\\x1b\\u{202e}\\177\\x1b\\u{202e}\\177\\x1b\\u{202e}\\177\\x1b\\u{202e}\\177") = 17 <0.000031>';
  for (let cells = 3; cells < line.length; cells++) {
    const fitted = cutMiddle(line, cells, 'strace');
    assert.ok(fitted.length <= cells);
    const escapes = fitted.slice(0, fitted.indexOf('...')).replace(/^write\(2, "|^[^\\]*$/, '');
    assert.match(escapes, /^(?:\\x1b|\\u\{202e\}|\\177|"\))*$/, `${cells}: ${fitted}`);
  }
});

test('the text of an errno is the first to go', () => {
  assert.equal(
    cutMiddle('accept4(5, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable) <0.000012>', 50, 'strace'),
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
  assert.deepEqual(fitTraceLines(lines, 63, 'strace'), lines);
  assert.deepEqual(fitTraceLines(lines, 40, 'strace'), [
    '4127 fsync(9) = 0 <2.410113>',
    '[pid 17] write(2, "<1048 bytes... = 1048',
    'close(9) = 0',
    '--- SIGPIPE ---',
  ]);
});
