import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { linesInWords } from '../../parsers/bpftrace/lines-in-words.ts';
import { detectFormat } from '../../parsers/registry.ts';
import { sample } from '../support/truth.ts';
import { readTrace } from './read-trace.ts';

const START = 'event=start program=calls version=1 machine=x86-64 ts=1404330235524 clock=1795568264.330464';
const inWords = linesInWords(Buffer.from(`event=fd pid=16202 fd=5 is=/var/log/app.log\n${START}\n`));

test('lines of numbers are shown as calls, with the wall clock and descriptors as numbers', () => {
  assert.deepEqual(
    inWords([
      'ts=1404330535524 dur=2028 pid=16202 tid=16203 nr=288 ret=-11 a=5,0,0,80000 data=',
      'ts=1404331535524 dur=7001 pid=16202 tid=16202 nr=3 ret=0 a=5,0,0,0 data=',
    ]),
    [
      '16203 1795568264.330764 accept4(5, 0x0, [0], SOCK_CLOEXEC) = -1 EAGAIN <0.000002>',
      '16202 1795568264.331764 close(5) = 0 <0.000007>',
    ],
  );
});

test('so are lines of keys, signals, ends, connections, and calls that were found at the beginning', () => {
  assert.deepEqual(
    inWords([
      'event=in ts=1402110235524 pid=16202 tid=16203 nr=45 a=b,7f3101f95490,10000,0,0,0 data=',
      'ts=1404330535524 dur=2028 pid=16202 tid=16203 call=futex ret=0',
      'event=deliver ts=1404330635524 pid=16202 tid=16202 sig=9 handler=0',
      'event=exit ts=1404330735524 pid=16202 tid=16202',
      'event=reset ts=1404330835524 port=8000 peer=[::ffff:10.0.0.7]:51234',
    ]),
    [
      '16203 1795568264.330464 recvfrom(11, ""..., 65536, 0x0) <unfinished ...>',
      '16203 1795568264.330764 futex(...) = 0 <0.000002>',
      '16202 1795568264.330864 --- SIGKILL {si_signo=SIGKILL} ---',
      '16202 1795568264.330964 +++ killed by SIGKILL +++',
      '1795568264.331064 TCP 10.0.0.7:51234 -> port 8000: reset',
    ],
  );
});

test('a line that tells of no call stays, whatever it is', () => {
  const lines = [START, '@[accept4]: 23', 'Attaching 9 probes...', 'ts=broken', '', 'what a program prints', '\0\xff'];
  assert.deepEqual(inWords(lines), lines);
});

test('columns of others are shown as calls, too', () => {
  const lines = [
    '5833393274671 3387 3389 gunicorn close 3 0 2067',
    '5833393284671 3387 3389 gunicorn read 3 10 2067',
    '5833393294671 3387 3389 gunicorn read 3 -11 2067',
  ];
  assert.deepEqual(linesInWords(Buffer.from(`${lines.join('\n')}\n`))(lines), [
    '3389 5833.393272 close(3) = 0 <0.000002>',
    '3389 5833.393282 read(3, ...) = 10 <0.000002>',
    '3389 5833.393292 read(3, ...) = -1 EAGAIN <0.000002>',
  ]);
});

test('every call of a capture reads alone as it does in its place', () => {
  const bytes = gunzipSync(readFileSync(sample('herd-gunicorn-gevent/bpftrace').trace));
  const head = bytes.subarray(0, 65_536);
  const format = detectFormat(head);
  assert.ok(format?.inWords);
  const lines = bytes.toString('latin1').split('\n');
  const shown = format.inWords(bytes.subarray(0, 1_048_576));
  const withoutLabels = (text: string): string => text.replace(/(\d)<(?:[a-z_]+:\[?[^>]*|\/[^>]*)>/g, '$1');
  const calls = readTrace(bytes, { format }).calls.filter(({ inFlight }) => !inFlight);
  assert.ok(calls.length > 900);
  for (let from = 0; from < calls.length; from += 101) {
    const part = calls.slice(from, from + 101);
    const words = shown(part.map(({ line }) => lines[line - 1] ?? ''));
    assert.deepEqual(
      words.map((text) => withoutLabels(text)),
      part.map(({ text }) => withoutLabels(text)),
    );
  }
});
