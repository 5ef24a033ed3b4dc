import assert from 'node:assert/strict';
import test from 'node:test';
import { ProgressLine, progressText } from '../../src/cli/printing/progress-line.ts';
import type { Progress } from '../../src/pipeline/analyze-inputs.ts';
import { buildReport } from '../support/report-builder.ts';

const HALF: Progress = {
  bytesRead: 263_500_000,
  sizeBytes: 612_000_000,
  lines: 1_923_456,
  snapshot: () => assert.fail('not asked for'),
  open: () => assert.fail('not asked for'),
  activity: () => null,
  now: () => new Map(),
};

/** A terminal that keeps what is written to it, and a clock that stands still unless it is moved. */
function terminal(columns: number, { isTTY = true } = {}) {
  const written: string[] = [];
  let time = 0;
  let judged = 0;
  const progress: Progress = {
    ...HALF,
    snapshot: () => {
      judged++;
      return buildReport();
    },
  };
  const line = new ProgressLine(
    { isTTY, columns, write: (text) => written.push(text) },
    { enabled: true, verdictOf: () => 'CRITICAL  Likely: x', now: () => time },
  );
  const at = (milliseconds: number): void => {
    time = milliseconds;
    line.update(progress);
  };
  return { written, at, line, judged: () => judged };
}

test('progress tells percent, size and lines, and no percent of a pipe', () => {
  assert.equal(progressText(HALF, ''), 'Reading 43% (263 of 612 MB, 1.9 M lines)');
  assert.equal(progressText({ ...HALF, sizeBytes: null, lines: 23_456 }, ''), 'Reading (263 MB, 23 k lines)');
});

test('once something was found, progress tells the verdict so far', () => {
  assert.equal(progressText(HALF, 'CRITICAL  Likely: x'), '43% read. So far: CRITICAL  Likely: x');
  assert.equal(
    progressText({ ...HALF, sizeBytes: null }, 'CRITICAL  Likely: x'),
    '263 MB read. So far: CRITICAL  Likely: x',
  );
});

test('the line appears after half a second, changes at most four times a second, and is gone at the end', () => {
  const { written, at, line } = terminal(80);
  for (let time = 0; time < 1_500; time += 10) at(time);
  assert.equal(written.length, 4);
  assert.ok(written.every((text) => text.startsWith('\rReading 43%') || text.startsWith('\r43% read')));
  line.clear();
  assert.match(written.at(-1) ?? '', /^\r +\r$/);
  line.clear();
  assert.equal(written.length, 5);
});

test('the verdict is asked for once a second at most', () => {
  const { at, judged } = terminal(80);
  for (let time = 0; time < 5_000; time += 10) at(time);
  assert.equal(judged(), 5);
});

test('the line fits into the terminal, also into one that reports no width', () => {
  for (const [columns, longest] of [
    [20, 19],
    [0, 79],
  ] as const) {
    const { written, at } = terminal(columns);
    at(600);
    assert.ok((written[0] ?? '').length - 1 <= longest && (written[0] ?? '').length > 10);
  }
});

test('off a terminal nothing is written', () => {
  const { written, at, line } = terminal(80, { isTTY: false });
  at(600);
  line.clear();
  assert.deepEqual(written, []);
});
