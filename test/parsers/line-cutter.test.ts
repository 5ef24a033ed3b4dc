import assert from 'node:assert/strict';
import test from 'node:test';
import { ByteWindow } from '../../parsers/text/byte-window.ts';
import { LineCutter } from '../../parsers/text/line-cutter.ts';
import { processorMs } from '../support/processor-time.ts';
import { readTrace } from './read-trace.ts';

const MEBIBYTE = 1 << 20;

/** Cuts chunks into lines: [line, bytes left out]. */
function cut(chunks: readonly Buffer[]): (readonly [string, number])[] {
  const window = new ByteWindow('made-up');
  const cutter = new LineCutter(window, () => {});
  const lines: (readonly [string, number])[] = [];
  const pull = (): void => {
    while (cutter.next()) {
      assert.equal(window.bytes[cutter.to], 0x0a);
      lines.push([window.bytes.toString('latin1', cutter.from, cutter.to), cutter.skipped]);
    }
  };
  for (const chunk of chunks) {
    cutter.push(chunk);
    pull();
  }
  if (cutter.end()) pull();
  return lines;
}

function pieces(bytes: Buffer, size: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

test('behind a line that came in pieces there is nothing that could be read as further lines', () => {
  const window = new ByteWindow('made-up');
  const cutter = new LineCutter(window, () => {});
  const lines: string[] = [];
  for (const piece of ['a longer line that ', 'leaves its end behind\nsho', 'rt\nrest']) {
    cutter.push(Buffer.from(piece));
    while (cutter.next()) if (window.bytes.length === cutter.to + 1) lines.push(window.bytes.toString());
  }
  assert.deepEqual(lines, ['a longer line that leaves its end behind\n', 'short\n']);
});

test('lines come whole, however the bytes are cut, with and without a last newline', () => {
  for (const text of ['a\nbc\n\ndef\n', 'a\nbc\n\ndef', '\n', '', 'x'.repeat(9_001)]) {
    const expected = text
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => [line, 0]);
    for (const size of [1, 2, 3, 7, 4_096])
      assert.deepEqual(
        cut(pieces(Buffer.from(text), size)),
        text === '' ? [] : expected,
        `${text.slice(0, 20)} ${size}`,
      );
  }
});

test('a line above one mebibyte keeps its head and its tail, the same for any cut', () => {
  const long = `${'a'.repeat(3 * MEBIBYTE)}${'b'.repeat(5_000)}the end`;
  const bytes = Buffer.from(`first\n${long}\nlast\n`);
  for (const size of [1 << 30, 65_536, MEBIBYTE - 1, 4_999]) {
    const [first, middle, last] = cut(pieces(bytes, size));
    assert.deepEqual(
      [first, last],
      [
        ['first', 0],
        ['last', 0],
      ],
      String(size),
    );
    assert.deepEqual(
      [middle?.[0].length, middle?.[1], middle?.[0].slice(-4_100, -4_090), middle?.[0].endsWith('the end')],
      [MEBIBYTE, long.length - MEBIBYTE, 'aaaabbbbbb', true],
      String(size),
    );
  }
});

test('a call with ten megabytes of data is read from both ends', () => {
  const started = processorMs();
  const { calls, codes, account } = readTrace(
    `7 close(1) = 0\n7 write(5, "${'\\0'.repeat(5 * MEBIBYTE)}", 5242880) = 5242880 <0.001234>\n7 close(2) = 0\n`,
    { chunks: [65_536] },
  );
  assert.deepEqual(
    calls.map((call) => [call.name, call.result, call.fd]),
    [
      ['close', 0, 1],
      ['write', 5_242_880, 5],
      ['close', 0, 2],
    ],
  );
  assert.deepEqual([calls[1]?.duration, codes, account.unparsed], [1_234_000, { 'long-line': 1 }, 0]);
  assert.ok(processorMs() - started < 1_000);
});

test('ten megabytes without a newline are one line, and no trace', () => {
  const { account, calls } = readTrace(Buffer.alloc(10 * MEBIBYTE, 'x('), { chunks: [65_536] });
  assert.deepEqual([account.lines, calls.length], [1, 0]);
});
