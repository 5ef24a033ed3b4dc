import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { peek } from '../../src/pipeline/peeked-input.ts';
import type { TraceInput } from '../../src/sources/trace-input.ts';

const LINE = '101 1700000000.000000 read(3, "a", 1) = 1 <0.000007>\n';
const LATE_MS = 150;

/** An input that grows slowly: the second piece comes late. */
function growing(...pieces: readonly string[]): TraceInput {
  return {
    name: 'trace',
    sizeBytes: null,
    bytesRead: 0,
    rereadable: false,
    headBytes: 2_048,
    headWithinMs: 20,
    diagnostics: [],
    async *chunks() {
      for (const [index, piece] of pieces.entries()) {
        if (index > 0) await pause(LATE_MS);
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
