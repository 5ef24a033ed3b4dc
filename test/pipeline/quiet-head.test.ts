import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { peek } from '../../src/pipeline/peeked-input.ts';
import type { TraceInput } from '../../src/sources/trace-input.ts';

const LINE = '101 1700000000.000000 read(3, "a", 1) = 1 <0.000007>\n';
const LATE_MS = 150;

/** An input that grows slowly: the second piece comes late. */
const growing = (...pieces: readonly string[]): TraceInput => slowly(LATE_MS, 20, pieces);

function slowly(everyMs: number, headWithinMs: number, pieces: Iterable<string>): TraceInput {
  return {
    name: 'trace',
    sizeBytes: null,
    bytesRead: 0,
    rereadable: false,
    headBytes: 2_048,
    headWithinMs,
    diagnostics: [],
    async *chunks() {
      let isFirst = true;
      for (const piece of pieces) {
        if (!isFirst) await pause(everyMs);
        isFirst = false;
        yield Buffer.from(piece);
      }
    },
  };
}

test('whole lines of a known format are enough when no more come, and nothing of what follows is lost', async () => {
  const { read, rest } = await peek(growing(LINE, LINE), 1);
  assert.equal(read.toString(), LINE);
  const following: Buffer[] = [];
  for await (const chunk of rest) following.push(chunk);
  assert.equal(Buffer.concat(following).toString(), LINE);
});

test('half a line is waited for, however long it takes', async () => {
  const { read } = await peek(growing(LINE.slice(0, 17), LINE.slice(17)), 1);
  assert.equal(read.toString(), LINE);
});

test('blank lines that come sooner than that do not put it off: bpftrace prints four a second', async () => {
  function* pieces(): Generator<string> {
    yield LINE;
    for (let blank = 0; blank < 300; blank++) yield '\n';
  }
  const { read, rest } = await peek(slowly(3, 40, pieces()), 1);
  await rest.return?.();
  assert.match(read.toString(), /^101 .*\n+$/);
  assert.ok(read.length < LINE.length + 100, `${read.length} bytes`);
});
