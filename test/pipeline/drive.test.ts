import assert from 'node:assert/strict';
import test from 'node:test';
import { analyzeInputs, type Progress } from '../../src/pipeline/analyze-inputs.ts';
import { InputError } from '../../src/sources/input-error.ts';
import type { InputSet, TraceInput } from '../../src/sources/trace-input.ts';
import { memoryInput } from '../support/memory-input.ts';
import { EPOCH, workerLines } from '../support/worker-lines.ts';

function setOf(...inputs: readonly TraceInput[]): InputSet {
  return { kind: 'file', paths: inputs.map(({ name }) => name), inputs, leftOut: [], notices: [] };
}

test('the report names where the data came from and how they were recorded', async () => {
  const { source, quality } = await analyzeInputs(setOf(memoryInput('a', workerLines({ pid: 17 }))), {});
  assert.deepEqual(source, {
    kind: 'file',
    paths: ['a'],
    format: 'strace',
    flags: { timestamps: 'epoch', durations: true, pids: true, fdDecoration: 'none', stacks: false, others: [] },
  });
  assert.equal(quality.lines, 23);
});

test('lines and diagnostics of all files are summed up', async () => {
  const garbage = `${EPOCH}.9 read(3, "x") = = =\n`;
  const { quality } = await analyzeInputs(
    setOf(
      memoryInput('a', workerLines({ count: 5 }) + garbage, { tid: 17 }),
      memoryInput('b', workerLines({ count: 7 }) + garbage, { tid: 19 }),
    ),
    {},
  );
  assert.equal(quality.lines, 5 + 1 + 7 + 1);
  assert.equal(quality.unparsedLines, 2);
});

test('a file that was left out is told to the user and counted in the report', async () => {
  const notices: string[] = [];
  const set = setOf(
    memoryInput('a', workerLines(), { tid: 17 }),
    memoryInput('notes', 'Dear all,\nplease find attached\n', { tid: 19 }),
  );
  const { quality } = await analyzeInputs(set, {}, { notice: (sentence) => notices.push(sentence) });
  assert.equal(notices.length, 1);
  assert.match(notices[0] ?? '', /^Left out notes: /);
  assert.equal(quality.diagnostics.find(({ code }) => code === 'unknown-input')?.count, 1);
});

test('one input of no known format, an empty one, and nothing but such are errors', async () => {
  const text = memoryInput('notes', 'Dear all,\nplease find attached\n');
  const empty = memoryInput('empty', '');
  await assert.rejects(
    analyzeInputs(setOf(text), {}),
    (error) => error instanceof InputError && error.message.startsWith('notes is not a trace that drover knows: '),
  );
  await assert.rejects(
    analyzeInputs(setOf(empty), {}),
    (error) => error instanceof InputError && error.message === 'empty is empty.',
  );
  await assert.rejects(
    analyzeInputs(setOf(text, empty, text), {}),
    /notes is not a trace that drover knows: .* Nor is any of the other 1\./,
  );
  await assert.rejects(analyzeInputs(setOf(empty, empty), {}), /All 2 files are empty\./);
});

test('progress is told after each chunk, with a report on what was read so far', async () => {
  const lines: number[] = [];
  const snapshots: number[] = [];
  const progress = (state: Progress): void => {
    lines.push(state.lines);
    snapshots.push(state.snapshot().quality.lines);
    assert.equal(state.sizeBytes, input.sizeBytes);
  };
  const input = memoryInput('a', workerLines({ pid: 17, count: 5_003 }), { chunkBytes: 70_000 });
  const { quality } = await analyzeInputs(setOf(input), {}, { progress });
  assert.ok(lines.length > 3);
  assert.deepEqual(
    lines,
    [...lines].sort((a, b) => a - b),
  );
  assert.deepEqual(snapshots, lines);
  assert.equal(lines.at(-1), quality.lines);
});
