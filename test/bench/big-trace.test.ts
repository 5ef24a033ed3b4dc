import assert from 'node:assert/strict';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { kernelCopies, readRepeatable, writeCopy } from './big-trace.ts';

const CAPTURE = [
  '4711  1795197672.075366 read(7, "1795197672.075366 é", 19) = 19 <0.000011>',
  'strace: Process 4713 attached',
  '471   1795197675.000001 close(7) = 0 <0.000005>',
  '',
].join('\n');

test('a copy is the capture later, and differs in nothing but the seconds of its stamps', () => {
  for (const stored of [Buffer.from(CAPTURE), gzipSync(CAPTURE)]) {
    const repeatable = readRepeatable(stored);
    assert.equal(repeatable.period, 5);
    const copy = Buffer.alloc(repeatable.bytes.length);
    writeCopy(repeatable, 3, copy);
    assert.equal(
      copy.toString(),
      CAPTURE.replace('4711  1795197672', '4711  1795197687').replace('471   1795197675', '471   1795197690'),
    );
  }
});

test('the last stamp of a copy lies before the first of the next one', () => {
  const { seconds, period } = readRepeatable(Buffer.from(CAPTURE));
  assert.ok(Math.max(...seconds) + 1 < Math.min(...seconds) + period);
});

test('a capture without epoch stamps cannot be repeated', () => {
  assert.throws(() => readRepeatable(Buffer.from('02:13:37.5 close(7) = 0\n')), /no epoch stamps/);
});

test('a copy of what bpftrace printed is later, and tells what a capture begins with once', () => {
  const copies = kernelCopies(
    'event=fd pid=7 fd=5 is=/x\nts=1000 dur=5 pid=7 data=ts=1\nevent=tcp ts=5000 old=3\n' +
      'event=end ts=6000\n@in[7]: (1, 2)\n',
  );
  assert.equal(
    copies(0).toString(),
    'event=fd pid=7 fd=5 is=/x\nts=1000 dur=5 pid=7 data=ts=1\nevent=tcp ts=5000 old=3\n',
  );
  assert.equal(copies(2).toString(), 'ts=2009000 dur=5 pid=7 data=ts=1\nevent=tcp ts=2013000 old=3\n');
  assert.throws(() => kernelCopies('4711 close(7) = 0\n'), /begin with ts=/);
});
